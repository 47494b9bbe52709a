"""Gather the values and open enums of the Resellers API, which are loaded when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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

_ENUMS: Final = ("BillingType", "CycleUnit", "ErrorCode", "FailureCode", "OpenEnum", "Status")
_JSON: Final = ("JSONObject", "JSONValue")


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "enums" if name in _ENUMS else "json" if name in _JSON else "values"
    value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
