"""Random filters find what a plain Python reading of the filter language finds."""

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Machine, Machines

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


def fill(machine: "Machine") -> list[Any]:
    """Fill an emulator with packages of every kind, and return them."""
    for number, lines in enumerate(ORDERS * 2):
        machine.clock.advance(1)
        account = world.SUB_ACCOUNTS[number % 3]
        products = [machine.product(*line) for line in lines]
        if number % 4 == 0:
            products[0]["siteId"] = world.SITES[account][number // 4]
        body: dict[str, Any] = {"products": products}
        if number % 3:
            body["externalId"] = f"x{number % 5}"
        package = machine.call("POST", "/resellers/v2/packages", body, account)["package"]
        if number % 5 == 0:
            machine.call("DELETE", f"/resellers/v1/packages/{package['id']}", {}, account)
    packages: list[Any] = machine.find({})
    return packages


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
def test_random_filters_agree_with_the_oracle(
    machines: "Machines", monkeypatch: pytest.MonkeyPatch, common: int
) -> None:
    # With nothing counted as rare or few, the ways for many packages are taken.
    monkeypatch.setattr("wixreseller.emulator.paging._COMMON", common)
    monkeypatch.setattr("wixreseller.emulator.paging._FEW", common)
    machine = machines()
    packages = fill(machine)
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
