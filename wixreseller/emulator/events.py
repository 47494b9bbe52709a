"""Log the events that Wix's schema knows, as a webhook would bring them.

Documented: the slugs, the entity and the names in the envelope. Wix sends none of them to resellers
today, so all the rest is a guess: which act has which event, the contents of ``bodyAsJson``, that
an external id that changes has none, that nothing is ever ``deleted``. The log is in the database,
so an event stands there exactly if what it tells of was committed. It holds the last 10,000.
"""

from wixreseller.emulator.clock import to_wire
from wixreseller.emulator.core import Core
from wixreseller.emulator.guid import derive_guid
from wixreseller.emulator.jsonvalue import Json, JsonObject, dumps, loads
from wixreseller.emulator.store import Store
from wixreseller.emulator.views import SqlValue

ENTITY = "wix.premium.reseller.v1.packages"
SLUGS = (
    "created",
    "deleted",
    "package_canceled",
    "product_instance_canceled",
    "product_instance_failed",
    "product_instance_updated",
    "assigned_product_instance_to_site",
    "unassigned_product_instance_from_site",
    "adjusted_product_instance_specifications",
)
MOST = 10_000

_EACH = 500


def record(core: Core, slug: str, package: Json, instance_id: str | None = None) -> None:
    """Log what a request did to a package, which is given as it was answered."""
    assert isinstance(package, dict)  # noqa: S101 # every answer holds one
    seq = core.store.insert(
        "INSERT INTO events (slug, package_id, instance_id, at_ms, package) VALUES (?, ?, ?, ?, ?)",
        (slug, str(package["id"]), instance_id, core.clock.milliseconds(), dumps(package)),
    )
    if seq % _EACH == 0:
        _forget(core.store, seq)


def record_all_due(store: Store) -> None:
    """Log what time is about to do to the instances of the table ``due``."""
    last = store.insert(
        "INSERT INTO events (slug, package_id, instance_id, at_ms, status, failure_code) "
        "SELECT CASE i.due_status WHEN 'FAILED' THEN 'product_instance_failed' "
        "ELSE 'product_instance_updated' END, p.id, i.id, i.due_ms, i.due_status, "
        "i.due_failure_code FROM due JOIN instances i ON i.package_seq = due.package_seq "
        "AND i.due_ms = due.due_ms JOIN packages p ON p.seq = i.package_seq "
        "ORDER BY i.due_ms, i.package_seq, i.position"
    )
    _forget(store, last)


def list_events(core: Core, since: int, limit: int, slug: str | None) -> list[JsonObject]:
    """Return the oldest ``limit`` events past a sequence number."""
    rows = core.store.rows(
        "SELECT seq, slug, package_id, instance_id, at_ms, status, failure_code, package "
        "FROM events WHERE seq > ? AND slug = coalesce(?, slug) ORDER BY seq LIMIT ?",
        (since, slug, limit),
    )
    return [_to_wire(core, row) for row in rows]


def last_event(core: Core) -> int:
    """Return the sequence number of the newest event, 0 if there is none."""
    ((last,),) = core.store.rows("SELECT coalesce(max(seq), 0) FROM events")
    return int(str(last))


def _forget(store: Store, last: int) -> None:
    store.execute("DELETE FROM events WHERE seq <= ?", (last - MOST,))


def _to_wire(core: Core, row: tuple[SqlValue, ...]) -> JsonObject:
    seq, slug, package_id, instance_id, at_ms, status, failure_code, package = row
    event: JsonObject = {
        "id": derive_guid(core.store.seed(), "event", str(seq)),
        "entityFqdn": ENTITY,
        "slug": str(slug),
        "entityId": str(package_id),
        "eventTime": to_wire(int(str(at_ms))),
        "triggeredByAnonymizeRequest": False,
        "originatedFrom": "",
        # 64-bit numbers are strings in Wix's JSON.
        "entityEventSequence": str(seq),
    }
    if slug == "created":
        entity = package.decode() if isinstance(package, bytes) else ""
        return {**event, "createdEvent": {"entityAsJson": entity}}
    body: JsonObject = {"packageId": str(package_id)}
    if instance_id is not None:
        body["instanceId"] = str(instance_id)
    if status is not None:
        body["status"] = str(status)
    if failure_code is not None:
        body["failureCode"] = str(failure_code)
    if isinstance(package, bytes):
        body["package"] = loads(package)
    return {**event, "actionEvent": {"bodyAsJson": dumps(body).decode()}}
