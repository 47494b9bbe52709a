"""Read the pages of queries that begin at a resource."""

from __future__ import annotations

from collections.abc import Sequence

from wixreseller import _operations
from wixreseller._calls import Calls
from wixreseller._sentinels import Seconds, Unset
from wixreseller.models import JSONObject, Page
from wixreseller.pagination import FetchPage

__all__ = ["is_kept", "pages_of"]


def is_kept(calls: Calls, account_id: str | None) -> bool:
    """Tell whether what is read is kept to the account of the call."""
    return account_id is not None or calls.config.is_account_view


def pages_of(
    calls: Calls,
    condition: JSONObject | None,
    order: Sequence[JSONObject],
    account_id: str | None,
    timeout: Seconds | Unset,
    deadline: Seconds | Unset,
) -> FetchPage:
    """Give what reads the pages of a query; in a view, of its account only."""
    account = calls.account(account_id)
    if is_kept(calls, account_id):
        only: JSONObject = {"accountId": account}
        condition = {"$and": [only, condition]} if condition else only
    calls.times(timeout, deadline)  # refused here, not when the first page is read

    async def fetch(at: str | None, limit: int) -> Page:
        request = _operations.query_packages(
            account, limit=limit, filter=condition, sort=order, cursor=at
        )
        # The times are those of a page: a loop over many has no end that could be known.
        return await calls.page(request, calls.times(timeout, deadline))

    return fetch
