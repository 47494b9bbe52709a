"""Start the command line: ``wixreseller``, and ``python -m wixreseller``."""

from __future__ import annotations

import importlib.util
import sys
from typing import Final, NoReturn

__all__ = ["main"]

_CLI_PACKAGES: Final = ("click", "platformdirs", "rich")


def main() -> NoReturn:
    """Run the command that ``sys.argv`` names, and exit with its code.

    ``emulator`` needs nothing but what the library itself needs, so it is started before the
    packages of the extra ``cli`` are looked for.
    """
    argv = sys.argv[1:]
    if argv[:1] == ["emulator"]:
        from wixreseller.emulator import command

        sys.exit(command.main(argv[1:]))
    missing = [name for name in _CLI_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"error: the command line needs {', '.join(missing)}: pip install 'wixreseller[cli]'\n"
        )
        sys.exit(2)
    try:
        from wixreseller import cli
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    sys.exit(cli.main(argv))


if __name__ == "__main__":
    main()
