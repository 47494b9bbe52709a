"""Read the rule of a fault, as the control plane takes it, and fill in what it leaves out."""

from collections.abc import Callable, Sequence
from functools import partial

import attrs

from wixreseller.emulator.faults import Fault, Reply
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.jsonvalue import Json, JsonObject, dumps, loads

MOST_STALE_SECONDS = 3600.0

_MATCH = ("fault", "operation", "account", "externalId", "nth", "times")
_ASSIGN = "assignProductInstanceToSite"
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_UNREADABLE = '{"package": {"id": "'


def read_fault(document: JsonObject, operations: Sequence[str]) -> Fault:
    """Return the fault that a rule describes; raise the refusal that names every wrong field."""
    fields = Fields(document)
    fields.require("fault")
    kind = fields.choice("fault", tuple(_KINDS))
    if kind is None:
        fields.settle()
    reader = _KINDS[kind or ""]
    fields.allow((*_MATCH, *reader.names))
    times = document.get("times", 1)
    fault = Fault(
        kind=kind or "",
        rule={},
        operation=fields.choice("operation", operations),
        account_id=fields.guid("account"),
        external_id=fields.text("externalId"),
        nth=fields.whole("nth", 1, 2**31 - 1) or 1,
        times=None if times is None else fields.whole("times", 1, 2**31 - 1) or 1,
    )
    fault = reader.read(fields, fault)
    if "when" in reader.names:
        can_be_half_way = fault.operation == _ASSIGN and kind != "delay"
        whens = ("before_commit", "after_commit", *(("half_way",) if can_be_half_way else ()))
        fault = attrs.evolve(fault, when=fields.choice("when", whens) or reader.when)
    else:
        fault = attrs.evolve(fault, when=reader.when)
    fields.settle()
    return attrs.evolve(fault, rule=_rule(document, fault, reader))


@attrs.frozen
class _Kind:
    """Say what a kind of fault takes besides what it matches, and when it strikes by itself."""

    names: tuple[str, ...]
    when: str
    read: Callable[[Fields, Fault], Fault]


def _rule(document: JsonObject, fault: Fault, kind: _Kind) -> JsonObject:
    given = {name: document.get(name) for name in kind.names if name in document}
    rule: JsonObject = {
        "fault": fault.kind,
        "operation": fault.operation,
        "account": fault.account_id,
        "externalId": fault.external_id,
        "nth": fault.nth,
        "times": fault.times,
        **given,
    }
    if "when" in kind.names:
        rule["when"] = fault.when
    if "seconds" in kind.names:
        rule["seconds"] = fault.seconds
    return rule


def _nothing(_: Fields, fault: Fault) -> Fault:
    return fault


def _fixed(reply: Reply, _: Fields, fault: Fault) -> Fault:
    return attrs.evolve(fault, reply=reply)


def _status(fields: Fields, fault: Fault) -> Fault:
    if fields.value.get("status") is None:
        fields.fault("status", "must not be empty", "REQUIRED_FIELD")
    status = fields.whole("status", 400, 599) or 500
    headers = _headers(fields)
    body = fields.value["body"] if "body" in fields.value else _wix_body(fields, status)
    return attrs.evolve(fault, reply=Reply(status=status, body=dumps(body), headers=headers))


def _wix_body(fields: Fields, status: int) -> JsonObject:
    """Write what Wix would: a business rule, bad input, or the nothing of a system error."""
    message = fields.text("message") or ""
    code = fields.value.get("code")
    if code is not None and not isinstance(code, str | int):
        fields.fault("code", "must be a string or a whole number", "FORMAT")
    data = fields.child("data")
    violations: list[Json] = []
    lines: list[str] = []
    for entry in fields.children("fieldViolations", 0, 1000):
        entry.require("field")
        entry.require("description")
        violations.append(entry.value)
        lines.append(f"{entry.value.get('field')} {entry.value.get('description')}")
    if violations:
        if code is not None:
            fields.fault("code", "cannot be combined with fieldViolations", "ONE_OF_ALIGNMENT")
        return {
            "message": message or "\n".join(lines),
            "details": {"validationError": {"fieldViolations": violations}},
        }
    if code is None:
        return {"message": message, "details": {}}
    description = message or f"the emulator was told to answer {status}"
    error: JsonObject = {"code": code, "description": description}
    error["data"] = {} if data is None else data.value
    return {"message": description, "details": {"applicationError": error}}


def _headers(fields: Fields) -> dict[str, str]:
    given = fields.child("headers")
    headers: dict[str, str] = {}
    for name, value in ({} if given is None else given.value).items():
        text = value if isinstance(value, str) else ""
        if not isinstance(value, str) or any(ord(character) < 32 for character in name + text):
            fields.fault(f"headers.{name}", "must be a string of one line", "FORMAT")
        headers[name] = text
    return headers


def _redirect(fields: Fields, fault: Fault) -> Fault:
    fields.require("location")
    location = fields.passing("location", str.isprintable, "must be one line") or ""
    status = fields.whole("status", 300, 399) or 307
    reply = Reply(status=status, body=b"", headers={"Location": location}, content_type=None)
    return attrs.evolve(fault, reply=reply)


def _delay(fields: Fields, fault: Fault) -> Fault:
    if fields.value.get("seconds") is None:
        fields.fault("seconds", "must not be empty", "REQUIRED_FIELD")
    return attrs.evolve(fault, seconds=fields.number("seconds") or 0.0)


def _stale(fields: Fields, fault: Fault) -> Fault:
    seconds = fields.number("seconds", MOST_STALE_SECONDS)
    return attrs.evolve(fault, seconds=60.0 if seconds is None else seconds)


def _truncate(fields: Fields, fault: Fault) -> Fault:
    return attrs.evolve(fault, keep_bytes=fields.whole("bytes", 0, 2**31 - 1))


def _unreadable(fields: Fields, fault: Fault) -> Fault:
    text = fields.text("body") or _UNREADABLE
    if _is_json_object(text):
        fields.fault("body", "must not be a JSON object", "FORMAT")
    return attrs.evolve(fault, body=text.encode())


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(loads(text), dict)
    except ValueError:
        return False


_BAD_GATEWAY = Reply(status=502, body=_HTML, content_type="text/html")
_EMPTY = Reply(status=500, body=b"", content_type=None)
_STATUS_NAMES = ("status", "code", "message", "data", "fieldViolations", "headers", "body", "when")
_KINDS = {
    "status": _Kind(_STATUS_NAMES, "before_commit", _status),
    "delay": _Kind(("seconds", "when"), "after_commit", _delay),
    "drop_before_commit": _Kind((), "before_commit", _nothing),
    "drop_after_commit": _Kind((), "after_commit", _nothing),
    "truncate": _Kind(("bytes",), "after_commit", _truncate),
    "reset": _Kind(("when",), "before_commit", _nothing),
    "html_502": _Kind(("when",), "before_commit", partial(_fixed, _BAD_GATEWAY)),
    "empty_500": _Kind(("when",), "before_commit", partial(_fixed, _EMPTY)),
    "unreadable": _Kind(("body",), "after_commit", _unreadable),
    "strip_delete_body": _Kind((), "after_commit", _nothing),
    "redirect": _Kind(("location", "status", "when"), "before_commit", _redirect),
    "stale_read": _Kind(("seconds",), "after_commit", _stale),
}
