"""Create packages: operation 1, and its deprecated forerunner."""

import attrs

from wixreseller.emulator import events, lifecycle, rules
from wixreseller.emulator.core import Call, Core
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.idempotency import run_once
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.orders import CreateOrder, ProductOrder, read_create
from wixreseller.emulator.records import Billing, Instance, Package, Product
from wixreseller.emulator.render import render_package


@attrs.frozen
class _Line:
    order: ProductOrder
    product: Product
    billing: Billing


def create_package(core: Core, call: Call) -> JsonObject:
    """Create a package for the account in the header; every product names its country."""
    return run_once(core, call, lambda: _create(core, call, country_required=True))


def create_package_v1(core: Core, call: Call) -> JsonObject:
    """Create a package the old way, where ``countryCode`` is optional."""
    return run_once(core, call, lambda: _create(core, call, country_required=False))


def _create(core: Core, call: Call, *, country_required: bool) -> JsonObject:
    both = core.settings.external_id_names == "both"
    order = read_create(
        Fields(call.body),
        country_required=country_required and core.settings.country_required,
        names=("externalId", "external_id") if both else ("externalId",),
    )
    lines = _check(core, call, order)
    now_ms = core.clock.milliseconds()
    package = core.store.add_package(
        Package(
            seq=0,
            id=core.store.new_id("package"),
            account_id=call.account_id,
            root_id=call.root_id,
            external_id=order.external_id,
            created_ms=now_ms,
            updated_ms=now_ms,
            instances=tuple(
                _instance(core, line, position, now_ms) for position, line in enumerate(lines)
            ),
        )
    )
    shown = render_package(package, core.settings)
    events.record(core, "created", shown)
    return {"package": shown}


def _check(core: Core, call: Call, order: CreateOrder) -> list[_Line]:
    products = [rules.find_product(core, line.product_id) for line in order.products]
    for line in order.products:
        if line.site_id is not None:
            rules.find_site(core, line.site_id, call.account_id)
    references = [line.reference_id for line in order.products if line.reference_id is not None]
    rules.check_references(core, references, call.account_id)
    lines = [
        _Line(line, product, rules.choose_billing(core, product, line.billing))
        for line, product in zip(order.products, products, strict=True)
    ]
    for product in {product.id: product for product in products}.values():
        more = sum(other.id == product.id for other in products)
        rules.check_limit(core, product, call.account_id, more)
    rules.check_sites(
        core,
        [
            rules.Placement(line.product, line.order.site_id)
            for line in lines
            if line.order.site_id is not None
        ],
    )
    return lines


def _instance(core: Core, line: _Line, position: int, now_ms: int) -> Instance:
    cycle = line.billing.cycle
    instance = Instance(
        id=core.store.new_id("instance"),
        package_seq=0,
        position=position,
        site_id=line.order.site_id,
        product_id=line.product.id,
        status="PENDING",
        failure_code=None,
        failure_message=None,
        billing_type=line.billing.type,
        cycle_unit=None if cycle is None else cycle.unit,
        cycle_count=None if cycle is None else cycle.count,
        country_code=line.order.country_code,
        discount_code=line.order.discount_code,
        reference_id=line.order.reference_id,
        expires_ms=lifecycle.expiry(core, line.billing, now_ms),
        created_ms=now_ms,
        updated_ms=now_ms,
        due_ms=None,
        due_status=None,
        due_failure_code=None,
    )
    return lifecycle.deliver(core, instance, line.product)
