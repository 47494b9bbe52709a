"""Values refuse what Wix would refuse, and compare, hash, copy and pickle by what they say."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from typing import Any, cast

import attrs
import pytest

from wixreseller import (
    BillingInfo,
    BillingType,
    CallMeta,
    CycleDuration,
    CycleUnit,
    ErrorCode,
    Failure,
    FailureCode,
    Package,
    Page,
    PagingMetadata,
    Product,
    ProductInstance,
    Status,
    errors,
)

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"

VALUES = [
    BillingInfo.one_time(),
    BillingInfo.recurring(1, CycleUnit.YEAR),
    CallMeta(status=200, request_id="r", attempts=2, waited=0.5, idempotency_key="k"),
    CycleDuration(unit=CycleUnit("FORTNIGHT"), count=3),
    Failure(code=FailureCode.DELIVERY_TIMEOUT, message="late"),
    Package(id=GUID, external_id="x", product_instances=(ProductInstance(instance_id=GUID),)),
    Page(packages=(Package(id=GUID),), metadata=PagingMetadata(next_cursor="c")),
    PagingMetadata(count=1, has_next=True),
    Product(catalog_product_id=GUID, country_code="BR", extra={"newKey": [1]}),
    ProductInstance(instance_id=GUID, status=Status.ENABLED),
    Status.PENDING,
    Status("BRAND_NEW"),
]


def wrong(value: object) -> Any:
    """Pass what a type checker would refuse."""
    return value


def nested(depth: int) -> dict[str, object]:
    inner: dict[str, object] = {}
    for _ in range(depth):
        inner = {"a": inner}
    return inner


def pickled(value: object) -> object:
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # pickled a moment ago


DUPLICATES: list[Callable[[object], object]] = [copy.copy, copy.deepcopy, pickled]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("duplicate", DUPLICATES)
def test_a_value_survives_copying_and_pickling(
    value: object, duplicate: Callable[[object], object]
) -> None:
    again = duplicate(value)

    assert (value, hash(value), type(value)) == (again, hash(again), type(again))


def test_extra_and_meta_take_no_part_in_equality_and_hash() -> None:
    plain = Package(id=GUID)
    told = Package(id=GUID, extra={"a": 1}, meta=CallMeta(status=200))

    assert plain == told
    assert hash(plain) == hash(told)


@pytest.mark.parametrize("enum", [Status, FailureCode, BillingType, CycleUnit, ErrorCode])
def test_an_unknown_enum_value_is_kept_and_equals_its_string(enum: type[Status]) -> None:
    value = enum("BRAND_NEW")

    text: str = value
    assert ["BRAND_NEW"] * 3 == [text, value.value, str(value)]
    assert hash("BRAND_NEW") == hash(value)
    assert not value.is_known


@pytest.mark.parametrize("enum", [Status, FailureCode, BillingType, CycleUnit, ErrorCode])
def test_every_listed_enum_value_is_known_and_itself(enum: type[Status]) -> None:
    for member in enum:
        assert member.is_known
        assert member is enum(member.value)


@pytest.mark.parametrize(
    ("make", "field", "allowed"),
    [
        (lambda: Product(catalog_product_id="7", country_code="BR"), "catalog_product_id", "GUID"),
        (lambda: Product(catalog_product_id=GUID, country_code="UK"), "country_code", "GB?"),
        (lambda: Product(catalog_product_id=GUID, country_code="br"), "country_code", "BR?"),
        (lambda: Product(catalog_product_id=GUID, country_code="Brazil"), "country_code", "BR?"),
        (lambda: Product(catalog_product_id=GUID, country_code="ZZ"), "country_code", "3166"),
        (
            lambda: Product(catalog_product_id=GUID, country_code="BR", site_id="home"),
            "site_id",
            "GUID",
        ),
        (
            lambda: Product(catalog_product_id=GUID, country_code="BR", discount_code="x" * 26),
            "discount_code",
            "25",
        ),
        (
            lambda: Product(
                catalog_product_id=GUID, country_code="BR", reference_product_instance_id="x"
            ),
            "reference_product_instance_id",
            "GUID",
        ),
        (lambda: BillingInfo.recurring(0, CycleUnit.DAY), "cycle_duration.count", "from 1"),
        (
            lambda: BillingInfo(type=BillingType.RECURRING),
            "billing_info.cycle_duration",
            "unit and a count",
        ),
        (
            lambda: BillingInfo(
                type=BillingType.ONE_TIME,
                cycle_duration=CycleDuration(unit=CycleUnit.DAY, count=1),
            ),
            "billing_info.cycle_duration",
            "no cycle_duration",
        ),
        (lambda: CycleDuration(unit=wrong(None), count=1), "cycle_duration.unit", "DAY, WEEK"),
        (lambda: CycleDuration(unit="", count=1), "cycle_duration.unit", "DAY, WEEK"),
        (lambda: CycleDuration(unit=wrong(7), count=1), "cycle_duration.unit", "not 7"),
        (lambda: CycleDuration(unit="DAY", count=wrong(True)), "cycle_duration.count", "not True"),
        (lambda: CycleDuration(unit="DAY", count=wrong(1.5)), "cycle_duration.count", "whole"),
        (lambda: CycleDuration(unit="DAY", count=2**31), "cycle_duration.count", "to 2147483647"),
        (lambda: BillingInfo(type=wrong(5)), "billing_info.type", "ONE_TIME, RECURRING"),
        (
            lambda: BillingInfo(type="RECURRING", cycle_duration=wrong({"unit": "DAY"})),
            "billing_info.cycle_duration",
            "CycleDuration",
        ),
        (
            lambda: Product(catalog_product_id=GUID, country_code="BR", discount_code="\ud800"),
            "discount_code",
            "surrogate",
        ),
        (
            lambda: Product(catalog_product_id=GUID, country_code="BR", billing_info=wrong("x")),
            "billing_info",
            "BillingInfo",
        ),
        *[
            (lambda extra=extra: Failure(extra=wrong(extra)), "extra", allowed)
            for extra, allowed in (
                (7, "mapping"),
                ({1: 2}, "no string"),
                ({"a": [{"b": set[int]()}]}, "extra.a[0].b"),
                ({"a": "\ud800"}, "JSON"),
                ({"a": 2**70}, "JSON"),
                (nested(300), "deeper"),
            )
        ],
    ],
)
def test_a_value_that_wix_would_refuse_names_its_field_and_what_is_allowed(
    make: Callable[[], object], field: str, allowed: str
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        make()

    assert field == caught.value.field
    assert allowed in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_page_is_a_collection_of_its_packages() -> None:
    page = Page(packages=(Package(id=GUID),))

    assert (1, [Package(id=GUID)]) == (len(page), list(page))


# --- extras -------------------------------------------------------------------------------------

CHANGES: list[Callable[[Any], object]] = [
    lambda extra: extra.__setitem__("b", 1),
    lambda extra: extra.__delitem__("a"),
    lambda extra: extra.update(b=1),
    lambda extra: extra.setdefault("b", 1),
    lambda extra: extra.pop("a"),
    lambda extra: extra.popitem(),
    lambda extra: extra.clear(),
    lambda extra: extra.__ior__({"b": 1}),
]


@pytest.mark.parametrize("change", CHANGES)
def test_extras_cannot_be_changed(change: Callable[[Any], object]) -> None:
    package = Package(id=GUID, extra={"a": 1})

    for extra in (package.extra, Package(id=GUID).extra, cast("Package", pickled(package)).extra):
        with pytest.raises(TypeError, match="cannot be changed"):
            change(extra)
    assert ({"a": 1}, {}) == (package.extra, Package(id=GUID).extra)


def test_extras_do_not_follow_the_dict_that_was_passed() -> None:
    mine: dict[str, Any] = {"a": 1}
    package = Package(id=GUID, extra=mine)
    mine["b"] = 2

    assert {"a": 1} == package.extra


def test_extras_are_a_dict_to_whoever_writes_json() -> None:
    assert '{"a": [1]}' == json.dumps(Package(id=GUID, extra={"a": [1]}).extra)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_value_that_wix_sends_has_extras_and_is_frozen(value: object) -> None:
    if isinstance(value, (Status, CallMeta)):
        return
    extra: object = getattr(value, "extra", None)
    assert isinstance(extra, Mapping)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        value.extra = {}  # type: ignore[attr-defined]  # that it is refused is what is tested
