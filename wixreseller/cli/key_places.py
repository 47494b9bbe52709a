"""Get an API key from where it is kept: a variable, a file, or a command that prints it.

A key is nowhere in a message, an argument list or an error that is raised here.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import attrs

from wixreseller.cli.failures import InputError

__all__ = [
    "COMMAND_SECONDS",
    "KeyFromCommand",
    "KeyFromFile",
    "KeyFromVariable",
    "KeyPlace",
    "is_open_to_others",
]

COMMAND_SECONDS: Final = 60.0
"""How long a command may take: somebody may have to type a password first, or touch a device."""
_MOST_SHOWN: Final = 600
"""Characters of what a command complains about that are shown, the last ones."""
_NOT_PRINTED: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[^\x20-\x7e\xa0-\U0010ffff]+")


class KeyPlace(Protocol):
    """Know where a key is, and get it."""

    @property
    def by(self) -> str:
        """What names the place: an option, a variable, a field of a profile."""
        ...

    @property
    def where(self) -> str:
        """The place, in words."""
        ...

    def read(self) -> str:
        """Get the key.

        Raises:
            InputError: it cannot be had, or there is none.
        """
        ...


@attrs.frozen
class KeyFromVariable:
    """Get the key from a variable of the environment."""

    name: str
    by: str

    @property
    def where(self) -> str:
        """The place, in words."""
        return f"the variable {self.name}"

    def read(self) -> str:
        """Get the key.

        Raises:
            InputError: the variable is not set.
        """
        key = os.environ.get(self.name, "").strip()
        if not key:
            raise InputError(
                f"{self.by}: the variable {self.name} is not set",
                then="set it, or name another place of the key",
            )
        return key


@attrs.frozen
class KeyFromFile:
    """Get the key from a file that holds nothing else."""

    path: Path
    by: str
    is_private: bool = False
    """Whether to refuse a file that others may read."""

    @property
    def where(self) -> str:
        """The place, in words."""
        return f"the file {self.path}"

    def read(self) -> str:
        """Get the key.

        Raises:
            InputError: the file cannot be read, is empty, or is open to others and must not be.
        """
        try:
            if self.is_private and is_open_to_others(self.path):
                raise InputError(
                    f"{self.by}: everybody on this machine may read {self.path}: "
                    f"chmod 600 {shlex.quote(str(self.path))}"
                )
            key = self.path.read_text(encoding="utf-8-sig").strip()
        except OSError as error:
            raise self._refusal(f"cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            # Which holds what was read.
            key = ""
        if not key:
            raise self._refusal("holds no text")
        return key

    def _refusal(self, problem: str) -> InputError:
        return InputError(
            f"{self.by}: {self.path} {problem}; it must be a file that holds the API key alone"
        )


@attrs.frozen
class KeyFromCommand:
    """Get the key from what a command prints, a password manager's say. No shell runs it."""

    words: Sequence[str] = attrs.field(repr=False)
    by: str

    @property
    def where(self) -> str:
        """The place, in words; of the command only its name, for arguments may be secrets too."""
        return f"what {self.words[0]} prints"

    def read(self) -> str:
        """Get the key.

        Raises:
            InputError: the command fails, takes longer than a minute, or prints no key.
        """
        printed, problem = self._run()
        key = printed.strip()
        if problem is None and not key:
            problem = "printed nothing; it must print the API key"
        elif problem is None and (lines := len(key.splitlines())) > 1:
            problem = f"printed {lines} lines; it must print the API key alone"
        if problem is not None:
            raise InputError(
                f"{self.by}: {self.words[0]} {problem}",
                then="run the command yourself, and mend it until it prints the key alone",
            )
        return key

    def _run(self) -> tuple[str, str | None]:
        # Errors are told as text: those of subprocess hold what was printed, which may be the key.
        try:
            ended = subprocess.run(  # noqa: S603  # the user's own command, without a shell
                self.words,
                # Not ours: orders may come from there. Whoever asks for a password has /dev/tty.
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "", f"was not done in {COMMAND_SECONDS:g} s, and was stopped"
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else None
            return "", f"cannot be run: {why or type(error).__name__}"
        printed = ended.stdout.decode(errors="replace")
        if ended.returncode == 0:
            return printed, None
        said = _cleaned(ended.stderr.decode(errors="replace"), printed)
        return "", f"failed with exit code {ended.returncode}{f': {said}' if said else ''}"


def is_open_to_others(path: Path) -> bool:
    """Say whether everybody on this machine may read a file; on Windows that is not known.

    Raises:
        OSError: it is not there.
    """
    mode = path.stat().st_mode
    return os.name == "posix" and stat.S_ISREG(mode) and bool(mode & stat.S_IROTH)


def _cleaned(complaint: str, printed: str) -> str:
    """Put a complaint into one line, without what was printed as a key and control characters."""
    for line in printed.splitlines():
        if secret := line.strip():
            complaint = complaint.replace(secret, "***")
    words = " ".join(_NOT_PRINTED.sub(" ", complaint).split())
    return words if len(words) <= _MOST_SHOWN else f"…{words[-_MOST_SHOWN:]}"
