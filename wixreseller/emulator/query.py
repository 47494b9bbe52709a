"""Answer Query Packages: filter, sort, cursors that stay right while rows come, offset paging.

Documented: the default sort, the limit of 100, cursors unless ``paging`` is given, a cursor with
neither filter nor sort. Guesses: both kinds of paging at once are refused; ``total`` is exact.
"""

from collections.abc import Sequence

import attrs

from wixreseller.emulator.core import Call, Core
from wixreseller.emulator.cursors import Cursor, CursorError, read_cursor, write_cursor
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.filters import Sql, Translator, refuse_value
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.records import Package
from wixreseller.emulator.render import project, render_package
from wixreseller.emulator.replies import Refusal, Violation, refuse, refuse_fields
from wixreseller.emulator.store import SELECT_PACKAGES

MOST = 100
_COMMON = 20_000
_FEW = 2_000
_COLUMNS = {"createdDate": "created_ms", "updatedDate": "updated_ms"}
_DEFAULT_SORT = (("createdDate", "DESC"),)


@attrs.frozen(kw_only=True)
class _Query:
    condition: JsonObject
    sort: tuple[tuple[str, str], ...]
    fields: tuple[str, ...]
    limit: int
    offset: int | None
    cursor: Cursor | None


def query_packages(core: Core, call: Call) -> JsonObject:
    """Return one page of the packages of the parent account, whichever account asks."""
    query = _read(core, call)
    translator = Translator(lambda condition: _is_common(core, condition))
    condition = translator.translate(query.condition)
    where = _narrow(
        core, Sql(f"p.root_id = ? AND {condition.text}", (call.root_id, *condition.values))
    )
    if query.offset is not None:
        packages, metadata = _offset_page(core, query, where, query.offset)
    else:
        packages, metadata = _cursor_page(core, query, where)
    shown = [render_package(package, core.settings) for package in packages]
    if core.settings.fields_honoured:
        shown = [project(package, list(query.fields)) for package in shown]
    wire: list[Json] = list(shown)
    return {core.settings.paging_key: metadata, "packages": wire}


def _offset_page(
    core: Core, query: _Query, where: Sql, offset: int
) -> tuple[list[Package], JsonObject]:
    packages = core.store.packages(
        f"{SELECT_PACKAGES} WHERE {where.text} {_order(query.sort, forward=True)} LIMIT ? OFFSET ?",
        (*where.values, query.limit, offset),
    )
    ((total,),) = core.store.rows(
        f"SELECT count(*) FROM packages p WHERE {where.text}",  # noqa: S608
        where.values,
    )
    has_next = offset + len(packages) < int(str(total))
    return packages, {
        "count": len(packages),
        "offset": offset,
        "total": int(str(total)),
        "hasNext": has_next,
    }


def _cursor_page(core: Core, query: _Query, where: Sql) -> tuple[list[Package], JsonObject]:
    cursor = query.cursor
    forward = cursor is None or cursor.forward
    if cursor is not None:
        beyond = _beyond(query.sort, cursor.keys, forward=forward)
        where = Sql(f"{where.text} AND {beyond.text}", where.values + beyond.values)
    # One more than asked for tells whether there is a page after this one.
    found = core.store.packages(
        f"{SELECT_PACKAGES} WHERE {where.text} {_order(query.sort, forward=forward)} LIMIT ?",
        (*where.values, query.limit + 1),
    )
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


def _order(sort: Sequence[tuple[str, str]], *, forward: bool) -> str:
    """Return the ORDER BY; rows of equal keys go by the order in which they were created."""
    directions = [*sort, ("seq", sort[-1][1])]
    return "ORDER BY " + ", ".join(
        f"p.{_COLUMNS.get(name, name)} {'ASC' if (order == 'ASC') == forward else 'DESC'}"
        for name, order in directions
    )


def _beyond(sort: Sequence[tuple[str, str]], keys: Sequence[int], *, forward: bool) -> Sql:
    """Return the condition for rows past the row with these sort keys."""
    alternatives: list[str] = []
    values: list[int] = []
    directions = [*sort, ("seq", sort[-1][1])]
    for depth, (name, order) in enumerate(directions):
        equal = [f"p.{_COLUMNS.get(other, other)} = ?" for other, _ in directions[:depth]]
        sign = ">" if (order == "ASC") == forward else "<"
        alternatives.append(" AND ".join([*equal, f"p.{_COLUMNS.get(name, name)} {sign} ?"]))
        values += keys[: depth + 1]
    # The first comparison again, not strict: it is what lets the index find the place.
    name, order = directions[0]
    sign = ">=" if (order == "ASC") == forward else "<="
    text = " OR ".join(f"({alternative})" for alternative in alternatives)
    return Sql(f"p.{_COLUMNS.get(name, name)} {sign} ? AND ({text})", (keys[0], *values))


def _token(core: Core, query: _Query, package: Package, *, forward: bool) -> str:
    times = {"createdDate": package.created_ms, "updatedDate": package.updated_ms}
    cursor = Cursor(
        forward=forward,
        keys=(*(times[name] for name, _ in query.sort), package.seq),
        condition=query.condition,
        sort=query.sort,
        fields=query.fields,
    )
    return write_cursor(cursor, _secret(core))


def _secret(core: Core) -> bytes:
    return f"cursor {core.store.meta('seed')}".encode()


def _narrow(core: Core, where: Sql) -> Sql:
    """Return a condition that finds the same packages: by number, if they are few.

    SQLite would rather walk all packages in the order asked for than look few of them up and sort
    them, which takes long where there are many packages and few matches.
    """
    found = core.store.rows(
        f"SELECT p.seq FROM packages p WHERE {where.text} LIMIT {_FEW + 1}",  # noqa: S608
        where.values,
    )
    if len(found) > _FEW:
        return where
    return Sql(f"p.seq IN ({', '.join(str(seq) for (seq,) in found)})")


def _is_common(core: Core, condition: Sql) -> bool:
    return core.store.exists(
        f"SELECT 1 FROM instances i WHERE {condition.text} LIMIT 1 OFFSET {_COMMON}",  # noqa: S608
        condition.values,
    )


def _read(core: Core, call: Call) -> _Query:
    body = Fields(call.body)
    body.allow(("query",))
    query = body.child("query") or Fields({}, "query", body.violations)
    query.allow(("filter", "sort", "cursorPaging", "paging", "fields", "fieldsets"))
    cursor_paging = query.child("cursorPaging")
    paging = query.child("paging")
    if cursor_paging is not None and paging is not None:
        query.fault("paging", "cannot be combined with cursorPaging", "ONE_OF_ALIGNMENT")
    limit, offset, token = MOST, None, None
    if cursor_paging is not None:
        cursor_paging.allow(("limit", "cursor"))
        limit = cursor_paging.whole("limit", 1, MOST) or MOST
        token = cursor_paging.value.get("cursor")
    elif paging is not None:
        paging.allow(("limit", "offset"))
        limit = paging.whole("limit", 1, MOST) or MOST
        offset = paging.whole("offset", 0, 2**31 - 1) or 0
    condition = query.child("filter")
    fields = (*_texts(query, "fields"), *_texts(query, "fieldsets"))
    sort = _read_sort(query)
    body.settle()
    if token is None:
        given = {} if condition is None else condition.value
        return _Query(
            condition=given,
            sort=sort or _DEFAULT_SORT,
            fields=fields[: len(_texts(query, "fields"))],
            limit=limit,
            offset=offset,
            cursor=None,
        )
    # An empty filter counts as absent.
    if (condition is not None and condition.value) or sort:
        raise _bad_cursor(core, "a cursor comes with neither filter nor sort")
    return _resume(core, token, limit)


def _resume(core: Core, token: Json, limit: int) -> _Query:
    try:
        cursor = read_cursor(token if isinstance(token, str) else "", _secret(core))
    except CursorError as error:
        raise _bad_cursor(core, str(error)) from error
    return _Query(
        condition=cursor.condition,
        sort=cursor.sort,
        fields=cursor.fields,
        limit=limit,
        offset=None,
        cursor=cursor,
    )


def _bad_cursor(core: Core, reason: str) -> Refusal:
    text = f"is invalid: {reason}"
    if core.settings.cursor_error == "validation":
        return refuse_fields([Violation("query.cursorPaging.cursor", text, "OTHER")])
    return refuse(400, "INVALID_CURSOR", f"the cursor {text}")


def _texts(query: Fields, name: str) -> tuple[str, ...]:
    value = query.value.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        query.fault(name, "must be an array of strings", "FORMAT")
        return ()
    texts = tuple(entry for entry in value if isinstance(entry, str))
    if len(texts) < len(value):
        query.fault(name, "must be an array of strings", "FORMAT")
    return texts


def _read_sort(query: Fields) -> tuple[tuple[str, str], ...]:
    sort: dict[str, str] = {}
    for entry in query.children("sort", 0, 10):
        entry.allow(("fieldName", "order"))
        entry.require("fieldName")
        name = entry.text("fieldName")
        order = entry.choice("order", ("ASC", "DESC")) or "ASC"
        if name is None:
            continue
        if name not in _COLUMNS:
            raise refuse_value(f"Field '{name}' is not declared as sortable")
        sort.setdefault(name, order)
    return tuple(sort.items())
