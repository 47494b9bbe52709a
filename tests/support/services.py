"""Run programs that serve, in process groups of their own, under a watchdog."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from contextlib import AbstractContextManager
from typing import IO, Protocol

import attrs
from scripts import WATCHDOG_SECONDS

__all__ = ["Serve", "Service"]

# What no log of a framework may hold, whatever else it says. Celery warns of running as root.
TROUBLE = re.compile(
    r"Traceback|(?<!Security)Warning|Unclosed|never awaited|destroyed|ignored in|rror:"
)


@attrs.define
class Service:
    """Talk to a program that serves, and end it."""

    process: subprocess.Popen[str]
    log: list[str] = attrs.field(factory=list[str])
    said: threading.Condition = attrs.field(factory=threading.Condition)

    def follow(self, stream: IO[str] | None = None) -> None:
        """Keep all lines that it writes to a stream: to standard error, unless told."""
        stream = stream or self.process.stderr
        assert stream is not None
        for line in stream:
            with self.said:
                self.log.append(line)
                self.said.notify_all()

    def wait_for(self, pattern: str, times: int = 1) -> re.Match[str]:
        """Wait until it has written a line of this pattern; give the match."""

        def found() -> list[re.Match[str]]:
            return [match for line in self.log if (match := re.search(pattern, line))]

        with self.said:
            assert self.said.wait_for(lambda: len(found()) >= times, WATCHDOG_SECONDS), self.log
            return found()[0]

    def stop(self, expected: str = "(?!)", asking: int = signal.SIGTERM) -> None:
        """Ask it to end, and check that it does, with nothing to complain of but ``expected``."""
        self.process.send_signal(asking)
        self.process.wait(WATCHDOG_SECONDS)
        log = "".join(line for line in self.log if re.search(expected, line) is None)
        assert self.process.returncode in (0, -signal.SIGTERM), log
        assert TROUBLE.search(log) is None, log


class Serve(Protocol):
    """Start a Python module as a program, beside a module ``app`` of the test's."""

    def __call__(self, app: str, *command: str) -> AbstractContextManager[Service]: ...
