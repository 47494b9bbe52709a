"""Tell an observer, on the spot, what becomes of a logical call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from wixreseller._clock import Clock
from wixreseller._logical_call import LogicalCall
from wixreseller._phase import Phase
from wixreseller.errors import OutcomeUnknownError, RateLimitError
from wixreseller.hooks import CallEnded, CallStarting, Observer, Outcome
from wixreseller.models import Package

__all__ = ["note_retry", "observed", "tell_now"]

T = TypeVar("T")
E = TypeVar("E")

_log: Final = logging.getLogger("wixreseller")


async def observed(
    observer: Observer,
    call: LogicalCall,
    base_url: str,
    clock: Clock,
    work: Coroutine[Any, Any, T],
) -> T:
    """Do the work of a call in the sight of an observer, which is told of its end in any case."""
    began = call.queued_at = clock.monotonic()
    call.observer = tell_now(observer.call_starting, _starting(call, base_url))
    try:
        value = await work
    except BaseException as error:
        _tell_end(call, clock, began, _outcome(call, error), error)
        raise
    package_id = value.id if isinstance(value, Package) else None
    _tell_end(call, clock, began, "succeeded", package_id=package_id)
    return value


def note_retry(call: LogicalCall, clock: Clock, delay: float, error: Exception) -> None:
    """Note from when on a call that is tried again waits for the limiter."""
    # After a throttling answer it is the gate that makes the call wait.
    call.queued_at = clock.monotonic() + (0.0 if isinstance(error, RateLimitError) else delay)


def tell_now(tell: Callable[[E], T], event: E) -> T | None:
    """Call an observer, and log what it raises."""
    try:
        return tell(event)
    except Exception:  # noqa: BLE001  # whatever a stranger's function raises
        _log.exception("an observer raised; the call goes on")
        return None


def _starting(call: LogicalCall, base_url: str) -> CallStarting:
    request = call.request
    return CallStarting(
        operation=call.name,
        account_id=request.account_id,
        method=request.operation.method,
        url=base_url + request.target,
        idempotency_key=request.idempotency_key,
        external_id=request.external_id,
        package_id=request.package_id,
        instance_id=request.instance_id,
    )


def _outcome(call: LogicalCall, error: BaseException) -> Outcome:
    if isinstance(error, OutcomeUnknownError):
        return "unknown"
    if isinstance(error, Exception):
        return "failed"
    return "unknown" if call.may_have_happened else "cancelled"


def _tell_end(
    call: LogicalCall,
    clock: Clock,
    began: float,
    outcome: Outcome,
    error: BaseException | None = None,
    package_id: str | None = None,
) -> None:
    if call.observer is None:  # it stumbled over the beginning
        return
    now = clock.monotonic()
    # A wait that a deadline or `max_wait` cut short gave no turn that could tell how long it was.
    cut_short = 0.0
    if call.queued_at is not None and call.progress.phase is Phase.PACING:
        cut_short = max(0.0, now - call.queued_at)
    event = CallEnded(
        outcome=outcome,
        error=error,
        package_id=package_id or call.request.package_id,
        attempts=call.attempts,
        seconds=now - began,
        waited=call.waited + cut_short,
        paced=call.paced + cut_short,
    )
    tell_now(call.observer.call_ended, event)
