"""Hold Wix's table of supported filters, and check a comparison against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, cast

import attrs

from wixreseller.errors import ConfigurationError
from wixreseller.models import JSONObject, JSONValue, checks

__all__ = [
    "DEEPEST",
    "FIELDS",
    "LOGICAL",
    "SORTABLE",
    "SPELT",
    "closest",
    "compared",
    "refused",
    "spec_of",
]

# Wix documents no limit; this one keeps Python's own stack safe.
DEEPEST: Final = 100
_LARGEST: Final = 2**63

_Check = Callable[[object, str], JSONValue]


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        hint = "; for a field that is not there use exists(False)" if value is None else ""
        raise refused(field, f"is compared with strings, not {checks.shorten(value)}{hint}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refused(field, "is compared with text that is no valid Unicode") from None
    return checks.plain(value)


def _date(value: object, field: str) -> str:
    """Write a moment as Wix does: UTC, with milliseconds."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime):
        raise refused(
            field,
            f"is compared with dates like 2026-01-02T03:04:05.678Z, not {checks.shorten(value)}",
        )
    if not checks.has_time_zone(moment):
        raise refused(
            field,
            f"is compared with dates that say their time zone, which {checks.shorten(value)} does "
            f"not: use datetime.now(UTC), or .astimezone() for local time",
        )
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise refused(field, f"is compared with a date out of range: {value}") from None
    precision = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def _whole(value: object, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= _LARGEST:
        raise refused(field, f"is compared with whole numbers, not {checks.shorten(value)}")
    return int(value)


def _object(value: object, field: str) -> JSONObject:
    if not isinstance(value, Mapping):
        raise refused(
            field,
            f"is compared with objects, {{name: value}} in Wix's words, "
            f"not {checks.shorten(value)}",
        )
    return cast("JSONObject", _json(cast("object", value), field, 0))


def _json(value: object, field: str, depth: int) -> JSONValue:
    """Copy JSON, and refuse what is none."""
    if depth > DEEPEST:
        raise refused(field, f"is compared with what is nested more than {DEEPEST} levels deep")
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {_text(name, field): _json(item, field, depth + 1) for name, item in items}
    if isinstance(value, (list, tuple)):
        return [_json(item, field, depth + 1) for item in cast("Sequence[object]", value)]
    if isinstance(value, str):
        return _text(value, field)
    if isinstance(value, datetime):
        return _date(value, field)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return _whole(value, field)


@attrs.frozen
class _Spec:
    """Say what a field is compared with, and by which operators."""

    check: _Check
    operators: Sequence[str]


_SCALARS: Final = ("$eq", "$ne", "$in", "$exists")
_DATES: Final = ("$eq", "$ne", "$gt", "$lt", "$gte", "$lte")
_MEMBERS: Final = ("$hasSome", "$hasAll")
_LISTS: Final = frozenset({"$in", *_MEMBERS})
_INSTANCE_FIELDS: Final[Mapping[str, _Check]] = {
    "": _object,
    ".instanceId": _text,
    ".siteId": _text,
    ".catalogProductId": _text,
    ".status": _text,
    ".failure": _object,
    ".failure.code": _text,
    ".failure.message": _text,
    ".billingInfo": _object,
    ".billingInfo.type": _text,
    ".billingInfo.cycleDuration": _object,
    ".billingInfo.cycleDuration.unit": _text,
    ".billingInfo.cycleDuration.count": _whole,
    ".createdDate": _date,
    ".updatedDate": _date,
    ".countryCode": _text,
}
FIELDS: Final[Mapping[str, _Spec]] = {
    "id": _Spec(_text, _SCALARS),
    "accountId": _Spec(_text, _SCALARS),
    "externalId": _Spec(_text, _SCALARS),
    "createdDate": _Spec(_date, _DATES),
    "updatedDate": _Spec(_date, _DATES),
    **{
        f"productInstances{name}": _Spec(check, _MEMBERS)
        for name, check in _INSTANCE_FIELDS.items()
    },
}
SORTABLE: Final = ("createdDate", "updatedDate")
LOGICAL: Final = ("$and", "$or", "$not")
SPELT: Final[Mapping[str, str]] = {
    "$eq": "==",
    "$ne": "!=",
    "$gt": ">",
    "$lt": "<",
    "$gte": ">=",
    "$lte": "<=",
    "$in": "in_()",
    "$exists": "exists()",
    "$hasSome": "has_some()",
    "$hasAll": "has_all()",
}
"""Every operator of the table, with its Python name."""


def refused(field: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"filter: {field} {what}", field=field)


def closest(name: str, names: Iterable[str]) -> str:
    """Suggest what a misspelt name was meant to be; Python's spelling counts as a misspelling."""
    import difflib  # only mistakes need it

    plain = {known.replace("_", "").lower(): known for known in names}
    found = difflib.get_close_matches(name.replace("_", "").lower(), plain, n=1)
    return f"; did you mean {plain[found[0]]}?" if found else ""


def spec_of(field: str) -> _Spec:
    spec = FIELDS.get(field)
    if spec is None:
        raise refused(field, f"cannot be filtered on{closest(field, FIELDS)}")
    return spec


def compared(field: str, operator: str, value: object) -> JSONValue:
    """Check one comparison; give the value as it is sent."""
    spec = spec_of(field)
    if operator not in spec.operators:
        allowed = ", ".join(f"{name} ({SPELT[name]})" for name in spec.operators)
        spelt = f" ({SPELT[operator]})" if operator in SPELT else ""
        raise refused(field, f"does not take {operator}{spelt}; it takes {allowed}")
    if operator == "$exists":
        if not isinstance(value, bool):
            raise refused(
                field, f"takes {operator} with true or false, not {checks.shorten(value)}"
            )
        return value
    shown = checks.shorten(value)
    if operator not in _LISTS:
        return spec.check(value, field)
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        raise refused(field, f"takes {operator} with a list, not {shown}")
    values = [spec.check(item, field) for item in cast("Iterable[object]", value)]
    if not values:
        # What Wix makes of an empty list is not documented, and "everything" would be the worst.
        raise refused(field, f"takes {operator} with at least one value; this list is empty")
    return values
