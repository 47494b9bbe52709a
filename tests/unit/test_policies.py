"""Keys are stable, and a package is compared with exactly what was asked for."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wixreseller import (
    BillingInfo,
    CycleUnit,
    Package,
    Product,
    ProductInstance,
    Status,
    derive_idempotency_key,
)
from wixreseller.reconcile import differences, is_dead

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
OTHER = "11111111-2222-3333-4444-555555555555"


def test_a_derived_key_never_changes() -> None:
    """Journals of earlier versions hold these keys: this value may never differ."""
    assert derive_idempotency_key("acc", "sub-42", None) == "f1c8138e-d98e-2f28-c397-1c5f075e6167"


@given(st.lists(st.none() | st.text()), st.lists(st.none() | st.text()))
def test_different_parts_give_different_keys(
    one: list[str | None], other: list[str | None]
) -> None:
    same_key = derive_idempotency_key(*one) == derive_idempotency_key(*other)

    assert (one == other) == same_key


PRODUCT = Product(
    catalog_product_id=GUID,
    country_code="BR",
    site_id=OTHER,
    billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
)
SAME = ProductInstance(
    instance_id=OTHER,
    catalog_product_id=GUID.upper(),
    country_code="BR",
    site_id=OTHER.upper(),
    billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
    status=Status.ENABLED,
)
FLOATING = attrs.evolve(SAME, site_id=None)


def package(*instances: ProductInstance) -> Package:
    return Package(id=GUID, product_instances=instances)


def test_a_package_as_asked_for_has_no_differences() -> None:
    assert differences(package(SAME), [PRODUCT]) == []


def test_instances_match_products_in_any_order() -> None:
    floating = attrs.evolve(PRODUCT, site_id=None)

    assert differences(package(FLOATING, SAME), [PRODUCT, floating]) == []


def test_what_the_order_leaves_open_may_be_anything() -> None:
    order = Product(catalog_product_id=GUID, country_code="BR")

    assert differences(package(SAME), [order]) == []


@pytest.mark.parametrize(
    ("instance", "word"),
    [
        (FLOATING, "site_id"),
        (attrs.evolve(SAME, country_code="DE"), "country_code"),
        (attrs.evolve(SAME, billing_info=BillingInfo.one_time()), "billing_info"),
        (attrs.evolve(SAME, catalog_product_id=OTHER), "no instance of"),
    ],
)
def test_a_difference_is_named(instance: ProductInstance, word: str) -> None:
    assert word in differences(package(instance), [PRODUCT])[0]


def test_an_instance_too_many_is_a_difference() -> None:
    (sentence,) = differences(package(SAME, SAME), [PRODUCT])

    assert "was not asked for" in sentence


@pytest.mark.parametrize(
    ("statuses", "dead"),
    [
        ([Status.CANCELED, Status.FAILED], True),
        ([Status.CANCELED, Status.PENDING], False),
        ([Status.AWAITING_ACTION], False),
        ([Status("NEW")], False),
    ],
)
def test_a_package_is_dead_when_nothing_of_it_can_live(statuses: list[Status], dead: bool) -> None:
    assert dead is is_dead(package(*(attrs.evolve(SAME, status=status) for status in statuses)))
