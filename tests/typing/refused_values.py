"""Type checkers refuse what a value cannot be: each ignored line must be an error to both.

Checked by mypy and pyright, which report an ignore that is not needed; never run.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from wixreseller import BillingInfo, CycleDuration, CycleUnit, Package, Product


def values_are_frozen(package: Package) -> None:
    package.external_id = "x"  # type: ignore[misc]
    package.extra["a"] = 1  # type: ignore[index]
    package.product_instances[0] = package.product_instances[1]  # type: ignore[index]


def values_are_made_by_keywords(package_id: str) -> None:
    Package(package_id)  # type: ignore[call-arg]
    Product(catalog_product_id=package_id)  # type: ignore[call-arg]
    Product(catalog_product_id=package_id, country_code=None)  # type: ignore[arg-type]
    CycleDuration(count=1)  # type: ignore[call-arg]
    CycleDuration(unit=CycleUnit.YEAR, count="1")  # type: ignore[arg-type]
    BillingInfo(type=1)  # type: ignore[arg-type]
    BillingInfo(extra={1: 2})  # type: ignore[dict-item]


def units_are_enums(count: int) -> None:
    BillingInfo.recurring(count, "YEAR")  # type: ignore[arg-type]
