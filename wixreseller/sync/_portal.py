"""Carry blocking calls to one private event loop.

One plain asyncio loop on one daemon thread serves all blocking clients of a process. It begins at
the first call, nothing at import, and then always runs: a loop that ran only during calls could
not notice servers that close idle connections. A call crosses over a :class:`Border` and waits for
one bare lock.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import logging
import os
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, ParamSpec, TypeVar

from wixreseller.errors import ClientClosedError, SyncUsageError
from wixreseller.sync._beside import warn_beside_running_loop
from wixreseller.sync._border import Border
from wixreseller.sync._selector import PrivateLoop

__all__ = ["Portal", "post"]

P = ParamSpec("P")
T = TypeVar("T")

# How long an interrupted call may take to end: it only has to give its connection up.
_GRACE_SECONDS: Final = 2.0
# All that clients nobody closed may cost at exit, and how long the loop may then take to stop.
_CLOSING_SECONDS: Final = 0.1
_STOPPING_SECONDS: Final = 0.5
# A lock that is waited for without end cannot be interrupted by Ctrl-C on Windows.
_NAP_SECONDS: Final = 0.1 if sys.platform == "win32" else -1

_log: Final = logging.getLogger("wixreseller")


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
            SyncUsageError: called on the private loop's own thread, where it could only hang.
            ClientClosedError: the interpreter is shutting down.
        """
        return _process.loop_thread().call(_Call(function, args, kwargs))

    def close(self, aclose: Callable[[], Awaitable[None]]) -> None:
        """Run the ``aclose`` of a client or view, wherever this is called.

        Destructors close clients too: while the interpreter shuts down, when nothing is left to
        close, and on the private loop's own thread, where it is begun and not waited for.
        """
        if _process.is_over():
            return
        running = _process.running
        if running is not None and running.is_here():
            running.post(aclose)
        else:
            _process.loop_thread().call(_Call(aclose, (), {}), is_closing=True)

    async def aclose(self) -> None:
        """Close the client, from the loop itself."""
        await self._aclose()


class _Call(Generic[T]):
    """Hold one call while it crosses: the work on the way there, its outcome on the way back."""

    __slots__ = (
        "_args",
        "_border",
        "_context",
        "_end",
        "_error",
        "_function",
        "_is_over",
        "_kwargs",
        "_task",
        "_value",
    )

    _value: T
    _border: Border

    def __init__(
        self,
        function: Callable[..., Awaitable[T]],
        args: tuple[object, ...],
        kwargs: dict[str, Any],  # `Any`: ParamSpec has checked them where the call was written
    ) -> None:
        self._function = function
        self._args = args
        self._kwargs = kwargs
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None
        self._is_over = False
        self._end = threading.Lock()
        self._end.acquire()

    def cross(self, border: Border) -> None:
        """Go over to a loop."""
        self._border = border
        border.come(self._begin)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 12):
            # Without a pass of the loop until its first step.
            self._task = asyncio.Task(
                self._run(), loop=loop, context=self._context, eager_start=True
            )
        else:
            self._task = loop.create_task(self._run(), context=self._context)

    def cancel(self) -> None:
        """Cancel the work; on the loop."""
        if self._task is None:
            self._finish()
        else:
            self._task.cancel()

    def wait(self, seconds: float = -1) -> None:
        """Wait until the work is over, or so many seconds (negative: no matter how long)."""
        # An interrupt may strike just after the lock was got: only the flag tells then.
        if seconds >= 0:
            if not self._is_over:
                self._end.acquire(timeout=seconds)
            return
        while not self._is_over:
            self._end.acquire(timeout=_NAP_SECONDS)

    def outcome(self) -> T:
        """Give the result, or raise the error itself, not a copy."""
        error = self._error
        if error is None:
            return self._value
        try:
            if isinstance(error, asyncio.CancelledError) and _process.is_over():
                raise ClientClosedError(
                    "the interpreter shut down during the call; a write may have happened"
                ) from error
            raise error
        finally:
            # Else error, traceback and frame would keep each other alive.
            self._error = error = None

    async def _run(self) -> None:
        # All that is raised goes to the caller: a SystemExit in a task would end the loop.
        try:
            self._value = await self._function(*self._args, **self._kwargs)
        except BaseException as error:  # noqa: BLE001
            self._error = error
        self._finish()

    def _finish(self) -> None:
        self._is_over = True
        self._border.tell(self._end)


class _LoopThread:
    """Run an event loop for ever on a daemon thread."""

    def __init__(self) -> None:
        # Not asyncio.new_event_loop(): the user's policy is theirs, and may give any kind of loop.
        self._loop = PrivateLoop()
        self._loop.set_exception_handler(self._report)
        self._is_abandoned = False
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="wixreseller", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            self._loop.close()
            # Python 3.12 and later start no thread any more once the interpreter shuts down.
            if "shutdown" in str(error):
                raise _shut_down() from error
            raise

    def is_here(self) -> bool:
        """Tell whether the caller is on the loop's own thread."""
        return threading.get_ident() == self._thread.ident

    def call(self, call: _Call[T], *, is_closing: bool = False) -> T:
        """Run one call; interrupted, cancel it and wait a little for its end.

        Closing gives no warning of a loop that it holds up: it takes a moment, and is what the
        shutdown handlers of async servers do.
        """
        if self.is_here():
            raise SyncUsageError(
                "a blocking call was made on the thread of the client's own event loop, where it "
                "would wait for itself; use AsyncClient there, and await. Nothing was sent"
            )
        if not is_closing:
            warn_beside_running_loop()
        try:
            self._begin(call)
            call.wait()
        except BaseException as error:
            if self._loop.is_closed():
                # Only the interpreter's exit closes it, while a daemon thread was on its way here.
                raise _shut_down() from error
            self._loop.call_soon_threadsafe(call.cancel)
            call.wait(_GRACE_SECONDS)
            raise
        return call.outcome()

    def _begin(self, call: _Call[Any]) -> None:
        if self._loop.is_closed():
            raise _shut_down()
        call.cross(self._loop.border)

    def post(self, function: Callable[[], Awaitable[None]]) -> None:
        """Begin an async function and do not wait for it."""
        self._begin(_Call(function, (), {}))

    def stop(self, portals: list[Portal]) -> None:
        """Close the clients that nobody closed, end all calls, then the loop; within a moment."""
        self._begin(_Call(self._wind_down, (portals,), {}))
        self._thread.join(_STOPPING_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    def abandon(self) -> None:
        """Cut this copy, in a forked child, off from the loop that goes on in the parent."""
        self._is_abandoned = True
        self._loop.abandon()

    def close(self) -> None:
        """Close such a copy, as the child ends."""
        self._loop.close()

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                self._loop.run_forever()
            except BaseException as error:  # noqa: BLE001
                # asyncio lets SystemExit and KeyboardInterrupt of any task stop the loop.
                _log.warning("the private event loop goes on after %s", type(error).__name__)
        self._loop.border.hand_out()

    async def _wind_down(self, portals: list[Portal]) -> None:
        ending = asyncio.all_tasks() - {asyncio.current_task()}
        for task in ending:
            task.cancel()
        ending |= {asyncio.ensure_future(portal.aclose()) for portal in portals}
        if ending:
            await asyncio.wait(ending, timeout=_CLOSING_SECONDS)
        self._is_stopping = True
        self._loop.stop()

    def _report(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what went wrong outside all calls: by its message, for the rest may hold secrets."""
        if not (self._is_abandoned or self._is_stopping):
            error = context.get("exception")
            reason = context.get("message") if error is None else type(error).__name__
            _log.warning("on the private event loop: %s", reason)


class _Process:
    """Hold the loop thread of this process; the child of a fork begins with none."""

    def __init__(self) -> None:
        self.portals: weakref.WeakSet[Portal] = weakref.WeakSet()
        self._is_over = False
        self._current: _LoopThread | None = None
        self._abandoned: list[_LoopThread] = []
        # Re-entrant, for a signal handler or a destructor may make a call while one is beginning.
        self._lock = threading.RLock()

    @property
    def running(self) -> _LoopThread | None:
        """The loop thread, if there has been a call."""
        return self._current

    def is_over(self) -> bool:
        """Tell whether the interpreter is shutting down."""
        return self._is_over or sys.is_finalizing()

    def loop_thread(self) -> _LoopThread:
        """Give the loop thread, begun if this is the first call."""
        if self._is_over or sys.is_finalizing():
            raise _shut_down()
        if (current := self._current) is not None:
            return current
        with self._lock:
            if self._current is None:
                self._current = _LoopThread()
            return self._current

    def end(self) -> None:
        """Shut down, as the interpreter exits."""
        self._is_over = True
        if self._current is not None:
            self._current.stop(list(self.portals))
        for copy in self._abandoned:
            copy.close()

    def after_fork_in_child(self) -> None:
        """Forget the parent's loop, whose thread is not here."""
        # The lock may have been held by a thread that is not here either.
        self._lock = threading.RLock()
        if self._current is not None:
            self._current.abandon()
            # Kept, for the destructor of a loop that thinks it is running would complain.
            self._abandoned.append(self._current)
            self._current = None


def _shut_down() -> ClientClosedError:
    return ClientClosedError("the interpreter is shutting down; nothing was sent")


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
