"""Offer an event loop on which waiting takes no time: its clock jumps to whatever is due next."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ParamSpec, TypeVar

from wixreseller._clock import Clock

P = ParamSpec("P")
T = TypeVar("T")

EPOCH = 1_767_225_600.25
"""POSIX time at which every such loop begins; not a whole second, as Date headers are."""
# What was written to a socket of this machine can be read at once, but for a very busy kernel.
_GRACE_SECONDS = 0.001


class _JumpingSelector(selectors.BaseSelector):
    """Tell a loop that its time has come as soon as no socket has anything to say."""

    def __init__(self, skip: Callable[[float], None]) -> None:
        self._real = selectors.DefaultSelector()
        self._skip = skip

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return self._real.select()  # only a thread can go on from here
        ready = self._real.select(0)
        if not ready and timeout > 0:
            ready = self._real.select(_GRACE_SECONDS)
            if not ready:
                self._skip(timeout)
        return ready

    def close(self) -> None:
        self._real.close()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


class JumpingLoop(asyncio.SelectorEventLoop):
    """Run on real sockets and invented time: both ends of a connection must be on this loop.

    Time stands still while anything can go on, and then jumps to the next timer. So a time-out of
    thirty seconds is over at once if nobody answers, and never while somebody still works. What
    runs on other threads is not waited for.
    """

    def __init__(self) -> None:
        self._now = 1_000.0
        super().__init__(_JumpingSelector(self._skip))

    def time(self) -> float:
        """Give the invented time, in seconds."""
        return self._now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads of the default executor, however much time is invented meanwhile.

        Since Python 3.12 a runner gives them 300 seconds, which here may be over at once.
        """
        await super().shutdown_default_executor()

    def posix(self) -> float:
        """Give the same moment as POSIX time."""
        return EPOCH + self._now - 1_000.0

    def clock(self, *, ahead: float = 0.0, chance: float = 0.0) -> Clock:
        """Give it in the form that the library takes, with a calendar so many seconds ahead."""
        return Clock(
            monotonic=self.time,
            posix=lambda: self.posix() + ahead,
            sleep=asyncio.sleep,
            chance=lambda: chance,
        )

    def _skip(self, seconds: float) -> None:
        self._now += seconds


def in_jumping_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Run a test on a :class:`JumpingLoop` of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            return runner.run(test(*args, **kwargs))

    return run
