"""Values have the types that they say. Checked by mypy and pyright; never run."""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

from wixreseller import (
    AsyncClient,
    BillingInfo,
    BillingType,
    CallMeta,
    Client,
    CycleDuration,
    CycleUnit,
    Failure,
    FailureCode,
    Package,
    Page,
    PagingMetadata,
    Product,
    ProductInstance,
    Status,
)
from wixreseller.models import JSONObject


def packages_tell_their_parts(package: Package, page: Page) -> None:
    assert_type(package.id, str)
    assert_type(package.external_id, str | None)
    assert_type(package.product_instances, tuple[ProductInstance, ...])
    assert_type(package.enabled_instances, tuple[ProductInstance, ...])
    assert_type(package.floating_instances, tuple[ProductInstance, ...])
    assert_type(package.failed_instances, tuple[ProductInstance, ...])
    assert_type(package.created_date, datetime | None)
    assert_type(package.extra, JSONObject)
    assert_type(package.meta, CallMeta | None)
    assert_type(page.packages, tuple[Package, ...])
    assert_type(page.metadata, PagingMetadata)
    assert_type(page.metadata.next_cursor, str | None)
    assert_type([item for item in page], list[Package])  # noqa: C416  # that it iterates is the point


def instances_tell_their_state(instance: ProductInstance) -> None:
    assert_type(instance.instance_id, str)
    assert_type(instance.status, Status | None)
    assert_type(instance.is_floating, bool)
    assert_type(instance.is_settled, bool)
    assert_type(instance.failure, Failure | None)
    if instance.failure is not None:
        assert_type(instance.failure.code, FailureCode | None)
    if instance.billing_info is not None:
        assert_type(instance.billing_info.type, BillingType | None)
        assert_type(instance.billing_info.cycle_duration, CycleDuration | None)


def enums_are_strings(status: Status) -> None:
    assert_type(Status("BRAND_NEW"), Status)
    value: str = status.value
    assert_type(status.is_known, bool)
    text: str = status
    assert_type(status == text == value, bool)


def text_is_taken_for_an_enum() -> None:
    cycle = CycleDuration(unit="YEAR", count=1)
    assert_type(cycle.unit, CycleUnit)
    assert_type(BillingInfo(type="RECURRING", cycle_duration=cycle), BillingInfo)
    assert_type(BillingInfo.recurring(1, CycleUnit.YEAR).type, BillingType | None)
    assert_type(Product(catalog_product_id="x", country_code="BR", extra={"a": [1]}), Product)


async def both_faces_give_the_same_values(client: AsyncClient, blocking: Client) -> None:
    assert_type(await client.packages.get("x"), Package)
    assert_type(blocking.packages.get("x"), Package)
    assert_type(await client.product_instances.unassign_from_site("x"), Package)
    assert_type(blocking.product_instances.unassign_from_site("x"), Package)
