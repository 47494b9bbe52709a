"""Random filters find what a plain Python reading of the filter language finds."""

import operator
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wixreseller.emulator import Clock, Settings
from wixreseller.emulator import default_seed as world
from wixreseller.emulator.backend import Backend, Request
from wixreseller.emulator.core import Core
from wixreseller.emulator.jsonvalue import dumps, loads
from wixreseller.emulator.ratelimit import RateLimiter
from wixreseller.emulator.seed import parse_seed
from wixreseller.emulator.store import Store
from wixreseller.emulator.world import World

ORDERS: list[list[tuple[str, str, str]]] = [
    [(world.PREMIUM_BASIC, "1 YEAR", "BR")],
    [(world.PREMIUM_BASIC, "1 MONTH", "DE"), (world.BUSINESS_EMAIL, "1 MONTH", "BR")],
    [(world.UNLUCKY_ADDON, "ONE_TIME", "BR")],
    [(world.PROVIDER_MAILBOX, "1 MONTH", "US"), (world.UNLUCKY_ADDON, "1 MONTH", "US")],
    [(world.DOMAIN, "2 YEAR", "BR")],
    [(world.DOMAIN, "2 YEAR", "DE")],
]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


class Machine:
    """Hold a filled emulator without a socket, and the packages that are in it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.freeze(datetime.fromisoformat("2026-03-01T12:00:00+00:00"))
        store = Store(None)
        world_of_seed = World(store, loose=False)
        with store.transaction():
            world_of_seed.replace(parse_seed(world.default_seed()))
        core = Core(store, world_of_seed, self.clock, Settings())
        self.backend = Backend(core, RateLimiter(None, self.clock))
        self.close = store.close

    def call(self, method: str, path: str, body: Any, account: str = world.SUB_ACCOUNTS[0]) -> Any:
        headers = {"Authorization": world.API_KEY, "wix-account-id": account}
        request = Request(
            method=method, path=path, query={}, headers=headers, body=dumps(body), address=""
        )
        answer = self.backend.answer(request)
        content: Any = loads(answer.body)
        assert answer.status == 200, content
        return content

    def fill(self) -> list[Any]:
        for number, lines in enumerate(ORDERS * 2):
            self.clock.advance(1)
            account = world.SUB_ACCOUNTS[number % 3]
            products = [product(*line) for line in lines]
            if number % 4 == 0:
                products[0]["siteId"] = world.SITES[account][number // 4]
            body: dict[str, Any] = {"products": products}
            if number % 3:
                body["externalId"] = f"x{number % 5}"
            package = self.call("POST", "/resellers/v2/packages", body, account)["package"]
            if number % 5 == 0:
                self.call("DELETE", f"/resellers/v1/packages/{package['id']}", {}, account)
        packages: list[Any] = self.find({})
        return packages

    def find(self, condition: Any) -> Any:
        query = {"filter": condition, "sort": [{"fieldName": "createdDate", "order": "ASC"}]}
        return self.call("POST", "/resellers/v1/packages/query", {"query": query})["packages"]


def product(product_id: str, cycle: str, country: str) -> dict[str, Any]:
    billing: dict[str, Any] = {"type": "ONE_TIME"}
    if cycle != "ONE_TIME":
        count, unit = cycle.split()
        duration = {"unit": unit, "count": int(count)}
        billing = {"type": "RECURRING", "cycleDuration": duration}
    return {"catalogProductId": product_id, "countryCode": country, "billingInfo": billing}


def matches(package: Any, condition: Any) -> bool:
    """Decide as the documentation reads, on the JSON that the emulator shows."""
    return all(holds(package, name, value) for name, value in condition.items())


def holds(package: Any, name: str, value: Any) -> bool:
    if name == "$and":
        return all(matches(package, part) for part in value)
    if name == "$or":
        return any(matches(package, part) for part in value)
    if name == "$not":
        return not matches(package, value)
    if not isinstance(value, dict):
        return operate(package, name, "$eq", value)
    operations = cast("dict[str, Any]", value)
    return all(operate(package, name, op, given) for op, given in operations.items())


def operate(package: Any, name: str, op: str, value: Any) -> bool:
    if op in ("$hasSome", "$hasAll"):
        there = list(values_at(package["productInstances"], name.split(".")[1:]))
        hits = [entry in there for entry in value]
        return any(hits) if op == "$hasSome" else bool(hits) and all(hits)
    found = package.get(name)
    if op == "$exists":
        return bool((found is not None) == value)
    if op == "$in":
        return any(found == entry for entry in value)
    if op in _COMPARE:
        return _COMPARE[op](found, value)
    return bool(found == value) == (op == "$eq")


def values_at(instances: Any, path: Sequence[str]) -> Any:
    for instance in instances:
        value: Any = instance
        for part in path:
            value = None if value is None else value.get(part)
        yield value


def conditions(packages: list[Any]) -> st.SearchStrategy[Any]:
    """Return filters over the values that are there, and a few that are not."""
    scalars = st.one_of(
        [field(name, values(packages, name)) for name in ("id", "accountId", "externalId")]
    )
    dates = st.one_of(
        [compared(name, values(packages, name)) for name in ("createdDate", "updatedDate")]
    )
    instances = [i for package in packages for i in package["productInstances"]]
    members = st.one_of(
        [
            membership(path, [v for v in values_at(instances, path.split(".")) if v is not None])
            for path in (
                "instanceId",
                "siteId",
                "catalogProductId",
                "status",
                "failure",
                "failure.code",
                "billingInfo",
                "billingInfo.type",
                "billingInfo.cycleDuration",
                "billingInfo.cycleDuration.unit",
                "billingInfo.cycleDuration.count",
                "createdDate",
                "countryCode",
            )
        ]
    )
    whole = membership("", instances)
    return st.recursive(
        st.one_of(scalars, dates, members, whole),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$and": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$or": parts}),
            inner.map(lambda part: {"$not": part}),
            st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
        ),
        max_leaves=6,
    )


def values(packages: list[Any], name: str) -> list[Any]:
    return [package[name] for package in packages if name in package]


def field(name: str, there: list[Any]) -> st.SearchStrategy[Any]:
    value = st.sampled_from([*there, "00000000-0000-0000-0000-000000000000", None])
    several = st.lists(value, max_size=4)
    operations = st.one_of(
        value,
        value.map(lambda v: {"$eq": v}),
        value.map(lambda v: {"$ne": v}),
        several.map(lambda v: {"$in": v}),
        st.booleans().map(lambda v: {"$exists": v}),
        st.tuples(value, several).map(lambda v: {"$ne": v[0], "$in": v[1]}),
    )
    return operations.map(lambda operation: {name: operation})


def compared(name: str, there: list[Any]) -> st.SearchStrategy[Any]:
    value = st.sampled_from([*there, "2020-01-01T00:00:00.000Z"])
    operators = st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"])
    return st.dictionaries(operators, value, min_size=1, max_size=2).map(lambda v: {name: v})


def membership(path: str, there: list[Any]) -> st.SearchStrategy[Any]:
    name = f"productInstances.{path}" if path else "productInstances"
    value = st.lists(st.sampled_from(there), max_size=3)
    operators = st.sampled_from(["$hasSome", "$hasAll"])
    return st.dictionaries(operators, value, min_size=1, max_size=2).map(lambda v: {name: v})


@pytest.mark.parametrize("common", [20_000, 0], ids=["by index", "package by package"])
def test_random_filters_agree_with_the_oracle(monkeypatch: pytest.MonkeyPatch, common: int) -> None:
    # With nothing counted as rare or few, the ways for many packages are taken.
    monkeypatch.setattr("wixreseller.emulator.paging._COMMON", common)
    monkeypatch.setattr("wixreseller.emulator.paging._FEW", common)
    machine = Machine()
    packages = machine.fill()
    assert len(packages) == 12
    assert {"PENDING", "ENABLED", "CANCELED", "FAILED", "AWAITING_ACTION"} == {
        instance["status"] for package in packages for instance in package["productInstances"]
    }

    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(conditions(packages))
    def agree(condition: Any) -> None:
        expected = [package for package in packages if matches(package, condition)]

        assert expected == machine.find(condition)

    agree()
    machine.close()
