"""List packages for people: newest first, filtered and paged by indexes, counted by status.

A condition on instances (status, product, floating) is about one and the same instance, which is
found by its status: those indexes are in the order of the packages, so a page is found without
sorting. Whoever reads here has let time do its part before.
"""

from collections.abc import Mapping
from heapq import merge
from itertools import groupby, islice

import attrs

from wixreseller.emulator.clock import to_wire
from wixreseller.emulator.core import Core
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.guid import is_guid
from wixreseller.emulator.journal import Journal
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.records import LIVE
from wixreseller.emulator.render import render_package
from wixreseller.emulator.replies import refuse
from wixreseller.emulator.store import Store
from wixreseller.emulator.timeline import Cause, line_to_wire
from wixreseller.emulator.views import Sql, SqlValue

MOST = 200
STATUSES = ("PENDING", "ENABLED", "AWAITING_ACTION", "FAILED", "CANCELED")

_NAMES = ("status", "product", "account", "floating", "text")
# A package may have a thousand instances; a list shows the first few.
_SHOWN = 6
_MOST_LINES = 5_000
# Shorter beginnings of ids would find half of everything.
_SHORTEST_ID = 4


@attrs.frozen(kw_only=True)
class _Wanted:
    """Say which packages are asked for, as conditions on ``p`` and on one instance ``i``."""

    statuses: tuple[str, ...]
    product_id: str | None
    package: Sql
    instance: Sql | None

    @property
    def index(self) -> str:
        """Return the index that has the instances of a status in the order of their packages."""
        return "instances_status" if self.product_id is None else "instances_product"


def list_packages(core: Core, query: Mapping[str, str]) -> JsonObject:
    """Return a page of packages, newest first, older than ``before``."""
    fields = _fields(query)
    fields.allow(("before", "limit", *_NAMES))
    before = fields.whole("before", 1, 2**53) or 2**53
    limit = fields.whole("limit", 1, MOST) or MOST
    wanted = _read(fields)
    fields.settle()
    found = _find(core.store, wanted, before, limit + 1)
    shown: list[Json] = list(_rows(core.store, found[:limit]))
    return {"packages": shown, "more": len(found) > limit}


def count_packages(core: Core, query: Mapping[str, str]) -> JsonObject:
    """Return how many packages there are, how many meet the filter, and instances by status.

    The instances are those that meet the filter whatever its status is, so that each number says
    what choosing that status would find.
    """
    fields = _fields(query)
    fields.allow(_NAMES)
    wanted = _read(fields)
    fields.settle()
    store = core.store
    by_status: JsonObject = {status: _count_instances(store, wanted, status) for status in STATUSES}
    total = _number(store, "SELECT count(*) FROM packages")
    return {"total": total, "matching": _count(store, wanted, total), "instances": by_status}


def show_package(core: Core, journal: Journal, package_id: str) -> JsonObject:
    """Return a package as it is, its time line, and what time will do to it."""
    store = core.store
    package = store.package(package_id.lower())
    if package is None:
        raise refuse(404, "NOT_FOUND", f"package {package_id} is not there (any more)")
    ((creation,),) = store.rows("SELECT creation FROM packages WHERE seq = ?", (package.seq,))
    cause = Cause.parse(None if creation is None else str(creation))
    lines = [
        line_to_wire(row)
        for row in store.rows(
            "SELECT at_ms, instance_id, changes, operation, request_id FROM timeline "
            "WHERE package_seq = ? ORDER BY at_ms, seq LIMIT ?",
            (package.seq, _MOST_LINES),
        )
    ]
    created: JsonObject = {
        "time": to_wire(package.created_ms),
        "instanceId": None,
        "changes": {"created": len(package.instances)},
        "operation": cause.operation,
        "requestId": cause.request_id,
    }
    lines.insert(0, created)
    numbers = journal.numbers({str(line["requestId"]) for line in lines})
    told: list[Json] = [{**line, "request": numbers.get(str(line["requestId"]))} for line in lines]
    ahead: list[Json] = [
        {"time": to_wire(i.due_ms), "instanceId": i.id, "status": i.due_status}
        for i in sorted(package.instances, key=lambda i: i.due_ms or 0)
        if i.due_ms is not None
    ]
    return {"package": render_package(package, core.settings), "timeline": told, "ahead": ahead}


def _fields(query: Mapping[str, str]) -> Fields:
    given: JsonObject = {
        name: int(text)
        if name in ("before", "limit") and text.isascii() and text.isdigit()
        else text
        for name, text in query.items()
        if text
    }
    return Fields(given)


def _read(fields: Fields) -> _Wanted:
    status = fields.choice("status", STATUSES)
    product_id = fields.text("product", 100)
    account_id = fields.guid("account")
    floats = fields.choice("floating", ("yes", "no"))
    text = fields.text("text", 100)
    statuses: tuple[str, ...] = STATUSES if status is None else (status,)
    package: list[Sql] = []
    instance: list[Sql] = []
    if account_id is not None:
        package.append(Sql("p.account_id = ?", (account_id,)))
    if text is not None:
        package.append(_holds(text.strip()))
    if product_id is not None:
        instance.append(Sql("i.product_id = ?", (product_id.lower(),)))
    if floats == "yes":
        # What is over floats no more.
        statuses = tuple(s for s in statuses if s in LIVE)
        instance.append(Sql("i.site_id IS NULL"))
    elif floats == "no":
        instance.append(Sql("i.site_id IS NOT NULL"))
    is_about_instances = bool(instance) or status is not None
    return _Wanted(
        statuses=statuses,
        product_id=product_id,
        package=_all(package),
        instance=_all(instance) if is_about_instances else None,
    )


def _all(conditions: list[Sql]) -> Sql:
    values = tuple(value for condition in conditions for value in condition.values)
    return Sql(" AND ".join(["1", *(condition.text for condition in conditions)]), values)


def _holds(text: str) -> Sql:
    """Look for a text in external ids, and for ids that begin with it."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    conditions = ["p.external_id LIKE ? ESCAPE '\\'"]
    values: list[SqlValue] = [f"%{escaped}%"]
    if len(text) >= _SHORTEST_ID and set(text.lower()) <= set("0123456789abcdef-"):
        first, last = text.lower(), f"{text.lower()}g"
        conditions += [
            "(p.id >= ? AND p.id < ?)",
            "p.seq IN (SELECT package_seq FROM instances WHERE id >= ? AND id < ?)",
        ]
        values += [first, last, first, last]
    if is_guid(text):
        conditions.append("p.seq IN (SELECT package_seq FROM instances WHERE site_id = ?)")
        values.append(text.lower())
    return Sql(f"({' OR '.join(conditions)})", tuple(values))


def _find(store: Store, wanted: _Wanted, before: int, limit: int) -> list[int]:
    """Return the numbers of the newest packages below one."""
    package, instance = wanted.package, wanted.instance
    if instance is None:
        rows = store.rows(
            f"SELECT p.seq FROM packages p WHERE p.seq < ? AND {package.text} "  # noqa: S608
            "ORDER BY p.seq DESC LIMIT ?",
            (before, *package.values, limit),
        )
        return [int(str(seq)) for (seq,) in rows]
    each = [
        [
            int(str(seq))
            for (seq,) in store.rows(
                f"SELECT DISTINCT i.package_seq FROM instances i INDEXED BY {wanted.index} "  # noqa: S608
                f"CROSS JOIN packages p ON p.seq = i.package_seq WHERE i.status = ? "
                f"AND {instance.text} AND i.package_seq < ? AND {package.text} "
                "ORDER BY i.package_seq DESC LIMIT ?",
                (status, *instance.values, before, *package.values, limit),
            )
        ]
        for status in wanted.statuses
    ]
    together = groupby(merge(*each, reverse=True))
    return list(islice((seq for seq, _ in together), limit))


def _count(store: Store, wanted: _Wanted, total: int) -> int:
    package, instance = wanted.package, wanted.instance
    if instance is None:
        if package.text == "1":
            return total
        sql = f"SELECT count(*) FROM packages p WHERE {package.text}"  # noqa: S608
        return _number(store, sql, package.values)
    marks = ", ".join("?" * len(wanted.statuses))
    return _number(
        store,
        f"SELECT count(DISTINCT i.package_seq) FROM instances i INDEXED BY {wanted.index} "  # noqa: S608
        f"{_joined(package)} WHERE i.status IN ({marks}) AND {instance.text} AND {package.text}",
        (*wanted.statuses, *instance.values, *package.values),
    )


def _count_instances(store: Store, wanted: _Wanted, status: str) -> int:
    package, instance = wanted.package, wanted.instance or Sql("1")
    if "site_id IS NULL" in instance.text and status not in LIVE:
        return 0
    return _number(
        store,
        f"SELECT count(*) FROM instances i INDEXED BY {wanted.index} {_joined(package)} "  # noqa: S608
        f"WHERE i.status = ? AND {instance.text} AND {package.text}",
        (status, *instance.values, *package.values),
    )


def _joined(package: Sql) -> str:
    return "" if package.text == "1" else "CROSS JOIN packages p ON p.seq = i.package_seq"


def _number(store: Store, sql: str, values: tuple[SqlValue, ...] = ()) -> int:
    ((number,),) = store.rows(sql, values)
    return int(str(number))


def _rows(store: Store, seqs: list[int]) -> list[JsonObject]:
    marks = ", ".join(str(seq) for seq in seqs)
    instances: dict[int, list[Json]] = {seq: [] for seq in seqs}
    for seq, *values in store.rows(
        "SELECT package_seq, id, status, product_id, site_id, failure_code, due_ms, due_status "  # noqa: S608
        f"FROM instances WHERE package_seq IN ({marks}) AND position < {_SHOWN} "
        "ORDER BY package_seq, position"
    ):
        instances[int(str(seq))].append(_instance(values))
    counts = {
        seq: int(str(count))
        for seq, count in store.rows(
            "SELECT package_seq, count(*) FROM instances "  # noqa: S608
            f"WHERE package_seq IN ({marks}) GROUP BY package_seq"
        )
    }
    packages = store.rows(
        "SELECT seq, id, account_id, external_id, created_ms, updated_ms FROM packages "  # noqa: S608
        f"WHERE seq IN ({marks}) ORDER BY seq DESC"
    )
    return [
        {
            "seq": int(str(seq)),
            "id": str(package_id),
            "accountId": str(account_id),
            "externalId": None if external_id is None else str(external_id),
            "createdDate": to_wire(int(str(created_ms))),
            "updatedDate": to_wire(int(str(updated_ms))),
            "instances": instances[int(str(seq))],
            "instanceCount": counts.get(seq, 0),
        }
        for seq, package_id, account_id, external_id, created_ms, updated_ms in packages
    ]


def _instance(values: list[SqlValue]) -> JsonObject:
    instance_id, status, product_id, site_id, failure, due_ms, due_status = values
    return {
        "id": str(instance_id),
        "status": str(status),
        "productId": str(product_id),
        "siteId": None if site_id is None else str(site_id),
        "failure": None if failure is None else str(failure),
        "due": None if due_ms is None else to_wire(int(str(due_ms))),
        "dueStatus": None if due_status is None else str(due_status),
    }
