"""Decide what may be bought and where it may go: the business rules of create, adjust and assign.

Codes and statuses are documented. Guesses: the order of the checks; that limits count the live
instances of one account; that ``onePerSite`` speaks of the type; ``data``; and, where the
documentation names no code for a case (references, and everything on assign), the nearest one.
"""

from collections.abc import Iterable

import attrs

from wixreseller.emulator.core import Core
from wixreseller.emulator.guid import is_guid
from wixreseller.emulator.orders import BillingOrder
from wixreseller.emulator.records import LIVE, Billing, Cycle, Instance, Product
from wixreseller.emulator.replies import Refusal, refuse

_LIVE_SQL = f"({', '.join(repr(status) for status in LIVE)})"


@attrs.frozen
class Placement:
    """Say which product is about to go to which site."""

    product: Product
    site_id: str


def find_product(core: Core, product_id: str) -> Product:
    """Return a product that can be sold, or refuse."""
    product = core.world.product(product_id)
    data = {"catalogProductId": product_id}
    if product is None and not is_guid(product_id):
        raise refuse(428, "INVALID_PRODUCTS", f"product {product_id} is not supported", data)
    if product is None:
        raise refuse(404, "PRODUCT_NOT_FOUND", f"product {product_id} was not found", data)
    if not (product.cycles or product.one_time or product.takes_any_cycle):
        raise refuse(
            428,
            "PRODUCT_SETTINGS_NOT_FOUND",
            f"the settings of product {product_id} were not found",
            data,
        )
    return product


def find_site(core: Core, site_id: str, account_id: str) -> None:
    """Refuse a site that is missing or of another account: one answer for both (documented)."""
    if not core.world.has_site(site_id, account_id):
        raise refuse(404, "SITE_NOT_FOUND", f"site {site_id} was not found", {"siteId": site_id})


def choose_billing(core: Core, product: Product, asked: BillingOrder | None) -> Billing:
    """Return the billing that a purchase gets; without a choice to make, none need be given."""
    if asked is None:
        ways = [Billing("RECURRING", cycle) for cycle in product.cycles]
        if product.takes_any_cycle:
            ways = [Billing("RECURRING", Cycle("MONTH", 1))]
        elif product.one_time:
            ways.append(Billing("ONE_TIME"))
        if len(ways) > 1:
            raise _cycle_refusal("MISSING_BILLING_CYCLE", product)
        return ways[0]
    if asked.type == "ONE_TIME":
        if not product.one_time:
            raise _cycle_refusal("INCOMPATIBLE_BILLING_CYCLE", product)
        return Billing("ONE_TIME")
    if asked.unit is None:
        if len(product.cycles) != 1:
            raise _cycle_refusal("MISSING_BILLING_CYCLE", product)
        return Billing("RECURRING", product.cycles[0])
    cycle = Cycle(asked.unit, asked.count)
    if product.takes_any_cycle or cycle in product.cycles:
        return Billing("RECURRING", cycle)
    known = core.world.knows_cycle(cycle)
    raise _cycle_refusal(
        "INCOMPATIBLE_BILLING_CYCLE" if known else "INVALID_BILLING_CYCLE", product, cycle
    )


def supports(product: Product, billing: Billing) -> bool:
    """Tell whether a product can be paid for in this way."""
    if billing.cycle is None:
        return product.one_time
    return product.takes_any_cycle or billing.cycle in product.cycles


def check_limit(core: Core, product: Product, account_id: str, more: int) -> None:
    """Refuse when ``more`` instances of a product would be too many for the account."""
    if product.limit is None:
        return
    (row,) = core.store.rows(
        "SELECT count(*) FROM instances i JOIN packages p ON p.seq = i.package_seq "  # noqa: S608
        f"WHERE i.product_id = ? AND i.status IN {_LIVE_SQL} AND p.account_id = ?",
        (product.id, account_id),
    )
    if int(str(row[0])) + more > product.limit:
        raise refuse(
            428,
            "PRODUCT_LIMIT_EXCEEDED",
            f"product {product.id} is limited to {product.limit} for an account",
            {"catalogProductId": product.id, "limit": product.limit},
        )


def check_sites(
    core: Core, placements: Iterable[Placement], moving: Instance | None = None
) -> None:
    """Refuse products that a site cannot take; ``moving`` is left out of what is there."""
    arriving: dict[str, list[Product]] = {}
    for placement in placements:
        arriving.setdefault(placement.site_id, []).append(placement.product)
    for site_id, products in arriving.items():
        there = _types_on_site(core, site_id, moving)
        for index, product in enumerate(products):
            others = [other.type for other in products[:index] + products[index + 1 :]]
            if product.one_per_site and product.type in others:
                raise _site_refusal("MULTIPLE_PRODUCT_ASSIGNMENTS", product, site_id)
            if product.one_per_site and product.type in there:
                raise _site_refusal("PRODUCT_TYPE_ALREADY_ASSIGNED", product, site_id)
            needed = product.requires_type
            if needed is not None and needed not in there and needed not in others:
                raise _site_refusal("PRODUCT_NOT_SUPPORTED_ON_SITE", product, site_id)


def check_references(core: Core, reference_ids: Iterable[str], account_id: str) -> None:
    """Refuse references that are missing, of another account, over, or used before."""
    used: set[str] = set()
    for reference_id in reference_ids:
        data = {"referenceProductInstanceId": reference_id}
        instance = core.store.instance(reference_id)
        if instance is None or owner_of(core, instance) != account_id:
            raise refuse(
                428,
                "PRODUCT_INSTANCE_NOT_FOUND",
                f"product instance {reference_id} was not found",
                data,
            )
        if instance.status not in ("PENDING", "ENABLED"):
            raise refuse(
                428,
                "INCOMPATIBLE_PRODUCT_INSTANCE_STATUS",
                f"product instance {reference_id} has status {instance.status}",
                {**data, "status": instance.status},
            )
        taken = core.store.exists("SELECT 1 FROM instances WHERE reference_id = ?", (reference_id,))
        if taken or reference_id in used:
            raise refuse(
                428,
                "FAILED_PRECONDITION",
                f"product instance {reference_id} has served as a reference before",
                data,
            )
        used.add(reference_id)


def owner_of(core: Core, instance: Instance) -> str:
    """Return the account that an instance belongs to."""
    return core.store.package_by_seq(instance.package_seq).account_id


def _types_on_site(core: Core, site_id: str, leaving_out: Instance | None) -> set[str]:
    rows = core.store.rows(
        "SELECT DISTINCT c.type FROM instances i JOIN products c ON c.id = i.product_id "  # noqa: S608
        f"WHERE i.site_id = ? AND i.status IN {_LIVE_SQL} AND i.id IS NOT ?",
        (site_id, None if leaving_out is None else leaving_out.id),
    )
    return {str(row[0]) for row in rows}


def _cycle_refusal(code: str, product: Product, cycle: Cycle | None = None) -> Refusal:
    if cycle is None:
        text = f"product {product.id} needs a billing cycle of its own"
    else:
        text = f"product {product.id} is not sold for {cycle.count} {cycle.unit}"
    return refuse(428, code, text, {"catalogProductId": product.id})


def _site_refusal(code: str, product: Product, site_id: str) -> Refusal:
    texts = {
        "MULTIPLE_PRODUCT_ASSIGNMENTS": "several products of type {} cannot go to site {} together",
        "PRODUCT_TYPE_ALREADY_ASSIGNED": "a product of type {} is already on site {}",
        "PRODUCT_NOT_SUPPORTED_ON_SITE": "a product of type {} is not supported on site {}",
    }
    return refuse(
        428,
        code,
        texts[code].format(product.type, site_id),
        {"catalogProductId": product.id, "siteId": site_id},
    )
