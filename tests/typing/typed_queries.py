"""What ``Q`` builds has the types that it says. Checked by mypy and pyright; never run."""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

from wixreseller import BillingType, CycleUnit, FailureCode, Filter, Q, Sort, Status
from wixreseller.models import JSONObject


def comparisons_are_filters(moment: datetime, ids: list[str]) -> None:
    assert_type(Q.id == "x", Filter)
    assert_type(Q.account_id != "x", Filter)
    assert_type(Q.external_id.in_(ids), Filter)
    assert_type(Q.external_id.in_(name for name in ids), Filter)
    assert_type(Q.external_id.exists(), Filter)
    assert_type(Q.external_id.exists(False), Filter)
    assert_type(Q.created_date == moment, Filter)
    assert_type(Q.created_date != moment, Filter)
    assert_type(Q.created_date > moment, Filter)
    assert_type(Q.created_date >= moment, Filter)
    assert_type(Q.updated_date < moment, Filter)
    assert_type(Q.updated_date <= moment, Filter)


def members_are_filters(moment: datetime, whole: JSONObject) -> None:
    instances = Q.product_instances
    assert_type(instances.has_some(whole), Filter)
    assert_type(instances.instance_id.has_some("x"), Filter)
    assert_type(instances.site_id.has_some("x", "y"), Filter)
    assert_type(instances.catalog_product_id.has_all("x"), Filter)
    assert_type(instances.status.has_some(Status.PENDING), Filter)
    assert_type(instances.status.has_some("BRAND_NEW", Status.FAILED), Filter)
    assert_type(instances.failure.has_some(whole), Filter)
    assert_type(instances.failure.code.has_all(FailureCode.UNKNOWN), Filter)
    assert_type(instances.failure.message.has_some("x"), Filter)
    assert_type(instances.billing_info.has_some(whole), Filter)
    assert_type(instances.billing_info.type.has_some(BillingType.ONE_TIME), Filter)
    assert_type(instances.billing_info.cycle_duration.has_some(whole), Filter)
    assert_type(instances.billing_info.cycle_duration.unit.has_some(CycleUnit.YEAR), Filter)
    assert_type(instances.billing_info.cycle_duration.count.has_some(1, 2), Filter)
    assert_type(instances.created_date.has_some(moment), Filter)
    assert_type(instances.updated_date.has_all(moment), Filter)
    assert_type(instances.country_code.has_some("BR"), Filter)


def filters_combine(one: Filter, other: Filter) -> None:
    assert_type(one & other, Filter)
    assert_type(one | other, Filter)
    assert_type(~one, Filter)
    assert_type(~(one & other) | (Q.id == "x"), Filter)
    assert_type(Filter({"id": "x"}) & one, Filter)
    assert_type(one == other, bool)
    assert_type(str(one), str)
    assert_type(one.as_json(), JSONObject)


def sorts_are_sorts() -> None:
    assert_type(Q.created_date.desc(), Sort)
    assert_type(Q.updated_date.asc(), Sort)
