"""Remember what was answered under an idempotency key.

Nothing about keys is documented, so all of this is a guess, most of it switchable: a key belongs to
an account and an operation, only successes are remembered, for a day, and the same key with another
request is refused.
"""

import hashlib
from collections.abc import Callable

from wixreseller.emulator.core import Call, Core
from wixreseller.emulator.jsonvalue import Json, JsonObject, canonical, dumps, loads
from wixreseller.emulator.replies import Refusal, Violation, refuse, refuse_fields


def key_of(call: Call) -> str | None:
    """Return the key, from the body (documented) or else the query string (seen in Wix's code)."""
    key = call.body.get("idempotencyKey")
    if key is not None and not isinstance(key, str):
        raise refuse_fields([Violation("idempotencyKey", "must be a string", "FORMAT")])
    return key or call.query.get("idempotencyKey") or None


def run_once(core: Core, call: Call, act: Callable[[], JsonObject]) -> JsonObject:
    """Act, unless the key was seen before; then answer as the settings say. Echo the key."""
    key = key_of(call)
    if key is None:
        return act()
    call.trace.idempotency_key = key
    if core.settings.idempotency_mode == "ignore":
        return {"idempotencyKey": key, **act()}
    now_ms = core.clock.milliseconds()
    scope = {
        "operation": f"{call.account_id} {call.operation}",
        "account": call.account_id,
        "caller": call.key,
    }[core.settings.idempotency_scope]
    core.store.execute("DELETE FROM idempotency WHERE expires_ms <= ?", (now_ms,))
    rows = core.store.rows(
        "SELECT fingerprint, status, answer FROM idempotency WHERE scope = ? AND key = ?",
        (scope, key),
    )
    fingerprint = _fingerprint(call)
    if rows:
        return _seen(core, call, key, fingerprint, rows[0])
    status = 200
    answer: JsonObject = {}
    refusal: Refusal | None = None
    try:
        with core.store.attempt():
            answer, refusal = _act(key, act)
    except Refusal as error:
        refusal = error
    if refusal is not None:
        if not core.settings.idempotency_errors:
            raise refusal
        status = refusal.status
    expires_ms = now_ms + round(core.settings.idempotency_lifetime_seconds * 1000)
    core.store.execute(
        "INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
        (
            scope,
            key,
            fingerprint,
            status,
            dumps(answer if refusal is None else refusal.body),
            expires_ms,
        ),
    )
    if refusal is not None:
        # The record must be kept although the request is refused.
        refusal.keeps_changes = True
        raise refusal
    return answer


def _act(key: str, act: Callable[[], JsonObject]) -> tuple[JsonObject, Refusal | None]:
    """Act; a refusal that keeps its changes is returned, so that they are not undone."""
    try:
        return {"idempotencyKey": key, **act()}, None
    except Refusal as refusal:
        if not refusal.keeps_changes:
            raise
        return {}, refusal


def _seen(
    core: Core,
    call: Call,
    key: str,
    fingerprint: str,
    row: tuple[int | float | str | bytes | None, ...],
) -> JsonObject:
    settings = core.settings
    differs = row[0] != fingerprint
    if settings.idempotency_mode == "conflict" or (
        differs and settings.idempotency_mismatch == "conflict"
    ):
        text = f"idempotency key {key} was used before"
        if differs:
            text += " with another request"
        raise refuse(409, "ALREADY_EXISTS", text, {"idempotencyKey": key})
    call.trace.is_replayed = True
    answer = loads(row[2] if isinstance(row[2], bytes) else b"")
    assert isinstance(answer, dict)  # noqa: S101 # written above
    if row[1] != 200:
        raise Refusal(int(str(row[1])), answer)
    return answer


def _fingerprint(call: Call) -> str:
    body: JsonObject = {
        name: value
        for name, value in call.body.items()
        if name != "idempotencyKey" and name not in call.path
    }
    # GUIDs are the same in any case; an external id is not.
    path: JsonObject = {
        name: value if name == "externalId" else value.lower() for name, value in call.path.items()
    }
    request: Json = [call.account_id, call.operation, path, body]
    return hashlib.sha256(canonical(request)).hexdigest()
