"""Make an order file of two hundred rows, and the world in which its orders are to be done."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

import attrs
from separate_emulator import Json, send

from wixreseller.emulator.default_seed import PREMIUM_BASIC, PREMIUM_UNLIMITED, SUB_ACCOUNTS
from wixreseller.testing import EmulatorControl

__all__ = ["ROWS", "Ordered", "make_rivals", "make_world", "write_orders"]

ROWS: Final = 200
_CANCELS: Final = 20
_EXISTING: Final = 10
_RIVALS: Final = 5
_OF_TWO_ROWS: Final = 10
_TERMS: Final = ("BR", "RECURRING", "YEAR", "1")
_COLUMNS: Final = (
    *("operation", "external_id", "account_id", "package_id", "catalog_product_id"),
    *("country_code", "billing_type", "cycle_unit", "cycle_count"),
)

Kind = Literal["create", "existing", "rival", "cancel"]
"""What is there before an order is sent: nothing; the same, when it is planned or only after;
the package that it cancels."""


@attrs.frozen(kw_only=True)
class Ordered:
    """Hold an order of the file; a package id where that is what names the package to cancel."""

    kind: Kind
    account: str
    external_id: str
    products: tuple[str, ...] = (PREMIUM_BASIC,)
    package_id: str | None = None
    is_named_by_id: bool = False

    @property
    def name(self) -> tuple[str, str]:
        """What tells its package from all others."""
        return self.account, self.external_id


def make_world(emulator: EmulatorControl, chance: random.Random) -> Sequence[Ordered]:
    """Buy what the orders are about to find, and give the orders in the sequence of the file."""
    orders: list[Ordered] = []
    plain = ROWS - _CANCELS - _EXISTING - _RIVALS - 2 * _OF_TWO_ROWS
    counts: Sequence[tuple[Kind, int, int]] = (
        ("create", 1, plain),
        ("create", 2, _OF_TWO_ROWS),
        ("existing", 1, _EXISTING),
        ("rival", 1, _RIVALS),
        ("cancel", 1, _CANCELS),
    )
    kinds: list[tuple[Kind, int]] = [
        (kind, rows) for kind, rows, count in counts for _ in range(count)
    ]
    chance.shuffle(kinds)
    for number, (kind, rows) in enumerate(kinds):
        order = Ordered(
            kind=kind,
            account=chance.choice(SUB_ACCOUNTS),
            external_id=f"sub-{number:03}",
            products=(PREMIUM_BASIC, PREMIUM_UNLIMITED)[:rows],
            is_named_by_id=kind == "cancel" and chance.random() < 0.5,
        )
        if kind in ("existing", "cancel"):
            order = attrs.evolve(order, package_id=_buy(emulator, order))
        orders.append(order)
    return orders


def make_rivals(emulator: EmulatorControl, orders: Sequence[Ordered]) -> None:
    """Buy what somebody else orders between the plan and its applying."""
    for order in orders:
        if order.kind == "rival":
            _buy(emulator, order)


def write_orders(path: Path, orders: Iterable[Ordered]) -> None:
    """Write the order file."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        for order in orders:
            if order.kind == "cancel":
                names = ("", order.package_id) if order.is_named_by_id else (order.external_id, "")
                rows.writerow(("cancel", names[0], order.account, names[1], *[""] * 5))
                continue
            rows.writerows(
                ("create", order.external_id, order.account, "", product, *_TERMS)
                for product in order.products
            )


def _buy(emulator: EmulatorControl, order: Ordered) -> str:
    cycle = {"unit": "YEAR", "count": 1}
    billing = {"type": "RECURRING", "cycleDuration": cycle}
    products = [
        {"catalogProductId": product, "countryCode": "BR", "billingInfo": billing}
        for product in order.products
    ]
    body: Json = {"externalId": order.external_id, "products": products}
    answer = send(emulator.url, order.account, "POST", "/resellers/v2/packages", body)
    package_id: str = answer["package"]["id"]
    return package_id
