"""Look orders up at Wix, a hundred in a query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from wixreseller import _operations
from wixreseller._calls import Calls
from wixreseller._sentinels import UNSET
from wixreseller.bulk.journal import Entry
from wixreseller.models import JSONObject, Package, Page
from wixreseller.pagination import AsyncPager
from wixreseller.query import Q, as_sort

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["MOST_IN_A_LOOK", "calls_of", "find_packages"]

MOST_IN_A_LOOK: Final = 100
"""How many orders one query looks for: as many as fit on a page where each has one package."""


def calls_of(client: AsyncClient) -> Calls:
    """Give what all calls of a client share: orders are looked up and sent with it."""
    return client._calls  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


async def find_packages(calls: Calls, entries: Sequence[Entry]) -> Mapping[int, Sequence[Package]]:
    """Give, by the number of each order, every package that has its id; at most a hundred orders.

    Wix answers a query for the whole family of accounts, so one query serves orders of many. A
    cancel that names a package is looked up by that; all else by account and external id.
    """
    numbers: dict[tuple[str, str], list[int]] = {}
    for entry in entries:
        numbers.setdefault(_name(entry), []).append(entry.number)
    found: dict[int, dict[str, Package]] = {entry.number: {} for entry in entries}
    # The client's own account: that of an order may not exist, which is that order's business.
    account_id = calls.config.account_id or entries[0].account_id
    for condition in _conditions(entries):
        async for package in _pager(calls, account_id, condition):
            account = (package.account_id or "").lower()
            for name in (f"e:{package.external_id}", f"p:{package.id.lower()}"):
                for number in numbers.get((account, name), ()):
                    found[number][package.id] = package
    return {number: tuple(packages.values()) for number, packages in found.items()}


def _is_by_package(entry: Entry) -> bool:
    return entry.operation == "cancel" and entry.package_id is not None


def _name(entry: Entry) -> tuple[str, str]:
    if _is_by_package(entry):
        return entry.account_id.lower(), f"p:{(entry.package_id or '').lower()}"
    return entry.account_id.lower(), f"e:{entry.external_id}"


def _conditions(entries: Sequence[Entry]) -> Iterable[JSONObject]:
    by_id = [entry for entry in entries if _is_by_package(entry)]
    by_external_id = [entry for entry in entries if not _is_by_package(entry)]
    if by_external_id:
        yield _condition("externalId", by_external_id, [e.external_id for e in by_external_id])
    if by_id:
        yield _condition("id", by_id, [(entry.package_id or "").lower() for entry in by_id])


def _condition(field: str, entries: Sequence[Entry], values: Sequence[str]) -> JSONObject:
    # In small letters, as Wix shows GUIDs: whether it takes others for the same is not documented.
    accounts = dict.fromkeys(entry.account_id.lower() for entry in entries)
    return {"$and": [{"accountId": {"$in": [*accounts]}}, {field: {"$in": [*values]}}]}


def _pager(calls: Calls, account_id: str, condition: JSONObject) -> AsyncPager:
    # Oldest first: what is created meanwhile comes at the end, and shifts no page.
    order = as_sort(Q.created_date.asc())

    async def fetch(cursor: str | None, limit: int) -> Page:
        request = _operations.query_packages(
            account_id, limit=limit, filter=condition, sort=order, cursor=cursor
        )
        return await calls.page(request, calls.times(UNSET, UNSET))

    return AsyncPager(fetch)
