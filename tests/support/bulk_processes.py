"""Run the command line in processes of its own, which can be killed at any moment.

They write to files, so that nobody needs to read along; a watchdog ends what hangs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

import wixreseller

__all__ = ["Ended", "Process", "Program", "with_times"]

_ROOT: Final = Path(wixreseller.__file__).parents[1]
_PATIENCE: Final = 120.0  # seconds; for a machine that is busy with something else


@attrs.frozen
class Ended:
    """Hold what a process left."""

    code: int
    out: str
    err: str


@attrs.frozen(eq=False)
class Process:
    """Hold a process that runs, and where it writes to."""

    popen: subprocess.Popen[bytes]
    out: Path
    err: Path
    patience: float = _PATIENCE

    def kill(self) -> bool:
        """Kill it, without a chance to do anything more; false if it had ended by itself."""
        self.popen.kill()
        return self.popen.wait(self.patience) == -signal.SIGKILL

    def ended(self) -> Ended:
        """Wait until it ends by itself."""
        code = self.popen.wait(self.patience)
        return Ended(code, self.out.read_text(), self.err.read_text())


@attrs.frozen(kw_only=True)
class Program:
    """Start the command line in a folder, against a server.

    ``prelude`` is a script of this folder, with its arguments, that changes something and then
    becomes the command line.
    """

    folder: Path
    url: str
    key: str
    state: Path | None = None
    """Where what all processes of a user share is kept: of this folder's alone unless told."""
    prelude: Sequence[str] = ()
    patience: float = _PATIENCE
    """Seconds after which a command hangs."""

    @contextmanager
    def running(self, *arguments: str) -> Generator[Process, None, None]:
        """Start a command; it is killed when the block ends, if it runs still."""
        numbers = len(list(self.folder.glob("*.out")))
        out, err = (self.folder / f"{numbers:03}.{suffix}" for suffix in ("out", "err"))
        with out.open("wb") as out_file, err.open("wb") as err_file:
            popen = subprocess.Popen(
                [sys.executable, "-W", "error", *self._program(), *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
            )
        watchdog = threading.Timer(self.patience, popen.kill)
        watchdog.start()
        try:
            yield Process(popen, out, err, self.patience)
        finally:
            watchdog.cancel()
            popen.kill()
            popen.wait()

    def run(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        with self.running(*arguments) as process:
            return process.ended()

    def _program(self) -> Sequence[str]:
        if not self.prelude:
            return ["-m", "wixreseller"]
        script, *arguments = self.prelude
        return [str(Path(__file__).with_name(script)), *arguments]

    def _environment(self) -> dict[str, str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("WIX")
        }
        return environment | {
            "PYTHONPATH": str(_ROOT),
            "WIX_API_KEY": self.key,
            "WIXRESELLER_BASE_URL": self.url,
            "XDG_STATE_HOME": str(self.state or self.folder / "state"),
        }


def with_times(window: float, timeout: float, *, ahead: float = 0.0) -> Sequence[str]:
    """Give a prelude: a settle window, a time-out of each attempt, and a wrong calendar (s)."""
    return ("cli_with_times.py", str(window), str(timeout), str(ahead))
