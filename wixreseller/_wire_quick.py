"""Generate hooks that read and write objects with as little work as Python allows.

A page holds hundreds of objects, nearly all of the documented shape. For each class a function is
written out once, with a few lines for each field and no loop. It counts the usual fields that are
absent: if those that are there account for all keys, there are no extras to look for, and rare
fields need not be looked for at all. Nor if one key is left and it is the last: what Wix adds comes
last as a rule. This is how the hook of :class:`~wixreseller.Failure` begins::

    def read(raw, _=None):
        if type(raw) is dict:
            try:
                made = Open()
                get = raw.get
                absent = 0
                value = get('code')
                if value is None:
                    made.code = None
                    absent += 1
                else:
                    value = table_0[value]
                    made.code = value
                ...

Three things make it fast. The frozen ``__init__`` is not run: the object is made as its *open* twin
(a subclass that adds nothing but leave to set attributes, so that Python sets a slot at once), and
becomes the frozen class at the end. Enums are looked up, not called. And the many instances that
are billed alike share one :class:`~wixreseller.BillingInfo`, which being frozen can be shared.

Whatever is not as usual (a wrong type, say) raises on the way, and the object is read again by the
tolerant hook: that one decides, also about the error. So both read everything alike.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, ParamSpec, TypeVar, cast

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
from wixreseller.models import BillingInfo, OpenEnum
from wixreseller.models.extra import NO_EXTRA, Extra

__all__ = [
    "Write",
    "WriterOf",
    "quick_maker",
    "quick_reader",
    "quick_writer",
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

_TEMPLATE: Final = """\
def read(raw, _=None):
    if type(raw) is dict:
        try:
            made = Open()
            get = raw.get
            absent = 0
{usual}
            left = len(raw) + absent - {number_of_usual}
            if left == 0:
                made.extra = NO_EXTRA
{no_rare}
            elif left == 1 and (last := next(reversed(raw))) not in known:
                made.extra = extra = empty_dict(Extra)
                set_item(extra, last, raw[last])
{no_rare}
            else:
{rare}
                if left:
{aliases}
                    made.extra = extra_of(raw, left)
                else:
                    made.extra = NO_EXTRA
            made.__class__ = cls
            return made
        except (LookupError, TypeError, ValueError, OverflowError):
            pass
    return tolerant(raw, cls)
"""


def _open_twin(cls: type) -> type:
    """Make a subclass of the same layout whose instances let attributes be set."""
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


def quick_reader(
    cls: type,
    hook_of: HookOf,
    tolerant: Read,
    *,
    rare: Iterable[str] = (),
    prepare: Prepare | None = None,
    aliases: Sequence[str] = (),
) -> Read:
    """Make the hook of a class; ``tolerant`` is what it leaves the unusual to.

    ``rare`` fields are looked for only if the usual ones leave a key unclaimed. An object that has
    one of the keys ``aliases`` beside is read as what ``prepare`` makes of it.
    """
    fields = fields_of(cls)
    space: dict[str, Any] = {
        "Open": _open_twin(cls),
        "cls": cls,
        "tolerant": tolerant,
        # Extra({last: raw[last]}) would take a sixth of all that an object with a new key takes.
        "Extra": Extra,
        "empty_dict": dict.__new__,
        "set_item": dict[str, Any].__setitem__,
        "known": frozenset([*(field.wire for field in fields), *aliases]),
        "extra_of": _extra_reader(frozenset(field.wire for field in fields)),
        "prepare": prepare,
        "parse_date": datetime.fromisoformat,
        "in_utc": in_utc,
        "UTC": UTC,
        "NO_EXTRA": NO_EXTRA,
    }
    usual: list[str] = ["made.meta = None"] if has_meta(cls) else []
    late: list[str] = []
    no_rare: list[str] = []
    rare = frozenset(rare)
    for number, field in enumerate(fields):
        is_rare = field.name in rare
        lines = _lines(field, number, space, hook_of, is_rare=is_rare)
        if is_rare:
            late += lines
            no_rare.append(f"made.{field.name} = {_default(field, number, space)}")
        else:
            usual += lines
    source = _TEMPLATE.format(
        usual=_indented(usual, 12),
        number_of_usual=len(fields) - len(rare),
        rare=_indented(late or ["pass"], 16),
        no_rare=_indented(no_rare, 16),
        aliases=_indented([line for alias in aliases for line in _alias_lines(alias)], 20),
    )
    return cast("Read", _made(source, f"how to read {cls.__name__}", space)["read"])


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
    source = f"def make({', '.join(fields)}):\n{_indented(lines, 4)}\n"
    space = {"Open": _open_twin(cast("type[Any]", cls)), "cls": cls}
    name = cls.__name__
    return cast("Callable[P, V]", _made(source, f"how to make {name}", space)["make"])


def _made(source: str, title: str, space: dict[str, Any]) -> dict[str, Any]:
    """Run a source in a name space, and give the name space."""
    name = f"<wixreseller: {title}>"
    exec(compile(source, name, "exec"), space)  # noqa: S102  # of our own field names only
    # So that debuggers and tracebacks can show it.
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    return space


def _extra_reader(claimed: frozenset[str]) -> Callable[[Raw, int], Extra]:
    """Make a function that keeps the keys which no field claims."""

    def extra_of(raw: Raw, most: int) -> Extra:
        # What is new comes last as a rule, so the end is where to look. Fewer than `most` are
        # found where a field was null.
        found: Raw = {}
        for key in reversed(raw):
            if key not in claimed:
                found[key] = raw[key]
                if len(found) == most:
                    break
        if len(found) > 1:
            found = dict(reversed(found.items()))
        return Extra(found) if found else NO_EXTRA

    return extra_of


def _alias_lines(alias: str) -> list[str]:
    return [
        f"if {alias!r} in raw and (adopted := prepare(raw)) is not raw:",
        "    return read(adopted)",
    ]


def _indented(lines: list[str], by: int) -> str:
    return "\n".join(" " * by + line for line in lines)


def _lines(
    field: Field, number: int, space: dict[str, Any], hook_of: HookOf, *, is_rare: bool
) -> list[str]:
    """Write the lines that read one field, and put what they use into their name space."""
    convert = _conversion(field, number, space, hook_of)
    if field.default is attrs.NOTHING:
        return [
            f"value = raw[{field.wire!r}]",
            *convert,
            f"made.{field.name} = value",
        ]
    if field.is_strict:
        # In a field that is strict, `null` is a wrong type and not absence.
        get, present, is_absent = (
            [],
            [f"value = raw[{field.wire!r}]", *convert],
            f"{field.wire!r} not in raw",
        )
    else:
        get, present, is_absent = [f"value = get({field.wire!r})"], convert, "value is None"
    return [
        *get,
        f"if {is_absent}:",
        f"    made.{field.name} = {_default(field, number, space)}",
        *([] if is_rare else ["    absent += 1"]),
        "else:",
        *("    " + line for line in present),
        f"    made.{field.name} = value",
        *(["    left -= 1"] if is_rare else []),
    ]


def _default(field: Field, number: int, space: dict[str, Any]) -> str:
    """Name the default; one for all, as values are not changed."""
    default = field.when_absent()
    if default is None or default == ():
        return repr(default)
    space[f"default_{number}"] = default
    return f"default_{number}"


def _conversion(field: Field, number: int, space: dict[str, Any], hook_of: HookOf) -> list[str]:
    kind = field.kind
    if field.is_tuple:
        space[f"read_{number}"] = hook_of(kind)
        return [
            "if type(value) is not list:",
            "    raise TypeError",
            f"value = tuple([read_{number}(item, None) for item in value])",
        ]
    if kind is datetime:
        return [
            "value = parse_date(value)",
            "if value.tzinfo is not UTC:",
            "    value = in_utc(value)",
        ]
    if kind in (str, int, bool):
        return [f"if type(value) is not {kind.__name__}:", "    raise TypeError"]
    if issubclass(kind, OpenEnum):
        space[f"table_{number}"] = EnumTable(kind)
        return [f"value = table_{number}[value]"]
    space[f"read_{number}"] = hook_of(kind)
    return [f"value = read_{number}(value, None)"]


def sharing_reader(read: Read) -> Read:
    """Make a hook that gives one and the same BillingInfo to all that are billed alike."""
    shared: dict[tuple[str, str, int], BillingInfo] = {}

    def read_shared(raw: Any, _: Any = None) -> BillingInfo:
        key = None
        try:
            cycle = raw["cycleDuration"]
            count = cycle["count"]
            # `type() is`, because True is 1 to a dict; with other keys beside it is not alike.
            if type(count) is int and len(raw) == 2 and len(cycle) == 2:
                key = raw["type"], cycle["unit"], count
                return shared[key]
        except (LookupError, TypeError):
            pass
        value: BillingInfo = read(raw, BillingInfo)
        if key is not None and not value.extra and len(shared) < _MOST_SHARED:
            shared[key] = value
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
    source = f"def write(value):\n{_indented(lines, 4)}\n"
    return cast("Write", _made(source, f"how to write {cls.__name__}", space)["write"])
