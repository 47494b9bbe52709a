"""Find out, by reading only, whether a write happened whose answer was lost.

What counts as proof is a table, :data:`PROOFS`. Whatever it does not prove stays unknown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, cast

import attrs

from wixreseller import _operations, _wire
from wixreseller._calls import Calls, Times
from wixreseller._clock import CLOCK_MARGIN
from wixreseller._compare import differences
from wixreseller.errors import NotFoundError, OutcomeUnknownError
from wixreseller.models import (
    BillingInfo,
    JSONValue,
    Package,
    Product,
    ProductInstance,
    Status,
    checks,
)

__all__ = [
    "FIRST_LOOK_AGAIN",
    "PROOFS",
    "Happened",
    "NotSeen",
    "Proof",
    "find_instance",
    "look",
    "proofs_as_markdown",
    "server_ahead",
]

FIRST_LOOK_AGAIN: Final = 0.5
"""Seconds until the second look, where one is not enough."""


@attrs.frozen
class Happened:
    """The write happened: the state proves it. ``package`` is how it is now."""

    package: Package


@attrs.frozen
class NotSeen:
    """The state does not prove that the write happened; it may have all the same. ``why`` says."""

    why: str


Seen = Happened | NotSeen
_Look = Callable[[Calls, OutcomeUnknownError, Times], Awaitable[Seen]]


@attrs.frozen
class Proof:
    """Say what proves that an operation happened, by what read, and why that is enough."""

    reads: str
    proves: str
    why: str
    look: _Look = attrs.field(repr=False)


async def look(calls: Calls, error: OutcomeUnknownError, times: Times) -> Seen:
    """Look once whether the write of an error happened.

    Raises:
        WixResellerError: the state could not be read.
    """
    return await PROOFS[error.operation or ""].look(calls, error, times)


# --- creates ------------------------------------------------------------------------------------


async def _look_for_created(calls: Calls, error: OutcomeUnknownError, times: Times) -> Seen:
    account, name, key = error.account_id or "", error.external_id, error.idempotency_key or ""
    if name is None:
        return NotSeen("it had no external id to look for")
    page = await calls.page(calls.query_by_external_id(account, name), times)
    if len(page) != 1:
        return NotSeen(f"{len(page) or 'no'} packages have the external id {name!r}")
    (package,) = page
    listed = cast("list[JSONValue]", _as_sent(error.intent.get("products", [])))
    asked = [_wire.decode(product, Product) for product in listed]
    if found := differences(package, asked):
        return NotSeen(f"package {package.id} is another: {'; '.join(found)}")
    sent = calls.recent.first_sent(account, name, key) or error.sent_at.timestamp()
    if not _is_since(calls, error, sent, package.created_date):
        return NotSeen(f"package {package.id} was there before, as far as clocks can tell")
    if calls.recent.has_rival(account, name, key, since=sent - CLOCK_MARGIN):
        return NotSeen("another create of the same external id may have made the package")
    return Happened(package)


def _as_sent(value: JSONValue) -> JSONValue:
    """Give a part of an intent as Wix got it: callers may order by text of a class of their own."""
    return _wire.loads(_wire.dumps(value))


def server_ahead(calls: Calls) -> float | None:
    """Give how many seconds the server's clock is ahead of ours, if that is sure enough."""
    server = calls.executor.server_clock
    return None if server is None or server.uncertainty > CLOCK_MARGIN else server.offset


def _is_since(
    calls: Calls, error: OutcomeUnknownError, sent: float, moment: datetime | None
) -> bool:
    """Say whether a moment of the server's is after our first attempt, if clocks can tell.

    The clock that we sent by may not be the one that we look by: it was set since, or is another
    machine's. What was sent later by either was sent later.
    """
    now = server_ahead(calls)
    if now is None or moment is None:
        return False
    then = error.server_ahead
    ahead = now if then is None else max(now, then)
    return moment.timestamp() >= sent + ahead - CLOCK_MARGIN


# --- calls on packages and instances ------------------------------------------------------------


async def _package_of(calls: Calls, error: OutcomeUnknownError, times: Times) -> Package | None:
    request = _operations.get_package(error.account_id or "", str(error.intent.get("packageId")))
    try:
        return await calls.package(request, times)
    except NotFoundError:
        return None


async def find_instance(
    calls: Calls, account_id: str, instance_id: str, times: Times
) -> tuple[Package, ProductInstance] | None:
    """Find an instance, and read its package by id: queries may lag behind."""
    request = _operations.query_packages(
        account_id,
        limit=checks.MAX_PAGE_SIZE,
        filter={
            "$and": [
                {"accountId": account_id},
                {"productInstances.instanceId": {"$hasSome": [instance_id]}},
            ]
        },
    )
    for found in await calls.page(request, times):
        package = await calls.package(_operations.get_package(account_id, found.id), times)
        for instance in package.product_instances:
            if instance.instance_id.lower() == instance_id.lower():
                return package, instance
    return None


def _judge(
    calls: Calls,
    error: OutcomeUnknownError,
    package: Package,
    *,
    holds: bool,
    changed: datetime | None,
    is_final: bool,
) -> Seen:
    if not holds:
        return NotSeen("it is not as asked")
    # A server whose reads lag may show how it was before some other change: what can be undone
    # counts only if it was changed since. What cannot needs no such proof.
    sent = error.sent_at.timestamp()
    if not is_final and not _is_since(calls, error, sent, changed):
        return NotSeen("it is as asked, but was so before, as far as clocks can tell")
    return Happened(package)


def _when_package(
    holds: Callable[[Package, OutcomeUnknownError], bool], *, is_final: bool = False
) -> _Look:
    async def look_at_package(calls: Calls, error: OutcomeUnknownError, times: Times) -> Seen:
        package = await _package_of(calls, error, times)
        if package is None:
            return NotSeen("the account has no such package")
        return _judge(
            calls,
            error,
            package,
            holds=holds(package, error),
            changed=package.updated_date,
            is_final=is_final,
        )

    return look_at_package


def _when_instance(
    holds: Callable[[ProductInstance, OutcomeUnknownError], bool], *, is_final: bool = False
) -> _Look:
    async def look_at_instance(calls: Calls, error: OutcomeUnknownError, times: Times) -> Seen:
        instance_id = str(error.intent.get("instanceId"))
        found = await find_instance(calls, error.account_id or "", instance_id, times)
        if found is None:
            return NotSeen("no package of the account shows the instance")
        package, instance = found
        return _judge(
            calls,
            error,
            package,
            holds=holds(instance, error),
            changed=instance.updated_date,
            is_final=is_final,
        )

    return look_at_instance


def _same_id(one: str | None, other: JSONValue) -> bool:
    return one is not None and isinstance(other, str) and one.lower() == other.lower()


def _all_canceled(package: Package, _: OutcomeUnknownError) -> bool:
    statuses = {instance.status for instance in package.product_instances}
    return statuses == {Status.CANCELED}


def _has_external_id(package: Package, error: OutcomeUnknownError) -> bool:
    return package.external_id == error.external_id


def _is_on_site(instance: ProductInstance, error: OutcomeUnknownError) -> bool:
    return _same_id(instance.site_id, error.intent.get("siteId"))


def _floats(instance: ProductInstance, _: OutcomeUnknownError) -> bool:
    return instance.site_id is None and "siteId" not in instance.extra


def _is_canceled(instance: ProductInstance, _: OutcomeUnknownError) -> bool:
    return instance.status is Status.CANCELED


def _is_adjusted(instance: ProductInstance, error: OutcomeUnknownError) -> bool:
    product = error.intent.get("catalogProductId")
    billing = error.intent.get("billingInfo")
    return (product is None or _same_id(instance.catalog_product_id, product)) and (
        billing is None or instance.billing_info == _wire.decode(_as_sent(billing), BillingInfo)
    )


PROOFS: Final[Mapping[str, Proof]] = {
    "create_package": Proof(
        "a query by account and external id",
        "exactly one package, with the content ordered, made after the first attempt by the "
        "server's clock (5 s of margin), and no other create of that id by this process about then",
        "external ids need not be unique: only content and time tell one order from another",
        _look_for_created,
    ),
    "cancel_package": Proof(
        "a get of the package",
        "every instance is `CANCELED`",
        "nothing un-cancels, so it does not matter who did it",
        _when_package(_all_canceled, is_final=True),
    ),
    "update_package_external_id": Proof(
        "a get of the package",
        "it has the external id, and was updated after the first attempt by the server's clock "
        "(5 s of margin)",
        "the state is what was asked for, and not one of long ago that a read which lags may show",
        _when_package(_has_external_id),
    ),
    "assign_product_instance_to_site": Proof(
        "a query for the instance, then a get of its package",
        "the instance is on the site, and was updated after the first attempt (as above)",
        "the state is what was asked for; the get, because queries may lag",
        _when_instance(_is_on_site),
    ),
    "unassign_product_instance_from_site": Proof(
        "a query for the instance, then a get of its package",
        "the instance is on no site, and was updated after the first attempt (as above)",
        "the state is what was asked for",
        _when_instance(_floats),
    ),
    "cancel_product_instance": Proof(
        "a query for the instance, then a get of its package",
        "the instance is `CANCELED`",
        "nothing un-cancels, so it does not matter who did it",
        _when_instance(_is_canceled, is_final=True),
    ),
    "adjust_product_instance_specifications": Proof(
        "a query for the instance, then a get of its package",
        "it has the product and the billing asked for, and was updated after the first attempt (as "
        "above)",
        "the state is what was asked for; a discount code is not shown reliably and not compared",
        _when_instance(_is_adjusted),
    ),
}


def proofs_as_markdown() -> str:
    """Write the table as the documentation shows it."""
    lines = [
        "| a lost | is looked for by | and proven when | because |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{name}` | {proof.reads} | {proof.proves} | {proof.why} |"
        for name, proof in PROOFS.items()
    ]
    return "\n".join(lines) + "\n"
