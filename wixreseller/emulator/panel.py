"""Turn the knobs: clock, settings, faults."""

from datetime import datetime

from wixreseller.emulator.clock import to_wire
from wixreseller.emulator.fault_rules import read_fault
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.parts import Parts
from wixreseller.emulator.ratelimit import RateLimit, RateLimitError
from wixreseller.emulator.replies import Violation, refuse, refuse_fields
from wixreseller.emulator.routes import ROUTES
from wixreseller.emulator.settings import Settings, SettingsError, describe_settings

_RATE_LIMIT = "rate_limit"
_OPERATIONS = tuple(route.operation for route in ROUTES)


def show_clock(parts: Parts) -> JsonObject:
    """Return what time it is, and whether it stands."""
    clock = parts.core.clock
    return {"now": to_wire(clock.milliseconds()), "frozen": clock.is_frozen}


def set_clock(parts: Parts, body: JsonObject) -> JsonObject:
    """Freeze, advance and resume the clock, in this order."""
    fields = Fields(body)
    names = ("freeze", "advance", "resume")
    fields.allow(names)
    if not any(fields.has(name) for name in names):
        fields.fault("freeze", "or advance or resume must be there", "REQUIRED_FIELD")
    freeze_at = _moment(fields)
    seconds = fields.number("advance")
    if body.get("resume") not in (None, True):
        fields.fault("resume", "must be true", "FORMAT")
    fields.settle()
    clock = parts.core.clock
    if freeze_at is not None:
        clock.freeze(freeze_at if isinstance(freeze_at, datetime) else None)
    if seconds is not None:
        clock.advance(seconds)
    if body.get("resume") is True:
        clock.resume()
    return show_clock(parts)


def _moment(fields: Fields) -> datetime | bool | None:
    given = fields.value.get("freeze")
    if given is None or given is True:
        return given
    try:
        moment = datetime.fromisoformat(given if isinstance(given, str) else "")
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        fields.fault("freeze", "must be true or a time like 2026-03-01T12:00:00Z", "FORMAT")
        return None
    return moment


def show_settings(parts: Parts) -> JsonObject:
    """Return every setting with its value and what there is to know about it."""
    limit = parts.limiter.limit
    shown: list[Json] = [
        {
            "name": _RATE_LIMIT,
            "value": "off" if limit is None else str(limit),
            "default": "200/60",
            "choices": [],
            "allowed": "N/SECONDS | off",
            "doc": "how many requests are allowed in how many seconds",
            "source": "documented",
        }
    ]
    for info in describe_settings():
        value: Json = getattr(parts.core.settings, info.name)
        choices: list[Json] = list(info.choices)
        shown.append(
            {
                "name": info.name,
                "value": value,
                "default": info.default,
                "choices": choices,
                "allowed": info.allowed,
                "doc": info.doc,
                "source": info.source,
            }
        )
    return {"settings": shown}


def change(parts: Parts, body: JsonObject) -> JsonObject:
    """Change settings, all of them or none; every wrong one is named."""
    values = dict(body)
    violations: list[Violation] = []
    limit = parts.limiter.limit
    if _RATE_LIMIT in values:
        given = values.pop(_RATE_LIMIT)
        try:
            limit = RateLimit.parse(given if isinstance(given, str) else "")
        except RateLimitError as error:
            violations.append(Violation(_RATE_LIMIT, str(error), "OTHER"))
    for name, value in values.items():
        try:
            Settings().with_values({name: value})
        except SettingsError as error:
            violations.append(Violation(name, str(error), "OTHER"))
    if violations:
        raise refuse_fields(violations)
    parts.core.settings = parts.core.settings.with_values(values)
    parts.limiter.limit = limit
    return show_settings(parts)


def show_faults(parts: Parts) -> JsonObject:
    """Return every fault with its counts."""
    shown: list[Json] = [placed.to_wire() for placed in parts.faults.all()]
    return {"faults": shown}


def add_fault(parts: Parts, body: JsonObject) -> JsonObject:
    """Add a fault behind those that are there."""
    return parts.faults.add(read_fault(body, _OPERATIONS)).to_wire()


def remove_fault(parts: Parts, fault_id: str) -> JsonObject:
    """Remove one fault."""
    if not parts.faults.remove(fault_id):
        raise refuse(404, "NOT_FOUND", f"there is no fault {fault_id}", {"id": fault_id})
    return {"removed": 1}
