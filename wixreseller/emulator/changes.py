"""Change what exists: operations 3 and 5 to 9.

Guesses: canceling what is canceled or failed already changes nothing and succeeds; so does
unassigning a floating instance; only live instances can be assigned, unassigned or adjusted.
"""

import attrs

from wixreseller.emulator import events, lifecycle, rules
from wixreseller.emulator.core import Call, Core
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.idempotency import run_once
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.orders import AdjustOrder, read_adjust
from wixreseller.emulator.ownership import find_instance, find_package, guid_in_path
from wixreseller.emulator.records import Billing, Instance
from wixreseller.emulator.render import render_package
from wixreseller.emulator.replies import Refusal, refuse
from wixreseller.emulator.rules import Placement

_UNASSIGNED = "unassigned_product_instance_from_site"
_REPEATABLE = ("id", "packageId", "instanceId", "siteId", "externalId", "external_id")


def cancel_package(core: Core, call: Call) -> JsonObject:
    """Cancel every live instance of a package."""
    _refuse_unknown(call)

    def act() -> JsonObject:
        package = find_package(core, call, "id")
        canceled = [_cancel(core, instance) for instance in package.instances]
        answer = _package(core, package.seq)
        if any(canceled):
            events.record(core, "package_canceled", answer["package"])
        return answer

    return run_once(core, call, act)


def cancel_instance(core: Core, call: Call) -> JsonObject:
    """Cancel one instance."""
    _refuse_unknown(call)

    def act() -> JsonObject:
        instance = find_instance(core, call)
        canceled = _cancel(core, instance)
        answer = _package(core, instance.package_seq)
        if canceled:
            events.record(core, "product_instance_canceled", answer["package"], instance.id)
        return answer

    return run_once(core, call, act)


def update_external_id(core: Core, call: Call) -> JsonObject:
    """Give a package another external id; the key of the answer is uncertain."""
    _refuse_unknown(call)
    package = find_package(core, call, "packageId")
    fields = Fields({"externalId": call.path["externalId"]})
    external_id = fields.text("externalId", 100)
    fields.settle()
    core.store.save_external_id(package, external_id or "", core.clock.milliseconds())
    return {core.settings.update_key: _package(core, package.seq)["package"]}


def assign_to_site(core: Core, call: Call) -> JsonObject:
    """Put an instance on a site, or move it there."""
    _refuse_unknown(call)

    def act() -> JsonObject:
        instance = find_instance(core, call)
        site_id = guid_in_path(call, "siteId")
        _require_live(instance)
        try:
            rules.find_site(core, site_id, call.account_id)
            product = rules.find_product(core, instance.product_id)
            rules.check_sites(core, [Placement(product, site_id)], moving=instance)
        except Refusal as refusal:
            if core.settings.failed_assign == "unassigns" and instance.site_id is not None:
                _save(core, attrs.evolve(instance, site_id=None), _UNASSIGNED)
                refusal.keeps_changes = True
            raise
        return _save(
            core, attrs.evolve(instance, site_id=site_id), "assigned_product_instance_to_site"
        )

    return run_once(core, call, act)


def leave_site(core: Core, call: Call) -> JsonObject:
    """Do the first half of a move to another site (documented as what a failure may leave)."""
    instance = find_instance(core, call)
    _require_live(instance)
    return _save(core, attrs.evolve(instance, site_id=None), _UNASSIGNED)


def unassign_from_site(core: Core, call: Call) -> JsonObject:
    """Make an instance float."""
    _refuse_unknown(call)

    def act() -> JsonObject:
        instance = find_instance(core, call)
        _require_live(instance)
        if instance.site_id is None:
            return _package(core, instance.package_seq)
        return _save(core, attrs.evolve(instance, site_id=None), _UNASSIGNED)

    return run_once(core, call, act)


def adjust(core: Core, call: Call) -> JsonObject:
    """Give an instance another product of its type, or another billing."""
    _refuse_unknown(call, "catalogProductId", "billingInfo", "discountCode")
    return run_once(core, call, lambda: _adjust(core, call))


def _adjust(core: Core, call: Call) -> JsonObject:
    order = read_adjust(Fields(call.body))
    instance_id = guid_in_path(call, "instanceId")
    instance = core.store.instance(instance_id)
    data = {"instanceId": instance_id}
    if instance is None or rules.owner_of(core, instance) != call.account_id:
        raise refuse(
            428,
            "PRODUCT_INSTANCE_NOT_FOUND",
            f"product instance {instance_id} was not found",
            {"instanceId": instance_id},
        )
    _require_details(order)
    if not instance.is_live or lifecycle.is_canceling(instance):
        raise refuse(
            428,
            "INCOMPATIBLE_PRODUCT_INSTANCE_STATUS",
            f"product instance {instance_id} has status {instance.status}",
            {**data, "status": instance.status},
        )
    adjusted = _adjusted(core, call, instance, order)
    return _save(core, adjusted, "adjusted_product_instance_specifications")


def _require_details(order: AdjustOrder) -> None:
    missing = []
    if order.product_id is None and order.billing is None:
        missing = ["catalogProductId", "billingInfo"]
    elif order.billing is not None and order.billing.type == "RECURRING":
        missing = ["cycleDuration"] if order.billing.unit is None else []
    if missing:
        raise refuse(
            428,
            "MISSING_PRODUCT_DETAILS",
            f"missing: {' or '.join(missing)}",
            {"missing": list(missing)},
        )


def _adjusted(core: Core, call: Call, instance: Instance, order: AdjustOrder) -> Instance:
    current = rules.find_product(core, instance.product_id)
    product = current
    if order.product_id is not None:
        product = rules.find_product(core, order.product_id)
    if product.type != current.type:
        raise refuse(
            428,
            "INCOMPATIBLE_PRODUCT",
            f"product {product.id} is of type {product.type}, not {current.type}",
            {"catalogProductId": product.id},
        )
    billing = instance.billing
    if order.billing is not None or not rules.supports(product, billing):
        billing = rules.choose_billing(core, product, order.billing)
    if product.id != current.id:
        rules.check_limit(core, product, call.account_id, 1)
        if instance.site_id is not None:
            rules.check_sites(core, [Placement(product, instance.site_id)], moving=instance)
    changed = attrs.evolve(instance, product_id=product.id)
    if order.product_id is not None and order.discount_code is not None:
        changed = attrs.evolve(changed, discount_code=order.discount_code)
    changed = _paid(core, changed, billing)
    if core.settings.adjust_sets_pending:
        return lifecycle.deliver(core, changed, product)
    if changed.status == "PENDING":
        return lifecycle.redirect(core, changed, product)
    return changed


def _paid(core: Core, instance: Instance, billing: Billing) -> Instance:
    """Return the instance with another billing, and the expiry that comes with it."""
    now_ms = core.clock.milliseconds()
    cycle = billing.cycle
    expires_ms = instance.expires_ms
    if billing != instance.billing:
        expires_ms = lifecycle.expiry(core, billing, now_ms)
    changed = attrs.evolve(
        instance,
        billing_type=billing.type,
        cycle_unit=None if cycle is None else cycle.unit,
        cycle_count=None if cycle is None else cycle.count,
        expires_ms=expires_ms,
        updated_ms=now_ms,
    )
    if instance.status not in ("ENABLED", "AWAITING_ACTION"):
        return changed
    # A delivered instance has nothing ahead of it but its expiry.
    due_status = None if expires_ms is None else "CANCELED"
    return attrs.evolve(changed, due_ms=expires_ms, due_status=due_status)


def _cancel(core: Core, instance: Instance) -> bool:
    if not instance.is_live or lifecycle.is_canceling(instance):
        return False
    core.store.save_instance(lifecycle.cancel(core, instance))
    return True


def _require_live(instance: Instance) -> None:
    if not instance.is_live:
        raise refuse(
            428,
            "FAILED_PRECONDITION",
            f"product instance {instance.id} has status {instance.status}",
            {"instanceId": instance.id, "status": instance.status},
        )


def _save(core: Core, instance: Instance, slug: str) -> JsonObject:
    core.store.save_instance(attrs.evolve(instance, updated_ms=core.clock.milliseconds()))
    answer = _package(core, instance.package_seq)
    events.record(core, slug, answer["package"], instance.id)
    return answer


def _package(core: Core, seq: int) -> JsonObject:
    return {"package": render_package(core.store.package_by_seq(seq), core.settings)}


def _refuse_unknown(call: Call, *names: str) -> None:
    fields = Fields(call.body)
    fields.allow((*_REPEATABLE, "idempotencyKey", *names))
    fields.settle()
