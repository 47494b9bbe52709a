"""Values refuse what Wix would refuse, and compare, hash, copy and pickle by what they say."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

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
