"""Translate between the values and Wix's JSON, through one cattrs converter.

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
from typing import Any, Final, TypeVar

import attrs
import cattrs
import orjson

from wixreseller._wire_fields import (
    EnumTable,
    Prepare,
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
from wixreseller._wire_quick import Write, quick_maker, quick_reader, quick_writer, sharing_reader
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
    OpenEnum,
    Package,
    Page,
    PagingMetadata,
    Product,
    ProductInstance,
    Status,
)

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


@attrs.frozen(kw_only=True)
class _Object:
    """Say how a class is on the wire, beyond its fields."""

    prepare: Prepare | None = None
    """Makes today's object of one under older names."""
    aliases: tuple[str, ...] = ()
    """The older names."""
    is_quick: bool = False
    """Whether there are hundreds of them on a page, so that a generated hook pays."""
    rare: tuple[str, ...] = ()
    """Fields that few of them have: the generated hook looks for these last."""
    is_sent: bool = False
    """Whether a create sends it: its constructor checks what Wix would refuse."""


# In the order in which they contain one another: a hook looks up those of its parts.
_OBJECTS: Final[Mapping[type, _Object]] = {
    CycleDuration: _Object(is_quick=True, is_sent=True),
    BillingInfo: _Object(is_quick=True, is_sent=True),
    Failure: _Object(is_quick=True),
    Product: _Object(is_sent=True),
    ProductInstance: _Object(
        prepare=adopt_billing_aliases,
        aliases=("paymentInfo", "contractDetails"),
        is_quick=True,
        rare=("failure", "discount_code", "reference_product_instance_id", "expiration_date"),
    ),
    Package: _Object(is_quick=True),
    PagingMetadata: _Object(prepare=flatten_cursors),
    Page: _Object(prepare=adopt_paging_alias),
}


def _write_object(cls: type) -> Callable[[Any], Raw]:
    plan = [(attrgetter(field.name), field.wire) for field in fields_of(cls)]

    def write(value: Any) -> Raw:
        raw: Raw = {}
        for get, wire in plan:
            item = get(value)
            if item is None:
                continue
            is_scalar = type(item) in _SCALARS
            raw[wire] = item if is_scalar else _writer_of(item.__class__)(item)
        return {**raw, **value.extra} if value.extra else raw

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


def make_converter(*, is_quick: bool = True) -> cattrs.Converter:
    """Make the converter; without the generated hooks it reads the same, more slowly."""
    converter = cattrs.Converter(detailed_validation=False)
    hook_of: Callable[[Any], Any] = converter.get_structure_hook
    for scalar in _SCALARS:
        converter.register_structure_hook(scalar, read_scalar(scalar))
    for enum in (Status, FailureCode, BillingType, CycleUnit):
        converter.register_structure_hook(enum, EnumTable(enum).read)
    converter.register_structure_hook(datetime, read_date)
    converter.register_unstructure_hook(datetime, write_date)
    converter.register_unstructure_hook(OpenEnum, lambda member: member.value)
    for cls, wire in _OBJECTS.items():
        read = tolerant_reader(cls, hook_of, wire.prepare)
        if is_quick and wire.is_quick:
            read = quick_reader(
                cls, hook_of, read, rare=wire.rare, prepare=wire.prepare, aliases=wire.aliases
            )
            if cls is BillingInfo:
                read = sharing_reader(read)
        converter.register_structure_hook(cls, read)
        converter.register_unstructure_hook(cls, _writer(cls, wire, converter))
    return converter


def _writer(cls: type, wire: _Object, converter: cattrs.Converter) -> Write:
    if cls is PagingMetadata:
        return _nest_cursors
    return quick_writer(cls, converter.get_unstructure_hook) if wire.is_sent else _write_object(cls)


_write_metadata: Final = _write_object(PagingMetadata)
_converter: Final = make_converter()
# To ask cattrs each time takes about as long as to read or write a small object.
_reader_of: Callable[[Any], Callable[[Any, Any], Any]] = functools.cache(
    _converter.get_structure_hook
)
_writer_of: Callable[[Any], Callable[[Any], Any]] = functools.cache(_converter.get_unstructure_hook)


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
