"""Compare what exists with what was asked for."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from wixreseller.models import Package, Product, ProductInstance, Status

__all__ = ["Difference", "compare", "differences", "is_dead"]

_DEAD = frozenset({Status.CANCELED, Status.FAILED})


@attrs.frozen
class Difference:
    """Say how a package differs from what was asked for."""

    field: str
    """Name of the field; ``catalog_product_id`` where an instance is missing or was not asked for.
    """
    actual: object
    """What the field holds; ``None`` where the instance is missing."""
    text: str
    """The same as a sentence."""


def is_dead(package: Package) -> bool:
    """Say whether nothing of a package is left: all its instances are canceled or failed."""
    return all(instance.status in _DEAD for instance in package.product_instances)


def differences(package: Package, products: Sequence[Product]) -> list[str]:
    """Say, in sentences, how a package differs from the products it should hold; empty if not."""
    return [difference.text for difference in compare(package, products)]


def compare(package: Package, products: Sequence[Product]) -> list[Difference]:
    """Find how a package differs from the products it should hold; empty if not.

    Only what was asked for is compared: what the products leave open, Wix may have filled in. The
    discount code is left out, because an invalid one is dropped without a word. Instances are
    matched without regard to their order.
    """
    rest = list(package.product_instances)
    found: list[Difference] = []
    for number, product in enumerate(products):
        same_product = [
            item for item in rest if _same_id(item.catalog_product_id, product.catalog_product_id)
        ]
        if not same_product:
            text = f"products[{number}]: no instance of {product.catalog_product_id}"
            found.append(Difference("catalog_product_id", None, text))
            continue
        best = min(same_product, key=lambda item: len(_differing(item, product)))
        rest.remove(best)
        found += [
            Difference(name, actual, f"products[{number}].{name} is {actual}, asked for {wanted}")
            for name, wanted, actual in _differing(best, product)
        ]
    found += [
        Difference(
            "catalog_product_id",
            item.catalog_product_id,
            f"instance {item.instance_id} of {item.catalog_product_id} was not asked for",
        )
        for item in rest
    ]
    return found


def _differing(instance: ProductInstance, product: Product) -> list[tuple[str, object, object]]:
    pairs: list[tuple[str, object, object]] = [
        ("site_id", product.site_id, instance.site_id),
        ("country_code", product.country_code, instance.country_code),
        ("billing_info", product.billing_info, instance.billing_info),
        (
            "reference_product_instance_id",
            product.reference_product_instance_id,
            instance.reference_product_instance_id,
        ),
    ]
    return [
        (name, wanted, actual)
        for name, wanted, actual in pairs
        if wanted is not None and not _same(wanted, actual)
    ]


def _same(wanted: object, actual: object) -> bool:
    if isinstance(wanted, str) and isinstance(actual, str):
        return _same_id(wanted, actual)
    return wanted == actual


def _same_id(one: str | None, other: str | None) -> bool:
    """Compare ids: GUIDs are the same in capital and small letters."""
    return one is not None and other is not None and one.lower() == other.lower()
