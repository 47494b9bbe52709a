"""Write the journal's entry for a request that was answered, or was not."""

import attrs

from wixreseller.emulator.core import Trace
from wixreseller.emulator.faults import PlacedFault
from wixreseller.emulator.journal import (
    MOST_BODY_BYTES,
    Entry,
    redact_body,
    redact_headers,
    redact_text,
)
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.messages import Answer, Request
from wixreseller.emulator.targets import ACCOUNT_HEADER


@attrs.frozen(kw_only=True)
class Exchange:
    """Hold a request and its answer, with the time that they took."""

    number: int
    time_ms: int
    milliseconds: float
    request: Request
    answer: Answer


def entry_of(exchange: Exchange, trace: Trace, placed: PlacedFault | None) -> Entry:
    """Return the entry, without secrets and with no more of the bodies than is kept."""
    request, answer = exchange.request, exchange.answer
    key = _key(request)
    fault: JsonObject | None = None
    if placed is not None:
        fault = {"id": placed.id, "fault": placed.fault.kind}
    path = f"{request.path}?{request.raw_query}" if request.raw_query else request.path
    return Entry(
        number=exchange.number,
        time_ms=exchange.time_ms,
        method=request.method,
        path=redact_text(path, key),
        operation=trace.operation,
        account_id=request.headers.get(ACCOUNT_HEADER, "").strip().lower() or None,
        external_id=trace.external_id,
        is_deprecated=trace.is_deprecated,
        status=answer.status if answer.ending in ("whole", "truncate") else None,
        milliseconds=exchange.milliseconds,
        idempotency_key=trace.idempotency_key,
        is_replayed=trace.is_replayed,
        is_committed=trace.is_committed,
        request_id=answer.headers.get("X-Wix-Request-Id"),
        fault=fault,
        request_headers=redact_headers(request.headers, key),
        request_body=redact_body(request.body, key),
        response_headers=answer.headers,
        response_body=redact_body(answer.body, key),
        is_cut=max(len(request.body), len(answer.body)) > MOST_BODY_BYTES,
    )


def _key(request: Request) -> str:
    key = request.headers.get("Authorization", "").strip()
    return key[7:].strip() if key.lower().startswith("bearer ") else key
