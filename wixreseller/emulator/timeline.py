"""Remember what became of each package: what changed, when, and which request did it.

Unlike the events of ``events``, which are what Wix would send, this tells everything, external ids
and slow cancels included, and forgets nothing. A line stands there exactly if what it tells of was
committed. The times are the emulator's. Nothing of the API reads it: it is for people.
"""

from collections.abc import Sequence

import attrs

from wixreseller.emulator.clock import to_wire
from wixreseller.emulator.jsonvalue import Json, JsonObject, dumps, loads
from wixreseller.emulator.records import Instance
from wixreseller.emulator.views import SqlValue

ADD = (
    "INSERT INTO timeline (package_seq, at_ms, instance_id, changes, operation, request_id) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)

# What time is about to do to the instances of the table ``due``.
ADD_ALL_DUE = (
    "INSERT INTO timeline (package_seq, at_ms, instance_id, changes) "
    "SELECT i.package_seq, i.due_ms, i.id, json_patch(json_object('status', "
    "json_array(i.status, i.due_status)), CASE WHEN i.due_status = 'FAILED' "
    "THEN json_object('failure', json_array(NULL, i.due_failure_code)) ELSE '{}' END) "
    "FROM due JOIN instances i ON i.package_seq = due.package_seq AND i.due_ms = due.due_ms "
    "ORDER BY i.due_ms, i.package_seq, i.position"
)

# The fields of an instance that people look for, by their names in Wix's JSON.
_TOLD = {
    "status": "status",
    "site_id": "siteId",
    "product_id": "catalogProductId",
    "discount_code": "discountCode",
    "failure_code": "failure",
}


@attrs.frozen
class Cause:
    """Name the request that is being handled."""

    operation: str | None = None
    request_id: str | None = None

    def __str__(self) -> str:
        return f"{self.operation or ''} {self.request_id or ''}"

    @classmethod
    def parse(cls, text: str | None) -> "Cause":
        """Read what :meth:`__str__` wrote; a package of an older layout has nothing to read."""
        operation, _, request_id = (text or "").partition(" ")
        return cls(operation or None, request_id or None)


NOBODY = Cause()


def differences(old: Instance, new: Instance) -> JsonObject:
    """Return what changed as ``{field: [before, after]}``."""
    found: JsonObject = {}
    for column, name in _TOLD.items():
        before, after = getattr(old, column), getattr(new, column)
        if before != after:
            found[name] = [before, after]
    if old.billing != new.billing:
        found["billing"] = [_billing(old), _billing(new)]
    if new.due_status == "CANCELED" and new.due_ms not in (old.due_ms, new.expires_ms):
        found["cancelAt"] = [None, to_wire(new.due_ms or 0)]
    return found


def written(changes: JsonObject) -> str:
    """Return changes as they stand in the table."""
    return dumps(changes).decode()


def line_to_wire(row: Sequence[SqlValue]) -> JsonObject:
    """Return a row (at, instance id, changes, operation, request id) as JSON."""
    at_ms, instance_id, changes, operation, request_id = row
    read: Json = loads(str(changes))
    return {
        "time": to_wire(int(str(at_ms))),
        "instanceId": None if instance_id is None else str(instance_id),
        "changes": read,
        "operation": None if operation is None else str(operation),
        "requestId": None if request_id is None else str(request_id),
    }


def _billing(instance: Instance) -> str:
    if instance.cycle_unit is None:
        return instance.billing_type
    return f"{instance.billing_type} {instance.cycle_count} {instance.cycle_unit}"
