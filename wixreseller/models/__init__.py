"""Gather the values and open enums of the Resellers API."""

from __future__ import annotations

from wixreseller.models.enums import (
    BillingType,
    CycleUnit,
    ErrorCode,
    FailureCode,
    OpenEnum,
    Status,
)
from wixreseller.models.json import JSONObject, JSONValue
from wixreseller.models.values import (
    BillingInfo,
    CallMeta,
    CycleDuration,
    Failure,
    Package,
    Page,
    PagingMetadata,
    Product,
    ProductInstance,
)

__all__ = [
    "BillingInfo",
    "BillingType",
    "CallMeta",
    "CycleDuration",
    "CycleUnit",
    "ErrorCode",
    "Failure",
    "FailureCode",
    "JSONObject",
    "JSONValue",
    "OpenEnum",
    "Package",
    "Page",
    "PagingMetadata",
    "Product",
    "ProductInstance",
    "Status",
]
