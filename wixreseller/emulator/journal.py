"""Remember the last requests: what was asked, what was answered, what went wrong on purpose.

In memory only, and bounded. Keys are redacted before anything is kept.
"""

from collections import deque
from collections.abc import Mapping
from itertools import islice

import attrs

from wixreseller.emulator.clock import to_wire
from wixreseller.emulator.jsonvalue import Json, JsonObject, loads

MOST_ENTRIES = 1_000
MOST_BYTES = 16 * 1024 * 1024
MOST_BODY_BYTES = 64 * 1024

_REDACTED = "[redacted]"
_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie")
# Shorter ones would take ordinary words out of bodies.
_SHORTEST_KEY = 4


@attrs.frozen(kw_only=True)
class Entry:
    """Hold one request and what became of it; without an answer, ``status`` is ``None``.

    ``external_id`` is that of the path; one in the body is read when the entry is shown.
    """

    number: int
    time_ms: int
    method: str
    path: str
    operation: str | None
    account_id: str | None
    external_id: str | None
    is_deprecated: bool
    status: int | None
    milliseconds: float
    idempotency_key: str | None
    is_replayed: bool
    is_committed: bool
    request_id: str | None
    fault: JsonObject | None
    request_headers: Mapping[str, str]
    request_body: bytes
    response_headers: Mapping[str, str]
    response_body: bytes
    is_cut: bool

    def to_wire(self) -> JsonObject:
        """Return the entry as the control plane lists it."""
        asked = _body_to_wire(self.request_body)
        return {
            "number": self.number,
            "time": to_wire(self.time_ms),
            "method": self.method,
            "path": self.path,
            "operation": self.operation,
            "account": self.account_id,
            "externalId": self.external_id or _external_id_in(asked),
            "deprecated": self.is_deprecated,
            "status": self.status,
            "milliseconds": self.milliseconds,
            "idempotencyKey": self.idempotency_key,
            "replayed": self.is_replayed,
            "committed": self.is_committed,
            "requestId": self.request_id,
            "fault": self.fault,
            "requestHeaders": dict(self.request_headers),
            "requestBody": asked,
            "responseHeaders": None if self.status is None else dict(self.response_headers),
            "responseBody": None if self.status is None else _body_to_wire(self.response_body),
            "cut": self.is_cut,
        }


class Journal:
    """Keep the last entries, and number them from 1."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self.last = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dropped(self) -> int:
        """Return how many entries had to make room since the journal began."""
        return self._entries[0].number - 1 if self._entries else self.last

    def add(self, entry: Entry) -> None:
        """Append an entry; its number is the next one."""
        self.last = entry.number
        self._entries.append(entry)
        self._bytes += _size(entry)
        while len(self._entries) > MOST_ENTRIES or self._bytes > MOST_BYTES:
            self._bytes -= _size(self._entries.popleft())

    def since(
        self, number: int, limit: int, operation: str | None, account_id: str | None
    ) -> list[Entry]:
        """Return the oldest ``limit`` entries past a number, of one operation and account."""
        found = (
            entry
            for entry in self._entries
            if entry.number > number
            and operation in (None, entry.operation)
            and account_id in (None, entry.account_id)
        )
        return list(islice(found, limit))

    def clear(self) -> int:
        """Forget everything, numbers included; return how many entries there were."""
        count = len(self._entries)
        self._entries.clear()
        self._bytes = self.last = 0
        return count


def redact_headers(headers: Mapping[str, str], key: str) -> dict[str, str]:
    """Return headers without secrets: neither the headers made for them nor the key elsewhere."""
    shown = {
        # Names of aiohttp's are strings of a kind of their own.
        str(name): _REDACTED if name.lower() in _SECRET_HEADERS else value
        for name, value in headers.items()
    }
    if len(key) >= _SHORTEST_KEY:
        shown = {name: value.replace(key, _REDACTED) for name, value in shown.items()}
    return shown


def redact_text(text: str, key: str) -> str:
    """Return a text without the key."""
    return text.replace(key, _REDACTED) if len(key) >= _SHORTEST_KEY else text


def redact_body(body: bytes, key: str) -> bytes:
    """Return a body without the key, and no more of it than is kept."""
    if len(key) >= _SHORTEST_KEY:
        secret = key.encode("utf-8", "surrogateescape")
        if secret in body:
            body = body.replace(secret, _REDACTED.encode())
    return body[:MOST_BODY_BYTES]


def _size(entry: Entry) -> int:
    return len(entry.request_body) + len(entry.response_body)


def _external_id_in(body: Json) -> Json:
    return body.get("externalId") or body.get("external_id") if isinstance(body, dict) else None


def _body_to_wire(body: bytes) -> Json:
    if not body:
        return None
    try:
        return loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
