"""Tell hooks and the log what happens, so that neither can harm a call."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from wixreseller._answers import Response
from wixreseller._clock import Clock
from wixreseller._first_use import LateModule
from wixreseller._hooks import Hook, Hooks
from wixreseller._logical_call import LogicalCall
from wixreseller._shared_timer import is_being_cancelled
from wixreseller._threads import run_blocking
from wixreseller.errors import OutcomeUnknownError, WixResellerError

if TYPE_CHECKING:
    import anyio

    from wixreseller import _observing, hooks
else:
    anyio = LateModule("anyio", globals())
    _observing = LateModule("wixreseller._observing", globals())
    hooks = LateModule("wixreseller.hooks", globals())

__all__ = ["HooksRunner", "log_unknown"]

E = TypeVar("E")
T = TypeVar("T")

_log: Final = logging.getLogger("wixreseller")

# A cancelled call tells its hook before it ends, which may not hold the cancellation up for long.
_SECONDS_WHEN_CANCELLED: Final = 2.0


class HooksRunner:
    """Call the hooks and the observer of a client. A call without pays for a comparison."""

    def __init__(self, told: Hooks) -> None:
        self._hooks = told
        if told != Hooks():
            # Now: what was only loaded after a request has left might not be, and hide its error.
            _ = hooks.UnknownOutcome, _observing.observed, anyio.CancelScope
        self._is_ready = told.on_unknown is None
        watchers = (told.before_attempt, told.after_attempt, told.observer)
        self.watch_attempts: bool = any(watcher is not None for watcher in watchers)
        """Whether attempts have to be told at all."""

    def watch(
        self, call: LogicalCall, base_url: str, clock: Clock, work: Coroutine[Any, Any, T]
    ) -> Coroutine[Any, Any, T]:
        """Let the observer see the work of a call, if there is one."""
        if not self._is_ready:
            anyio.CancelScope()  # the first in an event loop loads what anyio has for that loop
            self._is_ready = True
        observer = self._hooks.observer
        return (
            work if observer is None else _observing.observed(observer, call, base_url, clock, work)
        )

    async def starting(self, call: LogicalCall) -> None:
        """Tell that a request is about to be handed to the network."""
        before, observer = self._hooks.before_attempt, call.observer
        if before is None and observer is None:
            return
        request = call.request
        event = hooks.AttemptStarting(
            operation=call.name,
            account_id=request.account_id,
            attempt=call.attempts + 1,
            idempotency_key=request.idempotency_key,
            external_id=request.external_id,
        )
        if before is not None:
            await _tell(before, event)
        if observer is not None:  # after the hook, whose time is no part of the attempt
            call.queued_at = None
            _observing.tell_now(observer.attempt_starting, event)

    async def ended(self, call: LogicalCall, response: Response | None, seconds: float) -> None:
        """Tell what came of a request."""
        after, observer = self._hooks.after_attempt, call.observer
        if after is None and observer is None:
            return
        event = hooks.AttemptEnded(
            operation=call.name,
            account_id=call.request.account_id,
            attempt=call.attempts,
            seconds=seconds,
            status=None if response is None else response.status,
            request_id=None if response is None else response.request_id,
            phase=call.progress.phase.value,
            failure=call.failure,
        )
        if observer is not None:
            _observing.tell_now(observer.attempt_ended, event)
        if after is not None:
            await _tell(after, event)

    async def retrying(
        self, call: LogicalCall, delay: float, error: WixResellerError, clock: Clock
    ) -> None:
        """Tell, and log at INFO, that a call will be tried again."""
        _log.info("%s: trying again in %.1f s, after: %s", call.name, delay, error)
        on_retry, observer = self._hooks.on_retry, call.observer
        if on_retry is None and observer is None:
            return
        event = hooks.Retrying(
            operation=call.name,
            account_id=call.request.account_id,
            attempts=call.attempts,
            delay=delay,
            error=error,
        )
        if observer is not None:
            _observing.note_retry(call, clock, delay, error)
            _observing.tell_now(observer.retrying, event)
        if on_retry is not None:
            await _tell(on_retry, event)

    async def unknown(self, error: OutcomeUnknownError) -> None:
        """Tell, and log at WARNING, of a write whose answer was lost; it may be found yet."""
        _log.warning("%s", error)
        if self._hooks.on_unknown is not None:
            await _tell(self._hooks.on_unknown, hooks.UnknownOutcome(error=error))

    async def cancelled(self, error: OutcomeUnknownError) -> None:
        """Tell of a write that was cancelled after it was sent, in spite of the cancellation."""
        log_unknown(error)
        if self._hooks.on_unknown is not None:
            with anyio.move_on_after(_SECONDS_WHEN_CANCELLED, shield=True):
                event = hooks.UnknownOutcome(error=error, was_cancelled=True)
                await _tell(self._hooks.on_unknown, event)


async def _tell(hook: Hook[E], event: E) -> None:
    try:
        if inspect.iscoroutinefunction(hook):
            await hook(event)
            return
        # On a thread, where it may block; what it returns may still have to be awaited.
        answer = await run_blocking(hook, event)
        if inspect.isawaitable(answer):
            await answer
    except (Exception, asyncio.CancelledError) as error:  # a stranger's
        if isinstance(error, asyncio.CancelledError) and is_being_cancelled():
            raise
        # An answer must not be lost because somebody who watches stumbles.
        _log.exception("a hook raised; the call goes on")


def log_unknown(error: OutcomeUnknownError) -> None:
    """Log at ERROR what somebody has to look after."""
    _log.error(
        "%s: outcome unknown: %s; idempotency key %s, account %s, external id %s",
        error.operation,
        error,
        error.idempotency_key,
        error.account_id,
        error.external_id,
    )
