"""Translate the filter language into SQL with parameters.

The supported-filters table says which field takes which operators; everything else is refused. The
SQL never yields NULL (``IS`` and ``IS NOT`` throughout), so that ``$not`` is a true complement.
Guesses: ``$ne`` matches a missing field, and objects are compared deeply (both switchable); an
empty ``$hasAll`` matches nothing (as in MongoDB); a value of a wrong type is refused; the text for
an operator that a field does not take is that for a field that cannot be filtered on.
"""

from collections.abc import Callable, Mapping, Sequence

import attrs

from wixreseller.emulator.clock import from_wire
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.replies import Refusal, Violation, refuse_fields
from wixreseller.emulator.settings import Settings
from wixreseller.emulator.views import NOW, Sql, SqlValue, View

MOST_VALUES = 30_000
DEEPEST = 50


@attrs.frozen
class _Leaf:
    """Name a column and the kind of value in it: ``guid``, ``text``, ``date`` or ``whole``."""

    column: str
    kind: str


_Node = _Leaf | Mapping[str, "_Node"]

_SCALARS = ("$eq", "$ne", "$in", "$exists")
_DATES = ("$eq", "$ne", "$gt", "$lt", "$gte", "$lte")
_PACKAGE: Mapping[str, tuple[_Leaf, Sequence[str]]] = {
    "id": (_Leaf("p.id", "guid"), _SCALARS),
    "accountId": (_Leaf("p.account_id", "guid"), _SCALARS),
    "externalId": (_Leaf("p.external_id", "text"), _SCALARS),
    "createdDate": (_Leaf("p.created_ms", "date"), _DATES),
    "updatedDate": (_Leaf("p.updated_ms", "date"), _DATES),
}
_CYCLE: Mapping[str, _Node] = {
    "unit": _Leaf("i.cycle_unit", "text"),
    "count": _Leaf("i.cycle_count", "whole"),
}
_INSTANCE: Mapping[str, _Node] = {
    "instanceId": _Leaf("i.id", "guid"),
    "siteId": _Leaf("i.site_id", "guid"),
    "catalogProductId": _Leaf("i.product_id", "guid"),
    "status": _Leaf("i.status", "status"),
    "failure": {
        "code": _Leaf("i.failure_code", "text"),
        "message": _Leaf("i.failure_message", "text"),
    },
    "billingInfo": {"type": _Leaf("i.billing_type", "text"), "cycleDuration": _CYCLE},
    "createdDate": _Leaf("i.created_ms", "date"),
    "updatedDate": _Leaf("i.updated_ms", "date"),
    "countryCode": _Leaf("i.country_code", "text"),
    # Parts of an instance that is compared as a whole, but no filters of their own:
    "discountCode": _Leaf("i.discount_code", "text"),
    "referenceProductInstanceId": _Leaf("i.reference_id", "guid"),
    "expirationDate": _Leaf("i.expires_ms", "date"),
}
_NOT_FILTERABLE = ("discountCode", "referenceProductInstanceId", "expirationDate")
_COMPARE = {"$eq": "IS", "$ne": "IS NOT", "$gt": ">", "$lt": "<", "$gte": ">=", "$lte": "<="}


def refuse_value(description: str) -> Refusal:
    """Make the refusal of a filter or sort, in the one form known from Wix."""
    return refuse_fields([Violation("value", description, "OTHER")])


class Translator:
    """Translate one filter; ``is_common`` says whether many instances meet a condition.

    ``in_order`` keeps SQLite from collecting the packages by their instances and sorting them: it
    then walks them in the order asked for, and looks each one up among those that match.
    """

    def __init__(
        self,
        is_common: Callable[[Sql], bool],
        settings: Settings,
        view: View = NOW,
        *,
        in_order: bool = False,
    ) -> None:
        self._is_common = is_common
        self._settings = settings
        self._view = view
        # SQLite uses no index for a column with a plus sign in front.
        self._plus = "+" if in_order else ""
        self._values_left = MOST_VALUES

    def translate(self, condition: JsonObject, depth: int = 0) -> Sql:
        """Return the SQL for a filter object; raise the refusal for one that Wix would refuse."""
        if depth > DEEPEST:
            raise refuse_value(f"Filter is nested more than {DEEPEST} levels deep")
        parts: list[Sql] = []
        for name, value in condition.items():
            if name in ("$and", "$or"):
                parts.append(self._several(name, value, depth))
            elif name == "$not":
                if not isinstance(value, dict):
                    raise refuse_value("Operator '$not' takes an object")
                inner = self.translate(value, depth + 1)
                parts.append(Sql(f"NOT {inner.text}", inner.values))
            else:
                parts.append(self._field(name, value))
        return _join(parts, "AND")

    def _several(self, name: str, value: Json, depth: int) -> Sql:
        if not isinstance(value, list) or not value:
            raise refuse_value(f"Operator '{name}' takes a non-empty array")
        parts: list[Sql] = []
        for entry in value:
            if not isinstance(entry, dict):
                raise refuse_value(f"Operator '{name}' takes an array of objects")
            parts.append(self.translate(entry, depth + 1))
        return _join(parts, "AND" if name == "$and" else "OR")

    def _field(self, name: str, value: Json) -> Sql:
        operations = {"$eq": value}
        if isinstance(value, dict) and any(key.startswith("$") for key in value):
            operations = value
        if name in _PACKAGE:
            leaf, allowed = _PACKAGE[name]
            translate = self._scalar
        else:
            node, allowed = _instance_node(name), ("$hasSome", "$hasAll")
            return self._all(
                name, operations, allowed, lambda op, given: self._member(name, node, op, given)
            )
        return self._all(
            name, operations, allowed, lambda op, given: translate(name, leaf, op, given)
        )

    def _all(
        self,
        name: str,
        operations: Mapping[str, Json],
        allowed: Sequence[str],
        translate: Callable[[str, Json], Sql],
    ) -> Sql:
        for operator in operations:
            if operator not in allowed:
                raise _not_filterable(name)
        return _join([translate(op, value) for op, value in operations.items()], "AND")

    def _scalar(self, name: str, leaf: _Leaf, operator: str, value: Json) -> Sql:
        if operator == "$exists":
            if not isinstance(value, bool):
                raise refuse_value(f"Operator '$exists' of field '{name}' takes true or false")
            return Sql(f"{leaf.column} IS {'NOT ' if value else ''}NULL")
        if operator == "$in":
            wanted = [self._value(name, leaf, entry) for entry in _array(name, operator, value)]
            return _among(leaf.column, wanted)
        given = self._value(name, leaf, value)
        if given is None and operator not in ("$eq", "$ne"):
            raise refuse_value(f"Operator '{operator}' of field '{name}' takes a date")
        if operator == "$ne" and not self._settings.ne_matches_missing:
            return Sql(f"({leaf.column} IS NOT NULL AND {leaf.column} IS NOT ?)", (given,))
        return Sql(f"{leaf.column} {_COMPARE[operator]} ?", (given,))

    def _member(self, name: str, node: _Node, operator: str, value: Json) -> Sql:
        wanted = _array(name, operator, value)
        if not wanted:
            return Sql("0")
        if operator == "$hasSome" and isinstance(node, _Leaf):
            values = [self._value(name, node, entry) for entry in wanted]
            return self._some(_among(node.column, values))
        conditions = [self._equals(name, node, entry) for entry in wanted]
        if operator == "$hasSome":
            return self._some(_join(conditions, "OR"))
        return _join([self._some(condition) for condition in conditions], "AND")

    def _some(self, condition: Sql) -> Sql:
        view = self._view
        # Rare: collect the few packages by index. Common: look at each package in order, and stop
        # at the end of the page.
        if self._is_common(condition):
            text = (
                f"EXISTS (SELECT 1 FROM {view.instances} i "  # noqa: S608
                f"WHERE i.{view.instance_key} = p.{view.package_key} AND {condition.text})"
            )
        else:
            text = (
                f"{self._plus}p.{view.package_key} IN (SELECT i.{view.instance_key} "  # noqa: S608
                f"FROM {view.instances} i WHERE {condition.text})"
            )
        return Sql(text, condition.values)

    def _equals(self, name: str, node: _Node, value: Json) -> Sql:
        if isinstance(node, _Leaf):
            return Sql(f"{node.column} IS ?", (self._value(name, node, value),))
        if not isinstance(value, dict):
            raise refuse_value(f"Field '{name}' is compared with objects")
        if not value.keys() <= node.keys():
            return Sql("0")
        parts = [
            self._equals(f"{name}.{key}", child, value[key])
            if value.get(key) is not None
            else _absent(child)
            for key, child in node.items()
            if key in value or self._settings.object_match == "deep"
        ]
        return _join(parts, "AND")

    def _value(self, name: str, leaf: _Leaf, value: Json) -> SqlValue:
        self._values_left -= 1
        if self._values_left < 0:
            raise refuse_value(f"Filter holds more than {MOST_VALUES} values")
        if value is None:
            return None
        if leaf.kind == "whole":
            if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
                return value
            raise refuse_value(f"Field '{name}' is compared with whole numbers")
        if not isinstance(value, str):
            raise refuse_value(f"Field '{name}' is compared with strings")
        if leaf.kind == "date":
            try:
                return from_wire(value)
            except ValueError:
                raise refuse_value(f"Field '{name}' is compared with dates") from None
        if leaf.kind == "status":
            # What a usable instance is called is uncertain, so a filter may use either word.
            return "ENABLED" if value == "ACTIVE" else value
        return value.lower() if leaf.kind == "guid" else value


def _instance_node(name: str) -> _Node:
    head, *rest = name.split(".")
    node: _Node = _INSTANCE
    if head != "productInstances" or (rest and rest[0] in _NOT_FILTERABLE):
        raise _not_filterable(name)
    for part in rest:
        if isinstance(node, _Leaf) or part not in node:
            raise _not_filterable(name)
        node = node[part]
    return node


def _not_filterable(name: str) -> Refusal:
    return refuse_value(f"Field '{name}' is not declared as filterable")


def _array(name: str, operator: str, value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise refuse_value(f"Operator '{operator}' of field '{name}' takes an array")
    return value


def _among(column: str, values: Sequence[SqlValue]) -> Sql:
    given = tuple(value for value in values if value is not None)
    marks = ", ".join("?" * len(given))
    text = f"{column} IS NOT NULL AND {column} IN ({marks})"
    if len(given) < len(values):
        text = f"{column} IS NULL OR {text}"
    return Sql(f"({text})", given)


def _absent(node: _Node) -> Sql:
    if isinstance(node, _Leaf):
        return Sql(f"{node.column} IS NULL")
    return _join([_absent(child) for child in node.values()], "AND")


def _join(parts: Sequence[Sql], word: str) -> Sql:
    """Join conditions as a balanced tree: SQLite refuses chains of a thousand."""
    if not parts:
        return Sql("1")
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left, right = _join(parts[:half], word), _join(parts[half:], word)
    return Sql(f"({left.text} {word} {right.text})", left.values + right.values)
