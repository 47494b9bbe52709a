"""Describe a page for msgspec: typed structs, which drop the keys that they do not know.

Enums are plain text, as msgspec refuses values that an enum does not list.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

__all__ = ["StructPage"]


class _Cycle(msgspec.Struct, rename="camel", frozen=True):
    unit: str
    count: int


class _Billing(msgspec.Struct, rename="camel", frozen=True):
    type: str | None = None
    cycle_duration: _Cycle | None = None


class _Failure(msgspec.Struct, rename="camel", frozen=True):
    code: str | None = None
    message: str | None = None


class _Instance(msgspec.Struct, rename="camel", frozen=True):
    instance_id: str
    catalog_product_id: str | None = None
    site_id: str | None = None
    status: str | None = None
    failure: _Failure | None = None
    billing_info: _Billing | None = None
    country_code: str | None = None
    discount_code: str | None = None
    reference_product_instance_id: str | None = None
    expiration_date: datetime | None = None
    created_date: datetime | None = None
    updated_date: datetime | None = None


class _Package(msgspec.Struct, rename="camel", frozen=True):
    id: str
    account_id: str | None = None
    external_id: str | None = None
    product_instances: tuple[_Instance, ...] = ()
    created_date: datetime | None = None
    updated_date: datetime | None = None
    parent_account_id: str | None = None


class StructPage(msgspec.Struct, rename="camel", frozen=True):
    """Hold a page."""

    packages: tuple[_Package, ...] = ()
    metadata: dict[str, Any] = {}
