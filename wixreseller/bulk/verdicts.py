"""Judge what a look found: what it makes of an order, before sending and after. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, cast

import attrs
import orjson

from wixreseller import _wire
from wixreseller._clock import CLOCK_MARGIN
from wixreseller.bulk.journal import Entry, Record
from wixreseller.bulk.results import Failed, Ok, OkWord, Outcome, Unknown
from wixreseller.models import JSONValue, Package, Product, Status
from wixreseller.reconcile import differences, is_dead

__all__ = [
    "CONFLICT",
    "NOT_ASKED",
    "NOT_SEEN",
    "Send",
    "before_sending",
    "failed",
    "of_before",
    "ok",
    "planned_as",
    "products_of",
    "proven",
    "refused",
    "to_send_again",
    "unknown",
    "when_settled",
]

CONFLICT: Final = "EXTERNAL_ID_CONFLICT"
"""Code of an order whose external id other packages have."""
NOT_SEEN: Final = "NOT_SEEN"
"""Code of an order that may have been sent, and of which Wix shows nothing."""
NOT_ASKED: Final = "NOT_ASKED"
"""Code of an order that may have been sent, and of which Wix could not be asked in time."""


@attrs.frozen
class Send:
    """The order is to be sent; ``package_id`` is the package to cancel."""

    package_id: str | None = None


def products_of(entry: Entry) -> tuple[Product, ...]:
    """Read the products of an entry."""
    return _read_products(entry.products)


@lru_cache(maxsize=256)
def _read_products(products: str) -> tuple[Product, ...]:
    # Most orders of a file sell the same.
    listed = cast("list[JSONValue]", orjson.loads(products))
    return tuple(_wire.decode(product, Product) for product in listed)


# --- before sending -----------------------------------------------------------------------------


def before_sending(entry: Entry, found: Sequence[Package]) -> Outcome | Send:
    """Say what an order that was not sent comes to, given every package that has its id."""
    verdict = (
        _before_cancel(entry, found)
        if entry.operation == "cancel"
        else _before_create(entry, found)
    )
    if isinstance(verdict, Send) and entry.expects == "done":
        return failed(
            entry,
            "GONE",
            "there was nothing to do when it was planned, and now there is; plan again",
        )
    return verdict


def _before_create(entry: Entry, found: Sequence[Package]) -> Outcome | Send:
    if not found:
        return Send()
    if len(found) > 1:
        return failed(
            entry,
            CONFLICT,
            f"{len(found)} packages have this external id already: {_list(found)}",
        )
    (package,) = found
    if is_dead(package):
        problem = "has no instance that is not canceled or failed"
    elif differing := differences(package, products_of(entry)):
        problem = f"differs from the order: {'; '.join(differing)}"
    else:
        return ok(entry, package, "existing")
    return failed(
        entry, CONFLICT, f"package {package.id} has this external id already and {problem}", package
    )


def _before_cancel(entry: Entry, found: Sequence[Package]) -> Outcome | Send:
    if not found:
        what = "such package" if entry.package_id else "package of this external id"
        return failed(entry, "NOT_FOUND", f"the account has no {what}")
    if entry.external_id and (others := _of_another_name(entry, found)):
        (package, *_) = others
        return failed(
            entry,
            CONFLICT,
            f"package {package.id} has the external id {package.external_id!r}: an order that "
            f"names both cancels nothing where they are not of one package",
            package,
        )
    alive = [package for package in found if not _is_canceled(package)]
    if not alive:
        return ok(entry, found[0], "canceled")
    if len(alive) > 1:
        return failed(
            entry,
            CONFLICT,
            f"{len(alive)} packages that could be meant have this external id: {_list(alive)}; "
            f"cancel by package_id",
        )
    return Send(alive[0].id)


def _of_another_name(entry: Entry, found: Sequence[Package]) -> Sequence[Package]:
    """Give the packages that an order names by their id, and that have not its external id."""
    return [package for package in found if package.external_id != entry.external_id]


def planned_as(entry: Entry, found: Sequence[Package]) -> Entry:
    """Write into an entry what a look found: what a plan expects."""
    verdict = before_sending(entry, found)
    if isinstance(verdict, Send):
        package_id = verdict.package_id or entry.package_id
        return attrs.evolve(entry, expects="send", package_id=package_id)
    if verdict.outcome == "failed":
        return attrs.evolve(entry, expects="conflict", note=f"{verdict.code}: {verdict.message}")
    return attrs.evolve(entry, expects="done", package_id=verdict.package_id)


def refused(entry: Entry) -> Failed:
    """Give the outcome of an order that its plan refuses: what :func:`planned_as` wrote into it."""
    code, _, message = (entry.note or CONFLICT).partition(": ")
    return failed(entry, code, message)


# --- after it may have been sent ----------------------------------------------------------------


def proven(record: Record, found: Sequence[Package]) -> Ok | None:
    """Give the outcome of an order that may have been sent, if what was found proves that it did.

    A cancel is proven by a package all of whose instances are canceled: nothing un-cancels. A
    create by exactly one package of the external id, with the content ordered, made after the
    order was first sent, by Wix's clock.
    """
    entry = record.entry
    if entry.operation == "cancel":
        alive = [package for package in found if not _is_canceled(package)]
        return ok(entry, found[0], "canceled") if found and not alive else None
    if len(found) != 1 or differences(found[0], products_of(entry)):
        return None
    if not _is_since(record, found[0].created_date):
        return None
    return ok(entry, found[0], "created")


def of_before(record: Record, package: Package, *, was_open: bool) -> Outcome:
    """Give the outcome of a create that Wix answered with a package of before, as that is now.

    ``was_open`` says that the order may have been carried out before this sending. The package is
    that earlier sending's then, whatever was done to it since, unless it is older still.
    """
    entry = record.entry
    if was_open and _is_since(record, package.created_date):
        return ok(entry, package, "created")
    judged = _as_it_is_now(record, package)
    has_dates = record.server_ahead is not None and package.created_date is not None
    if was_open and not has_dates and isinstance(judged, Failed):
        return unknown(entry, CONFLICT, judged.message or "")
    return judged


def _as_it_is_now(record: Record, package: Package) -> Outcome:
    entry = record.entry
    if package.external_id != entry.external_id:
        return failed(
            entry,
            CONFLICT,
            f"this very order was sold before, as package {package.id}, whose external id is "
            f"{package.external_id!r} by now; it was not sold again",
            package,
        )
    judged = proven(record, [package]) or _before_create(entry, [package])
    assert not isinstance(judged, Send)  # noqa: S101  # there is a package
    return judged


def when_settled(
    record: Record, found: Sequence[Package], *, has_rival: bool = False
) -> Ok | Unknown:
    """Say what an order that may have been sent comes to, when Wix had time to show it.

    ``has_rival`` says that another create of this process may have made what was found. What is
    neither there as it was ordered nor provably absent is unknown, never a guess.
    """
    if not has_rival and (outcome := proven(record, found)):
        return outcome
    entry = record.entry
    if entry.operation == "cancel":
        state = "is not canceled" if found else "cannot be seen"
        return unknown(entry, NOT_SEEN, f"it may have been sent, but the package {state}")
    if not found:
        return unknown(
            entry, NOT_SEEN, "it may have been sent, but no package of the external id can be seen"
        )
    if len(found) > 1:
        return unknown(
            entry,
            CONFLICT,
            f"it may have been sent, and {len(found)} packages have the external "
            f"id: {_list(found)}",
        )
    (package,) = found
    if is_dead(package) or differences(package, products_of(entry)):
        return unknown(
            entry,
            CONFLICT,
            f"it may have been sent, and package {package.id}, which has the external id, is "
            f"another or was canceled",
        )
    return ok(entry, package, "existing")


def to_send_again(record: Record, found: Sequence[Package]) -> Send | None:
    """Say what to send if an order, when it is settled, is to be sent again where it is absent."""
    if record.entry.operation == "create":
        return None if found else Send()
    verdict = _before_cancel(record.sought, found)
    return verdict if isinstance(verdict, Send) else None


def _is_since(record: Record, moment: datetime | None) -> bool:
    if moment is None or record.first_sent is None or record.server_ahead is None:
        return False
    return moment.timestamp() >= record.first_sent + record.server_ahead - CLOCK_MARGIN


def _is_canceled(package: Package) -> bool:
    # What failed before never was available, and may keep its status when the rest is canceled.
    statuses = {instance.status for instance in package.product_instances}
    return Status.CANCELED in statuses and is_dead(package)


def _list(packages: Sequence[Package]) -> str:
    return ", ".join(package.id for package in packages)


# --- outcomes -----------------------------------------------------------------------------------


def ok(entry: Entry, package: Package, word: OkWord) -> Ok:
    """Make the outcome of an order that is done."""
    return Ok(
        external_id=entry.external_id,
        account_id=entry.account_id,
        outcome=word,
        package_id=package.id,
        instance_ids=_instance_ids(package),
        request_id=package.meta.request_id if package.meta else None,
    )


def failed(
    entry: Entry,
    code: str,
    message: str,
    package: Package | None = None,
    *,
    request_id: str | None = None,
) -> Failed:
    """Make the outcome of an order that certainly was not carried out."""
    return Failed(
        external_id=entry.external_id,
        account_id=entry.account_id,
        code=code,
        message=message,
        package_id=package.id if package else entry.package_id,
        instance_ids=_instance_ids(package) if package else (),
        request_id=request_id,
    )


def unknown(entry: Entry, code: str, message: str, *, request_id: str | None = None) -> Unknown:
    """Make the outcome of an order that may have been carried out."""
    return Unknown(
        external_id=entry.external_id,
        account_id=entry.account_id,
        code=code,
        message=message,
        package_id=entry.package_id if entry.operation == "cancel" else None,
        request_id=request_id,
    )


def _instance_ids(package: Package) -> tuple[str, ...]:
    return tuple(instance.instance_id for instance in package.product_instances)
