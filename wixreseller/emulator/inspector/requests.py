"""List the journal for people: newest first, filtered, a page at a time, without the bodies."""

from collections.abc import Iterable, Mapping
from itertools import islice

import attrs

from wixreseller.emulator.fields import Fields
from wixreseller.emulator.inspector.snippets import as_curl, as_python
from wixreseller.emulator.journal import Entry, Journal
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.replies import refuse

MOST = 200
_STATUSES = ("2xx", "3xx", "4xx", "5xx", "429", "none")
_KINDS = ("fault", "replayed", "committed")


@attrs.frozen(kw_only=True)
class _Wanted:
    """Say which entries are asked for; ``None`` takes all."""

    operation: str | None
    status: str | None
    account_id: str | None
    kind: str | None
    text: bytes | None

    def takes(self, entry: Entry) -> bool:
        """Tell whether an entry is one of them; what costs most is asked last."""
        return (
            self.operation in (None, entry.trace.operation)
            and (self.status is None or _has_status(entry, self.status))
            and (self.kind is None or _is(entry, self.kind))
            and self.account_id in (None, entry.account_id)
            and (self.text is None or _holds(entry, self.text))
        )


def list_requests(journal: Journal, query: Mapping[str, str]) -> JsonObject:
    """Return a page of the journal, newest first, older than ``before``."""
    fields = _fields(query, "before", "limit")
    fields.allow(("before", "limit", "operation", "status", "account", "kind", "text"))
    text = fields.text("text", 200)
    wanted = _Wanted(
        operation=fields.text("operation"),
        status=fields.choice("status", _STATUSES),
        account_id=fields.guid("account"),
        kind=fields.choice("kind", _KINDS),
        text=None if text is None else text.lower().encode(),
    )
    before = fields.whole("before", 1, 2**53)
    limit = fields.whole("limit", 1, MOST) or MOST
    fields.settle()
    entries: Iterable[Entry] = journal.newest_first(before)
    found = list(islice(filter(wanted.takes, entries), limit + 1))
    shown: list[Json] = [entry.head_to_wire() for entry in found[:limit]]
    return {
        "requests": shown,
        "more": len(found) > limit,
        "last": journal.last,
        "kept": len(journal),
        "dropped": journal.dropped,
    }


def show_request(journal: Journal, number: str, address: str) -> JsonObject:
    """Return everything about one request, and how to send it again; ``address`` is ours."""
    entry = journal.entry(int(number)) if number.isascii() and number.isdigit() else None
    if entry is None:
        raise refuse(404, "NOT_FOUND", f"request {number} is not in the journal (any more)")
    wire = entry.to_wire()
    return {**wire, "curl": as_curl(wire, address), "python": as_python(wire, address)}


def _fields(query: Mapping[str, str], *numbers: str) -> Fields:
    """Read a query string, where numbers are texts and what is empty is absent."""
    given: JsonObject = {
        name: int(text) if name in numbers and text.isascii() and text.isdigit() else text
        for name, text in query.items()
        if text
    }
    return Fields(given)


def _has_status(entry: Entry, status: str) -> bool:
    if not entry.is_sent:
        return status == "none"
    sent = str(entry.answer.status)
    return sent == status or f"{sent[0]}xx" == status


def _is(entry: Entry, kind: str) -> bool:
    if kind == "fault":
        return entry.fault is not None
    return entry.trace.is_replayed if kind == "replayed" else entry.trace.is_committed


def _holds(entry: Entry, text: bytes) -> bool:
    """Look for a text wherever a request has one; the key's header is not looked at."""
    request, trace = entry.request, entry.trace
    line = f"{request.method} {request.path}?{request.raw_query} {trace.operation} "
    line += f"{trace.external_id} {trace.idempotency_key} {entry.request_id}"
    return (
        text in line.lower().encode()
        or text in request.body.lower()
        or text in entry.answer.body.lower()
    )
