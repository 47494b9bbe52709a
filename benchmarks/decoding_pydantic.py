"""Describe a page for pydantic, as one would write it.

A model for each object, camelCase, frozen, extras kept, unknown values of enums tolerated.
"""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from wixreseller import BillingType, CycleUnit, FailureCode, Status

__all__ = ["PydanticPage"]


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="allow", frozen=True)


class _Cycle(_Model):
    unit: CycleUnit | str
    count: int


class _Billing(_Model):
    type: BillingType | str | None = None
    cycle_duration: _Cycle | None = None


class _Failure(_Model):
    code: FailureCode | str | None = None
    message: str | None = None


class _Instance(_Model):
    instance_id: str
    catalog_product_id: str | None = None
    site_id: str | None = None
    status: Status | str | None = None
    failure: _Failure | None = None
    billing_info: _Billing | None = None
    country_code: str | None = None
    discount_code: str | None = None
    reference_product_instance_id: str | None = None
    expiration_date: AwareDatetime | None = None
    created_date: AwareDatetime | None = None
    updated_date: AwareDatetime | None = None


class _Package(_Model):
    id: str
    account_id: str | None = None
    external_id: str | None = None
    product_instances: tuple[_Instance, ...] = ()
    created_date: AwareDatetime | None = None
    updated_date: AwareDatetime | None = None
    parent_account_id: str | None = None


class PydanticPage(_Model):
    """Hold a page."""

    packages: tuple[_Package, ...] = ()
    metadata: dict[str, Any]
