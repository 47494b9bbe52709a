"""Run blocking calls on one event loop, which goes on for ever on a thread of its own."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from wixreseller._first_use import shut_down
from wixreseller.errors import ClientClosedError, SyncUsageError
from wixreseller.models import Package
from wixreseller.sync._beside import warn_beside_running_loop
from wixreseller.sync._border import Border
from wixreseller.sync._portal import is_over
from wixreseller.sync._selector import PrivateLoop

if TYPE_CHECKING:
    from wixreseller.sync._portal import Portal

__all__ = ["LoopThread"]

T = TypeVar("T")

# How long an interrupted call may take to end: it only has to give its connection up.
_GRACE_SECONDS: Final = 2.0
# All that clients nobody closed may cost at exit, and how long the loop may then take to stop.
_CLOSING_SECONDS: Final = 0.1
_STOPPING_SECONDS: Final = 0.5
# A lock that is waited for without end cannot be interrupted by Ctrl-C on Windows.
_NAP_SECONDS: Final = 0.1 if sys.platform == "win32" else -1

_log: Final = logging.getLogger("wixreseller")


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

    def __init__(
        self,
        border: Border,
        function: Callable[..., Awaitable[T]],
        args: tuple[object, ...],
        kwargs: dict[str, Any],  # `Any`: ParamSpec has checked them where the call was written
    ) -> None:
        self._border = border
        self._function = function
        self._args = args
        self._kwargs = kwargs
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None
        self._is_over = False
        self._end = threading.Lock()
        self._end.acquire()

    def cross(self) -> None:
        """Go over to the loop."""
        self._border.come(self._begin)

    def _begin(self) -> None:
        if self._is_over:  # it was cancelled on the way here, and its caller has been told
            return
        work = self._run()
        try:
            loop = asyncio.get_running_loop()
            if sys.version_info >= (3, 12):
                # Without a pass of the loop until its first step.
                self._task = asyncio.Task(work, loop=loop, context=self._context, eager_start=True)
            else:
                self._task = loop.create_task(work, context=self._context)
        except BaseException as error:  # noqa: BLE001  # no memory, say; the caller must not hang
            work.close()
            self._error = error
            self._finish()

    def cancel(self) -> None:
        """Cancel the work; on the loop."""
        if self._task is None:
            self._finish()
        else:
            self._task.cancel()
            self._task.add_done_callback(self._end_unbegun)

    def _end_unbegun(self, _: asyncio.Task[None]) -> None:
        """End work that was cancelled before its first step: nothing of it has run."""
        if not self._is_over:  # as it is from Python 3.12 on
            self._error = asyncio.CancelledError()
            self._finish()

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
            if isinstance(error, asyncio.CancelledError) and is_over():
                raise ClientClosedError(
                    "the interpreter shut down during the call; a write may have happened"
                ) from error
            raise error
        finally:
            # Else error, traceback and frame would keep each other alive.
            self._error = error = None

    def leave_word(self) -> None:
        """Log what a write gave whose caller was interrupted just as it was done."""
        given = getattr(self, "_value", None)
        package = getattr(given, "package", given)
        meta = package.meta if isinstance(package, Package) else None
        if meta is not None and meta.idempotency_key is not None:
            _log.error(
                "a write was interrupted just as it was done, and gave %r; idempotency key %s",
                package,
                meta.idempotency_key,
            )

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


class LoopThread:
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
                raise shut_down() from error
            raise

    def is_here(self) -> bool:
        """Tell whether the caller is on the loop's own thread."""
        return threading.get_ident() == self._thread.ident

    def call(
        self,
        function: Callable[..., Awaitable[T]],
        args: tuple[object, ...],
        kwargs: dict[str, Any],
        *,
        is_closing: bool = False,
    ) -> T:
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
            warn_beside_running_loop(self._loop)
        call = _Call(self._loop.border, function, args, kwargs)
        try:
            self._begin(call)
            call.wait()
        except BaseException as error:
            if self._loop.is_closed():
                # Only the interpreter's exit closes it, while a daemon thread was on its way here.
                raise shut_down() from error
            self._loop.call_soon_threadsafe(call.cancel)
            call.wait(_GRACE_SECONDS)
            call.leave_word()
            raise
        return call.outcome()

    def _begin(self, call: _Call[Any]) -> None:
        if self._loop.is_closed():
            raise shut_down()
        call.cross()

    def post(self, function: Callable[[], Awaitable[None]]) -> None:
        """Begin an async function and do not wait for it."""
        self._begin(_Call(self._loop.border, function, (), {}))

    def stop(self, portals: list[Portal]) -> None:
        """Close the clients that nobody closed, end all calls, then the loop; within a moment."""
        self._begin(_Call(self._loop.border, self._wind_down, (portals,), {}))
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
