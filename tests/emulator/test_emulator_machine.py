"""Random sequences of operations leave the emulator where a plain model of the API ends up.

The model is written from the documentation of the API, not from the emulator. Where a request
breaks several rules the documentation does not say which one is named, so the model says which
refusals would be right, and the emulator must give one of them. Where nothing is documented (what
an idempotency key covers, how long a delivery takes) the model follows the emulator's settings.

The machine talks over a socket and not to the backend behind it: that takes a millisecond more for
a step, tries everything that users try, and needs nothing but public names.
"""

import http.client
import json
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeAlias, cast
from urllib.parse import quote

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from wixreseller.emulator import Clock, Emulator, Settings
from wixreseller.testing import EmulatorThread

EXAMPLES = int(os.environ.get("WIXRESELLER_MACHINE_EXAMPLES", "40"))
QUICK = EXAMPLES <= 40
WATCHDOG_SECONDS = 30
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DELIVERY_MS = 2_000
ONE_TIME_MS = 365 * 86_400_000
KEY_LIFE_MS = 86_400_000
LIVE = ("PENDING", "ENABLED", "AWAITING_ACTION")

Json: TypeAlias = dict[str, Any]
Refusals: TypeAlias = set[tuple[int, str | None]]
"""Right answers to a wrong request: status and code, ``None`` where no code is documented."""


def guid(kind: str, number: int) -> str:
    return f"{kind}0000000-0000-4000-8000-{number:012d}"


# Two resellers, one with two customers. Every account has two sites of its own.
SOUTH, NORTH, ANNA, BORIS = (guid("a", number) for number in (1, 2, 3, 4))
PARENT = {SOUTH: SOUTH, NORTH: NORTH, ANNA: SOUTH, BORIS: SOUTH}
KEYS = {"EMU.south": SOUTH, "EMU.north": NORTH, "EMU.anna": ANNA}
SITES = {
    guid("5", 10 * number + site): account
    for number, account in enumerate(PARENT)
    for site in (0, 1)
}
UNKNOWN = guid("f", 0)


@attrs.frozen(kw_only=True)
class Product:
    """Describe a product of the catalogue; ``cycles`` are pairs of count and unit."""

    type: str
    cycles: tuple[tuple[int, str], ...] = ()
    one_time: bool = False
    limit: int | None = None
    one_per_site: bool = False
    requires: str | None = None
    outcome: str = "ENABLED"

    @property
    def ways_to_pay(self) -> list[Json]:
        ways = [recurring(*cycle) for cycle in self.cycles]
        return [*ways, {"type": "ONE_TIME"}] if self.one_time else ways


def recurring(count: int, unit: str) -> Json:
    return {"type": "RECURRING", "cycleDuration": {"count": count, "unit": unit}}


MONTH, YEAR, TWO_YEARS = (1, "MONTH"), (1, "YEAR"), (2, "YEAR")
CATALOGUE = {
    guid("c", number): product
    for number, product in enumerate(
        (
            Product(type="PLAN", cycles=(MONTH, YEAR), one_per_site=True),
            Product(type="PLAN", cycles=(YEAR, TWO_YEARS), one_per_site=True),
            Product(type="PLAN", cycles=(YEAR,), one_per_site=True, limit=1),
            Product(type="MAIL", cycles=(MONTH, YEAR), limit=2),
            Product(type="MAIL", cycles=(MONTH,), outcome="AWAITING_ACTION"),
            Product(type="EXTRA", one_time=True, requires="PLAN"),
            Product(type="EXTRA", one_time=True, cycles=(MONTH,), outcome="FAILED"),
            Product(type="EXTRA", one_time=True, cycles=(MONTH, YEAR)),
            Product(type="EXTRA", one_time=True, outcome="AWAITING_ACTION"),
            Product(type="EXTRA"),
        )
    )
}
SOLD = [*CATALOGUE][:-1]
NOT_SOLD = [[*CATALOGUE][-1], UNKNOWN, "not-a-guid"]


def seed() -> Json:
    """Return the world of the model in the form that the emulator reads."""
    return {
        "accounts": [
            {"id": account} | ({} if account == parent else {"parentAccountId": parent})
            for account, parent in PARENT.items()
        ],
        "apiKeys": [{"key": key, "accountId": account} for key, account in KEYS.items()],
        "sites": [{"id": site, "accountId": account} for site, account in SITES.items()],
        "products": [
            {
                "id": product_id,
                "name": product_id,
                "type": product.type,
                "cycles": [{"count": count, "unit": unit} for count, unit in product.cycles],
                "oneTime": product.one_time,
                "limit": product.limit,
                "onePerSite": product.one_per_site,
                "requiresType": product.requires,
                "outcome": product.outcome,
            }
            for product_id, product in CATALOGUE.items()
        ],
    }


def wire_date(ms: int) -> str:
    moment = START + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@attrs.define(kw_only=True)
class Item:
    """One product instance. Times are milliseconds since the start."""

    id: str
    product: str
    site: str | None
    billing: Json
    country: str
    discount: str | None
    reference: str | None
    created: int
    updated: int
    delivered: int
    status: str = "PENDING"
    expires: int | None = None

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    def show(self) -> Json:
        failure = {"code": "EXTERNAL_FAILURE", "message": "The product could not be delivered."}
        return present(
            {
                "instanceId": self.id,
                "siteId": self.site,
                "catalogProductId": self.product,
                "status": self.status,
                "failure": failure if self.status == "FAILED" else None,
                "billingInfo": self.billing,
                "countryCode": self.country,
                "discountCode": self.discount,
                "referenceProductInstanceId": self.reference,
                "expirationDate": None if self.expires is None else wire_date(self.expires),
                "createdDate": wire_date(self.created),
                "updatedDate": wire_date(self.updated),
            }
        )


@attrs.define(kw_only=True)
class Package:
    """One package. Times are milliseconds since the start."""

    id: str
    account: str
    external_id: str | None
    created: int
    updated: int
    items: list[Item]

    def show(self) -> Json:
        return present(
            {
                "id": self.id,
                "accountId": self.account,
                "parentAccountId": PARENT[self.account],
                "externalId": self.external_id,
                "productInstances": [item.show() for item in self.items],
                "createdDate": wire_date(self.created),
                "updatedDate": wire_date(self.updated),
            }
        )


def present(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


@attrs.define
class Model:
    """Say what the API would answer."""

    packages: list[Package] = attrs.field(factory=list[Package])
    now: int = 0
    remembered: dict[tuple[str, str, str], tuple[Any, Any, int]] = attrs.field(
        factory=dict[tuple[str, str, str], tuple[Any, Any, int]]
    )

    # What time does.

    def advance(self, ms: int) -> None:
        """Deliver and expire what is due by then; each change carries the time it was due."""
        self.now += ms
        for package in self.packages:
            for item in package.items:
                if item.status == "PENDING" and item.delivered <= self.now:
                    self._turn(package, item, CATALOGUE[item.product].outcome, item.delivered)
                is_over = item.expires is not None and item.expires <= self.now
                if item.is_live and is_over:
                    self._turn(package, item, "CANCELED", cast("int", item.expires))

    def _turn(self, package: Package, item: Item, status: str, when: int) -> None:
        item.status, item.updated = status, when
        package.updated = max(package.updated, when)

    # What is refused.

    def billing(self, product: Product, asked: Json | None) -> tuple[Json, Refusals]:
        """Return how a product is paid for, or why it cannot be."""
        ways = product.ways_to_pay
        if asked is None:
            return (ways[0], set()) if len(ways) == 1 else ({}, {(428, "MISSING_BILLING_CYCLE")})
        if asked in ways:
            return asked, set()
        wrong: Refusals = {(428, "INCOMPATIBLE_BILLING_CYCLE"), (428, "INVALID_BILLING_CYCLE")}
        if asked["type"] == "ONE_TIME":
            return {}, wrong
        if "cycleDuration" not in asked:
            if len(product.cycles) == 1:
                return recurring(*product.cycles[0]), set()
            return {}, {*wrong, (428, "MISSING_BILLING_CYCLE")}
        known = any(asked in other.ways_to_pay for other in CATALOGUE.values())
        code = "INCOMPATIBLE_BILLING_CYCLE" if known else "INVALID_BILLING_CYCLE"
        return {}, {(428, code)}

    def product(self, product_id: str) -> tuple[Product, Refusals]:
        """Return a product, or why it cannot be bought."""
        product = CATALOGUE.get(product_id)
        if product is None:
            code = (404, "PRODUCT_NOT_FOUND")
            odd = (428, "INVALID_PRODUCTS")
            return Product(type=""), {code} if product_id == UNKNOWN else {code, odd}
        if not product.ways_to_pay:
            return product, {(428, "PRODUCT_SETTINGS_NOT_FOUND")}
        return product, set()

    def over_limit(self, account: str, product_id: str, more: int) -> Refusals:
        limit = self.product(product_id)[0].limit
        held = sum(
            item.is_live and item.product == product_id
            for package in self.packages
            if package.account == account
            for item in package.items
        )
        full = limit is not None and held + more > limit
        return {(428, "PRODUCT_LIMIT_EXCEEDED")} if full else set()

    def site(
        self,
        account: str,
        site: str,
        product: Product,
        together: Iterable[Product] = (),
        moving: Item | None = None,
    ) -> Refusals:
        """Return why a product cannot go to a site, beside what arrives together with it."""
        if SITES.get(site) != account:
            return {(404, "SITE_NOT_FOUND")}
        there = {
            CATALOGUE[item.product].type
            for package in self.packages
            for item in package.items
            if item.is_live and item.site == site and item is not moving
        }
        beside = {other.type for other in together}
        refusals: Refusals = set()
        if product.one_per_site and product.type in beside:
            refusals.add((428, "MULTIPLE_PRODUCT_ASSIGNMENTS"))
        if product.one_per_site and product.type in there:
            refusals.add((428, "PRODUCT_TYPE_ALREADY_ASSIGNED"))
        if product.requires not in {None, *there, *beside}:
            refusals.add((428, "PRODUCT_NOT_SUPPORTED_ON_SITE"))
        return refusals

    def refuses_create(self, account: str, lines: list[Json]) -> Refusals:
        refusals: Refusals = set()
        products = [self.product(line["catalogProductId"])[0] for line in lines]
        wanted = [line["catalogProductId"] for line in lines]
        references = [line.get("referenceProductInstanceId") for line in lines]
        for index, (line, product) in enumerate(zip(lines, products, strict=True)):
            wrong = self.product(wanted[index])[1]
            wrong |= wrong or self.billing(product, line.get("billingInfo"))[1]
            wrong |= self.over_limit(account, wanted[index], wanted.count(wanted[index]))
            site = line.get("siteId")
            if site is not None:
                others = [
                    other
                    for place, other in enumerate(products)
                    if place != index and lines[place].get("siteId") == site
                ]
                wrong |= self.site(account, site, product, others)
            reference = references[index]
            if reference is not None:
                repeated = references.count(reference) > 1
                wrong |= {(428, None)} if repeated else self.refuses_reference(account, reference)
            refusals |= wrong
        return refusals

    def refuses_reference(self, account: str, reference: str) -> Refusals:
        """Return why an instance cannot make another one free: no code is documented."""
        found = self.item(account, reference)
        used = any(
            item.reference == reference for package in self.packages for item in package.items
        )
        usable = found is not None and found[1].status in ("PENDING", "ENABLED") and not used
        return set() if usable else {(428, None)}

    def refuses_assign(self, account: str, item: Item, site: str) -> Refusals:
        refusals = self.site(account, site, CATALOGUE[item.product], moving=item)
        # Only create and adjust have documented codes.
        refusals = {(status, code if status == 404 else None) for status, code in refusals}
        return refusals if item.is_live else {*refusals, (428, None)}

    def refuses_adjust(self, account: str, item: Item, body: Json) -> tuple[Json, Refusals]:
        """Return the billing that an adjusted instance has, or why it is not adjusted."""
        asked, product_id = body.get("billingInfo"), body.get("catalogProductId")
        refusals: Refusals = set()
        if not item.is_live:
            refusals.add((428, "INCOMPATIBLE_PRODUCT_INSTANCE_STATUS"))
        bare = asked is not None and asked["type"] == "RECURRING" and "cycleDuration" not in asked
        if bare or (asked is None and product_id is None):
            return {}, {*refusals, (428, "MISSING_PRODUCT_DETAILS")}
        product, wrong = self.product(product_id or item.product)
        if wrong:
            return {}, refusals | wrong
        if product.type != CATALOGUE[item.product].type:
            refusals.add((428, "INCOMPATIBLE_PRODUCT"))
        billing, wrong = item.billing, set[tuple[int, str | None]]()
        if asked is not None or billing not in product.ways_to_pay:
            billing, wrong = self.billing(product, asked)
        refusals |= wrong
        if product_id not in (None, item.product):
            refusals |= self.over_limit(account, cast("str", product_id), 1)
            if item.site is not None:
                refusals |= self.site(account, item.site, product, moving=item)
        return billing, refusals

    # What changes.

    def create(self, account: str, body: Json, answer: Json) -> Package:
        """Add a package; only its ids are taken from the answer."""
        ids = [entry["instanceId"] for entry in answer["productInstances"]]
        items = [
            Item(
                id=item_id,
                product=line["catalogProductId"],
                site=line.get("siteId"),
                billing=self.billing(CATALOGUE[line["catalogProductId"]], line.get("billingInfo"))[
                    0
                ],
                country=line["countryCode"],
                discount=line.get("discountCode"),
                reference=line.get("referenceProductInstanceId"),
                created=self.now,
                updated=self.now,
                delivered=self.now + DELIVERY_MS,
            )
            for item_id, line in zip(ids, body["products"], strict=True)
        ]
        for item in items:
            item.expires = self.expiry(item.billing)
        package = Package(
            id=answer["id"],
            account=account,
            external_id=body.get("externalId"),
            created=self.now,
            updated=self.now,
            items=items,
        )
        self.packages.append(package)
        return package

    def expiry(self, billing: Json) -> int | None:
        """Return when what is bought now ends by itself: only if it does not renew."""
        return self.now + ONE_TIME_MS if billing["type"] == "ONE_TIME" else None

    def cancel(self, package: Package, items: Iterable[Item]) -> None:
        for item in items:
            if item.is_live:
                item.status = "CANCELED"
                self.touch(package, item)

    def adjust(self, package: Package, item: Item, body: Json, billing: Json) -> None:
        product_id = body.get("catalogProductId")
        if product_id is not None:
            item.product = product_id
            item.discount = body.get("discountCode", item.discount)
        if billing != item.billing:
            item.billing, item.expires = billing, self.expiry(billing)
        self.touch(package, item)

    def touch(self, package: Package, item: Item | None = None) -> None:
        package.updated = self.now
        if item is not None:
            item.updated = self.now

    # What is there.

    def package(self, package_id: str) -> Package:
        return next(package for package in self.packages if package.id == package_id)

    def item(self, account: str, item_id: str) -> tuple[Package, Item] | None:
        for package in self.packages:
            for item in package.items:
                if item.id == item_id and package.account == account:
                    return package, item
        return None

    def visible(self, account: str) -> list[Package]:
        """Return what a query sees: the packages of the whole parent account."""
        root = PARENT[account]
        return [package for package in self.packages if PARENT[package.account] == root]


# The filter language, on what a package shows.

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def matches(shown: Json, condition: Json) -> bool:
    for name, value in condition.items():
        if name == "$and":
            found = all(matches(shown, part) for part in value)
        elif name == "$or":
            found = any(matches(shown, part) for part in value)
        elif name == "$not":
            found = not matches(shown, value)
        elif isinstance(value, dict):
            operations = cast("Json", value)
            found = all(compare(shown, name, sign, given) for sign, given in operations.items())
        else:
            found = shown.get(name) == value
        if not found:
            return False
    return True


def compare(shown: Json, name: str, sign: str, given: Any) -> bool:
    if sign in ("$hasSome", "$hasAll"):
        there = [dig(item, name.split(".")[1:]) for item in shown["productInstances"]]
        hits = [value in there for value in given]
        return any(hits) if sign == "$hasSome" else all(hits)
    value = shown.get(name)
    if sign in COMPARE:
        return COMPARE[sign](value, given)
    if sign == "$exists":
        return (value is not None) is given
    if sign == "$in":
        return any(value == wanted for wanted in given)
    return bool(value == given) == (sign == "$eq")


def dig(item: Json, path: list[str]) -> Any:
    value: Any = item
    for part in path:
        value = None if value is None else value.get(part)
    return value


def pages_of(values: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, max(1, len(values)), size):
        yield values[start : start + size]


# What is drawn.

EXTERNAL_IDS = ["x", "y", "a/b c", "ü%2F?"]
MAYBE_KEY = st.sampled_from([None, None, None, "k1", "k2"])
CALLERS = [
    ("EMU.south", SOUTH),
    ("EMU.south", ANNA),
    ("EMU.south", BORIS),
    ("EMU.anna", ANNA),
    ("EMU.north", NORTH),
]
CALLER = st.sampled_from([*CALLERS, CALLERS[1], CALLERS[1]])
KEY_OF = {account: key for key, account in reversed(CALLERS)}
# Mostly the owner; else somebody who has no business with it.
MEDDLER = st.sampled_from([*[None] * 20, *CALLERS[1:]])
WHICH = st.integers(0, 2)
OWN_SITE = st.sampled_from([None, None, 0, 0, 1])
ANY_SITE = st.sampled_from([None, 0, 0, 1, "foreign", "unknown"])
BILLINGS: list[Json | None] = [
    None,
    {"type": "ONE_TIME"},
    {"type": "RECURRING"},
    *(recurring(*cycle) for cycle in (MONTH, YEAR, TWO_YEARS, (7, "WEEK"))),
]


WAYS: list[Json] = [
    {"catalogProductId": product_id, "billingInfo": way}
    for product_id in SOLD
    for way in CATALOGUE[product_id].ways_to_pay
]


def sensible_lines() -> st.SearchStrategy[Json]:
    return st.sampled_from(WAYS)


def wild_lines() -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(
        {
            "catalogProductId": st.sampled_from(SOLD + NOT_SOLD),
            "billingInfo": st.sampled_from(BILLINGS),
        }
    ).map(present)


def orders(
    line: st.SearchStrategy[Json], site: st.SearchStrategy[int | str | None]
) -> st.SearchStrategy[list[Json]]:
    """Return products to order; a ``siteId`` is a place among the sites of the buyer."""
    more = st.fixed_dictionaries(
        {
            "siteId": site,
            "countryCode": st.sampled_from(["BR", "DE"]),
            "discountCode": st.sampled_from([None, None, "SAVE"]),
        }
    ).map(present)
    whole = st.tuples(line, more).map(lambda pair: pair[0] | pair[1])
    return st.lists(whole, min_size=1, max_size=3)


SENSIBLE_ORDER = orders(sensible_lines(), OWN_SITE)
WILD_ORDER = orders(st.one_of(sensible_lines(), wild_lines()), ANY_SITE)
ORDER = st.one_of(SENSIBLE_ORDER, SENSIBLE_ORDER, WILD_ORDER)


def conditions() -> st.SearchStrategy[Json]:
    def choose(name: str, values: Iterable[Any], *signs: str) -> st.SearchStrategy[Json]:
        value = st.sampled_from([*values])
        several = st.lists(value, min_size=1, max_size=2)
        takes_several = {"$in", "$hasSome", "$hasAll"}
        operations = [
            st.fixed_dictionaries({sign: several if sign in takes_several else value})
            for sign in signs
        ]
        return st.one_of(operations).map(lambda operation: {name: operation})

    moments = [wire_date(ms) for ms in (0, 1, 2_000, 5_000, 3_600_000)]
    statuses = [*LIVE, "CANCELED", "FAILED"]
    some = ("$hasSome", "$hasAll")
    leaves = st.one_of(
        choose("externalId", EXTERNAL_IDS, "$eq", "$ne", "$in"),
        st.sampled_from(EXTERNAL_IDS).map(lambda value: {"externalId": value}),
        st.booleans().map(lambda value: {"externalId": {"$exists": value}}),
        choose("accountId", PARENT, "$eq", "$ne", "$in"),
        choose("createdDate", moments, "$eq", "$ne", "$gt", "$lt", "$gte", "$lte"),
        choose("updatedDate", moments, "$gt", "$lt", "$gte", "$lte"),
        choose("productInstances.status", statuses, *some),
        choose("productInstances.siteId", SITES, *some),
        choose("productInstances.catalogProductId", SOLD, *some),
        choose("productInstances.countryCode", ["BR", "DE"], *some),
        choose("productInstances.failure.code", ["EXTERNAL_FAILURE"], *some),
        choose("productInstances.billingInfo", [b for b in BILLINGS if b], *some),
        choose("productInstances.billingInfo.type", ["ONE_TIME", "RECURRING"], *some),
        choose("productInstances.billingInfo.cycleDuration.unit", ["MONTH", "YEAR"], *some),
        choose("productInstances.billingInfo.cycleDuration.count", [1, 2], *some),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"$and": parts}),
            st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"$or": parts}),
            inner.map(lambda part: {"$not": part}),
        ),
        max_leaves=3,
    )


SORTS: list[list[tuple[str, str]]] = [
    [],
    [("createdDate", "ASC")],
    [("createdDate", "DESC")],
    [("updatedDate", "ASC")],
    [("updatedDate", "DESC"), ("createdDate", "ASC")],
]
REFUSED_FILTERS: list[Json] = [
    {"surprise": 1},
    {"parentAccountId": SOUTH},
    {"externalId": {"$gt": "x"}},
    {"externalId": {"$startsWith": "x"}},
    {"createdDate": {"$in": [wire_date(0)]}},
    {"productInstances.status": "PENDING"},
    {"productInstances.status": {"$in": ["PENDING"]}},
    {"productInstances.discountCode": {"$hasSome": ["SAVE"]}},
    {"$nor": [{"externalId": "x"}]},
]
# What to do to a good create, and the field that is wrong then.
FAULTS: dict[str, Callable[[Json], object]] = {
    "externalId": lambda body: body.update(externalId="x" * 101),
    "surprise": lambda body: body.update(surprise=1),
    "products[0].countryCode": lambda body: body["products"][0].pop("countryCode"),
    "products[0].catalogProductId": lambda body: body["products"][0].pop("catalogProductId"),
    "products[0].siteId": lambda body: body["products"][0].update(siteId="nowhere"),
    "products[0].discountCode": lambda body: body["products"][0].update(discountCode="x" * 26),
    "products[0].billingInfo.type": lambda body: body["products"][0].update(
        billingInfo={"type": "NEVER"}
    ),
    "products[0].billingInfo.cycleDuration.unit": lambda body: body["products"][0].update(
        billingInfo={"type": "RECURRING", "cycleDuration": {"unit": "ERA", "count": 1}}
    ),
}
FAULTS_OF_ONE_FIELD = {"products[0].billingInfo.type", "products[0].billingInfo.cycleDuration.unit"}
OPERATIONS = [
    ("POST", "/resellers/v2/packages"),
    ("POST", "/resellers/v1/packages/query"),
    ("GET", f"/resellers/v1/packages/{UNKNOWN}"),
    ("DELETE", f"/resellers/v1/packages/{UNKNOWN}"),
    ("PATCH", f"/resellers/v1/packages/update/{UNKNOWN}/x"),
    ("PATCH", f"/resellers/v1/packages/product-instances/{UNKNOWN}/{next(iter(SITES))}"),
    ("PATCH", f"/resellers/v1/packages/product-instances/{UNKNOWN}/unassign"),
    ("PATCH", f"/resellers/v1/packages/product-instances/{UNKNOWN}"),
    ("DELETE", f"/resellers/v1/packages/product-instances/{UNKNOWN}"),
]


OPERATION = st.sampled_from(OPERATIONS)
STRANGERS = [("EMU.anna", SOUTH), ("EMU.anna", BORIS), ("EMU.north", ANNA), ("EMU.south", UNKNOWN)]
NEXT_TO_A_CURSOR: list[Json] = [
    {"filter": {"externalId": "x"}},
    {"sort": [{"fieldName": "createdDate"}]},
    {},
]
WRONG: list[st.SearchStrategy[tuple[str, Any]]] = [
    st.tuples(st.just(what), given)
    for what, given in {
        "filter": st.sampled_from(REFUSED_FILTERS),
        "limit": st.sampled_from([0, 101]),
        "cursor": st.sampled_from(NEXT_TO_A_CURSOR),
        "input": st.sets(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=4),
        "key": st.tuples(OPERATION, st.sampled_from(["", "EMU.nobody", "Bearer EMU.south"])),
        "account": st.tuples(OPERATION, st.sampled_from(STRANGERS)),
        "missing": st.sampled_from(OPERATIONS[2:]),
    }.items()
]


@attrs.frozen
class Reply:
    """Hold an answer."""

    status: int
    body: Any

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.body["details"]["applicationError"]["code"]

    @property
    def fields(self) -> tuple[int, set[str]]:
        violations = self.body["details"]["validationError"]["fieldViolations"]
        return self.status, {violation["field"] for violation in violations}


@attrs.define
class Server:
    """Reach an emulator whose clock only the machine moves."""

    connection: http.client.HTTPConnection
    clock: Clock

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        data = None if body is None else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, data, named)
        answer = self.connection.getresponse()
        return Reply(answer.status, json.loads(answer.read()))


@attrs.define(eq=False)
class Scan:
    """Hold a walk through pages that other operations come between."""

    account: str
    ascending: bool
    must_see: set[str]
    cursor: str | None = None
    seen: list[str] = attrs.field(factory=list[str])
    is_over: bool = False


class ResellerMachine(RuleBasedStateMachine):
    """Do the same to the emulator and to the model, and compare every answer."""

    packages = Bundle("packages")
    scans = Bundle("scans")

    server: ClassVar[Server]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        assert self.server.send("POST", "/_emulator/reset").status == 200
        self.server.clock.freeze(START)

    def send(self, caller: tuple[str, str], method: str, path: str, body: Any = None) -> Reply:
        key, account = caller
        return self.server.send(method, path, body, Authorization=key, wix_account_id=account)

    def write(
        self,
        caller: tuple[str, str],
        request: tuple[str, str, str],
        body: Json,
        key: str | None,
        refusals: Refusals,
        act: Callable[[Json], Package],
        name: str = "package",
    ) -> Package | None:
        """Send a write, and act on the model if and only if the emulator has to."""
        operation, method, path = request
        place = (caller[1], operation, key or "")
        known = self.model.remembered.get(place) if key is not None else None
        if known is not None and known[2] <= self.model.now:
            known = None
        sent = body if key is None else body | {"idempotencyKey": key}
        reply = self.send(caller, method, path, sent)
        if known is not None and known[0] == (path, body):
            assert (200, known[1]) == (reply.status, reply.body)
            return None
        if known is not None:
            refusals = {*refusals, (409, None)}
        if refusals:
            self.expect_refusal(refusals, reply)
            return None
        assert 200 == reply.status, reply
        package = act(reply.body[name])
        expected: Json = {name: package.show()} | ({} if key is None else {"idempotencyKey": key})
        assert expected == reply.body
        if key is not None:
            until = self.model.now + KEY_LIFE_MS
            self.model.remembered[place] = ((path, body), reply.body, until)
        return package

    def expect_refusal(self, refusals: Refusals, reply: Reply) -> None:
        status, code = reply.refusal
        assert refusals & {(status, code), (status, None)}, (refusals, reply)
        assert reply.body["message"]

    def place(self, account: str, site: int | str | None) -> str | None:
        """Return the site that a drawn place stands for."""
        if site is None or site == "unknown":
            return None if site is None else UNKNOWN
        if site == "foreign":
            return next(other for other, owner in SITES.items() if owner != account)
        return [own for own, owner in SITES.items() if owner == account][cast("int", site)]

    def order(self, account: str, drawn: list[Json]) -> list[Json]:
        return [
            line | present({"siteId": self.place(account, line.get("siteId"))}) for line in drawn
        ]

    def pick(
        self, package_id: str, which: int, meddler: tuple[str, str] | None
    ) -> tuple[tuple[str, str], Package, Item, Refusals]:
        """Return who calls, about what, and the refusal that a stranger gets."""
        package = self.model.package(package_id)
        caller = meddler or (KEY_OF[package.account], package.account)
        foreign: Refusals = {(404, "NOT_FOUND")} if caller[1] != package.account else set()
        return caller, package, package.items[which % len(package.items)], foreign

    # Rules: writes.

    @initialize(target=packages, drawn=st.lists(st.tuples(CALLER, SENSIBLE_ORDER), min_size=3))
    def begin_with_some(
        self, drawn: list[tuple[tuple[str, str], list[Json]]]
    ) -> MultipleResults[str]:
        made = [
            self._create(caller, {"products": self.order(caller[1], order)}, None)
            for caller, order in drawn
        ]
        return multiple(*(package_id for package_id in made if package_id is not None))

    @rule(
        target=packages,
        caller=CALLER,
        drawn=ORDER,
        external_id=st.sampled_from([None, *EXTERNAL_IDS]),
        key=MAYBE_KEY,
    )
    def create(
        self, caller: tuple[str, str], drawn: list[Json], external_id: str | None, key: str | None
    ) -> str | MultipleResults[str]:
        body = present({"products": self.order(caller[1], drawn), "externalId": external_id})
        return self.found(self._create(caller, body, key))

    def _create(self, caller: tuple[str, str], body: Json, key: str | None) -> str | None:
        taken = {package.id for package in self.model.packages}
        refusals = self.model.refuses_create(caller[1], body["products"])
        made = self.write(
            caller,
            ("create", "POST", "/resellers/v2/packages"),
            body,
            key,
            refusals,
            lambda answer: self.model.create(caller[1], body, answer),
        )
        assert made is None or made.id not in taken
        return None if made is None else made.id

    @staticmethod
    def found(package_id: str | None) -> str | MultipleResults[str]:
        """Return what a rule gives to its bundle."""
        return multiple() if package_id is None else package_id

    @rule(
        target=packages,
        package_id=packages,
        which=WHICH,
        meddler=MEDDLER,
        drawn=SENSIBLE_ORDER,
        times=st.sampled_from([1, 1, 2]),
        key=MAYBE_KEY,
    )
    def create_free_extra(
        self,
        package_id: str,
        which: int,
        meddler: tuple[str, str] | None,
        drawn: list[Json],
        times: int,
        key: str | None,
    ) -> str | MultipleResults[str]:
        """Name another instance as the reference of the first products ordered."""
        caller, _, item, _ = self.pick(package_id, which, meddler)
        products = self.order(caller[1], drawn)
        for line in products[:times]:
            line["referenceProductInstanceId"] = item.id
        return self.found(self._create(caller, {"products": products}, key))

    @rule(package_id=packages, which=st.integers(-1, 2), meddler=MEDDLER, key=MAYBE_KEY)
    def cancel(
        self, package_id: str, which: int, meddler: tuple[str, str] | None, key: str | None
    ) -> None:
        """Cancel one instance, or the package for -1."""
        caller, package, item, foreign = self.pick(package_id, which, meddler)
        items = package.items if which == -1 else [item]

        def act(_: Json) -> Package:
            self.model.cancel(package, items)
            return package

        path = f"product-instances/{item.id}" if which >= 0 else package_id
        request = (f"cancel {which == -1}", "DELETE", f"/resellers/v1/packages/{path}")
        self.write(caller, request, {}, key, foreign, act)

    @rule(package_id=packages, meddler=MEDDLER, external_id=st.sampled_from(EXTERNAL_IDS))
    def update_external_id(
        self, package_id: str, meddler: tuple[str, str] | None, external_id: str
    ) -> None:
        caller, package, _, foreign = self.pick(package_id, 0, meddler)

        def act(_: Json) -> Package:
            package.external_id = external_id
            self.model.touch(package)
            return package

        path = f"/resellers/v1/packages/update/{package_id}/{quote(external_id, safe='')}"
        self.write(caller, ("update", "PATCH", path), {}, None, foreign, act, "updatedPackage")

    @rule(
        package_id=packages,
        which=WHICH,
        meddler=MEDDLER,
        site=ANY_SITE.filter(lambda site: site is not None),
        shout=st.booleans(),
        key=MAYBE_KEY,
    )
    def assign(
        self,
        package_id: str,
        which: int,
        meddler: tuple[str, str] | None,
        site: int | str,
        shout: bool,
        key: str | None,
    ) -> None:
        caller, package, item, foreign = self.pick(package_id, which, meddler)
        site_id = self.place(package.account, site) or ""
        refusals = foreign | self.model.refuses_assign(caller[1], item, site_id)

        def act(_: Json) -> Package:
            item.site = site_id
            self.model.touch(package, item)
            return package

        # Whether another case makes it another request to an idempotency key is not documented.
        ids = f"{item.id}/{site_id}".upper() if shout and key is None else f"{item.id}/{site_id}"
        path = f"/resellers/v1/packages/product-instances/{ids}"
        self.write(caller, ("assign", "PATCH", path), {}, key, refusals, act)

    @rule(package_id=packages, which=WHICH, meddler=MEDDLER, key=MAYBE_KEY)
    def unassign(
        self, package_id: str, which: int, meddler: tuple[str, str] | None, key: str | None
    ) -> None:
        caller, package, item, foreign = self.pick(package_id, which, meddler)
        dead: Refusals = set() if item.is_live else {(428, None)}

        def act(_: Json) -> Package:
            if item.site is not None:
                item.site = None
                self.model.touch(package, item)
            return package

        path = f"/resellers/v1/packages/product-instances/{item.id}/unassign"
        self.write(caller, ("unassign", "PATCH", path), {}, key, foreign | dead, act)

    @rule(
        package_id=packages,
        which=WHICH,
        meddler=MEDDLER,
        wanted=st.one_of(st.integers(0, 9), st.integers(0, 9), wild_lines()),
        names=st.sampled_from(
            [
                ("catalogProductId", "billingInfo", "discountCode"),
                ("catalogProductId", "discountCode"),
                ("billingInfo", "discountCode"),
                (),
            ]
        ),
        key=MAYBE_KEY,
    )
    def adjust(
        self,
        package_id: str,
        which: int,
        meddler: tuple[str, str] | None,
        wanted: int | Json,
        names: tuple[str, ...],
        key: str | None,
    ) -> None:
        """Ask for a way to buy a product of the same type, or for anything."""
        caller, package, item, foreign = self.pick(package_id, which, meddler)
        if isinstance(wanted, int):
            product_type = CATALOGUE[item.product].type
            fitting = [
                way for way in WAYS if CATALOGUE[way["catalogProductId"]].type == product_type
            ]
            wanted = fitting[wanted % len(fitting)]
        wanted = wanted | {"discountCode": "LATER"}
        body = {name: wanted[name] for name in names if name in wanted}
        billing, refusals = self.model.refuses_adjust(caller[1], item, body)
        if foreign:
            refusals = {*refusals, (428, "PRODUCT_INSTANCE_NOT_FOUND")}

        def act(_: Json) -> Package:
            self.model.adjust(package, item, body, billing)
            return package

        path = f"/resellers/v1/packages/product-instances/{item.id}"
        self.write(caller, ("adjust", "PATCH", path), body, key, refusals, act)

    @rule(ms=st.sampled_from([1, 500, 1_999, 2_000, 60_000, 3_600_000, KEY_LIFE_MS, ONE_TIME_MS]))
    def advance(self, ms: int) -> None:
        self.server.clock.advance(ms / 1000)
        self.model.advance(ms)

    # Rules: reads.

    @rule(package_id=packages, meddler=MEDDLER)
    def get(self, package_id: str, meddler: tuple[str, str] | None) -> None:
        caller, package, _, foreign = self.pick(package_id, 0, meddler)
        reply = self.send(caller, "GET", f"/resellers/v1/packages/{package_id}")
        if foreign:
            self.expect_refusal(foreign, reply)
        else:
            assert (200, {"package": package.show()}) == (reply.status, reply.body)

    @rule(
        caller=CALLER,
        condition=st.one_of(st.none(), conditions()),
        sort=st.sampled_from(SORTS),
        limit=st.sampled_from([1, 2, 3, 100]),
        by_offset=st.booleans(),
    )
    def query(
        self,
        caller: tuple[str, str],
        condition: Json | None,
        sort: list[tuple[str, str]],
        limit: int,
        by_offset: bool,
    ) -> None:
        wire_sort = [{"fieldName": name, "order": order} for name, order in sort]
        asked = present({"filter": condition, "sort": wire_sort or None})
        walk = self.walk_by_offset if by_offset else self.walk_by_cursor
        shown = [package.show() for package in self.model.visible(caller[1])]
        there = {package["id"]: package for package in shown if matches(package, condition or {})}
        found = [package for page in walk(caller, asked, limit, len(there)) for package in page]

        # Which of two packages with equal keys comes first is not documented.
        keys = [tuple(package[name] for name, _ in sort or SORTS[2]) for package in found]
        assert there == {package["id"]: package for package in found}
        assert len(there) == len(found)
        assert in_order(keys, [order for _, order in sort or SORTS[2]]) == keys

    def walk_by_cursor(
        self, caller: tuple[str, str], asked: Json, limit: int, total: int
    ) -> Iterator[list[Json]]:
        """Walk to the end, and look back from every page to the one before it."""
        before: list[Json] | None = None
        query = asked | {"cursorPaging": {"limit": limit}}
        for size in map(len, pages_of([None] * total, limit)):
            body = self.page(caller, query)
            page, metadata = body["packages"], body["metadata"]
            total -= size
            cursors = metadata["cursors"]
            assert (size, size, total > 0) == (len(page), metadata["count"], metadata["hasNext"])
            assert (total > 0, before is not None) == ("next" in cursors, "prev" in cursors)
            if before is not None:
                back = {"cursorPaging": {"cursor": cursors["prev"], "limit": limit}}
                assert before == self.page(caller, back)["packages"]
            yield page
            before = page
            if total:
                query = {"cursorPaging": {"cursor": cursors["next"], "limit": limit}}

    def walk_by_offset(
        self, caller: tuple[str, str], asked: Json, limit: int, total: int
    ) -> Iterator[list[Json]]:
        for offset in range(0, max(1, total), limit):
            body = self.page(caller, asked | {"paging": {"limit": limit, "offset": offset}})
            size = min(limit, total - offset)
            expected = {
                "count": size,
                "offset": offset,
                "total": total,
                "hasNext": offset + size < total,
            }
            assert expected == body["metadata"]
            assert size == len(body["packages"])
            yield body["packages"]

    def page(self, caller: tuple[str, str], query: Json) -> Json:
        reply = self.send(caller, "POST", "/resellers/v1/packages/query", {"query": query})
        assert 200 == reply.status, reply
        return cast("Json", reply.body)

    @rule(package_id=packages, which=WHICH)
    def query_by_id(self, package_id: str, which: int) -> None:
        caller, package, item, _ = self.pick(package_id, which, None)
        for condition in (
            {"id": package_id.upper()},
            {"id": {"$in": [UNKNOWN, package_id]}},
            {"productInstances.instanceId": {"$hasSome": [UNKNOWN, item.id]}},
            {"productInstances": {"$hasAll": [item.show()]}},
        ):
            assert [package.show()] == self.page(caller, {"filter": condition})["packages"]

    @rule(target=scans, caller=CALLER, ascending=st.booleans())
    def begin_scan(self, caller: tuple[str, str], ascending: bool) -> Scan:
        there = {package.id for package in self.model.visible(caller[1])}
        return Scan(caller[1], ascending, there)

    @rule(scan=scans, limit=st.sampled_from([1, 2, 3]))
    def continue_scan(self, scan: Scan, limit: int) -> None:
        """Go on reading: whatever was there at the start comes exactly once."""
        if scan.is_over:
            return
        order = "ASC" if scan.ascending else "DESC"
        query: Json = {"cursorPaging": {"limit": limit}}
        if scan.cursor is None:
            query["sort"] = [{"fieldName": "createdDate", "order": order}]
            scan.must_see = {package.id for package in self.model.visible(scan.account)}
        else:
            query["cursorPaging"]["cursor"] = scan.cursor
        body = self.page((KEY_OF[scan.account], scan.account), query)
        scan.seen += [package["id"] for package in body["packages"]]
        scan.cursor = body["metadata"]["cursors"].get("next")
        scan.is_over = scan.cursor is None
        created = [self.model.package(package_id).created for package_id in scan.seen]
        assert sorted(created, reverse=not scan.ascending) == created
        assert len(set(scan.seen)) == len(scan.seen)
        if scan.is_over:
            assert scan.must_see <= set(scan.seen)

    # What is wrong whatever there is.

    @rule(caller=CALLER, wrong=st.one_of(WRONG))
    def call_wrongly(self, caller: tuple[str, str], wrong: tuple[str, Any]) -> None:
        what, given = wrong
        query = "/resellers/v1/packages/query"
        if what == "filter":
            reply = self.send(caller, "POST", query, {"query": {"filter": given}})
            assert (400, {"value"}) == reply.fields
        elif what == "limit":
            paging = {"cursorPaging": {"limit": given}}
            reply = self.send(caller, "POST", query, {"query": paging})
            assert (400, {"query.cursorPaging.limit"}) == reply.fields
        elif what == "cursor":
            metadata = self.page(caller, {"cursorPaging": {"limit": 1}})["metadata"]
            cursor = metadata["cursors"].get("next", "bad") if given else "bad"
            paging = {"cursorPaging": {"cursor": cursor}} | given
            reply = self.send(caller, "POST", query, {"query": paging})
            assert (400, "INVALID_CURSOR") == reply.refusal
        elif what == "input":
            self.create_with_bad_input(caller, given)
        elif what == "key":
            (method, path), key = given
            assert 401 == self.send((key, SOUTH), method, path, {}).status
        elif what == "account":
            (method, path), stranger = given
            reply = self.send(stranger, method, path, {})
            is_missing = stranger[1] == UNKNOWN and (method, path) == OPERATIONS[0]
            expected = (404, "ACCOUNT_NOT_FOUND") if is_missing else (403, reply.refusal[1])
            assert expected == reply.refusal
        else:
            self.name_what_does_not_exist(caller, *given)

    def create_with_bad_input(self, caller: tuple[str, str], names: set[str]) -> None:
        if names >= FAULTS_OF_ONE_FIELD:
            names = names - {"products[0].billingInfo.type"}
        body: Json = {"products": [{"catalogProductId": SOLD[0], "countryCode": "BR"}]}
        for name in sorted(names):
            FAULTS[name](body)
        reply = self.send(caller, "POST", "/resellers/v2/packages", body)
        assert (400, names) == reply.fields

    def name_what_does_not_exist(self, caller: tuple[str, str], method: str, path: str) -> None:
        is_adjust = method == "PATCH" and path.endswith(f"product-instances/{UNKNOWN}")
        body = {"catalogProductId": SOLD[0]} if is_adjust else {}
        missing = (428, "PRODUCT_INSTANCE_NOT_FOUND") if is_adjust else (404, "NOT_FOUND")
        assert missing == self.send(caller, method, path, body).refusal
        reply = self.send(caller, method, path.replace(UNKNOWN, "no-guid"), body)
        assert (400, 1) == (reply.fields[0], len(reply.fields[1]))

    def teardown(self) -> None:
        """Compare everything that there is, whatever the answers were."""
        for account in (SOUTH, NORTH):
            expected = {package.id: package.show() for package in self.model.visible(account)}
            pages = self.walk_by_cursor((KEY_OF[account], account), {}, 100, len(expected))
            assert expected == {package["id"]: package for page in pages for package in page}


def in_order(keys: list[tuple[str, ...]], orders: list[str]) -> list[tuple[str, ...]]:
    """Sort keys, each part in its own direction."""
    for place in reversed(range(len(orders))):
        keys = sorted(keys, key=operator.itemgetter(place), reverse=orders[place] == "DESC")
    return keys


@pytest.fixture
def server() -> Iterator[Server]:
    """Run an emulator of the model's world, without a rate limit."""
    clock = Clock()
    behaviour = Settings(delivery_seconds=DELIVERY_MS / 1000)
    emulator = Emulator(clock=clock, seed=seed(), rate_limit="off", settings=behaviour)
    with EmulatorThread(emulator) as running:
        address = running.url.removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=WATCHDOG_SECONDS)
        yield Server(connection, clock)
        connection.close()


def test_random_operations_leave_the_emulator_where_the_model_ends_up(server: Server) -> None:
    class Machine(ResellerMachine):
        pass

    Machine.server = server
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30 if QUICK else 50,
            deadline=None,
            # The quick run is the same every time; the long one explores.
            derandomize=QUICK,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
