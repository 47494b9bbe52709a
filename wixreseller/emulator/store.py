"""Keep packages and their instances: rows in, records out, one transaction a request."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

import attrs

from wixreseller.emulator.guid import derive_guid
from wixreseller.emulator.records import Instance, Package
from wixreseller.emulator.schema import open_database

SqlValue: TypeAlias = int | float | str | bytes | None

_INSTANCE_COLUMNS = tuple(field.name for field in attrs.fields(Instance))
_PACKAGE_COLUMNS = tuple(field.name for field in attrs.fields(Package) if field.name != "instances")
_SELECT_INSTANCES = f"SELECT {', '.join(_INSTANCE_COLUMNS)} FROM instances i"  # noqa: S608
SELECT_PACKAGES = f"SELECT {', '.join('p.' + c for c in _PACKAGE_COLUMNS)} FROM packages p"  # noqa: S608
"""The head of every query for packages; ``p`` is the package."""


class Store:
    """Read and write the rows of packages; every method runs inside :meth:`transaction`.

    Calls block for well under a millisecond in memory, and for one flush to disk with a file, so
    they run on the loop's own thread: requests are then handled one after the other, which is
    what makes ids and answers repeatable.
    """

    def __init__(self, path: Path | None) -> None:
        self.connection = open_database(path)
        self.writes = 0
        """How often packages were written; the journal tells by it whether a request did."""

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Commit what happens inside, or nothing of it."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
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

    def meta(self, name: str) -> str | None:
        """Return a remembered text."""
        row = self.connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, name: str, value: str) -> None:
        """Remember a text under a name."""
        self.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def new_id(self, kind: str) -> str:
        """Return the next GUID: the same one for the same seed and the same calls."""
        return derive_guid(self.meta("seed") or "", kind, str(self.count_up(kind)))

    def add_package(self, package: Package) -> Package:
        """Insert a package with its instances, and return it with its ``seq``."""
        self.writes += 1
        values = [getattr(package, column) for column in _PACKAGE_COLUMNS if column != "seq"]
        cursor = self.connection.execute(
            "INSERT INTO packages (id, account_id, root_id, external_id, created_ms, updated_ms) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            values,
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
        self.execute(
            "UPDATE packages SET external_id = ?, updated_ms = ? WHERE seq = ?",
            (external_id, now_ms, package.seq),
        )

    def package(self, package_id: str) -> Package | None:
        """Return a package by its id."""
        found = self.packages(f"{SELECT_PACKAGES} WHERE p.id = ?", (package_id,))
        return found[0] if found else None

    def package_by_seq(self, seq: int) -> Package:
        """Return a package that is known to be there."""
        return self.packages(f"{SELECT_PACKAGES} WHERE p.seq = ?", (seq,))[0]

    def packages(self, sql: str, parameters: Sequence[SqlValue]) -> list[Package]:
        """Return the packages that a query beginning with ``SELECT_PACKAGES`` finds, in order."""
        rows = self.connection.execute(sql, parameters).fetchall()
        marks = ", ".join("?" * len(rows))
        instances = self.connection.execute(
            f"{_SELECT_INSTANCES} WHERE package_seq IN ({marks}) ORDER BY package_seq, position",
            [row[0] for row in rows],
        )
        by_package = {
            seq: tuple(Instance(**dict(zip(_INSTANCE_COLUMNS, row, strict=True))) for row in group)
            for seq, group in groupby(instances, key=lambda row: row[1])
        }
        return [
            Package(
                **dict(zip(_PACKAGE_COLUMNS, row, strict=True)),
                instances=by_package.get(row[0], ()),
            )
            for row in rows
        ]

    def instance(self, instance_id: str) -> Instance | None:
        """Return an instance by its id."""
        row = self.connection.execute(
            f"{_SELECT_INSTANCES} WHERE id = ?", (instance_id,)
        ).fetchone()
        return None if row is None else Instance(**dict(zip(_INSTANCE_COLUMNS, row, strict=True)))
