"""Generate functions that make and write objects with as little work as Python allows.

Each is written out as source once, with a line or two for each field and no loop. The source is
made of names of our own; text that a server sent is never part of it. How objects are *read*
quickly is told in :mod:`wixreseller._wire_shapes`, which writes its source with these.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable
from typing import Any, Final, ParamSpec, TypeVar, cast

import attrs

from wixreseller._wire_fields import Read, fields_of
from wixreseller._wire_names import Raw
from wixreseller.models import BillingInfo

__all__ = [
    "Write",
    "WriterOf",
    "indented",
    "open_twin",
    "quick_maker",
    "quick_writer",
    "run",
    "sharing_reader",
]

P = ParamSpec("P")
V = TypeVar("V")
Write = Callable[[Any], Raw]
"""An unstructure hook of cattrs: value → JSON."""
WriterOf = Callable[[type], Callable[[Any], Any]]
"""Look up the hook of a type."""

_MOST_SHARED: Final = 256
"""How many kinds of billing are remembered. A reseller has a dozen; a server may send more."""


def run(source: str, title: str, space: dict[str, Any]) -> dict[str, Any]:
    """Run a source in a name space, and give the name space."""
    name = f"<wixreseller: {title}>"
    exec(compile(source, name, "exec"), space)  # noqa: S102  # of our own names only
    # So that debuggers and tracebacks can show it.
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    return space


def indented(lines: Iterable[str], by: int) -> str:
    """Put lines together, each moved to the right by so many spaces."""
    return "\n".join(" " * by + line for line in lines)


def open_twin(cls: type) -> type:
    """Make a subclass of the same layout whose instances let attributes be set.

    Python sets their slots at once, where the frozen ``__init__`` takes three times as long. At the
    end ``made.__class__ = cls`` freezes what was made.
    """
    return type(
        f"Open{cls.__name__}",
        (cls,),
        {
            "__slots__": (),
            "__init__": object.__init__,
            # Both, or Python would still take the slow way through a method.
            "__setattr__": object.__setattr__,
            "__delattr__": object.__delattr__,
        },
    )


def quick_maker(cls: Callable[P, V]) -> Callable[P, V]:
    """Make a function that makes values of a class without a check, with all fields given.

    It takes a third of the time that the frozen ``__init__`` takes.
    """
    fields = [field.name for field in attrs.fields(cast("type[Any]", cls))]
    lines = [
        "made = Open()",
        *(f"made.{name} = {name}" for name in fields),
        "made.__class__ = cls",
        "return made",
    ]
    source = f"def make({', '.join(fields)}):\n{indented(lines, 4)}\n"
    space = {"Open": open_twin(cast("type[Any]", cls)), "cls": cls}
    name = cls.__name__
    return cast("Callable[P, V]", run(source, f"how to make {name}", space)["make"])


def sharing_reader(read: Read) -> Read:
    """Make a hook that gives one and the same BillingInfo to all that are billed alike."""
    shared: dict[str, dict[int, BillingInfo]] = {}
    """By unit, then by count: a tuple of both would have to be made and hashed each time."""
    number = 0

    def read_shared(raw: Any, _: Any = None) -> BillingInfo:
        nonlocal number
        unit = count = None
        try:
            cycle = raw["cycleDuration"]
            count = cycle["count"]
            # `type() is`, because True is 1 to a dict; with other keys beside it is not alike.
            if (
                raw["type"] == "RECURRING"
                and type(count) is int
                and len(raw) == 2
                and len(cycle) == 2
            ):
                unit = cycle["unit"]
                return shared[unit][count]
        except (LookupError, TypeError):
            pass
        value: BillingInfo = read(raw, BillingInfo)
        if unit is not None and number < _MOST_SHARED and not value.extra:
            shared.setdefault(unit, {})[cast("int", count)] = value
            number += 1
        return value

    return read_shared


def quick_writer(cls: type, writer_of: WriterOf) -> Write:
    """Make the hook that writes a class whose constructor checked the type of every field.

    It writes what is required at once, then what is there of the rest. So begins the hook of
    :class:`~wixreseller.Product`::

        def write(value):
            raw = {'catalogProductId': value.catalog_product_id, 'countryCode': value.country_code}
            if (item := value.site_id) is not None:
                raw['siteId'] = item
    """
    space: dict[str, Any] = {}
    required: list[str] = []
    optional: list[str] = []
    for number, field in enumerate(fields_of(cls)):
        is_scalar = field.kind in (str, int, bool)
        if not is_scalar:
            space[f"write_{number}"] = writer_of(field.kind)
        written = "{}" if is_scalar else f"write_{number}({{}})"
        if field.default is attrs.NOTHING:
            required.append(f"{field.wire!r}: {written.format(f'value.{field.name}')}")
        else:
            optional += [
                f"if (item := value.{field.name}) is not None:",
                f"    raw[{field.wire!r}] = {written.format('item')}",
            ]
    lines = [
        f"raw = {{{', '.join(required)}}}",
        *optional,
        "return {**raw, **value.extra} if value.extra else raw",
    ]
    source = f"def write(value):\n{indented(lines, 4)}\n"
    return cast("Write", run(source, f"how to write {cls.__name__}", space)["write"])
