"""Match live packages with the orders of a file: who has no order, and who has no package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from wixreseller.bulk.findings import Finding, FindingKind
from wixreseller.models import Package

if TYPE_CHECKING:
    from wixreseller.bulk.orders import Order

__all__ = ["OrderBook"]

_WITHOUT_PACKAGE: Final = 0
_DEAD: Final = 1
_LIVE: Final = 2


class OrderBook:
    """Keep the ids that orders ask for, and what was seen of each.

    ``account_id`` leaves out the orders of other accounts, whose packages are not read.
    """

    def __init__(self, orders: Iterable[Order], account_id: str | None) -> None:
        self._seen: dict[tuple[str, str], int] = {}
        self._canceled: set[tuple[str, str]] = set()
        self._canceled_packages: set[str] = set()
        # Each account is one string, however many orders it has.
        accounts: dict[str, str] = {}
        only = None if account_id is None else account_id.lower()
        for order in orders:
            account = accounts.setdefault(order.account_id, order.account_id.lower())
            if only is not None and account != only:
                continue
            key = (account, order.external_id)
            if order.operation == "create":
                self._seen.setdefault(key, _WITHOUT_PACKAGE)
            elif order.package_id is not None:
                self._canceled_packages.add(order.package_id.lower())
            else:
                self._canceled.add(key)

    def judge(self, package: Package, *, is_live: bool) -> Iterator[Finding]:
        """Take note of a package; give a finding if it lives and no order asks for it."""
        key = ((package.account_id or "").lower(), package.external_id or "")
        is_canceled = key in self._canceled or package.id.lower() in self._canceled_packages
        is_ordered = key in self._seen and not is_canceled
        if key in self._seen:
            self._seen[key] = max(self._seen[key], _LIVE if is_live else _DEAD)
        if not is_live or is_ordered:
            return
        if is_canceled:
            detail = "an order cancels it, and it lives"
        elif package.external_id:
            detail = "no order has this external id in this account"
        else:
            detail = "it has no external id, so no order can be its own"
        yield Finding(
            kind=FindingKind.ORPHAN,
            detail=detail,
            account_id=package.account_id,
            package_id=package.id,
            external_id=package.external_id,
        )

    def strangers(self) -> Iterator[Finding]:
        """Give the orders that no live package was seen of; all packages must have been judged."""
        for (account, external_id), seen in self._seen.items():
            if seen == _LIVE or (account, external_id) in self._canceled:
                continue
            dead = "all its instances are canceled or failed"
            yield Finding(
                kind=FindingKind.STRANGER,
                detail=dead if seen == _DEAD else "no package has this external id",
                account_id=account,
                external_id=external_id,
            )
