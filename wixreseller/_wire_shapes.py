"""Read objects quickly by learning the shapes in which they come.

The *shape* of an object is its keys in their order. A page holds hundreds of objects of a class,
and nearly all have one of two or three shapes, which the server decides: which of the documented
keys it leaves out, and which new ones it adds. A shape that was seen often enough gets a reader of
its own, which does nothing but what these keys need. For a failure with a code, a message and one
key that no field claims it is::

    def read(raw):
        try:
            code_, message_, new_2_ = take(raw)
        except (LookupError, TypeError):
            return look_up(raw)
        try:
            made = Open()
            made.code = None if code_ is None else table_code[code_]
            made.message = None if message_ is None else '' + message_
            made.extra = extra = Extra()
            keep(extra, new_key, new_2_)
            made.__class__ = cls
            return made
        except (LookupError, TypeError, ValueError, OverflowError):
            return tolerant(raw, cls)

To find the reader by the whole shape would take as long as it saves. So it is guessed by the number
of keys: the reader that was last right for as many. A wrong guess shows at once, as ``take`` (an
``itemgetter``) misses a key; and if it misses none, the object has no room for others.

A shape without a reader, and whatever is not as usual (a wrong type, say), is read by the tolerant
hook: that one decides, also about the error. So both read everything alike.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final, TypeGuard, cast

import attrs

from wixreseller._wire_fields import (
    EnumTable,
    Field,
    HookOf,
    Prepare,
    Read,
    fields_of,
    has_meta,
    in_utc,
)
from wixreseller._wire_names import Raw
from wixreseller._wire_quick import indented, open_twin, run
from wixreseller.models import OpenEnum
from wixreseller.models.extra import NO_EXTRA, Extra

__all__ = ["NO_OLD_NAMES", "learning_reader"]

NO_OLD_NAMES: Final[Mapping[str, str]] = MappingProxyType({})
Shape = tuple[str, ...]
ReadShape = Callable[[Any], Any]

_OFTEN: Final = 32
"""How many objects of a shape come before its reader: to write it takes as long as to read 50 of
them the tolerant way, and a page may be all that a process reads."""
_MOST_SHAPES: Final = 64
"""How many shapes of a class are learned. A server has a few; a hostile one has no end of them."""
_MOST_COUNTED: Final = 256
"""How many shapes are counted at a time."""
_MOST_KEYS: Final = 40
"""An object of more keys is not documented, nor is it worth a reader."""
_LONGEST: Final = 2000
"""How many characters the keys of a shape may have together, as they are remembered."""

_TEMPLATE: Final = """\
def read(raw):
    try:
        {values} = take(raw)
    except (LookupError, TypeError):
        return look_up(raw)
    try:
        made = Open()
{lines}
        made.__class__ = cls
        return made
    except (LookupError, TypeError, ValueError, OverflowError):
        return tolerant(raw, cls)
"""


def learning_reader(
    cls: type,
    hook_of: HookOf,
    tolerant: Read,
    *,
    prepare: Prepare | None = None,
    old_names: Mapping[str, str] = NO_OLD_NAMES,
) -> Read:
    """Make the hook of a class; ``tolerant`` is what it leaves the unusual to.

    ``prepare`` makes today's object of one that has one of ``old_names`` (a key, and that of today)
    and not the new one beside it.
    """
    # Made when the first shape is learned: what reads but a few objects needs none.
    writer = functools.cache(lambda: _ReaderWriter(cls, hook_of, tolerant))
    learned: dict[Shape, ReadShape] = {}
    counts: dict[Shape, int] = {}

    def look_up(raw: Any) -> Any:
        if not _is_object(raw):
            return tolerant(raw, cls)
        shape = tuple(raw)
        read_shape = learned.get(shape)
        if read_shape is None:
            if prepare and (adopted := prepare(raw)) is not raw:
                return read(adopted)
            read_shape = learn(shape)
            if read_shape is None:
                return tolerant(raw, cls)
        guesses[len(shape)] = read_shape
        return read_shape(raw)

    def learn(shape: Shape) -> ReadShape | None:
        # Threads may count too little or learn the same twice, which does no harm.
        if len(learned) >= _MOST_SHAPES or not _is_small(shape):
            return None
        if len(counts) >= _MOST_COUNTED:
            counts.clear()
        counts[shape] = count = counts.get(shape, 0) + 1
        if count < _OFTEN or may_be_old(shape) or not writer().can_read(shape):
            return None
        read_shape = learned[shape] = writer().write(shape, look_up)
        return read_shape

    def may_be_old(shape: Shape) -> bool:
        return any(old in shape and new not in shape for old, new in old_names.items())

    def read(raw: Any, _: Any = None) -> Any:
        try:
            guess = guesses[len(raw)]
        except (LookupError, TypeError):  # more keys than is worth it, or nothing that has keys
            return tolerant(raw, cls)
        return guess(raw)

    guesses: list[ReadShape] = [look_up] * (_MOST_KEYS + 1)
    return read


def _is_object(raw: object) -> TypeGuard[Raw]:
    return type(raw) is dict


def _is_small(shape: Shape) -> bool:
    """Say whether a shape is worth remembering."""
    return len(shape) <= _MOST_KEYS and sum(map(len, shape)) <= _LONGEST


class _ReaderWriter:
    """Write the readers of a class, one for each shape."""

    def __init__(self, cls: type, hook_of: HookOf, tolerant: Read) -> None:
        self._cls = cls
        self._hook_of = hook_of
        self._fields = {field.wire: field for field in fields_of(cls)}
        required = (field for field in self._fields.values() if field.default is attrs.NOTHING)
        self._required = frozenset(field.wire for field in required)
        self._tolerant = tolerant
        self._space = self._names()

    def can_read(self, shape: Shape) -> bool:
        """Say whether a reader of this shape could make a value."""
        # An itemgetter of one key gives no tuple.
        return len(shape) >= 2 and self._required.issubset(shape)

    def write(self, shape: Shape, look_up: ReadShape) -> ReadShape:
        """Write the reader of a shape, which gives what has another one to ``look_up``."""
        fields = self._fields
        new = [key for key in shape if key not in fields]
        space: dict[str, Any] = {
            **self._space,
            "look_up": look_up,
            "take": itemgetter(*shape),
            # As a value: nothing that a server sent may stand in the source.
            "new_key": new[0] if new else None,
        }
        values = [
            _value(fields[key]) if key in fields else f"new_{at}_" for at, key in enumerate(shape)
        ]
        lines = [
            *(line for key in shape if key in fields for line in _lines(fields[key])),
            *(f"made.{name} = {default}" for name, default in self._defaults(shape)),
            *_extra_lines([value for value in values if value.startswith("new_")]),
        ]
        source = _TEMPLATE.format(values=", ".join(values), lines=indented(lines, 8))
        title = f"how to read {self._cls.__name__} of {len(shape)} keys"
        return cast("ReadShape", run(source, title, space)["read"])

    def _names(self) -> dict[str, Any]:
        """Give what the sources of all shapes use."""
        space: dict[str, Any] = {
            "Open": open_twin(self._cls),
            "cls": self._cls,
            "tolerant": self._tolerant,
            "parse_date": datetime.fromisoformat,
            "in_utc": in_utc,
            "UTC": UTC,
            "claimed": frozenset(self._fields),
            "Extra": Extra,
            "NO_EXTRA": NO_EXTRA,
            "keep": dict[str, Any].setdefault,
        }
        for field in self._fields.values():
            space[f"default_{field.name}"] = field.when_absent()
            if _is_enum(field):
                space[f"table_{field.name}"] = EnumTable(field.kind)
            else:
                space[f"read_{field.name}"] = self._hook_of(field.kind)
        return space

    def _defaults(self, shape: Shape) -> Iterable[tuple[str, str]]:
        """Name the fields that a shape leaves out, with what they are then."""
        if has_meta(self._cls):
            yield "meta", "None"
        for key, field in self._fields.items():
            if key not in shape:
                # One for all, as values are not changed.
                yield field.name, "None" if field.default is None else f"default_{field.name}"


def _is_enum(field: Field) -> bool:
    return issubclass(field.kind, OpenEnum)


def _value(field: Field) -> str:
    """Name a field's value in the source; what ends so is no name of Python's."""
    return f"{field.name}_"


def _lines(field: Field) -> list[str]:
    """Write the lines that take over the value of one field, or raise if it is not as usual."""
    value = _value(field)
    checks, converted = _conversion(field, value)
    if not field.is_strict:  # where it is, `null` is a wrong type and not absence
        checks = [f"if {value} is not None:", *("    " + line for line in checks)] if checks else []
        if converted != value:
            converted = f"None if {value} is None else {converted}"
    return [*checks, f"made.{field.name} = {converted}"]


def _conversion(field: Field, value: str) -> tuple[list[str], str]:
    """Give the lines that come before, and the expression of what the field becomes."""
    name, kind = field.name, field.kind
    if field.is_tuple:
        return (
            [f"if type({value}) is not list:", "    raise TypeError"],
            f"tuple([read_{name}(item, None) for item in {value}])",
        )
    if kind is str:
        # The text itself, and a TypeError for all else: half as long as to ask for its type.
        return [], f"'' + {value}"
    if kind is datetime:
        return [
            f"{value} = parse_date({value})",
            f"if {value}.tzinfo is not UTC:",
            f"    {value} = in_utc({value})",
        ], value
    if kind in (int, bool):
        return [f"if type({value}) is not {kind.__name__}:", "    raise TypeError"], value
    if _is_enum(field):
        return [], f"table_{name}[{value}]"
    return [], f"read_{name}({value}, None)"


def _extra_lines(new: list[str]) -> list[str]:
    """Write the lines that keep what no field claims."""
    if not new:
        return ["made.extra = NO_EXTRA"]
    if len(new) == 1:
        # Extra({new_key: value}) would take a quarter longer.
        return ["made.extra = extra = Extra()", f"keep(extra, new_key, {new[0]})"]
    # In their order, which may be another than that of the shape.
    kept = "{key: item for key, item in raw.items() if key not in claimed}"
    return [f"made.extra = Extra({kept})"]
