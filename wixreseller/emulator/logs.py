"""Show what happened: the request journal and the event log."""

from collections.abc import Mapping

from wixreseller.emulator import events, lifecycle
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.parts import Parts

_MOST = 10_000


def show_requests(parts: Parts, query: Mapping[str, str]) -> JsonObject:
    """Return a part of the journal, oldest first."""
    fields = _query(query, "operation", "account")
    since, limit = _range(fields)
    operation, account_id = fields.text("operation"), fields.guid("account")
    fields.settle()
    journal = parts.journal
    found: list[Json] = [
        entry.to_wire() for entry in journal.since(since, limit, operation, account_id)
    ]
    return {
        "requests": found,
        "last": journal.last,
        "dropped": journal.dropped,
        "kept": len(journal),
    }


def show_events(parts: Parts, query: Mapping[str, str]) -> JsonObject:
    """Return a part of the event log, oldest first."""
    fields = _query(query, "slug")
    since, limit = _range(fields)
    slug = fields.choice("slug", events.SLUGS)
    fields.settle()
    core = parts.core
    with core.store.transaction():
        # Time may have done its part since the last request.
        lifecycle.settle(core)
        found: list[Json] = list(events.list_events(core, since, limit, slug))
        return {"events": found, "last": events.last_event(core)}


def _query(query: Mapping[str, str], *names: str) -> Fields:
    given: JsonObject = {}
    for name, text in query.items():
        is_number = name in ("since", "limit") and text.isascii() and text.isdigit()
        given[name] = int(text) if is_number else text
    fields = Fields(given)
    fields.allow(("since", "limit", *names))
    return fields


def _range(fields: Fields) -> tuple[int, int]:
    since = fields.whole("since", 0, 2**53) or 0
    return since, fields.whole("limit", 1, _MOST) or _MOST
