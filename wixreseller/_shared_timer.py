"""Bound all attempts under way on an event loop with one timer.

``asyncio.timeout(30)`` makes a timer for each and leaves it, cancelled, among the loop's timers:
for a create among fifty others that is a tenth of its CPU time.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

from wixreseller._sentinels import NO_TIMEOUT, Seconds

__all__ = ["SharedTimer", "TimeLimit", "is_being_cancelled"]


def is_being_cancelled() -> bool:
    """Say whether someone wants the running task to end.

    If nobody does, a ``CancelledError`` is that of something else which a function of the user's
    waited for, and an error like any other.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


class SharedTimer:
    """Let time limits end when their time is over; on one event loop only.

    The timer outlives the limits that it was set for: the next ones will need it. So it is set
    again only when it rings, for the first that is due then, or for a limit that is due earlier.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._due: dict[TimeLimit, float] = {}
        self._handle: asyncio.TimerHandle | None = None

    def limit(self, seconds: Seconds) -> TimeLimit:
        """Give a context manager that raises ``TimeoutError`` if it lasts longer."""
        return TimeLimit(self, seconds)

    def watch(self, limit: TimeLimit, seconds: float) -> None:
        """End a limit after so many seconds, unless it is forgotten before."""
        due = self._due[limit] = self.loop.time() + seconds
        if self._handle is None or due < self._handle.when():
            self._set(due)

    def forget(self, limit: TimeLimit) -> None:
        """Watch a limit no more."""
        self._due.pop(limit, None)

    def _set(self, due: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self.loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._handle = None
        now = self.loop.time()
        for limit in [limit for limit, due in self._due.items() if due <= now]:
            del self._due[limit]
            limit.end()
        if self._due:
            self._set(min(self._due.values()))


class TimeLimit:
    """Bound what a task does inside it, by the rules of ``asyncio.timeout``.

    Those rules: it is ended by a cancellation of its own, which nobody outside gets to see, and a
    cancellation from elsewhere is left as it is, also where both come together.
    """

    __slots__ = ("_cancelling", "_seconds", "_task", "_timer", "is_over")

    def __init__(self, timer: SharedTimer, seconds: Seconds) -> None:
        self._timer = timer
        self._seconds = seconds
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.is_over = False
        """Whether its time was over before its work."""

    def __enter__(self) -> TimeLimit:
        # Python 3.11 asks the kernel whose process it is, wherever it has to find the loop.
        task = self._task = asyncio.current_task(self._timer.loop)
        assert task is not None  # noqa: S101  # there is nothing else that could be cancelled
        self._cancelling = task.cancelling()
        if self._seconds is not NO_TIMEOUT:
            self._timer.watch(self, self._seconds)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.forget(self)
        task, self._task = self._task, None
        if not self.is_over or task is None:
            return
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def end(self) -> None:
        """End it now, for its time is over."""
        if self._task is not None:
            self.is_over = True
            self._task.cancel()
