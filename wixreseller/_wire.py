"""Translate between the values and Wix's JSON, through hooks that cattrs understands.

Names are camelCase on the wire. What Wix may add or change must break nobody, so on read:

* keys that no field claims go into ``.extra`` and are written back;
* an optional field of a wrong type becomes ``None`` and its raw value goes into ``.extra``;
* only a missing or wrong id, or a container that is not one, is refused, with its path;
* the names and values that older documents use are read as today's: ``paymentInfo`` and
  ``contractDetails.billingInfo`` as ``billingInfo``, status ``ACTIVE`` as ``ENABLED``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import orjson

from wixreseller._wire_fields import (
    EnumTable,
    Prepare,
    Read,
    fields_of,
    read_date,
    read_scalar,
    tolerant_reader,
    write_date,
)
from wixreseller._wire_names import (
    Raw,
    WireError,
    adopt_billing_aliases,
    adopt_paging_alias,
    flatten_cursors,
)
from wixreseller._wire_quick import (
    Write,
    WriterOf,
    quick_maker,
    quick_writer,
    sharing_reader,
)
from wixreseller._wire_shapes import NO_OLD_NAMES, learning_reader
from wixreseller.errors import ConfigurationError
from wixreseller.models import (
    BillingInfo,
    BillingType,
    CallMeta,
    CycleDuration,
    CycleUnit,
    Failure,
    FailureCode,
    JSONObject,
    JSONValue,
    Package,
    Page,
    PagingMetadata,
    Product,
    ProductInstance,
    Status,
)

if TYPE_CHECKING:
    import cattrs

__all__ = [
    "WireError",
    "decode",
    "dumps",
    "encode",
    "loads",
    "make_converter",
    "make_meta",
    "tell",
]

T = TypeVar("T")

_SCALARS: Final = (str, int, bool)
"""Types that are in JSON what they are here."""
_ENUMS: Final = (Status, FailureCode, BillingType, CycleUnit)


class _Object(NamedTuple):
    """Say how a class is on the wire, beyond its fields."""

    prepare: Prepare | None = None
    """Makes today's object of one under older names."""
    old_names: Mapping[str, str] = NO_OLD_NAMES
    """The older names, each with today's."""
    is_quick: bool = False
    """Whether there are hundreds of them on a page, so that it pays to learn their shapes."""
    is_sent: bool = False
    """Whether a create sends it: its constructor checks what Wix would refuse."""


_OBJECTS: Final[Mapping[type, _Object]] = {
    CycleDuration: _Object(is_quick=True, is_sent=True),
    BillingInfo: _Object(is_quick=True, is_sent=True),
    Failure: _Object(is_quick=True),
    Product: _Object(is_sent=True),
    ProductInstance: _Object(
        prepare=adopt_billing_aliases,
        old_names={"paymentInfo": "billingInfo", "contractDetails": "billingInfo"},
        is_quick=True,
    ),
    Package: _Object(is_quick=True),
    PagingMetadata: _Object(prepare=flatten_cursors),
    Page: _Object(prepare=adopt_paging_alias),
}


# --- hooks --------------------------------------------------------------------------------------


class _Hooks:
    """Make the hooks of each type when one of it is first read or written.

    A first answer needs few of them, and what has a hook here needs no converter.
    """

    def __init__(self, *, is_quick: bool) -> None:
        self._is_quick = is_quick
        self.reader: Callable[[Any], Read] = functools.cache(self._reader)
        self.writer: Callable[[Any], Callable[[Any], Any]] = functools.cache(self._writer)

    def _reader(self, kind: Any) -> Read:
        if kind in _SCALARS:
            return read_scalar(kind)
        if kind in _ENUMS:
            return EnumTable(kind).read
        if kind is datetime:
            return read_date
        if kind not in _OBJECTS:
            return _converter().get_structure_hook(kind)
        wire = _OBJECTS[kind]
        read = tolerant_reader(kind, self.reader, wire.prepare)
        if not (self._is_quick and wire.is_quick):
            return read
        read = learning_reader(
            kind, self.reader, read, prepare=wire.prepare, old_names=wire.old_names
        )
        return sharing_reader(read) if kind is BillingInfo else read

    def _writer(self, kind: Any) -> Callable[[Any], Any]:
        if kind in _ENUMS:
            return attrgetter("_value_")  # a fifth of what the property `value` takes
        if kind is datetime:
            return write_date
        if kind is tuple:
            return lambda items: [self.writer(item.__class__)(item) for item in items]
        if kind not in _OBJECTS:
            return _converter().get_unstructure_hook(kind)
        if _OBJECTS[kind].is_sent:
            return quick_writer(kind, self.writer)
        write = _object_writer(kind, self.writer)
        return _nesting_cursors(write) if kind is PagingMetadata else write


def _object_writer(cls: type, writer_of: WriterOf) -> Write:
    plan = [(attrgetter(field.name), field.wire) for field in fields_of(cls)]

    def write(value: Any) -> Raw:
        raw: Raw = {}
        for get, wire in plan:
            item = get(value)
            if item is None:
                continue
            is_scalar = type(item) in _SCALARS
            raw[wire] = item if is_scalar else writer_of(item.__class__)(item)
        return {**raw, **value.extra} if value.extra else raw

    return write


def _nesting_cursors(write: Write) -> Write:
    """Write the cursors as the wire has them, which nests them."""

    def write_nested(value: PagingMetadata) -> Raw:
        raw = write(value)
        cursors = {
            wire: raw.pop(name)
            for wire, name in (("next", "nextCursor"), ("prev", "prevCursor"))
            if name in raw
        }
        if cursors:
            raw["cursors"] = {**raw.get("cursors", {}), **cursors}
        return raw

    return write_nested


def make_converter(*, is_quick: bool = True) -> cattrs.Converter:
    """Make the converter; one that learns no shapes reads the same, more slowly."""
    import cattrs  # which a call does not need that reads and writes only what has hooks

    hooks = _Hooks(is_quick=is_quick)
    converter = cattrs.Converter(detailed_validation=False)
    for kind in (*_SCALARS, *_ENUMS, datetime, *_OBJECTS):
        converter.register_structure_hook(kind, hooks.reader(kind))
    for kind in (*_ENUMS, datetime, *_OBJECTS):
        converter.register_unstructure_hook(kind, hooks.writer(kind))
    return converter


_converter: Final = functools.cache(make_converter)
_hooks: Final = _Hooks(is_quick=True)
# To ask a method each time would take about as long as to read or write a small object.
_reader_of: Final = _hooks.reader
_writer_of: Final = _hooks.writer


def decode(value: JSONValue, kind: type[T], path: str = "") -> T:
    """Read JSON as a value.

    Raises:
        WireError: an id is missing or wrong, or a container is none; names the path.
    """
    try:
        read: Callable[[Any, Any], T] = _reader_of(kind)
        return read(value, kind)
    except WireError as error:
        raise error.below(path) if path else error from None


make_meta: Final = quick_maker(CallMeta)
"""Make what tells how a call went, from facts that nobody has to check."""


def tell(value: T, meta: CallMeta) -> T:
    """Note on a value that was decoded a moment ago how its call went.

    Nobody else has it yet, so it is as good as made with it; ``attrs.evolve`` would make another,
    which takes as long as decoding a package does.
    """
    object.__setattr__(value, "meta", meta)
    return value


def encode(value: object) -> JSONObject:
    """Write a value as JSON: camelCase, absent where ``None``, ``.extra`` put back."""
    write: Callable[[object], JSONObject] = _writer_of(type(value))
    return write(value)


def loads(body: bytes) -> JSONValue:
    """Parse bytes as JSON.

    Raises:
        WireError: it is not JSON.
    """
    try:
        value: JSONValue = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise WireError(f"is not JSON ({error})") from None
    return value


def dumps(value: object, *, sort_keys: bool = False) -> bytes:
    """Write JSON as bytes, ready to send; with sorted keys, ready to compare.

    Raises:
        ConfigurationError: it holds what JSON cannot.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None)
    except orjson.JSONEncodeError as error:
        raise ConfigurationError(f"this cannot be written as JSON: {error}") from None
