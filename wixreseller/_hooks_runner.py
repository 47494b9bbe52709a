"""Tell hooks and the log what happens, so that neither can harm a call."""

from __future__ import annotations

import inspect
import logging
from typing import Final, TypeVar

import anyio

from wixreseller._answers import Response
from wixreseller._logical_call import LogicalCall
from wixreseller._threads import run_blocking
from wixreseller.errors import OutcomeUnknownError, WixResellerError
from wixreseller.hooks import (
    AttemptEnded,
    AttemptStarting,
    Hook,
    Hooks,
    Retrying,
    UnknownOutcome,
)

__all__ = ["HooksRunner", "log_unknown"]

E = TypeVar("E")

_log: Final = logging.getLogger("wixreseller")

# A cancelled call tells its hook before it ends, which may not hold the cancellation up for long.
_SECONDS_WHEN_CANCELLED: Final = 2.0


class HooksRunner:
    """Call the hooks of a client. A call without hooks pays for a comparison."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self.watch_attempts: bool = (hooks.before_attempt, hooks.after_attempt) != (None, None)
        """Whether attempts have to be told at all."""

    async def starting(self, call: LogicalCall) -> None:
        """Tell that a request is about to be handed to the network."""
        if self._hooks.before_attempt is None:
            return
        request = call.request
        event = AttemptStarting(
            operation=call.name,
            account_id=request.account_id,
            attempt=call.attempts + 1,
            idempotency_key=request.idempotency_key,
            external_id=request.external_id,
        )
        await _tell(self._hooks.before_attempt, event)

    async def ended(self, call: LogicalCall, response: Response | None, seconds: float) -> None:
        """Tell what came of a request."""
        if self._hooks.after_attempt is None:
            return
        event = AttemptEnded(
            operation=call.name,
            account_id=call.request.account_id,
            attempt=call.attempts,
            seconds=seconds,
            status=None if response is None else response.status,
            request_id=None if response is None else response.request_id,
            phase=call.progress.phase.value,
        )
        await _tell(self._hooks.after_attempt, event)

    async def retrying(self, call: LogicalCall, delay: float, error: WixResellerError) -> None:
        """Tell, and log at INFO, that a call will be tried again."""
        _log.info("%s: trying again in %.1f s, after: %s", call.name, delay, error)
        if self._hooks.on_retry is None:
            return
        event = Retrying(
            operation=call.name,
            account_id=call.request.account_id,
            attempts=call.attempts,
            delay=delay,
            error=error,
        )
        await _tell(self._hooks.on_retry, event)

    async def unknown(self, error: OutcomeUnknownError) -> None:
        """Tell, and log at WARNING, of a write whose answer was lost; it may be found yet."""
        _log.warning("%s", error)
        if self._hooks.on_unknown is not None:
            await _tell(self._hooks.on_unknown, UnknownOutcome(error=error))

    async def cancelled(self, error: OutcomeUnknownError) -> None:
        """Tell of a write that was cancelled after it was sent, in spite of the cancellation."""
        log_unknown(error)
        if self._hooks.on_unknown is not None:
            with anyio.move_on_after(_SECONDS_WHEN_CANCELLED, shield=True):
                event = UnknownOutcome(error=error, was_cancelled=True)
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
    except Exception:  # noqa: BLE001  # whatever a stranger's function raises
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
