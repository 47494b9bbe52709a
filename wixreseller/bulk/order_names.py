"""Find the packages that an order file names twice, in constant memory however long the file is.

Digests of the names are kept in a temporary database of SQLite's own making: a private file that
it deletes by itself. Two names share a digest of 64 bits in one of 30 million files with a million
orders; such a file would be refused, and read without a complaint the next time, since the digests
are others in each process.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from types import TracebackType
from typing import Final

from wixreseller.bulk.order_columns import Operation
from wixreseller.bulk.order_formats import Problem
from wixreseller.models import checks

__all__ = ["NamesSeen"]

_BATCH: Final = 20_000
"""Names sorted before they are inserted, so that a page of the database is written once a batch."""
_CACHE_KIB: Final = 4_096


class NamesSeen:
    """Take every name of an order file, and refuse those that were taken before.

    Problems come a batch later, at the end at the latest. A context manager.
    """

    def __init__(self, refuse: Callable[[Problem], None]) -> None:
        self._refuse = refuse
        self._batch: list[tuple[int, int, bool]] = []
        """Digest, line, and whether it is a cancel, as the table holds them."""
        self._names: list[tuple[str, str]] = []
        """Column and name, for each of the batch."""

    def __enter__(self) -> NamesSeen:
        # An empty name makes a file that is nobody else's and gone with the connection.
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in (f"cache_size=-{_CACHE_KIB}", "journal_mode=OFF", "synchronous=OFF"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(
            "CREATE TABLE seen (digest INTEGER PRIMARY KEY, line INTEGER, is_cancel INTEGER)"
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()

    def add(self, column: str, account_id: str, name: str, line: int, operation: Operation) -> None:
        """Take a name, spelt as it stands in the file, and the line of its order.

        Raises:
            OSError: the disk is full, or broken.
        """
        # Upper and lower case make the same GUID, but not the same external id.
        key = (column, account_id.lower(), name if column == "external_id" else name.lower())
        self._batch.append((hash(key), line, operation == "cancel"))
        self._names.append((column, name))
        if len(self._batch) == _BATCH:
            self.flush()

    def flush(self) -> None:
        """Look at the names of the last batch."""
        batch, names = self._batch, self._names
        self._batch, self._names = [], []
        before = self._database.total_changes
        try:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", sorted(batch))
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise OSError(
                errno.EIO,
                f"the names of the orders cannot be kept in a temporary file ({error}); "
                f"SQLITE_TMPDIR can name another directory",
            ) from error
        if self._database.total_changes - before == len(batch):
            return
        for (digest, line, is_cancel), (column, name) in zip(batch, names, strict=True):
            first_line, was_cancel = self._database.execute(
                "SELECT line, is_cancel FROM seen WHERE digest = ?", (digest,)
            ).fetchone()
            if first_line != line:
                message = _message(checks.shorten(name), first_line, bool(was_cancel), is_cancel)
                self._refuse(Problem(line, column, message))


def _message(name: str, line: int, was_cancel: bool, is_cancel: bool) -> str:
    if was_cancel != is_cancel:
        return (
            f"{name} is {'canceled' if was_cancel else 'created'} on line {line}: one file cannot "
            f"do both with it, since orders are worked on at the same time; use two files, one "
            f"after the other"
        )
    if is_cancel:
        return f"{name} is canceled on line {line} already; a package is canceled by one row"
    return (
        f"{name} was ordered on line {line} already; rows of one package must stand next to each "
        f"other, and packages need different ids"
    )
