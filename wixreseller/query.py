"""Build filters and sorts for queries of packages.

::

    Q.external_id == "sub-42"
    Q.id.in_(ids) & (Q.created_date >= datetime(2026, 1, 1, tzinfo=UTC))
    ~Q.product_instances.status.has_some(Status.CANCELED, Status.FAILED)
    Q.created_date.desc()

Which field takes which operators is Wix's table of supported filters; type checkers and the run
time refuse all others. Filters written as dicts, in Wix's own words, are checked the same way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, NoReturn, cast

import attrs

from wixreseller._filter_table import (
    DEEPEST,
    FIELDS,
    LOGICAL,
    SORTABLE,
    SPELT,
    closest,
    compared,
    refused,
    spec_of,
)
from wixreseller.errors import ConfigurationError
from wixreseller.models import JSONObject, JSONValue, checks

if TYPE_CHECKING:
    from wixreseller._query_fields import PackageFields

__all__ = ["Filter", "Q", "Sort", "as_filter", "as_sort"]


# --- filters ------------------------------------------------------------------------------------


def _checked(condition: object, depth: int = 0) -> JSONObject:
    """Check a filter written as a dict; give a copy that nobody else holds."""
    if isinstance(condition, Filter):
        condition = condition._condition  # noqa: SLF001  # checked again for its depth
    if not isinstance(condition, Mapping):
        raise ConfigurationError(
            f"filter must be built with Q, or a dict in Wix's filter language, "
            f"not {checks.shorten(condition)}",
            field="filter",
        )
    if not condition:
        raise ConfigurationError("filter holds an empty condition", field="filter")
    if depth > DEEPEST:
        raise ConfigurationError(
            f"filter is nested more than {DEEPEST} levels deep", field="filter"
        )
    items = cast("Mapping[object, object]", condition).items()
    return {name: value for key, item in items for name, value in _entry(key, item, depth)}


def _entry(name: object, value: object, depth: int) -> Iterator[tuple[str, JSONValue]]:
    if not isinstance(name, str):
        raise ConfigurationError(
            f"filter holds the key {checks.shorten(name)}, which is no field's name", field="filter"
        )
    if name == "$not":
        yield name, _checked(value, depth + 1)
    elif name in LOGICAL:
        if not isinstance(value, (list, tuple)) or not value:
            raise refused(name, "takes a list of conditions, at least one")
        yield name, [_checked(part, depth + 1) for part in cast("Sequence[object]", value)]
    elif name.startswith("$"):
        known = (*LOGICAL, *SPELT)
        is_misplaced = name in SPELT
        raise refused(
            name,
            "stands inside a field" if is_misplaced else f"is no operator{closest(name, known)}",
        )
    else:
        yield name, _condition(name, value)


def _condition(field: str, value: object) -> JSONValue:
    """Check what stands beside a field: a bare value, or operators."""
    spec_of(field)
    if not isinstance(value, Mapping):
        return compared(field, "$eq", value)
    operators = cast("Mapping[object, object]", value)
    if not operators:
        raise refused(field, "has an empty condition")
    return {
        str(operator): compared(field, str(operator), given)
        for operator, given in operators.items()
    }


@attrs.frozen(repr=False, hash=False)
class Filter:
    """Hold a filter: a frozen value, made with :data:`Q`, or of a dict in Wix's filter language.

    Combine filters with ``&``, ``|`` and ``~``, each comparison in parentheses. ``str()`` gives
    the JSON. Two are equal if their JSON is.

    Raises:
        ConfigurationError: the dict names a field or an operator that Wix does not take there.
    """

    _condition: JSONObject = attrs.field(converter=_checked)

    def as_json(self) -> JSONObject:
        """Give the filter as it is sent: a copy."""
        return _checked(self)

    def __and__(self, other: Filter) -> Filter:
        return self._joined("$and", other)

    def __or__(self, other: Filter) -> Filter:
        return self._joined("$or", other)

    def __invert__(self) -> Filter:
        inner = self._condition.get("$not") if len(self._condition) == 1 else None
        return _made({"$not": self._condition} if inner is None else cast("JSONObject", inner))

    def __bool__(self) -> NoReturn:
        raise ConfigurationError(
            "a filter is neither true nor false: combine filters with & | ~, not with "
            "'and', 'or', 'not' or 'a < Q.created_date < b', which would drop a part silently",
            field="filter",
        )

    def __hash__(self) -> int:
        return hash(json.dumps(self._condition, sort_keys=True))

    def __str__(self) -> str:
        return json.dumps(self._condition, ensure_ascii=False)

    def __repr__(self) -> str:
        return f"Filter({self._condition!r})"

    def _joined(self, word: str, other: Filter) -> Filter:
        checks.instance_of(other, Filter, "what is combined with a filter")
        parts = [*_parts(self._condition, word), *_parts(other._condition, word)]
        return _made({word: parts})


def _parts(condition: JSONObject, word: str) -> Sequence[JSONValue]:
    """Give what ``word`` joins, so that a chain of it stays one list, however long."""
    if len(condition) == 1 and word in condition:
        return cast("Sequence[JSONValue]", condition[word])
    return (condition,)


def _made(condition: JSONObject) -> Filter:
    """Make a filter of parts that were checked before."""
    made = object.__new__(Filter)
    object.__setattr__(made, "_condition", condition)
    return made


@attrs.frozen
class Sort:
    """Order a query by a field; made by ``Q.created_date.desc()`` or ``.asc()``."""

    field_name: str
    """The field, in Wix's spelling."""
    order: Literal["ASC", "DESC"] = "ASC"

    def __attrs_post_init__(self) -> None:
        if self.field_name not in SORTABLE:
            hint = closest(str(self.field_name), SORTABLE)
            raise ConfigurationError(
                f"sort: {checks.shorten(self.field_name)} cannot be sorted by{hint}; "
                f"{' and '.join(SORTABLE)} can",
                field="sort",
            )
        checks.one_of(self.order, ("ASC", "DESC"), "order")

    def as_json(self) -> JSONObject:
        """Give the order as it is sent."""
        return {"fieldName": self.field_name, "order": self.order}

    def __str__(self) -> str:
        return json.dumps(self.as_json())


def as_filter(given: Filter | JSONObject | None) -> JSONObject | None:
    """Check what a query was given as its filter; give the JSON, ``None`` for no filter.

    Raises:
        ConfigurationError: Wix would refuse it; names the field.
    """
    if given is None or (isinstance(given, Mapping) and not given):
        return None
    return _checked(given)


def as_sort(given: Sort | JSONObject | Sequence[Sort | JSONObject] | None) -> Sequence[JSONObject]:
    """Check what a query was given as its order; give the JSON.

    Raises:
        ConfigurationError: Wix would refuse it.
    """
    if given is None:
        return ()
    several = given if isinstance(given, (list, tuple)) else [given]
    return [_sort(item).as_json() for item in cast("Sequence[object]", several)]


def _sort(given: object) -> Sort:
    shown = checks.shorten(given)
    if isinstance(given, Sort):
        return given
    if isinstance(given, Mapping):
        entry = dict(cast("Mapping[object, object]", given))
        field_name, order = entry.pop("fieldName", None), entry.pop("order", "ASC")
        if not entry:
            # Checked by the class itself, whatever their types are.
            return Sort(cast("str", field_name), cast("Literal['ASC']", order))
    raise ConfigurationError(
        f"sort must be like Q.created_date.desc() or "
        f'{{"fieldName": "createdDate", "order": "DESC"}}, not {shown}',
        field="sort",
    )


# --- Q: what runs -------------------------------------------------------------------------------


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


class _Field:
    """Be a field, or the package itself; the table says what it takes and what is below it."""

    __slots__ = ("_below", "_path")

    def __init__(self, path: str = "") -> None:
        self._path = path
        start = f"{path}." if path else ""
        rests = [name.removeprefix(start) for name in FIELDS if name.startswith(start)]
        self._below = {_snake(rest): _Field(start + rest) for rest in rests if "." not in rest}

    def __getattr__(self, name: str) -> _Field:
        # Dunder names are asked for while copies and pickles are made.
        if not name.startswith("_") and name in self._below:
            return self._below[name]
        raise AttributeError(f"{self!r} has no field {name!r}{closest(name, dir(self))}")

    def __dir__(self) -> list[str]:
        spelt = [SPELT[name] for name in FIELDS[self._path].operators] if self._path else []
        operators = [word.removesuffix("()") for word in spelt if word.endswith("()")]
        sorts = ["asc", "desc"] if self._path in SORTABLE else []
        return sorted([*self._below, *operators, *sorts])

    def __repr__(self) -> str:
        return ".".join(["Q", *(_snake(name) for name in self._path.split(".") if name)])

    def __reduce__(self) -> tuple[Callable[[str], _Field], tuple[str]]:
        return _Field, (self._path,)

    def __hash__(self) -> int:
        return hash(self._path)

    def _is(self, operator: str, value: object) -> Filter:
        checked = compared(self._path or repr(self), operator, value)
        return _made({self._path: checked if operator == "$eq" else {operator: checked}})

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]  # a filter, not a bool
        return self._is("$eq", value)

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]  # a filter, not a bool
        return self._is("$ne", value)

    def __gt__(self, value: object) -> Filter:
        return self._is("$gt", value)

    def __lt__(self, value: object) -> Filter:
        return self._is("$lt", value)

    def __ge__(self, value: object) -> Filter:
        return self._is("$gte", value)

    def __le__(self, value: object) -> Filter:
        return self._is("$lte", value)

    def in_(self, values: Iterable[object]) -> Filter:
        return self._is("$in", values)

    def exists(self, value: object = True) -> Filter:
        return self._is("$exists", value)

    def has_some(self, *values: object) -> Filter:
        return self._is("$hasSome", values)

    def has_all(self, *values: object) -> Filter:
        return self._is("$hasAll", values)

    def asc(self) -> Sort:
        return Sort(self._path or repr(self), "ASC")

    def desc(self) -> Sort:
        return Sort(self._path or repr(self), "DESC")

    def __bool__(self) -> NoReturn:
        raise ConfigurationError(f"{self!r} is a field: compare it with a value", field="filter")

    def _misplaced(self, _: object) -> NoReturn:
        # `Q.id == "a" & Q.account_id == "b"`: Python's & comes before its ==.
        raise ConfigurationError(
            f"put each comparison with {self!r} in parentheses: & | ~ come before == and <",
            field="filter",
        )

    __and__ = __rand__ = __or__ = __ror__ = _misplaced


Q: Final = cast("PackageFields", _Field())
"""The fields of packages: ``Q.external_id == "x"``, ``Q.created_date.desc()``."""
