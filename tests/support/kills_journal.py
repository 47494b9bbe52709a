"""Read a journal from outside: while it is written, and as a killed process left it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import attrs

__all__ = ["Row", "Watch", "by_state", "left_behind", "watching"]


@attrs.frozen(kw_only=True)
class Row:
    """Hold what the journal says of an order."""

    account: str
    external_id: str
    package_id: str | None
    key: str
    state: str
    sends: int
    outcome: str | None
    result_package: str | None


_COLUMNS = ", ".join(field.name for field in attrs.fields(Row)).replace(
    "account,", "account_id,", 1
)


def left_behind(journal: Path) -> Sequence[Row]:
    """Read the journal of a process that ended, from a copy: nothing is mended by looking."""
    with tempfile.TemporaryDirectory() as folder:
        for path in journal.parent.glob(f"{journal.name}*"):
            if not path.name.endswith(("-shm", ".lock")):
                shutil.copy(path, folder)
        copy = Path(folder) / journal.name
        if not copy.exists() or not copy.stat().st_size:
            return []
        with closing(sqlite3.connect(copy)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                return []  # killed before the tables were there
            rows = connection.execute(f"SELECT {_COLUMNS} FROM orders").fetchall()  # noqa: S608
            assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
    names = [field.name for field in attrs.fields(Row)]
    return [Row(**dict(zip(names, row, strict=True))) for row in rows]


class Watch:
    """Count the intents in a journal that another process writes."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._connection: sqlite3.Connection | None = None

    def intents(self) -> int:
        """Give how many intents were written so far, in all runs."""
        return self._count("SELECT count(*) FROM transitions WHERE state = 'intent'")

    def begun(self) -> int:
        """Give how many orders are not just planned."""
        return self._count("SELECT count(*) FROM orders WHERE state <> 'planned'")

    def _count(self, query: str) -> int:
        with contextlib.suppress(sqlite3.OperationalError):
            if self._connection is None:
                address = f"{self._journal.absolute().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(address, uri=True, timeout=1.0)
            return int(self._connection.execute(query).fetchone()[0])
        return 0  # it is just being made

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()


@contextmanager
def watching(journal: Path) -> Generator[Watch, None, None]:
    """Watch a journal until the block ends."""
    watch = Watch(journal)
    try:
        yield watch
    finally:
        watch.close()


def by_state(rows: Sequence[Row]) -> Mapping[str, int]:
    """Count rows by state."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    return counts
