"""Read what the emulator starts with: accounts, keys, sites, products.

The form is a JSON object::

    {"accounts": [{"id", "parentAccountId"?}],
     "apiKeys":  [{"key", "accountId"}],
     "sites":    [{"id", "accountId"}],
     "products": [{"id", "name", "type", "cycles": [{"unit", "count"}], "oneTime"?: bool,
                   "limit"?: int, "onePerSite"?: bool, "requiresType"?: str,
                   "outcome"?: "ENABLED" | "FAILED" | "AWAITING_ACTION",
                   "failureCode"?: "EXTERNAL_FAILURE" | "DELIVERY_TIMEOUT" | "UNKNOWN"}]}

Ids of accounts and sites are GUIDs; any case is read, lower case is kept. A product with neither
cycles nor ``oneTime`` is one that is not fully defined: buying it answers
``PRODUCT_SETTINGS_NOT_FOUND``. ``failureCode`` is for the outcome ``FAILED``; without it, the
setting ``failure_code`` decides.
"""

import hashlib
from typing import TypeVar

import attrs

from wixreseller.emulator.guid import is_guid
from wixreseller.emulator.jsonvalue import Json, JsonObject, canonical
from wixreseller.emulator.records import Cycle, Product

_T = TypeVar("_T")

UNITS = ("DAY", "WEEK", "MONTH", "YEAR")
FAILURE_CODES = ("EXTERNAL_FAILURE", "DELIVERY_TIMEOUT", "UNKNOWN")
OUTCOMES = ("ENABLED", "FAILED", "AWAITING_ACTION")


class SeedError(ValueError):
    """Name the path in the seed that is wrong, and what was expected there."""


@attrs.frozen(kw_only=True)
class Seed:
    """Hold a checked seed; ``fingerprint`` is equal for equal seeds."""

    accounts: dict[str, str | None]
    api_keys: dict[str, str]
    sites: dict[str, str]
    products: dict[str, Product]
    fingerprint: str


def parse_seed(document: Json) -> Seed:
    """Check a seed; raise :class:`SeedError` naming the first path that is wrong."""
    top = _Reader("seed", document)
    top.allow("accounts", "apiKeys", "sites", "products")
    accounts: dict[str, str | None] = {}
    for entry in top.entries("accounts"):
        entry.allow("id", "parentAccountId")
        _add(accounts, entry, entry.guid("id"), entry.optional_guid("parentAccountId"))
    _check_parents(accounts)
    api_keys: dict[str, str] = {}
    for entry in top.entries("apiKeys"):
        entry.allow("key", "accountId")
        _add(api_keys, entry, entry.text("key"), _account_of(entry, accounts), "key")
    sites: dict[str, str] = {}
    for entry in top.entries("sites"):
        entry.allow("id", "accountId")
        _add(sites, entry, entry.guid("id"), _account_of(entry, accounts))
    products: dict[str, Product] = {}
    for entry in top.entries("products"):
        product = _product(entry)
        _add(products, entry, product.id, product)
    return Seed(
        accounts=accounts,
        api_keys=api_keys,
        sites=sites,
        products=products,
        fingerprint=hashlib.sha256(canonical(document)).hexdigest(),
    )


class _Reader:
    """Read one object of the seed, and know where it stands."""

    def __init__(self, path: str, value: Json) -> None:
        if not isinstance(value, dict):
            raise SeedError(f"{path}: expected an object")
        self.path = path
        self._value: JsonObject = value

    def allow(self, *names: str) -> None:
        for name in self._value:
            if name not in names:
                raise SeedError(f"{self.path}.{name}: unknown; known here: {', '.join(names)}")

    def wrong(self, name: str, expected: str) -> SeedError:
        found = self._value.get(name)
        return SeedError(f"{self.path}.{name}: expected {expected}, found {found!r}")

    def entries(self, name: str) -> "list[_Reader]":
        value = self._value.get(name, [])
        if not isinstance(value, list):
            raise self.wrong(name, "an array")
        return [_Reader(f"{self.path}.{name}[{i}]", entry) for i, entry in enumerate(value)]

    def text(self, name: str) -> str:
        value = self._value.get(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "a non-empty string")
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self._value.get(name) is None else self.text(name)

    def guid(self, name: str) -> str:
        value = self._value.get(name)
        if not isinstance(value, str) or not is_guid(value):
            raise self.wrong(name, "a GUID (8-4-4-4-12 hex digits)")
        return value.lower()

    def optional_guid(self, name: str) -> str | None:
        return None if self._value.get(name) is None else self.guid(name)

    def flag(self, name: str) -> bool:
        value = self._value.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def whole(self, name: str, least: int) -> int:
        value = self._value.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**31:
            raise self.wrong(name, f"a whole number, {least} or more")
        return value

    def optional_whole(self, name: str, least: int) -> int | None:
        return None if self._value.get(name) is None else self.whole(name, least)

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self._value.get(name, default)
        if not isinstance(value, str) or value not in choices:
            raise self.wrong(name, " or ".join(choices))
        return value

    def optional_choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        return None if self._value.get(name) is None else self.choice(name, choices)


def _add(into: dict[str, _T], entry: _Reader, key: str, value: _T, name: str = "id") -> None:
    if key in into:
        raise SeedError(f"{entry.path}.{name}: {key!r} stands there twice")
    into[key] = value


def _account_of(entry: _Reader, accounts: dict[str, str | None]) -> str:
    account_id = entry.guid("accountId")
    if account_id not in accounts:
        raise entry.wrong("accountId", "one of the seed's accounts")
    return account_id


def _check_parents(accounts: dict[str, str | None]) -> None:
    for index, parent_id in enumerate(accounts.values()):
        if parent_id is None:
            continue
        path = f"seed.accounts[{index}].parentAccountId"
        if parent_id not in accounts:
            raise SeedError(f"{path}: {parent_id} is not one of the seed's accounts")
        if accounts[parent_id] is not None:
            raise SeedError(f"{path}: {parent_id} has a parent itself; one level is all there is")


def _product(entry: _Reader) -> Product:
    entry.allow(
        "id",
        "name",
        "type",
        "cycles",
        "oneTime",
        "limit",
        "onePerSite",
        "requiresType",
        "outcome",
        "failureCode",
    )
    cycles: list[Cycle] = []
    for cycle in entry.entries("cycles"):
        cycle.allow("unit", "count")
        cycles.append(Cycle(cycle.choice("unit", UNITS), cycle.whole("count", 1)))
    return Product(
        id=entry.text("id").lower(),
        name=entry.text("name"),
        type=entry.text("type"),
        cycles=tuple(cycles),
        one_time=entry.flag("oneTime"),
        limit=entry.optional_whole("limit", 0),
        one_per_site=entry.flag("onePerSite"),
        requires_type=entry.optional_text("requiresType"),
        outcome=entry.choice("outcome", OUTCOMES, "ENABLED"),
        failure_code=entry.optional_choice("failureCode", FAILURE_CODES),
    )
