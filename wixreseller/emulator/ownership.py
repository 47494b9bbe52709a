"""Find what a path names, inside the account of the call.

Uncertain, and switchable: the status for a package that does not exist, and for one of another
account.
"""

from wixreseller.emulator.core import Call, Core
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.records import Instance, Package
from wixreseller.emulator.replies import Refusal, refuse


def guid_in_path(call: Call, name: str) -> str:
    """Return a path parameter that must be a GUID, in lower case."""
    fields = Fields({name: call.path[name]})
    guid = fields.guid(name)
    fields.settle()
    return guid or ""


def find_package(core: Core, call: Call, name: str) -> Package:
    """Return the package that the path parameter ``name`` names, as the call sees it."""
    package_id = guid_in_path(call, name)
    package = core.store.package(package_id, call.as_of_ms)
    if package is None:
        raise _missing(core, "package", package_id)
    if package.account_id != call.account_id:
        raise _foreign(core, "package", package_id)
    return package


def find_instance(core: Core, call: Call) -> Instance:
    """Return the instance that the path names."""
    instance_id = guid_in_path(call, "instanceId")
    instance = core.store.instance(instance_id)
    if instance is None:
        raise _missing(core, "product instance", instance_id)
    if core.store.package_by_seq(instance.package_seq).account_id != call.account_id:
        raise _foreign(core, "product instance", instance_id)
    return instance


def _missing(core: Core, kind: str, entity_id: str) -> Refusal:
    status = int(core.settings.unknown_package)
    code = core.settings.unknown_package_code
    return refuse(status, code, f"{kind} {entity_id} was not found", {"id": entity_id})


def _foreign(core: Core, kind: str, entity_id: str) -> Refusal:
    if core.settings.foreign_package == "403":
        return refuse(
            403,
            "PERMISSION_DENIED",
            f"{kind} {entity_id} belongs to another account",
            {"id": entity_id},
        )
    return _missing(core, kind, entity_id)
