"""Read what Query Packages asks for, and write its answer.

Documented: the default sort, the limit of 100, cursors unless ``paging`` is given, a cursor with
neither filter nor sort. Guess: both kinds of paging at once are refused.
"""

from wixreseller.emulator.core import Call, Core
from wixreseller.emulator.cursors import CursorError, read_cursor
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.filters import refuse_value
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.paging import COLUMNS, Query, cursor_secret, find_page
from wixreseller.emulator.render import project, render_package
from wixreseller.emulator.replies import Refusal, Violation, refuse, refuse_fields

MOST = 100
_DEFAULT_SORT = (("createdDate", "DESC"),)


def query_packages(core: Core, call: Call) -> JsonObject:
    """Return one page of the packages of the parent account, whichever account asks."""
    query = _read(core, call)
    packages, metadata = find_page(core, query, call.root_id, call.as_of_ms)
    shown = [render_package(package, core.settings) for package in packages]
    if core.settings.fields_honoured:
        shown = [project(package, list(query.fields)) for package in shown]
    wire: list[Json] = list(shown)
    return {core.settings.paging_key: metadata, "packages": wire}


def _read(core: Core, call: Call) -> Query:
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
        limit = _limit(core, cursor_paging)
        token = cursor_paging.value.get("cursor")
    elif paging is not None:
        paging.allow(("limit", "offset"))
        limit = _limit(core, paging)
        offset = paging.whole("offset", 0, 2**31 - 1) or 0
    condition = query.child("filter")
    fields = (*_texts(query, "fields"), *_texts(query, "fieldsets"))
    sort = _read_sort(query)
    body.settle()
    if token is None:
        given = {} if condition is None else condition.value
        return Query(
            condition=given,
            sort=sort or _DEFAULT_SORT,
            fields=fields[: len(_texts(query, "fields"))],
            limit=limit,
            offset=offset,
            cursor=None,
        )
    is_strict = core.settings.empty_filter == "refused"
    if (condition is not None and (condition.value or is_strict)) or sort:
        raise _bad_cursor(core, "a cursor comes with neither filter nor sort")
    return _resume(core, token, limit)


def _limit(core: Core, paging: Fields) -> int:
    cut = core.settings.limit_above_100 == "cut"
    return min(paging.whole("limit", 1, 2**31 - 1 if cut else MOST) or MOST, MOST)


def _resume(core: Core, token: Json, limit: int) -> Query:
    try:
        cursor = read_cursor(token if isinstance(token, str) else "", cursor_secret(core))
    except CursorError as error:
        raise _bad_cursor(core, str(error)) from error
    return Query(
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
        if name not in COLUMNS:
            raise refuse_value(f"Field '{name}' is not declared as sortable")
        sort.setdefault(name, order)
    return tuple(sort.items())
