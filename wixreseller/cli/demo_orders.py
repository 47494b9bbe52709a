"""Make the world and the order file of the demonstration: invented, and the same every time."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import attrs

from wixreseller.bulk.order_columns import COLUMNS
from wixreseller.emulator.jsonvalue import Json, JsonObject

__all__ = [
    "CUSTOMERS",
    "DEMO_KEY",
    "PARENT_ACCOUNT",
    "PRODUCT_NAMES",
    "demo_seed",
    "write_orders",
]

DEMO_KEY: Final = "EMU.demo"
PARENT_ACCOUNT: Final = "a0000000-0000-4000-8000-000000000000"
CUSTOMERS: Final = tuple(f"a0000000-0000-4000-8000-00000000000{n}" for n in range(1, 6))
_COUNTRIES: Final = ("BR", "DE", "FR", "GB", "IN", "JP", "MX", "US")


@attrs.frozen
class _Line:
    """A product as the demonstration sells it."""

    id: str
    name: str
    type: str
    cycles: tuple[tuple[str, int], ...]
    outcome: str = "ENABLED"


def _product(number: int) -> str:
    return f"c0000000-0000-4000-8000-00000000000{number}"


_MONTH: Final = ("MONTH", 1)
_YEAR: Final = ("YEAR", 1)
_TWO_YEARS: Final = ("YEAR", 2)
_CATALOGUE: Final = (
    _Line(_product(1), "Premium Basic", "PREMIUM", (_MONTH, _YEAR)),
    _Line(_product(2), "Premium Unlimited", "PREMIUM", (_YEAR, _TWO_YEARS)),
    _Line(_product(3), "Premium Business", "PREMIUM", (_YEAR,)),
    _Line(_product(4), "Business Email", "EMAIL", (_MONTH, _YEAR)),
    _Line(_product(5), "Mailbox by a provider", "EMAIL", (_MONTH,), "AWAITING_ACTION"),
    _Line(_product(6), "Domain", "DOMAIN", (_YEAR, _TWO_YEARS)),
    _Line(_product(7), "Unlucky Add-on", "ADDON", (_MONTH,), "FAILED"),
)
_BASIC, _UNLIMITED, _BUSINESS, _EMAIL, _MAILBOX, _DOMAIN, _UNLUCKY = _CATALOGUE

PRODUCT_NAMES: Final = {line.id: line.name for line in _CATALOGUE}


def demo_seed(orders: int) -> JsonObject:
    """Give the emulator's seed: one reseller, five customers, and a site for every order."""
    customers: list[Json] = [
        {"id": customer, "parentAccountId": PARENT_ACCOUNT} for customer in CUSTOMERS
    ]
    sites: list[Json] = [
        {"id": _site(number), "accountId": _customer(number)} for number in range(orders)
    ]
    return {
        "accounts": [{"id": PARENT_ACCOUNT}, *customers],
        "apiKeys": [{"key": DEMO_KEY, "accountId": PARENT_ACCOUNT}],
        "sites": sites,
        "products": [_seed_product(line) for line in _CATALOGUE],
    }


def _seed_product(line: _Line) -> JsonObject:
    cycles: list[Json] = [{"unit": unit, "count": count} for unit, count in line.cycles]
    return {
        "id": line.id,
        "name": line.name,
        "type": line.type,
        "cycles": cycles,
        "outcome": line.outcome,
    }


def write_orders(path: Path, orders: int) -> int:
    """Write the order file; give the number of its rows, which is that of products."""
    rows = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS[:8], restval="")
        writer.writeheader()
        for number in range(orders):
            for line in _basket(number):
                unit, count = line.cycles[number // 7 % len(line.cycles)]
                # Some customers buy before they have a site.
                site = "" if number % 7 == 4 else _site(number)
                writer.writerow(
                    {
                        "external_id": f"order-{number + 1:04}",
                        "account_id": _customer(number),
                        "catalog_product_id": line.id,
                        "country_code": _COUNTRIES[number % len(_COUNTRIES)],
                        "site_id": site,
                        "billing_type": "RECURRING",
                        "cycle_unit": unit,
                        "cycle_count": count,
                    }
                )
                rows += 1
    return rows


def _basket(number: int) -> tuple[_Line, ...]:
    """Choose what an order buys. What fails never comes alone: that package would be dead."""
    premium = (_BASIC, _UNLIMITED, _BASIC, _BUSINESS)[number % 4]
    extras = {3: (_EMAIL,), 6: (_DOMAIN, _EMAIL), 9: (_MAILBOX,)}.get(number % 11, ())
    return (premium, *extras, *((_UNLUCKY,) if number % 50 == 42 else ()))


def _customer(number: int) -> str:
    return CUSTOMERS[number % len(CUSTOMERS)]


def _site(number: int) -> str:
    return f"5e000000-0000-4000-8000-{number + 1:012}"
