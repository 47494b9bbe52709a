"""Find a page of packages: by cursor, right while rows come and go, or by offset.

A read of how things were looks at two views, each by its own indexes, and merges what they find.
Guess, switchable: ``total`` is exact, however many there are.
"""

from collections.abc import Sequence

import attrs

from wixreseller.emulator.core import Core
from wixreseller.emulator.cursors import Cursor, write_cursor
from wixreseller.emulator.filters import Translator
from wixreseller.emulator.history import views_as_of
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.records import Package
from wixreseller.emulator.views import NOW, Sql, View

COLUMNS = {"createdDate": "created_ms", "updatedDate": "updated_ms"}

_COMMON = 20_000
_FEW = 2_000


@attrs.frozen(kw_only=True)
class Query:
    """Hold what a query asks for; ``offset`` is ``None`` for cursor paging."""

    condition: JsonObject
    sort: tuple[tuple[str, str], ...]
    fields: tuple[str, ...]
    limit: int
    offset: int | None
    cursor: Cursor | None


@attrs.frozen
class _Source:
    """Hold a view and the condition of the query, in its terms."""

    view: View
    where: Sql


def find_page(
    core: Core, query: Query, root_id: str, as_of_ms: int | None
) -> tuple[list[Package], JsonObject]:
    """Return the packages of a page, and the metadata that goes with them."""
    views = [NOW] if as_of_ms is None else views_as_of(core.store, as_of_ms)
    sources = [_source(core, query, root_id, view) for view in views]
    if query.offset is not None:
        return _offset_page(core, query, sources, query.offset)
    return _cursor_page(core, query, sources)


def cursor_secret(core: Core) -> bytes:
    """Return what cursors are signed with: the same for the same seed."""
    return f"cursor {core.store.seed()}".encode()


def _source(core: Core, query: Query, root_id: str, view: View) -> _Source:
    def is_common(condition: Sql) -> bool:
        return core.store.exists(
            f"SELECT 1 FROM {view.instances} i WHERE {condition.text} "  # noqa: S608
            f"LIMIT 1 OFFSET {_COMMON}",
            condition.values,
        )

    def where(*, in_order: bool) -> Sql:
        condition = Translator(is_common, core.settings, view, in_order=in_order).translate(
            query.condition
        )
        return Sql(
            f"p.root_id = ? AND {view.condition.text} AND {condition.text}",
            (root_id, *view.condition.values, *condition.values),
        )

    few = _few(core, view, where(in_order=False))
    return _Source(view, where(in_order=True) if few is None else few)


def _offset_page(
    core: Core, query: Query, sources: Sequence[_Source], offset: int
) -> tuple[list[Package], JsonObject]:
    found = _find(core, query, sources, offset + query.limit, forward=True)
    packages = found[offset:]
    total = sum(_count(core, source) for source in sources)
    most = core.settings.counted_at_most
    counted: JsonObject = {"total": total}
    if most and total > most:
        counted = {"tooManyToCount": True}
    return packages, {
        "count": len(packages),
        "offset": offset,
        **counted,
        "hasNext": offset + len(packages) < total,
    }


def _count(core: Core, source: _Source) -> int:
    where = source.where
    ((count,),) = core.store.rows(
        f"SELECT count(*) FROM {source.view.packages} p WHERE {where.text}",  # noqa: S608
        where.values,
    )
    return int(str(count))


def _cursor_page(
    core: Core, query: Query, sources: Sequence[_Source]
) -> tuple[list[Package], JsonObject]:
    cursor = query.cursor
    forward = cursor is None or cursor.forward
    if cursor is not None:
        beyond = _beyond(query.sort, cursor.keys, forward=forward)
        sources = [
            _Source(
                source.view,
                Sql(f"{source.where.text} AND {beyond.text}", source.where.values + beyond.values),
            )
            for source in sources
        ]
    # One more than asked for tells whether there is a page after this one.
    found = _find(core, query, sources, query.limit + 1, forward=forward)
    more = len(found) > query.limit
    packages = found[: query.limit] if forward else found[: query.limit][::-1]
    # Whoever comes with a cursor has seen the page on the side that they come from.
    has_next = more if forward else True
    has_previous = cursor is not None if forward else more
    cursors: JsonObject = {}
    if packages and has_next:
        cursors["next"] = _token(core, query, packages[-1], forward=True)
    if packages and has_previous:
        cursors["prev"] = _token(core, query, packages[0], forward=False)
    return packages, {
        "count": len(packages),
        "cursors": cursors,
        "hasNext": bool(packages) and has_next,
    }


def _find(
    core: Core, query: Query, sources: Sequence[_Source], limit: int, *, forward: bool
) -> list[Package]:
    """Return the first ``limit`` packages of all sources, in the order asked for."""
    order = _order(query.sort, forward=forward)
    found: list[Package] = []
    for source in sources:
        found += core.store.packages(
            f"WHERE {source.where.text} {order} LIMIT ?", (*source.where.values, limit), source.view
        )
    if len(sources) == 1:
        return found
    signs = [1 if ascending == forward else -1 for ascending in _ascending(query.sort)]

    def place(package: Package) -> tuple[int, ...]:
        keys = _keys(query, package)
        return tuple(sign * key for sign, key in zip(signs, keys, strict=True))

    return sorted(found, key=place)[:limit]


def _ascending(sort: Sequence[tuple[str, str]]) -> list[bool]:
    return [order == "ASC" for _, order in (*sort, sort[-1])]


def _order(sort: Sequence[tuple[str, str]], *, forward: bool) -> str:
    """Return the ORDER BY; rows of equal keys go by the order in which they were created."""
    directions = [*sort, ("seq", sort[-1][1])]
    return "ORDER BY " + ", ".join(
        f"p.{COLUMNS.get(name, name)} {'ASC' if (order == 'ASC') == forward else 'DESC'}"
        for name, order in directions
    )


def _beyond(sort: Sequence[tuple[str, str]], keys: Sequence[int], *, forward: bool) -> Sql:
    """Return the condition for rows past the row with these sort keys."""
    alternatives: list[str] = []
    values: list[int] = []
    directions = [*sort, ("seq", sort[-1][1])]
    for depth, (name, order) in enumerate(directions):
        equal = [f"p.{COLUMNS.get(other, other)} = ?" for other, _ in directions[:depth]]
        sign = ">" if (order == "ASC") == forward else "<"
        alternatives.append(" AND ".join([*equal, f"p.{COLUMNS.get(name, name)} {sign} ?"]))
        values += keys[: depth + 1]
    # The first comparison again, not strict: it is what lets the index find the place.
    name, order = directions[0]
    sign = ">=" if (order == "ASC") == forward else "<="
    text = " OR ".join(f"({alternative})" for alternative in alternatives)
    return Sql(f"p.{COLUMNS.get(name, name)} {sign} ? AND ({text})", (keys[0], *values))


def _keys(query: Query, package: Package) -> tuple[int, ...]:
    times = {"createdDate": package.created_ms, "updatedDate": package.updated_ms}
    return (*(times[name] for name, _ in query.sort), package.seq)


def _token(core: Core, query: Query, package: Package, *, forward: bool) -> str:
    cursor = Cursor(
        forward=forward,
        keys=_keys(query, package),
        condition=query.condition,
        sort=query.sort,
        fields=query.fields,
    )
    return write_cursor(cursor, cursor_secret(core))


def _few(core: Core, view: View, where: Sql) -> Sql | None:
    """Return a condition that finds the same packages by number, or ``None`` if they are many.

    Few are looked up and sorted; SQLite would rather walk all packages in the order asked for,
    which takes long where there are many packages and few matches.
    """
    found = core.store.rows(
        f"SELECT p.{view.package_key} FROM {view.packages} p "  # noqa: S608
        f"WHERE {where.text} LIMIT {_FEW + 1}",
        where.values,
    )
    if len(found) > _FEW:
        return None
    return Sql(f"p.{view.package_key} IN ({', '.join(str(key) for (key,) in found)})")
