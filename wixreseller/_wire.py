"""Translate between the values and Wix's JSON, through one cattrs converter.

Names are camelCase on the wire. What Wix may add or change must break nobody, so on read:

* keys that no field claims go into ``.extra`` and are written back;
* an optional field of a wrong type becomes ``None`` and its raw value goes into ``.extra``;
* only a missing or wrong id, or a container that is not one, is refused, with its path;
* the names and values that older documents use are read as today's: ``paymentInfo`` and
  ``contractDetails.billingInfo`` as ``billingInfo``, status ``ACTIVE`` as ``ENABLED``.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
import cattrs
import orjson

from wixreseller._wire_names import (
    MISSING,
    Raw,
    WireError,
    adopt_billing_aliases,
    adopt_paging_alias,
    describe,
    flatten_cursors,
)
from wixreseller.models import (
    BillingInfo,
    BillingType,
    CycleDuration,
    CycleUnit,
    Failure,
    FailureCode,
    JSONObject,
    JSONValue,
    OpenEnum,
    Package,
    Page,
    PagingMetadata,
    Product,
    ProductInstance,
    Status,
)

__all__ = ["WireError", "decode", "dumps", "encode", "loads"]

T = TypeVar("T")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


# --- single values ------------------------------------------------------------------------------


def _read_scalar(kind: type[T]) -> Callable[[Any, Any], T]:
    def read(value: Any, _: Any) -> T:
        # `type() is`, because a bool is an int to isinstance.
        if type(value) is kind:
            return value
        raise WireError(describe(value))

    return read


def _read_date(value: Any, _: Any) -> datetime:
    if type(value) is not str:
        raise WireError(describe(value))
    try:
        moment = datetime.fromisoformat(value)
        # Dates are UTC by the schema, so one that does not say its zone is UTC as well.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WireError("is not a date") from None


def _write_date(moment: datetime) -> str:
    precision = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def _read_open_enum(kind: type[OpenEnum]) -> Callable[[Any, Any], OpenEnum]:
    known = {member.value: member for member in kind}
    if kind is Status:
        known["ACTIVE"] = Status.ENABLED

    def read(value: Any, _: Any) -> OpenEnum:
        if type(value) is not str:
            raise WireError(describe(value))
        return known.get(value) or kind(value)

    return read


# --- objects ------------------------------------------------------------------------------------


@attrs.frozen
class _Field:
    name: str
    wire: str
    read: Callable[[Any, Any], Any]
    kind: Any
    default: Any
    strict: bool
    """Refuse a wrong type: an id, or a container whose loss would hide what was sold."""


def _build(cls: type[T], values: Raw) -> T:
    """Make a frozen value without its constructor, whose checks are for what we send."""
    made = cls.__new__(cls)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def _bare(kind: Any) -> Any:
    """Strip ``| None`` from a type."""
    if get_origin(kind) in (Union, types.UnionType):
        (inner,) = (part for part in get_args(kind) if part is not type(None))
        return inner
    return kind


def _fields_of(cls: type) -> list[_Field]:
    hints = get_type_hints(cls)
    fields: list[_Field] = []
    for field in attrs.fields(cast("Any", cls)):
        if field.name in ("extra", "meta"):
            continue
        kind = _bare(hints[field.name])
        is_container = get_origin(kind) is tuple
        fields.append(
            _Field(
                name=field.name,
                wire=_camel(field.name),
                read=_read_tuple(get_args(kind)[0])
                if is_container
                else _converter.get_structure_hook(kind),
                kind=kind,
                default=field.default,
                strict=field.default is not None,
            )
        )
    return fields


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return type(value) is list


def _read_tuple(item: type) -> Callable[[Any, Any], tuple[Any, ...]]:
    read_item = _converter.get_structure_hook(item)

    def read(value: Any, _: Any) -> tuple[Any, ...]:
        if not _is_list(value):
            raise WireError(describe(value))
        try:
            return tuple([read_item(element, item) for element in value])
        except WireError:
            raise _first_wrong(value) from None

    def _first_wrong(elements: list[Any]) -> WireError:
        # Only on the way out, so that a page without a fault pays nothing for the index.
        for index, element in enumerate(elements):
            try:
                read_item(element, item)
            except WireError as error:
                return error.below(f"[{index}]")
        raise AssertionError("one element was refused a moment ago")

    return read


def _read_object(
    cls: type[T], prepare: Callable[[Raw], Raw] | None = None
) -> Callable[[Any, Any], T]:
    fields = _fields_of(cls)
    claimed = frozenset(field.wire for field in fields)
    has_meta = any(field.name == "meta" for field in attrs.fields(cast("Any", cls)))

    def read(value: Any, _: Any) -> T:
        if type(value) is not dict:
            raise WireError(describe(value))
        raw = cast("Raw", value) if prepare is None else prepare(cast("Raw", value))
        values: Raw = {"meta": None} if has_meta else {}
        extra = {key: raw[key] for key in raw.keys() - claimed}
        for field in fields:
            item = raw.get(field.wire, MISSING)
            if item is MISSING or (item is None and not field.strict):
                if field.default is attrs.NOTHING:
                    raise WireError(describe(item), field.wire)
                values[field.name] = _default(field)
                continue
            try:
                values[field.name] = field.read(item, field.kind)
            except WireError as error:
                if field.strict:
                    raise error.below(field.wire) from None
                values[field.name] = None
                extra[field.wire] = item
        values["extra"] = extra
        return _build(cls, values)

    return read


def _default(field: _Field) -> Any:
    return field.default.factory() if isinstance(field.default, attrs.Factory) else field.default  # type: ignore[arg-type]  # attrs types Factory as a function


def _write_object(cls: type) -> Callable[[Any], Raw]:
    names = [
        (field.name, _camel(field.name))
        for field in attrs.fields(cast("Any", cls))
        if field.name not in ("extra", "meta")
    ]

    def write(value: Any) -> Raw:
        raw: Raw = {}
        for name, wire in names:
            item = getattr(value, name)
            if item is not None:
                raw[wire] = _converter.unstructure(item)
        return {**raw, **value.extra}

    return write


# --- where the wire and the values differ in more than spelling ---------------------------------


def _nest_cursors(value: PagingMetadata) -> Raw:
    raw = _write_metadata(value)
    cursors = {
        wire: raw.pop(name)
        for wire, name in (("next", "nextCursor"), ("prev", "prevCursor"))
        if name in raw
    }
    if cursors:
        raw["cursors"] = {**raw.get("cursors", {}), **cursors}
    return raw


_converter: Final = cattrs.Converter(detailed_validation=False)
for _scalar in (str, int, bool):
    _converter.register_structure_hook(_scalar, _read_scalar(_scalar))
for _enum in (Status, FailureCode, BillingType, CycleUnit):
    _converter.register_structure_hook(_enum, _read_open_enum(_enum))
_converter.register_structure_hook(datetime, _read_date)
_converter.register_unstructure_hook(datetime, _write_date)
_converter.register_unstructure_hook(OpenEnum, lambda member: member.value)

# In the order in which they contain one another: a hook looks up those of its parts.
_PREPARE: Final[Mapping[type, Callable[[Raw], Raw] | None]] = {
    CycleDuration: None,
    BillingInfo: None,
    Failure: None,
    Product: None,
    ProductInstance: adopt_billing_aliases,
    Package: None,
    PagingMetadata: flatten_cursors,
    Page: adopt_paging_alias,
}
for _class, _prepare in _PREPARE.items():
    _converter.register_structure_hook(_class, _read_object(_class, _prepare))
    _converter.register_unstructure_hook(_class, _write_object(_class))
_write_metadata: Final = _write_object(PagingMetadata)
_converter.register_unstructure_hook(PagingMetadata, _nest_cursors)


def decode(value: JSONValue, kind: type[T], path: str = "") -> T:
    """Read JSON as a value.

    Raises:
        WireError: an id is missing or wrong, or a container is none; names the path.
    """
    try:
        return _converter.structure(value, kind)
    except WireError as error:
        raise error.below(path) if path else error from None


def encode(value: object) -> JSONObject:
    """Write a value as JSON: camelCase, absent where ``None``, ``.extra`` put back."""
    return cast("JSONObject", _converter.unstructure(value))


def loads(body: bytes) -> JSONValue:
    """Parse bytes as JSON.

    Raises:
        WireError: it is not JSON.
    """
    try:
        return cast("JSONValue", orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise WireError(f"is not JSON ({error})") from None


def dumps(value: object, *, sort_keys: bool = False) -> bytes:
    """Write JSON as bytes, ready to send; with sorted keys, ready to compare."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None)
