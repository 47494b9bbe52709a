"""Write packages and instances as Wix shows them."""

from wixreseller.emulator.clock import to_wire
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.records import Instance, Package
from wixreseller.emulator.settings import Settings


def render_package(package: Package, settings: Settings) -> JsonObject:
    """Return a package as JSON; what is absent is left out."""
    instances: list[Json] = [render_instance(i, settings) for i in package.instances]
    wire: JsonObject = {
        "id": package.id,
        "accountId": package.account_id,
        "externalId": package.external_id,
        "productInstances": instances,
        "createdDate": to_wire(package.created_ms),
        "updatedDate": to_wire(package.updated_ms),
        "parentAccountId": package.root_id,
    }
    return _present(wire)


def render_instance(instance: Instance, settings: Settings) -> JsonObject:
    """Return an instance as JSON; what is absent is left out."""
    billing: JsonObject = {"type": instance.billing_type}
    if instance.cycle_unit is not None:
        billing["cycleDuration"] = {"count": instance.cycle_count, "unit": instance.cycle_unit}
    failure: JsonObject | None = None
    if instance.failure_code is not None:
        failure = {"code": instance.failure_code, "message": instance.failure_message}
    expires = instance.expires_ms
    wire: JsonObject = {
        "instanceId": instance.id,
        "siteId": instance.site_id,
        "catalogProductId": instance.product_id,
        "status": settings.usable_status if instance.status == "ENABLED" else instance.status,
        "failure": failure,
        **_billing(billing, settings.billing_key),
        "countryCode": instance.country_code,
        "discountCode": instance.discount_code,
        "referenceProductInstanceId": instance.reference_id,
        "expirationDate": None if expires is None else to_wire(expires),
        "createdDate": to_wire(instance.created_ms),
        "updatedDate": to_wire(instance.updated_ms),
    }
    return _present(wire)


def _billing(billing: JsonObject, key: str) -> JsonObject:
    if key == "contractDetails":
        return {"contractDetails": {"billingInfo": billing}}
    return {key: billing}


def _present(wire: JsonObject) -> JsonObject:
    return {name: value for name, value in wire.items() if value is not None}


def project(package: JsonObject, paths: list[str]) -> JsonObject:
    """Return only the named paths of a package; a path to an object keeps all of it."""
    if not paths:
        return package
    tree: dict[str, list[str]] = {}
    for path in paths:
        head, _, rest = path.partition(".")
        tree.setdefault(head, []).append(rest)
    kept: JsonObject = {}
    for name, rests in tree.items():
        if name in package:
            kept[name] = _project_value(package[name], [] if "" in rests else rests)
    return kept


def _project_value(value: Json, paths: list[str]) -> Json:
    if not paths:
        return value
    if isinstance(value, list):
        return [_project_value(entry, paths) for entry in value]
    return project(value, paths) if isinstance(value, dict) else value
