"""Know an order that was sent before by its answer, and say what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from wixreseller import _operations
from wixreseller._calls import Calls, Times
from wixreseller._clock import CLOCK_MARGIN
from wixreseller._hooks_runner import log_unknown
from wixreseller._look import server_ahead
from wixreseller._operations import Request
from wixreseller.errors import (
    ConflictError,
    ExternalIdConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RequestTimeoutError,
    WixResellerError,
)
from wixreseller.models import Package

__all__ = [
    "is_of_before",
    "known_but_not_seen",
    "not_seen_in_time",
    "now_of",
    "of_another",
    "renamed",
    "sold_before",
    "too_late",
]


def is_of_before(calls: Calls, package: Package, began: float, known: str | None) -> bool:
    """Say whether the package that a create gave is surely older than the create itself.

    The server knew its key then, and told again what it had told before: how the package was when
    it was made. ``began`` is in POSIX seconds, and ``known`` the package that this process had
    made already.
    """
    if known is not None and package.id.lower() == known.lower():
        return True
    ahead = server_ahead(calls)
    if ahead is None or package.created_date is None:
        return False
    return package.created_date.timestamp() < began + ahead - CLOCK_MARGIN


async def now_of(
    calls: Calls, request: Request, package: Package, times: Times
) -> Sequence[Package]:
    """Read a package of before as it is now; none, if reads do not show it yet."""
    try:
        return [await calls.package(_operations.get_package(request.account_id, package.id), times)]
    except NotFoundError:
        return ()


# --- errors -------------------------------------------------------------------------------------


def of_another(request: Request, package: Package) -> ExternalIdConflictError:
    """Make the error for a create that Wix answered with the package of another order."""
    name, found = request.external_id, package.external_id
    return ExternalIdConflictError(
        f"ensure: Wix answered with package {package.id}, whose external id is {found!r} and not "
        f"{name!r}: was idempotency key {request.idempotency_key!r} used for another order? Give "
        f"each order a key of its own",
        matches=[package],
        differences=[f"external_id is {found}, asked for {name}"],
        operation="ensure",
        idempotency_key=request.idempotency_key,
    )


def renamed(request: Request, package: Package) -> ExternalIdConflictError:
    """Make the error for an order whose package has another external id by now."""
    name = request.external_id
    return ExternalIdConflictError(
        f"ensure: this very order was sold before, as package {package.id}, whose external id is "
        f"{package.external_id!r} by now and no longer {name!r}; nothing was created. To sell it "
        f"again, ensure it with an idempotency_key of your own",
        matches=[package],
        differences=[f"external_id is {package.external_id}, asked for {name}"],
        operation="ensure",
        idempotency_key=request.idempotency_key,
    )


def sold_before(
    calls: Calls, request: Request, made: Package, problem: WixResellerError
) -> OutcomeUnknownError:
    """Make the error for an order that was sold before, and of which no more can be read."""
    return _unknown(
        calls,
        request,
        f"ensure: the order was sold before, as package {made.id}, and what that is now could not "
        f"be read ({type(problem).__name__}): ensure again, to know",
        problem,
    )


def known_but_not_seen(
    calls: Calls, request: Request, refusal: ConflictError
) -> OutcomeUnknownError:
    """Make the error for an order that was sent before, and of which nothing can be seen."""
    return _unknown(
        calls,
        request,
        f"ensure: Wix refused the order as one that it had before (HTTP {refusal.status}), but no "
        f"package of the external id {request.external_id!r} can be seen. It may appear yet, "
        f"unless it has another external id by now: ensure again later, and do not order it under "
        f"another",
        refusal,
        status=refusal.status,
    )


def too_late(calls: Calls, request: Request) -> WixResellerError:
    """Make the error for having waited too long for another call that ensures the same."""
    text = f"another call ensures {request.external_id!r}, and took longer than this could wait"
    return _out_of_time(calls, request, text, "waiting for another call")


def not_seen_in_time(calls: Calls, request: Request) -> WixResellerError:
    """Make the error for having no time to wait until an order of late may be seen."""
    text = (
        f"an order of the external id {request.external_id!r} was sent a moment ago, and no "
        f"package of it was seen in the time that there was"
    )
    return _out_of_time(calls, request, text, "waiting for an earlier order to be seen")


def _out_of_time(calls: Calls, request: Request, text: str, phase: str) -> WixResellerError:
    """Say that time ran out, and whether this very order was sent before that, by another call."""
    if _first_sent(calls, request) is not None:
        text = f"ensure: {text}. The order may have been sent before: ensure again, to know"
        return _unknown(calls, request, text)
    return RequestTimeoutError(
        f"ensure: {text}; nothing was sent for this order",
        phase=phase,
        operation=request.operation.name,
        idempotency_key=request.idempotency_key,
    )


def _first_sent(calls: Calls, request: Request) -> float | None:
    name, key = request.external_id or "", request.idempotency_key or ""
    return calls.recent.first_sent(request.account_id, name, key)


def _unknown(
    calls: Calls,
    request: Request,
    text: str,
    cause: WixResellerError | None = None,
    status: int | None = None,
) -> OutcomeUnknownError:
    sent = _first_sent(calls, request) or calls.executor.clock.posix()
    error = OutcomeUnknownError(
        text,
        sent_at=datetime.fromtimestamp(sent, UTC),
        external_id=request.external_id,
        account_id=request.account_id,
        status=status,
        intent=request.told_intent(),
        operation=request.operation.name,
        idempotency_key=request.idempotency_key,
        request_id=None if cause is None else cause.request_id,
        attempts=0 if cause is None else cause.attempts,
    )
    log_unknown(error)
    return error
