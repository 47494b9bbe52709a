"""Offer the calls on packages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from wixreseller import _operations
from wixreseller._calls import Calls
from wixreseller._first_use import LateModule
from wixreseller._sentinels import UNSET, Seconds, Unset
from wixreseller.errors import ExternalIdConflictError
from wixreseller.models import JSONObject, Package, Product, checks
from wixreseller.pagination import AsyncPager
from wixreseller.resources._pages import is_kept, pages_of

if TYPE_CHECKING:
    from wixreseller import _changes, _writes, query, reconcile
    from wixreseller._changes import AsyncChanges
    from wixreseller.query import Filter, Sort
    from wixreseller.reconcile import Ensured
else:
    _changes = LateModule("wixreseller._changes", globals())
    query = LateModule("wixreseller.query", globals())
    reconcile = LateModule("wixreseller.reconcile", globals())
    _writes = LateModule("wixreseller._writes", globals())

__all__ = ["AsyncPackages"]


class AsyncPackages:
    """Create, read and cancel packages; ``client.packages``.

    Every method takes ``account_id`` (the account that owns the package; the client's if absent),
    ``timeout`` (seconds for each attempt) and ``deadline`` (seconds for the whole call, waiting
    for the rate limit included). Writes also take an ``idempotency_key``; without one each call
    makes its own.

    A write is sent again only when it provably was not sent, or was refused by throttling. If its
    answer is lost, the state is looked at; unless that proves that it happened,
    :class:`~wixreseller.errors.OutcomeUnknownError` is raised.

    In the examples ``order`` is a :class:`~wixreseller.Product`, ``package`` a package that was
    made of it with the external id ``"sub-42"``.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create(
        self,
        products: Sequence[Product],
        *,
        external_id: str | None = None,
        idempotency_key: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Package:
        """Sell products to an account, as one package (Create Package V2).

        ``products`` are 1 to 1000. ``external_id`` is your own name for the package, at most 100
        characters; Wix does not check that it is unique. New instances are ``PENDING`` at first.

        Example::

            package = await client.packages.create([order], external_id="sub-43")
            print(package.id, package.product_instances[0].status)

        Raises:
            ConfigurationError: an argument that Wix would refuse; nothing was sent.
            NotFoundError, FailedPreconditionError: a business rule; ``code`` says which.
            OutcomeUnknownError: it was sent and the answer was lost.
        """
        request = _operations.create_package(
            self._calls.account(account_id),
            self._calls.key(idempotency_key),
            checks.products(products, Product),
            None if external_id is None else checks.external_id(external_id),
        )
        return await _writes.write(self._calls, request, self._calls.times(timeout, deadline))

    async def ensure(
        self,
        products: Sequence[Product],
        *,
        external_id: str,
        idempotency_key: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Ensured:
        """Find the package of an external id, or create it: run again, it does nothing again.

        ``.outcome`` of the result says ``"created"`` or ``"existing"``. The idempotency key is
        derived from account, external id and products, so that a repetition, in another process
        too, carries the same. Concurrent calls for the same id share one flight, those of other
        clients of this process with the same key included.

        Example::

            ensured = await client.packages.ensure([order], external_id="sub-42")
            print(ensured.outcome, ensured.package.id)

        Raises:
            ConfigurationError: an argument that Wix would refuse; nothing was sent.
            ExternalIdConflictError: several packages have the external id, or the one that has
                it differs, or all its instances are canceled or failed; or this very order was
                sold before, and its package renamed since. Nothing was created.
            OutcomeUnknownError: it was sent and the answer was lost; ensure again sends the same
                key, after looking.
        """
        calls = self._calls
        account = calls.account(account_id)
        ordered = checks.products(products, Product)
        external_id = checks.external_id(external_id)
        key = (
            reconcile.ensure_key(account, external_id, ordered)
            if idempotency_key is None
            else checks.idempotency_key(idempotency_key)
        )
        times = calls.times(timeout, deadline)
        return await reconcile.ensure(calls, account, key, ordered, external_id, times)

    async def find(
        self,
        external_id: str,
        *,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Package | None:
        """Give the account's package with this external id, or ``None``.

        Only the account of the call is looked through, though Wix answers for its parent's whole
        family. A package created a moment ago may not be visible yet.

        Example::

            found = await client.packages.find("sub-42")
            print("not there" if found is None else found.id)

        Raises:
            ExternalIdConflictError: there are several; ``matches`` holds them.
        """
        account = self._calls.account(account_id)
        external_id = checks.external_id(external_id)
        request = self._calls.query_by_external_id(account, external_id)
        page = await self._calls.page(request, self._calls.times(timeout, deadline))
        if len(page) > 1:
            raise ExternalIdConflictError(
                f"find: {len(page)} packages of account {account} have the external id "
                f"{external_id!r}: {', '.join(package.id for package in page)}",
                matches=page.packages,
                operation=request.operation.name,
                request_id=page.meta.request_id if page.meta else None,
                attempts=page.meta.attempts if page.meta else 0,
            )
        return page.packages[0] if page.packages else None

    async def get(
        self,
        package_id: str,
        *,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Package:
        """Read a package of the account.

        Example::

            for instance in (await client.packages.get(package.id)).product_instances:
                print(instance.catalog_product_id, instance.status)

        Raises:
            NotFoundError: the account has no such package.
        """
        request = _operations.get_package(
            self._calls.account(account_id), checks.guid(package_id, "package_id")
        )
        return await self._calls.package(request, self._calls.times(timeout, deadline))

    async def cancel(
        self,
        package_id: str,
        *,
        idempotency_key: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Package:
        """Cancel every instance of a package. The customer loses access at once, for good.

        Raises:
            NotFoundError: the account has no such package.
            OutcomeUnknownError: it was sent and the answer was lost.
        """
        request = _operations.cancel_package(
            self._calls.account(account_id),
            self._calls.key(idempotency_key),
            checks.guid(package_id, "package_id"),
        )
        return await _writes.write(self._calls, request, self._calls.times(timeout, deadline))

    def query(
        self,
        filter: Filter | JSONObject | None = None,  # noqa: A002  # Wix's own word
        *,
        sort: Sort | JSONObject | Sequence[Sort | JSONObject] | None = None,
        page_size: int = 100,
        max_items: int | None = None,
        cursor: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> AsyncPager:
        """Read packages, page by page, newest first unless ``sort`` says otherwise.

        ``filter`` is built with ``Q``, ``Q.external_id.in_(["a", "b"])``, or a dict in Wix's
        filter language, ``{"externalId": {"$in": ["a", "b"]}}``; ``sort`` one or more of
        ``Q.created_date.asc()`` or ``{"fieldName": "createdDate", "order": "ASC"}``. ``page_size``
        is 1 to 100. ``cursor`` resumes a query: its filter and sort are inside the cursor, so none
        may be given beside it. Newest first, what is created meanwhile shifts the pages under the
        reader: ``scan`` reads all packages in an order that stays.

        Wix answers for the whole parent account whichever account asks. In a view made by
        ``for_account``, and with ``account_id``, the query is kept to that account.

        Example::

            async for found in client.packages.query(Q.external_id.in_(["sub-41", "sub-42"])):
                print(found.external_id, found.created_date)

        Raises:
            ConfigurationError: an argument that Wix would refuse; nothing was sent.
        """
        condition, order = query.as_filter(filter), query.as_sort(sort)
        checks.cursor_stands_alone(cursor, condition, order)
        fetch = pages_of(self._calls, condition, order, account_id, timeout, deadline)
        return AsyncPager(fetch, page_size=page_size, max_items=max_items, cursor=cursor)

    def scan(
        self,
        filter: Filter | JSONObject | None = None,  # noqa: A002  # Wix's own word
        *,
        page_size: int = 100,
        max_items: int | None = None,
        cursor: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> AsyncPager:
        """Read all packages, oldest first: an order that stays while others create packages.

        What is created meanwhile comes at the end, and no package is given twice. It knows
        packages of the same moment by their ids; those of the last moment are all that it keeps.
        The arguments are those of ``query``; a ``cursor`` must be one of a scan.

        Example::

            async for page in client.packages.scan(page_size=50).pages():
                print(len(page), page.metadata.next_cursor)

        Raises:
            ConfigurationError: an argument that Wix would refuse; nothing was sent.
        """
        condition = query.as_filter(filter)
        checks.cursor_stands_alone(cursor, condition, None)
        oldest_first = query.as_sort(query.Q.created_date.asc())
        return AsyncPager(
            pages_of(self._calls, condition, oldest_first, account_id, timeout, deadline),
            page_size=page_size,
            max_items=max_items,
            cursor=cursor,
            drops_repeats=True,
        )

    def changes(
        self,
        since: str | datetime | None = None,
        *,
        overlap: float = 60.0,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> AsyncChanges:
        """Tell which packages were created or updated since a token, oldest update first.

        Wix has no webhooks for resellers: call this now and then, with the ``token`` that the
        pass before ended with, from wherever you stored it. ``None`` begins with all packages
        there are, an aware datetime with what was updated from then on. It is one pass, which
        ends when it has caught up.

        Each change is given at least once, and none is skipped that a query shows ``overlap``
        seconds late at the most: so far does each pass go back before its token. Of what it finds
        there, the last 32 packages that were given are known by the token and left out while they
        are unchanged; more may come again. Several updates between two passes are one change. It
        relies on Wix moving a package's ``updatedDate`` when one of its instances changes.

        Wix answers for the whole parent account whichever account asks. In a view made by
        ``for_account``, and with ``account_id``, only that account's changes are told.

        Example::

            changes = client.packages.changes(since=None)
            async for change in changes:
                print(change.kind, change.package.id)
            token = changes.token  # store it, and begin the next pass with it

        Raises:
            ConfigurationError: ``since`` is damaged, or a token of another account.
        """
        scope = self._calls.account(account_id) if is_kept(self._calls, account_id) else ""
        start = _changes.Since.of(since, scope, overlap)
        horizon = start.horizon
        condition = None if horizon is None else (query.Q.updated_date >= horizon).as_json()
        order = query.as_sort(query.Q.updated_date.asc())
        fetch = pages_of(self._calls, condition, order, account_id, timeout, deadline)
        return _changes.AsyncChanges(self._calls, fetch, start)

    async def update_external_id(
        self,
        package_id: str,
        *,
        external_id: str,
        idempotency_key: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Package:
        """Give a package another external id, at most 100 characters.

        The schema of this call has no idempotency key, so none is sent; yours is kept on the
        result and on errors.

        Example::

            renamed = await client.packages.update_external_id(package.id, external_id="sub-44")

        Raises:
            NotFoundError: the account has no such package.
            OutcomeUnknownError: it was sent and the answer was lost.
        """
        request = _operations.update_package_external_id(
            self._calls.account(account_id),
            self._calls.key(idempotency_key),
            checks.guid(package_id, "package_id"),
            checks.external_id(external_id),
        )
        return await _writes.write(self._calls, request, self._calls.times(timeout, deadline))

    async def wait_until_settled(
        self,
        package_id: str,
        *,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds = 3600.0,
    ) -> Package:
        """Poll a package until none of its instances is ``PENDING``, and give it.

        Wix has no webhooks for resellers. Polls begin two seconds apart and slow down to thirty;
        each waits its turn at the rate limit. ``deadline`` is an hour unless you say otherwise.
        An instance that awaits an action counts as settled.

        Example::

            settled = await client.packages.wait_until_settled(package.id, deadline=600.0)
            print(len(settled.enabled_instances), "delivered")

        Raises:
            InstanceFailedError: an instance ended as ``FAILED``.
            StillPendingError: the deadline passed first.
            NotFoundError: the account has no such package.
        """
        return await reconcile.wait_until_settled(
            self._calls,
            self._calls.account(account_id),
            checks.guid(package_id, "package_id"),
            self._calls.times(timeout, deadline),
        )
