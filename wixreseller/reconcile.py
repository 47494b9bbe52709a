"""Know what happened: settle unknown outcomes, ensure a package, wait until it is delivered."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
from collections.abc import Sequence
from typing import Final

import attrs

from wixreseller import _operations, _replays, _wire
from wixreseller._calls import Calls, Times
from wixreseller._compare import differences, is_dead
from wixreseller._flights import Ensured, Flight, landing
from wixreseller._look import FIRST_LOOK_AGAIN, PROOFS, Happened, NotSeen, find_instance, look
from wixreseller._operations import Request
from wixreseller._writes import write
from wixreseller.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    ExternalIdConflictError,
    InstanceFailedError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    SiteState,
    StillPendingError,
    WixResellerError,
)
from wixreseller.idempotency import derive_idempotency_key
from wixreseller.models import CallMeta, Package, Product, Status, checks

__all__ = [
    "Ensured",
    "Happened",
    "NotSeen",
    "assign",
    "differences",
    "ensure",
    "ensure_key",
    "is_dead",
    "resolve",
    "wait_until_settled",
]

_FIRST_POLL: Final = 2.0
_LONGEST_POLL: Final = 30.0


# --- unknown outcomes ---------------------------------------------------------------------------


async def resolve(calls: Calls, error: OutcomeUnknownError, times: Times) -> Happened | NotSeen:
    """Look once whether the write of an error happened, in whatever process it was raised."""
    checks.instance_of(error, OutcomeUnknownError, "error")
    if error.operation not in PROOFS:
        raise ConfigurationError(
            "error must be of a write that this library can look for; what a client.request has "
            "done, only you can look up",
            field="error",
        )
    return await look(calls, error, times)


# --- ensure -------------------------------------------------------------------------------------


def ensure_key(account_id: str, external_id: str, products: Sequence[Product]) -> str:
    """Derive the idempotency key of an ensure: the same order has the same key, for ever."""
    content = _wire.dumps([_wire.encode(product) for product in products], sort_keys=True)
    return derive_idempotency_key("ensure", account_id.lower(), external_id, content.decode())


async def ensure(
    calls: Calls,
    account_id: str,
    key: str,
    products: Sequence[Product],
    external_id: str,
    times: Times,
) -> Ensured:
    """Find the package of an external id, or create it. One flight at a time for each id."""
    loop, clock = asyncio.get_running_loop(), calls.executor.clock
    flight = (os.getpid(), account_id.lower(), external_id)
    mine = Flight(key, loop, loop.create_future())
    while (under_way := calls.flights.setdefault(flight, mine)) is not mine:
        try:
            landed = await landing(under_way, clock, times.until)
        except TimeoutError:
            request = _operations.create_package(account_id, key, products, external_id)
            raise _replays.too_late(calls, request) from None
        if not under_way.landed.done() and calls.flights.get(flight) is under_way:
            calls.flights.pop(flight, None)  # its loop was left, and may never run again
        if under_way.key != key or landed is None:
            continue  # another order, or it failed for certain: look, and try
        if isinstance(landed, Ensured):
            return attrs.evolve(landed, outcome="existing")
        raise copy.copy(landed)
    landed = None
    try:
        landed = await _ensure(calls, account_id, key, products, external_id, times)
    except OutcomeUnknownError as error:
        landed = error
        raise
    else:
        return landed
    finally:
        if calls.flights.get(flight) is mine:
            calls.flights.pop(flight, None)  # another thread may have been quicker
        mine.landed.set_result(landed)


async def _ensure(
    calls: Calls,
    account_id: str,
    key: str,
    products: Sequence[Product],
    external_id: str,
    times: Times,
) -> Ensured:
    try:
        existing = await _existing(calls, account_id, external_id, times)
    except TimeoutError as late:
        if calls.recent.due_since(account_id, external_id) is None:
            raise
        request = _operations.create_package(account_id, key, products, external_id)
        raise _replays.not_seen_in_time(calls, request) from late
    if existing:
        return Ensured(package=_same(existing, products, external_id), outcome="existing")
    request = _operations.create_package(account_id, key, products, external_id)
    clock, known = calls.executor.clock, calls.recent.package_of(account_id, external_id)
    began, start = clock.posix(), clock.monotonic()
    try:
        made = await write(calls, request, times)
    except ConflictError as refusal:
        # The server knows the key: this very order was sent before. Its package may be on its way
        # to the queries. Whatever ends the looks, it is not one that was not sent.
        existing = ()
        with contextlib.suppress(WixResellerError, TimeoutError):
            existing = await _existing(calls, account_id, external_id, times, is_due=True)
        if not existing:
            raise _replays.known_but_not_seen(calls, request, refusal) from refusal
        return Ensured(package=_same(existing, products, external_id), outcome="existing")
    if made.external_id not in (None, external_id):
        raise _replays.of_another(request, made)
    # It may have waited long for its turn, and the calendar been set back meanwhile.
    began = min(began, clock.posix() - (clock.monotonic() - start))
    if not _replays.is_of_before(calls, made, began, known):
        return Ensured(package=made, outcome="created")
    made = await _still_ours(calls, request, made, products, times)
    return Ensured(package=made, outcome="existing")


async def _still_ours(
    calls: Calls, request: Request, made: Package, products: Sequence[Product], times: Times
) -> Package:
    """Give the package of an earlier order with the same key, if it is what was asked for now.

    The answer told how it was made. By now it may be canceled, or another order's by its name.
    """
    name = request.external_id or ""
    try:
        seen = await _replays.now_of(calls, request, made, times)
    except WixResellerError as error:
        raise _replays.sold_before(calls, request, made, error) from error
    for package in seen:
        if package.external_id != name:
            raise _replays.renamed(request, package)
    return _same(seen, products, name) if seen else made


async def _existing(
    calls: Calls, account_id: str, external_id: str, times: Times, *, is_due: bool = False
) -> Sequence[Package]:
    """Give the packages of an external id.

    Where one is due to appear, look through the settle window: after a create of this process
    that was done or whose outcome is unknown, or when the server says that it knows the order.

    Raises:
        TimeoutError: the deadline would pass before the next look, and the window is not over.
    """
    clock, window = calls.executor.clock, calls.config.retry.settle_window
    since = calls.recent.due_since(account_id, external_id)
    wait = window if is_due else 0.0
    if since is not None:
        wait = max(wait, min(window, window - (clock.posix() - since)))
    end = clock.monotonic() + wait
    pause = FIRST_LOOK_AGAIN
    while True:
        page = await calls.page(calls.query_by_external_id(account_id, external_id), times)
        left = end - clock.monotonic()
        if page.packages:
            return page.packages
        if made := await _made_here(calls, account_id, external_id, times):
            return [made]
        if left <= 0:
            return ()
        pause = min(pause, left)
        if times.until is not None and clock.monotonic() + pause >= times.until:
            raise TimeoutError
        await clock.sleep(pause)
        pause *= 2


async def _made_here(
    calls: Calls, account_id: str, external_id: str, times: Times
) -> Package | None:
    """Read the package that this process made a moment ago: a query might not show it yet."""
    package_id = calls.recent.package_of(account_id, external_id)
    if package_id is None:
        return None
    try:
        package = await calls.package(_operations.get_package(account_id, package_id), times)
    except NotFoundError:
        return None
    return package if package.external_id == external_id else None


def _same(packages: Sequence[Package], products: Sequence[Product], external_id: str) -> Package:
    if len(packages) > 1:
        found = [f"there are {len(packages)}: {', '.join(package.id for package in packages)}"]
    elif is_dead(packages[0]):
        found = ["all its instances are canceled or failed"]
    else:
        found = differences(packages[0], products)
    if not found:
        return packages[0]
    meta = packages[0].meta
    raise ExternalIdConflictError(
        f"ensure: what exists under the external id {external_id!r} is not what was asked for: "
        f"{'; '.join(found)}",
        matches=packages,
        differences=found,
        operation="ensure",
        request_id=meta.request_id if meta else None,
        attempts=meta.attempts if meta else 0,
    )


# --- assign -------------------------------------------------------------------------------------


async def assign(calls: Calls, request: Request, times: Times) -> Package:
    """Carry out an assign; if it fails, say on the error where the instance is now.

    Wix documents that a failed assign may leave the instance on its old site or on none.
    """
    try:
        return await write(calls, request, times)
    except (AuthenticationError, PermissionDeniedError, RateLimitError):
        raise  # refused before anything was touched
    except OutcomeUnknownError as error:
        if calls.config.if_unknown == "look":
            error.site_state = await _site_state(calls, request, times)
        raise
    except APIError as error:
        error.site_state = await _site_state(calls, request, times)
        raise


async def _site_state(calls: Calls, request: Request, times: Times) -> SiteState:
    instance_id, site_id = (str(request.intent[name]) for name in ("instanceId", "siteId"))
    try:
        found = await find_instance(calls, request.account_id, instance_id, times)
    except WixResellerError:
        return "unknown"
    if found is None:
        return "unknown"
    now = found[1].site_id
    if now is None:
        return "floating"
    return "new_site" if now.lower() == site_id.lower() else "old_site"


# --- delivery -----------------------------------------------------------------------------------


async def wait_until_settled(
    calls: Calls, account_id: str, package_id: str, times: Times
) -> Package:
    """Poll a package until none of its instances is ``PENDING``; pace and back off while at it.

    Raises:
        InstanceFailedError: an instance ended as ``FAILED``.
        StillPendingError: the deadline passed first.
    """
    clock = calls.executor.clock
    pause = _FIRST_POLL
    while True:
        package = await calls.package(_operations.get_package(account_id, package_id), times)
        statuses = {item.instance_id: item.status for item in package.product_instances}
        meta = package.meta or CallMeta(status=200)
        if failed := [name for name, status in statuses.items() if status is Status.FAILED]:
            raise InstanceFailedError(
                f"wait_until_settled: of package {package_id} failed: {', '.join(failed)}",
                operation="wait_until_settled",
                request_id=meta.request_id,
                attempts=meta.attempts,
            )
        pending = [name for name, status in statuses.items() if status is Status.PENDING]
        if not pending:
            return package
        if times.until is not None and clock.monotonic() + pause >= times.until:
            raise StillPendingError(
                f"wait_until_settled: of package {package_id} are still pending: "
                f"{', '.join(pending)}",
                operation="wait_until_settled",
                request_id=meta.request_id,
                attempts=meta.attempts,
            )
        await clock.sleep(pause * (1 + clock.chance() / 5))
        pause = min(pause * 1.5, _LONGEST_POLL)
