"""Read single fields, and objects field by field: the tolerant way, which defines the wire.

It is right before it is fast; :mod:`wixreseller._wire_shapes` reads what is usual with less work
and leaves the rest to this.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeGuard, TypeVar, Union, cast, get_args, get_origin

import attrs

from wixreseller._wire_names import MISSING, Raw, WireError, describe
from wixreseller.models import OpenEnum, Status
from wixreseller.models.extra import NO_EXTRA, Extra

__all__ = [
    "EnumTable",
    "Field",
    "HookOf",
    "Prepare",
    "Read",
    "fields_of",
    "has_meta",
    "in_utc",
    "read_date",
    "read_scalar",
    "tolerant_reader",
    "write_date",
]

T = TypeVar("T")

Read = Callable[[Any, Any], Any]
"""A structure hook of cattrs: JSON and the type asked for → value, or WireError."""
HookOf = Callable[[Any], Read]
"""Look up the hook of a type."""
Prepare = Callable[[Raw], Raw]
"""Give an object under today's names; the same object where it is so already."""

_NO_FIELDS_OF_WIX: Final = ("extra", "meta")
_FACTORY: Final = cast("type[Any]", attrs.Factory)  # attrs declares this class as a function


# --- single values ------------------------------------------------------------------------------


def read_scalar(kind: type[T]) -> Callable[[Any, Any], T]:
    """Make a hook that takes a value of exactly this type."""

    def read(value: Any, _: Any) -> T:
        # `type() is`, because a bool is an int to isinstance.
        if type(value) is kind:
            return value
        raise WireError(describe(value))

    return read


def read_date(value: Any, _: Any = None) -> datetime:
    """Read a date as an aware UTC datetime."""
    if type(value) is not str:
        raise WireError(describe(value))
    try:
        return in_utc(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        raise WireError("is not a date") from None


def in_utc(moment: datetime) -> datetime:
    """Give a moment in UTC. One that does not say its zone is in UTC by the schema."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def write_date(moment: datetime) -> str:
    """Write a date as Wix does, with microseconds only where there are any."""
    precision = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


class EnumTable(dict[str, OpenEnum]):
    """Look up the members of an open enum by their text; text that none has makes a new value.

    Looking up is several times as fast as calling the enum.
    """

    def __init__(self, kind: type[OpenEnum]) -> None:
        super().__init__({member.value: member for member in kind})
        if kind is Status:
            self["ACTIVE"] = Status.ENABLED
        self._kind = kind

    def __missing__(self, value: Any) -> OpenEnum:
        # Not kept: what a server may send is without end.
        if type(value) is not str:
            raise WireError(describe(value))
        return self._kind(value)

    def read(self, value: Any, _: Any) -> OpenEnum:
        """Be a hook."""
        try:
            return self[value]
        except TypeError:  # a list or an object cannot be looked up
            raise WireError(describe(value)) from None


# --- objects ------------------------------------------------------------------------------------


class Field(NamedTuple):
    """Describe a field of a value as the wire has it."""

    name: str
    wire: str
    """Its key: the name in camelCase."""
    kind: Any
    """Its type, without ``| None``; for a tuple, that of its elements."""
    is_tuple: bool
    default: Any
    """``attrs.NOTHING`` where it must be there."""
    is_strict: bool
    """Refuse a wrong type: an id, or a container whose loss would hide what was sold."""

    def when_absent(self) -> Any:
        """Give the default, made anew where it has a factory."""
        default = self.default
        return default.factory() if isinstance(default, _FACTORY) else default


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _bare(kind: Any) -> Any:
    """Strip ``| None`` from a type."""
    if get_origin(kind) in (Union, types.UnionType):
        (inner,) = (part for part in get_args(kind) if part is not type(None))
        return inner
    return kind


def fields_of(cls: type) -> list[Field]:
    """Describe the fields that a class has on the wire."""
    fields: list[Field] = []
    # attrs remembers what it resolved, and cattrs asks for the same.
    for field in attrs.fields(attrs.resolve_types(cast("Any", cls))):
        if field.name in _NO_FIELDS_OF_WIX:
            continue
        kind = _bare(field.type)
        is_tuple = get_origin(kind) is tuple
        fields.append(
            Field(
                name=field.name,
                wire=_camel(field.name),
                kind=get_args(kind)[0] if is_tuple else kind,
                is_tuple=is_tuple,
                default=field.default,
                is_strict=field.default is not None,
            )
        )
    return fields


def has_meta(cls: type) -> bool:
    """Say whether calls tell on values of this class how they went."""
    return any(field.name == "meta" for field in attrs.fields(cast("Any", cls)))


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return type(value) is list


def _read_tuple(kind: type, read_item: Read) -> Read:
    def read(value: Any, _: Any) -> tuple[Any, ...]:
        if not _is_list(value):
            raise WireError(describe(value))
        try:
            return tuple([read_item(element, kind) for element in value])
        except WireError:
            raise _first_wrong(value) from None

    def _first_wrong(elements: list[Any]) -> WireError:
        # Only on the way out, so that a page without a fault pays nothing for the index.
        for index, element in enumerate(elements):
            try:
                read_item(element, kind)
            except WireError as error:
                return error.below(f"[{index}]")
        raise AssertionError("one element was refused a moment ago")

    return read


def _build(cls: type[T], values: Raw) -> T:
    """Make a frozen value without its constructor, whose checks are for what we send."""
    made = cls.__new__(cls)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def tolerant_reader(cls: type[Any], hook_of: HookOf, prepare: Prepare | None) -> Read:
    """Make the hook that reads an object of any shape, or says where it cannot be read."""
    fields = fields_of(cls)
    reads = [
        _read_tuple(field.kind, hook_of(field.kind)) if field.is_tuple else hook_of(field.kind)
        for field in fields
    ]
    claimed = frozenset(field.wire for field in fields)
    meta: Raw = {"meta": None} if has_meta(cls) else {}

    def read(value: Any, _: Any = None) -> Any:
        if type(value) is not dict:
            raise WireError(describe(value))
        raw = cast("Raw", value) if prepare is None else prepare(cast("Raw", value))
        values: Raw = {**meta}
        extra = {key: item for key, item in raw.items() if key not in claimed}
        for field, read_field in zip(fields, reads, strict=True):
            item = raw.get(field.wire, MISSING)
            if item is MISSING or (item is None and not field.is_strict):
                if field.default is attrs.NOTHING:
                    raise WireError(describe(item), field.wire)
                values[field.name] = field.when_absent()
                continue
            try:
                values[field.name] = read_field(item, field.kind)
            except WireError as error:
                if field.is_strict:
                    raise error.below(field.wire) from None
                values[field.name] = None
                extra[field.wire] = item
        values["extra"] = Extra(extra) if extra else NO_EXTRA
        return _build(cls, values)

    return read
