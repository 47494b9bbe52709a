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

import attrs

from wixreseller.bulk.order_columns import Operation
from wixreseller.bulk.order_formats import Problem
from wixreseller.models import checks

__all__ = ["NamesSeen"]

_BATCH: Final = 20_000
"""Names sorted before they are inserted, so that a page of the database is written once a batch."""
_CACHE_KIB: Final = 4_096


@attrs.frozen
class _Named:
    """Hold one order's name for a package."""

    line: int
    operation: Operation
    column: str
    name: str


class NamesSeen:
    """Take every name of an order file, and refuse those that were taken before.

    Problems come a batch later, at the end at the latest. A context manager.
    """

    def __init__(self, refuse: Callable[[Problem], None]) -> None:
        self._refuse = refuse
        self._batch: list[tuple[int, int]] = []
        """Digests, and the place of each among the names of the batch."""
        self._named: list[_Named] = []

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
            OSError: the disk is full.
        """
        # Upper and lower case make the same GUID, but not the same external id.
        key = (account_id.lower(), name if column == "external_id" else name.lower(), column)
        self._batch.append((hash(key), len(self._named)))
        self._named.append(_Named(line, operation, column, name))
        if len(self._batch) == _BATCH:
            self.flush()

    def flush(self) -> None:
        """Look at the names of the last batch."""
        batch, named = self._batch, self._named
        self._batch, self._named = [], []
        batch.sort()
        rows = [
            (digest, named[place].line, named[place].operation == "cancel")
            for digest, place in batch
        ]
        before = self._database.total_changes
        try:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", rows)
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise OSError(
                errno.ENOSPC,
                f"the names of the orders cannot be kept in a temporary file ({error}); "
                f"SQLITE_TMPDIR can name another directory",
            ) from error
        if self._database.total_changes - before < len(rows):
            self._find_repeats(batch, named)

    def _find_repeats(self, batch: list[tuple[int, int]], named: list[_Named]) -> None:
        for digest, place in batch:
            found = self._database.execute(
                "SELECT line, is_cancel FROM seen WHERE digest = ?", (digest,)
            ).fetchone()
            line, is_cancel = found
            if line != named[place].line:
                first: Operation = "cancel" if is_cancel else "create"
                self._refuse(_repeat(named[place], line, first))


def _repeat(named: _Named, line: int, first: Operation) -> Problem:
    name = checks.shorten(named.name)
    if first != named.operation:
        did = "created" if first == "create" else "canceled"
        message = (
            f"{name} is {did} on line {line}: one file cannot do both with it, since orders are "
            f"worked on at the same time; use two files, one after the other"
        )
    elif first == "create":
        message = (
            f"{name} was ordered on line {line} already; rows of one package must stand next to "
            f"each other, and packages need different ids"
        )
    else:
        message = f"{name} is canceled on line {line} already; a package is canceled by one row"
    return Problem(named.line, named.column, message)
