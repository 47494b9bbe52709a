"""Remember the last requests: what was asked, what was answered, what went wrong on purpose.

In memory only, and bounded. An entry is written out when somebody reads it, so that remembering
costs a request next to nothing; the API key is redacted then, wherever it stands.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from itertools import islice

import attrs

from wixreseller.emulator.clock import to_wire
from wixreseller.emulator.core import Trace
from wixreseller.emulator.jsonvalue import Json, JsonObject, loads
from wixreseller.emulator.messages import Answer, Request
from wixreseller.emulator.targets import account_of

MOST_ENTRIES = 10_000
MOST_BYTES = 32 * 1024 * 1024
MOST_BODY_BYTES = 64 * 1024

_REDACTED = "[redacted]"
_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie")
# Shorter ones would take ordinary words out of bodies, and are nobody's secret.
_SHORTEST_KEY = 8


@attrs.frozen(kw_only=True)
class Entry:
    """Hold one request and what became of it; its bodies are no longer than is kept."""

    number: int
    time_ms: int
    milliseconds: float
    request: Request = attrs.field(repr=False)
    answer: Answer = attrs.field(repr=False)
    trace: Trace
    fault: JsonObject | None
    is_cut: bool

    @property
    def size(self) -> int:
        """Return how many bytes the bodies have."""
        return len(self.request.body) + len(self.answer.body)

    @property
    def account_id(self) -> str | None:
        """Return the account that the header named."""
        return account_of(self.request) or None

    @property
    def is_sent(self) -> bool:
        """Tell whether anything was answered."""
        return self.answer.ending in ("whole", "truncate")

    @property
    def request_id(self) -> str | None:
        """Return the id that the request has here, also where its answer does not show it."""
        return self.trace.request_id or self.answer.headers.get("X-Wix-Request-Id")

    def to_wire(self) -> JsonObject:
        """Return the entry as the control plane lists it."""
        request, answer = self.request, self.answer
        key = _key(request)
        return {
            **self.head_to_wire(),
            "requestHeaders": _headers_to_wire(request.headers, key),
            "requestBody": _body_to_wire(request.body, key),
            "responseHeaders": _headers_to_wire(answer.headers, key) if self.is_sent else None,
            "responseBody": _body_to_wire(answer.body, key) if self.is_sent else None,
        }

    def head_to_wire(self) -> JsonObject:
        """Return the entry without headers and bodies."""
        request, answer, trace = self.request, self.answer, self.trace
        key = _key(request)
        path = f"{request.path}?{request.raw_query}" if request.raw_query else request.path
        return {
            "number": self.number,
            "time": to_wire(self.time_ms),
            "method": request.method,
            "path": _redact(path, key),
            "operation": trace.operation,
            "account": self.account_id,
            "externalId": trace.external_id or _external_id_in(request.body, key),
            "deprecated": trace.is_deprecated,
            "status": answer.status if self.is_sent else None,
            "milliseconds": self.milliseconds,
            "idempotencyKey": trace.idempotency_key,
            "replayed": trace.is_replayed,
            "committed": trace.is_committed,
            "requestId": answer.headers.get("X-Wix-Request-Id"),
            "fault": self.fault,
            "cut": self.is_cut,
        }


class Journal:
    """Keep the last entries, and number them from 1."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self.last: int = 0
        self.clearings: int = 0
        """How often everything was forgotten."""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dropped(self) -> int:
        """Return how many entries had to make room since the journal began."""
        return self._entries[0].number - 1 if self._entries else self.last

    def add(
        self,
        request: Request,
        answer: Answer,
        trace: Trace,
        fault: JsonObject | None,
        *,
        time_ms: int,
        milliseconds: float,
    ) -> None:
        """Append an entry."""
        self.last += 1
        is_cut = max(len(request.body), len(answer.body)) > MOST_BODY_BYTES
        if is_cut:
            request = attrs.evolve(request, body=request.body[:MOST_BODY_BYTES])
            answer = attrs.evolve(answer, body=answer.body[:MOST_BODY_BYTES])
        entry = Entry(
            number=self.last,
            time_ms=time_ms,
            milliseconds=milliseconds,
            request=request,
            answer=answer,
            trace=trace,
            fault=fault,
            is_cut=is_cut,
        )
        self._entries.append(entry)
        self._bytes += entry.size
        while len(self._entries) > MOST_ENTRIES or self._bytes > MOST_BYTES:
            self._bytes -= self._entries.popleft().size

    def since(
        self, number: int, limit: int, operation: str | None, account_id: str | None
    ) -> list[Entry]:
        """Return the oldest ``limit`` entries past a number, of one operation and account."""
        found = (
            entry
            for entry in self._entries
            if entry.number > number
            and operation in (None, entry.trace.operation)
            and account_id in (None, entry.account_id)
        )
        return list(islice(found, limit))

    def newest_first(self, before: int | None = None) -> Iterator[Entry]:
        """Give the entries below a number, or all of them."""
        entries = reversed(self._entries)
        if before is None:
            return entries
        return islice(entries, max(self.last + 1 - before, 0), None)

    def entry(self, number: int) -> Entry | None:
        """Return the entry of a number, if it is still there."""
        place = number - self.dropped - 1
        return self._entries[place] if 0 <= place < len(self._entries) else None

    def numbers(self, request_ids: Collection[str]) -> dict[str, int]:
        """Return the numbers of requests by their ids, of those that are still there."""
        return {
            entry.request_id: entry.number
            for entry in self._entries
            if entry.request_id is not None and entry.request_id in request_ids
        }

    def clear(self) -> int:
        """Forget everything, numbers included; return how many entries there were."""
        count = len(self._entries)
        self.clearings += 1
        self._entries.clear()
        self._bytes = self.last = 0
        return count


def _key(request: Request) -> str:
    key = request.headers.get("Authorization", "").strip()
    key = key[7:].strip() if key.lower().startswith("bearer ") else key
    return key if len(key) >= _SHORTEST_KEY else ""


def _redact(text: str, key: str) -> str:
    return text.replace(key, _REDACTED) if key else text


def _headers_to_wire(headers: Mapping[str, str], key: str) -> JsonObject:
    return {
        # Names of aiohttp's are strings of a kind of their own.
        str(name): _REDACTED if name.lower() in _SECRET_HEADERS else _redact(value, key)
        for name, value in headers.items()
    }


def _external_id_in(body: bytes, key: str) -> Json:
    # Most requests name none, and reading a body costs more than looking for a word in it.
    if b"xternal" not in body:
        return None
    read = _body_to_wire(body, key)
    return read.get("externalId") or read.get("external_id") if isinstance(read, dict) else None


def _body_to_wire(body: bytes, key: str) -> Json:
    if not body:
        return None
    text = _redact(body.decode("utf-8", "replace"), key)
    try:
        return loads(text)
    except ValueError:
        return text
