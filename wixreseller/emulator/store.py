"""Keep packages and their instances: rows in, records out, one transaction a request."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import attrs

from wixreseller.emulator.guid import derive_guid
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.records import Instance, Package
from wixreseller.emulator.schema import open_database
from wixreseller.emulator.timeline import ADD, NOBODY, Cause, differences, written
from wixreseller.emulator.views import NOW, SqlValue, View, changed_since, unchanged_since

_INSTANCE_COLUMNS = tuple(field.name for field in attrs.fields(Instance))
_PACKAGE_COLUMNS = tuple(field.name for field in attrs.fields(Package) if field.name != "instances")
_INSTANCES = ", ".join(_INSTANCE_COLUMNS)
_PACKAGES = ", ".join("p." + column for column in _PACKAGE_COLUMNS)


class Store:
    """Read and write the rows of packages; every method runs inside :meth:`transaction`.

    Calls block for well under a millisecond in memory, and for one flush to disk with a file, so
    they run on the loop's own thread: requests are then handled one after the other, which is
    what makes ids and answers repeatable.
    """

    def __init__(self, path: Path | None) -> None:
        self.connection: sqlite3.Connection = open_database(path)
        # Asked for several times a request, and changed hardly ever.
        self._seed: str | None = None
        self.writes: int = 0
        """How often packages were written; the journal tells by it whether a request did."""
        self.copies: int = 0
        """How often everything was exchanged for the content of another database."""
        self.cause: Cause = NOBODY
        """Which request is being handled; the time line of a package names it."""

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def copy_to(self, database: sqlite3.Connection) -> None:
        """Copy everything into another database."""
        self.connection.backup(database)

    def copy_from(self, database: sqlite3.Connection) -> None:
        """Become a copy of another database."""
        database.backup(self.connection)
        self.copies += 1
        self._seed = None

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Commit what happens inside, or nothing of it."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            self._seed = None
            raise
        self.connection.execute("COMMIT")

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Undo what happens inside if it raises, and keep the transaction around it."""
        writes = self.writes
        self.connection.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO attempt")
            self.writes = writes
            raise
        finally:
            self.connection.execute("RELEASE attempt")

    def rows(self, sql: str, parameters: Sequence[SqlValue] = ()) -> list[tuple[SqlValue, ...]]:
        """Return every row of a query."""
        return self.connection.execute(sql, parameters).fetchall()

    def exists(self, sql: str, parameters: Sequence[SqlValue] = ()) -> bool:
        """Tell whether a query has a row."""
        return self.connection.execute(sql, parameters).fetchone() is not None

    def execute(self, sql: str, parameters: Sequence[SqlValue] = ()) -> None:
        """Run one statement that changes rows."""
        self.connection.execute(sql, parameters)

    def insert(self, sql: str, parameters: Sequence[SqlValue] = ()) -> int:
        """Insert rows, and return the number of the last one."""
        return self.connection.execute(sql, parameters).lastrowid or 0

    def count_up(self, name: str) -> int:
        """Return the next number of a counter that is kept in the database."""
        value = self.counted(name) + 1
        self.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, value))
        return value

    def counted(self, name: str) -> int:
        """Return the last number of a counter, 0 if it was never used."""
        row = self.connection.execute(
            "SELECT value FROM counters WHERE name = ?", (name,)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def seed(self) -> str:
        """Return the fingerprint of the seed: what ids and signatures are derived from."""
        if self._seed is None:
            self._seed = self.meta("seed") or ""
        return self._seed

    def meta(self, name: str) -> str | None:
        """Return a remembered text."""
        row = self.connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, name: str, value: str) -> None:
        """Remember a text under a name."""
        self._seed = None
        self.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def new_id(self, kind: str) -> str:
        """Return the next GUID: the same one for the same seed and the same calls."""
        return derive_guid(self.seed(), kind, str(self.count_up(kind)))

    def add_package(self, package: Package) -> Package:
        """Insert a package with its instances, and return it with its ``seq``."""
        self.writes += 1
        values = [getattr(package, column) for column in _PACKAGE_COLUMNS if column != "seq"]
        cursor = self.connection.execute(
            "INSERT INTO packages (id, account_id, root_id, external_id, created_ms, updated_ms, "
            "creation) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*values, str(self.cause)),
        )
        seq = cursor.lastrowid or 0
        instances = tuple(attrs.evolve(i, package_seq=seq) for i in package.instances)
        marks = ", ".join("?" * len(_INSTANCE_COLUMNS))
        self.connection.executemany(
            f"INSERT INTO instances ({', '.join(_INSTANCE_COLUMNS)}) VALUES ({marks})",  # noqa: S608
            [attrs.astuple(instance) for instance in instances],
        )
        return attrs.evolve(package, seq=seq, instances=instances)

    def save_instance(self, instance: Instance) -> None:
        """Write an instance back, and touch its package with the same time."""
        self.writes += 1
        self._keep_past(instance.package_seq, instance.updated_ms)
        changes = differences(self.instance(instance.id) or instance, instance)
        if changes:
            self._tell(instance.package_seq, instance.updated_ms, instance.id, changes)
        settings = ", ".join(f"{column} = ?" for column in _INSTANCE_COLUMNS)
        self.execute(
            f"UPDATE instances SET {settings} WHERE id = ?",  # noqa: S608
            (*attrs.astuple(instance), instance.id),
        )
        self.execute(
            "UPDATE packages SET updated_ms = ? WHERE seq = ?",
            (instance.updated_ms, instance.package_seq),
        )

    def save_external_id(self, package: Package, external_id: str, now_ms: int) -> None:
        """Give a package another external id."""
        self.writes += 1
        self._keep_past(package.seq, now_ms)
        if external_id != package.external_id:
            renamed: JsonObject = {"externalId": [package.external_id, external_id]}
            self._tell(package.seq, now_ms, None, renamed)
        self.execute(
            "UPDATE packages SET external_id = ?, updated_ms = ? WHERE seq = ?",
            (external_id, now_ms, package.seq),
        )

    def _tell(self, seq: int, at_ms: int, instance_id: str | None, changes: JsonObject) -> None:
        cause = self.cause
        line = (seq, at_ms, instance_id, written(changes), cause.operation, cause.request_id)
        self.connection.execute(ADD, line)

    def _keep_past(self, seq: int, now_ms: int) -> None:
        # A second change of the same moment leaves nothing behind: nobody could have seen it.
        condition = "WHERE p.seq = ? AND p.updated_ms < ?"
        self.keep_past(condition, (seq, now_ms), until=str(int(now_ms)), after=None)

    def keep_past(
        self, condition: str, parameters: Sequence[SqlValue], *, until: str, after: int | None
    ) -> None:
        """Keep packages as they are now, before a change at ``until`` (an SQL expression).

        ``after`` is the last version there is; ``None`` says that it is one package at most.
        """
        done = self.connection.execute(
            f"INSERT INTO past_packages ({', '.join(_PACKAGE_COLUMNS)}, until_ms) "  # noqa: S608
            f"SELECT {_PACKAGES}, {until} FROM packages p {condition}",
            parameters,
        )
        if done.rowcount == 0:
            return
        first = (done.lastrowid or 0) if after is None else after + 1
        self.execute(
            f"INSERT INTO past_instances (version, {_INSTANCES}) "  # noqa: S608
            f"SELECT v.version, {', '.join('i.' + column for column in _INSTANCE_COLUMNS)} "
            "FROM past_packages v JOIN instances i ON i.package_seq = v.seq WHERE v.version >= ?",
            (first,),
        )

    def package(self, package_id: str, as_of_ms: int | None = None) -> Package | None:
        """Return a package by its id, as it is or as it was."""
        views = [NOW]
        if as_of_ms is not None:
            views = [unchanged_since(as_of_ms), changed_since(as_of_ms)]
        for view in views:
            condition = view.condition
            found = self.packages(
                f"WHERE p.id = ? AND {condition.text}", (package_id, *condition.values), view
            )
            if found:
                return found[0]
        return None

    def package_by_seq(self, seq: int) -> Package:
        """Return a package that is known to be there."""
        return self.packages("WHERE p.seq = ?", (seq,))[0]

    def packages(
        self, condition: str, parameters: Sequence[SqlValue], view: View = NOW
    ) -> list[Package]:
        """Return the packages (``p``) that meet ``condition``, in the order that it may ask for."""
        rows = self.connection.execute(
            f"SELECT p.{view.package_key}, {_PACKAGES} FROM {view.packages} p {condition}",  # noqa: S608
            parameters,
        ).fetchall()
        marks = ", ".join("?" * len(rows))
        instances = self.connection.execute(
            f"SELECT {view.instance_key}, {_INSTANCES} FROM {view.instances} "  # noqa: S608
            f"WHERE {view.instance_key} IN ({marks}) ORDER BY {view.instance_key}, position",
            [row[0] for row in rows],
        )
        by_package = {
            key: tuple(
                Instance(**dict(zip(_INSTANCE_COLUMNS, row[1:], strict=True))) for row in group
            )
            for key, group in groupby(instances, key=lambda row: row[0])
        }
        return [
            Package(
                **dict(zip(_PACKAGE_COLUMNS, row[1:], strict=True)),
                instances=by_package.get(row[0], ()),
            )
            for row in rows
        ]

    def instance(self, instance_id: str) -> Instance | None:
        """Return an instance by its id."""
        row = self.connection.execute(
            f"SELECT {_INSTANCES} FROM instances WHERE id = ?",  # noqa: S608
            (instance_id,),
        ).fetchone()
        return None if row is None else Instance(**dict(zip(_INSTANCE_COLUMNS, row, strict=True)))
