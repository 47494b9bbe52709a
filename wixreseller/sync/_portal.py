"""Carry blocking calls to one private event loop.

One plain asyncio loop on one daemon thread serves all blocking clients of a process. It begins at
the first call, nothing at import, and then always runs: a loop that ran only during calls could
not notice servers that close idle connections. A call crosses over a :class:`Border` and waits for
one bare lock.
"""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from wixreseller._first_use import LateModule, loading, shut_down
from wixreseller.errors import SyncUsageError

if TYPE_CHECKING:
    from wixreseller.sync import _loop_thread
    from wixreseller.sync._loop_thread import LoopThread
else:
    _loop_thread = LateModule("wixreseller.sync._loop_thread", globals())

__all__ = ["Portal", "is_over", "post"]

P = ParamSpec("P")
T = TypeVar("T")


class Portal:
    """Run coroutines for one client, its views, its resources and its pagers.

    They all hold it, and when the last of them is gone the client is closed, on the loop: the
    destructors of sockets must not run on whichever thread happens to collect garbage.
    """

    __slots__ = ("__weakref__", "_aclose")

    def __init__(self, aclose: Callable[[], Awaitable[None]]) -> None:
        self._aclose = aclose
        _process.portals.add(self)
        weakref.finalize(self, post, aclose).atexit = False

    def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an async function on the private loop; give its result, or raise its error.

        Raises:
            SyncUsageError: called on the private loop's own thread, where it could only hang, or by
                a destructor that interrupts the loading of this library.
            ClientClosedError: the interpreter is shutting down.
        """
        if loading.is_here():
            raise SyncUsageError(
                "a blocking call was made while what calls need was being loaded on this thread, "
                "by a destructor, say: it would wait for itself. Nothing was sent"
            )
        return _process.loop_thread().call(function, args, kwargs)

    def close(self, aclose: Callable[[], Awaitable[None]]) -> None:
        """Run the ``aclose`` of a client or view, wherever this is called.

        Destructors close clients too: while the interpreter shuts down, when nothing is left to
        close, and on the private loop's own thread, where it is begun and not waited for.
        """
        if _process.is_over():
            return
        running = _process.running
        if running is not None and (running.is_here() or loading.is_here()):
            running.post(aclose)
        elif not loading.is_here():
            _process.loop_thread().call(aclose, (), {}, is_closing=True)

    async def aclose(self) -> None:
        """Close the client, from the loop itself."""
        await self._aclose()


class _Process:
    """Hold the loop thread of this process; the child of a fork begins with none."""

    def __init__(self) -> None:
        self.portals: weakref.WeakSet[Portal] = weakref.WeakSet()
        self._is_over = False
        self._current: LoopThread | None = None
        self._abandoned: list[LoopThread] = []

    @property
    def running(self) -> LoopThread | None:
        """The loop thread, if there has been a call."""
        return self._current

    def is_over(self) -> bool:
        """Tell whether the interpreter is shutting down."""
        return self._is_over or sys.is_finalizing()

    def loop_thread(self) -> LoopThread:
        """Give the loop thread, begun if this is the first call."""
        if self._is_over or sys.is_finalizing():
            raise shut_down()
        if (current := self._current) is not None:
            return current

        def begin() -> LoopThread:
            if self._current is None:
                self._current = _loop_thread.LoopThread()
            return self._current

        return loading.run(begin, begins_threads=True)

    def end(self) -> None:
        """Shut down, as the interpreter exits."""
        self._is_over = True
        if self._current is not None:
            self._current.stop(list(self.portals))
        for copy in self._abandoned:
            copy.close()

    def after_fork_in_child(self) -> None:
        """Forget the parent's loop, whose thread is not here."""
        if self._current is not None:
            self._current.abandon()
            # Kept, for the destructor of a loop that thinks it is running would complain.
            self._abandoned.append(self._current)
            self._current = None


def is_over() -> bool:
    """Tell whether the interpreter is shutting down."""
    return _process.is_over()


def post(function: Callable[[], Awaitable[None]]) -> None:
    """Begin an async function on the loop, if it runs; for destructors, which must not wait."""
    running = _process.running
    if running is not None and not _process.is_over():
        running.post(function)


_process: Final = _Process()
# At import, so that this runs after the exit functions of the user, which may still make calls.
atexit.register(_process.end)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_process.after_fork_in_child)
