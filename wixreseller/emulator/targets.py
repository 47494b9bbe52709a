"""Say what a request is about, before it is handled: for faults and the journal."""

from wixreseller.emulator.core import Core
from wixreseller.emulator.faults import Target
from wixreseller.emulator.jsonvalue import Json, JsonObject, loads
from wixreseller.emulator.messages import Request
from wixreseller.emulator.replies import Refusal
from wixreseller.emulator.routes import Match, find_route

_ACCOUNT_HEADER = "wix-account-id"


def target_of(core: Core, request: Request) -> Target:
    """Return what a request is about, whether or not it will be accepted."""
    match = match_of(request)
    return Target(
        operation=None if match is None else match.route.operation,
        account_id=account_of(request),
        external_ids=lambda: _named(request, match) | _owned(core, match),
    )


def account_of(request: Request) -> str:
    """Return the account that the header names, or nothing."""
    return request.headers.get(_ACCOUNT_HEADER, "").strip().lower()


def match_of(request: Request) -> Match | None:
    """Return the route of a request, if there is one."""
    try:
        return find_route(request.method, request.path)
    except Refusal:
        return None


def external_id_in(body: JsonObject) -> str | None:
    """Return the external id that the body of a create names."""
    name = body.get("externalId") or body.get("external_id")
    return name if isinstance(name, str) else None


def _named(request: Request, match: Match | None) -> frozenset[str]:
    named: set[str] = set()
    if match is not None and "externalId" in match.path:
        named.add(match.path["externalId"])
    try:
        body = loads(request.body or b"{}")
    except ValueError:
        return frozenset(named)
    if not isinstance(body, dict):
        return frozenset(named)
    external_id = external_id_in(body)
    if external_id is not None:
        named.add(external_id)
    query = body.get("query")
    if isinstance(query, dict):
        named |= _filtered(query.get("filter"))
    return frozenset(named)


def _filtered(condition: Json) -> set[str]:
    """Return the external ids that a filter asks for: bare, ``$eq``, ``$in``, also in ``$and``."""
    found: set[str] = set()
    if not isinstance(condition, dict):
        return found
    value = condition.get("externalId")
    if isinstance(value, dict):
        several = value.get("$in")
        wanted = several if isinstance(several, list) else [value.get("$eq")]
    else:
        wanted = [value]
    found |= {entry for entry in wanted if isinstance(entry, str)}
    parts = condition.get("$and")
    for part in parts if isinstance(parts, list) else []:
        found |= _filtered(part)
    return found


def _owned(core: Core, match: Match | None) -> frozenset[str]:
    """Return the external id of the package that a path names, or that holds the instance."""
    if match is None:
        return frozenset()
    store, path = core.store, match.path
    package_id = (path.get("id") or path.get("packageId") or "").lower()
    instance_id = path.get("instanceId", "").lower()
    rows = store.rows(
        "SELECT external_id FROM packages WHERE id = ? OR seq = "
        "(SELECT package_seq FROM instances WHERE id = ?)",
        (package_id, instance_id),
    )
    return frozenset(str(row[0]) for row in rows if row[0] is not None)
