"""Read a live account, and list what costs money for nothing. Nothing is written.

All packages are read once, a hundred at a time, oldest first; the client's limiter paces. External
ids that come twice are then looked up, fifty in a query, so that no copy of the account is kept:

* about 80 bytes for each live package with an external id: 80 MB for a million;
* about 220 bytes for each order, if orders are given: 220 MB for a million.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from wixreseller._compare import is_dead
from wixreseller.bulk import audit_rules
from wixreseller.bulk.findings import AuditSummary, Finding, FindingKind
from wixreseller.bulk.lookup import calls_of
from wixreseller.bulk.order_match import OrderBook
from wixreseller.errors import ConfigurationError
from wixreseller.models import Package, checks
from wixreseller.query import Q

if TYPE_CHECKING:
    from wixreseller.bulk.orders import Order
    from wixreseller.client import AsyncClient

__all__ = ["PENDING_TOO_LONG", "Audit", "audit"]

PENDING_TOO_LONG: Final = timedelta(hours=24)
"""How long an instance may be pending, unless the caller says otherwise."""

_DIGEST: Final = 8
_IDS_IN_A_LOOK: Final = 50
_STRANGERS_AT_A_TIME: Final = 1000


def audit(
    client: AsyncClient,
    *,
    orders: Iterable[Order] | None = None,
    pending_longer_than: timedelta = PENDING_TOO_LONG,
    account_id: str | None = None,
    now: datetime | None = None,
) -> Audit:
    """Find what costs money for nothing; iterate the result for it.

    On the parent's own client it sees the whole family of accounts; in a view made by
    ``for_account``, and with ``account_id``, that account only. ``orders`` are all orders there
    ever were: live packages that none asks for are orphans, orders without a live package are
    strangers. ``now`` is what the age of pending instances is measured against: the server's
    clock unless given.

    Raises:
        ConfigurationError: an argument that cannot work.
    """
    checks.instance_of(pending_longer_than, timedelta, "pending_longer_than")
    if pending_longer_than < timedelta(0):
        raise ConfigurationError(
            "pending_longer_than must not be negative", field="pending_longer_than"
        )
    if now is not None and checks.instance_of(now, datetime, "now").utcoffset() is None:
        raise ConfigurationError("now must say its time zone: use datetime.now(UTC)", field="now")
    return Audit(client, orders, pending_longer_than, account_id, now)


class Audit:
    """Iterate, once, what is found, as it is found.

    ``async for finding in audit`` gives findings, :meth:`next_page` those of a whole page.
    :attr:`summary` counts at any time. What an error breaks off is not complete, and says so.
    """

    def __init__(
        self,
        client: AsyncClient,
        orders: Iterable[Order] | None,
        pending_longer_than: timedelta,
        account_id: str | None,
        now: datetime | None,
    ) -> None:
        self._client = client
        # The library's own: what a view is kept to, and the server's clock.
        self._calls = calls_of(client)
        self._account = account_id or (
            self._calls.config.account(None) if self._calls.config.is_account_view else None
        )
        self._pages = client.packages.scan(account_id=account_id).pages()
        self._too_long = pending_longer_than
        self._given_now = now
        self._book = None if orders is None else OrderBook(orders, self._account)
        self._strangers: Iterator[Finding] = iter(())
        self._ids: set[int] = set()
        self._suspects: deque[tuple[str | None, str]] = deque()
        self._suspected: set[tuple[str, str]] = set()
        self._is_read = False
        self._is_over = False
        self._items: Iterator[Finding] = iter(())
        self._packages = self._instances = self._live = 0
        self._found: Counter[FindingKind] = Counter()

    @property
    def summary(self) -> AuditSummary:
        """What was read and found so far."""
        return AuditSummary(
            packages=self._packages,
            instances=self._instances,
            live=self._live,
            findings={kind: self._found[kind] for kind in FindingKind if self._found[kind]},
            is_complete=self._is_over,
        )

    def __aiter__(self) -> Audit:
        return self

    async def __anext__(self) -> Finding:
        while True:
            for finding in self._items:
                return finding
            page = await self.next_page()
            if page is None:
                raise StopAsyncIteration
            self._items = iter(page)

    async def next_page(self) -> Sequence[Finding] | None:
        """Give what the next page holds, perhaps nothing; ``None`` when everything was read."""
        if left := tuple(self._items):  # of a page that was begun one by one
            return left
        page = await self._next()
        if page is not None:
            self._found.update(finding.kind for finding in page)
        return page

    async def collect(self) -> list[Finding]:
        """Read everything and give the findings as a list."""
        return [finding async for finding in self]

    async def _next(self) -> Sequence[Finding] | None:
        if len(self._suspects) >= _IDS_IN_A_LOOK or (self._is_read and self._suspects):
            return await self._duplicates()
        if not self._is_read:
            try:
                page = await anext(self._pages)
            except StopAsyncIteration:
                self._is_read = True
                self._strangers = iter(()) if self._book is None else self._book.strangers()
                return ()
            now = self._now()
            return [finding for package in page for finding in self._judge(package, now)]
        strangers = tuple(islice(self._strangers, _STRANGERS_AT_A_TIME))
        self._is_over = not strangers
        return strangers or None

    def _now(self) -> datetime:
        """Give the server's time, as the answer that has just come tells it."""
        if self._given_now is not None:
            return self._given_now
        executor = self._calls.executor
        ahead = 0.0 if executor.server_clock is None else executor.server_clock.offset
        return datetime.fromtimestamp(executor.clock.posix() + ahead, UTC)

    def _judge(self, package: Package, now: datetime) -> Iterator[Finding]:
        self._packages += 1
        self._instances += len(package.product_instances)
        yield from audit_rules.floating(package)
        yield from audit_rules.half_canceled(package, now)
        yield from audit_rules.failed(package)
        yield from audit_rules.pending(package, now, self._too_long)
        is_live = not is_dead(package)
        if is_live:
            self._live += 1
            self._note_id(package)
        if self._book is not None:
            yield from self._book.judge(package, is_live=is_live)

    def _note_id(self, package: Package) -> None:
        if not package.external_id:
            return
        key = _key(package.account_id, package.external_id)
        hashed = hashlib.blake2b("\0".join(key).encode(), digest_size=_DIGEST).digest()
        # A number takes less room than bytes.
        digest = int.from_bytes(hashed)
        if digest in self._ids and key not in self._suspected:
            # As Wix spells the account: a query may tell upper and lower case apart.
            self._suspects.append((package.account_id, package.external_id))
            self._suspected.add(key)
        self._ids.add(digest)

    async def _duplicates(self) -> Sequence[Finding]:
        """Look up ids that came twice: which packages have them, and whether they still live."""
        suspects = list(islice(self._suspects, _IDS_IN_A_LOOK))
        keys = {_key(account, external_id) for account, external_id in suspects}
        accounts = [account for account in dict.fromkeys(item[0] for item in suspects) if account]
        wanted = Q.external_id.in_(list(dict.fromkeys(item[1] for item in suspects)))
        if all(account for account, _ in suspects):
            wanted &= Q.account_id.in_(accounts)
        oldest: dict[tuple[str, str], Package] = {}
        found: list[Finding] = []
        async for package in self._client.packages.scan(wanted, account_id=self._account):
            key = _key(package.account_id, package.external_id)
            if key not in keys or is_dead(package):
                continue
            first = oldest.setdefault(key, package)
            if first is not package:
                found.append(audit_rules.duplicate(package, first))
        # Only now: a look that failed can be made again.
        for _ in suspects:
            self._suspects.popleft()
        return found


def _key(account_id: str | None, external_id: str | None) -> tuple[str, str]:
    # Upper and lower case make the same GUID.
    return (account_id or "").lower(), external_id or ""
