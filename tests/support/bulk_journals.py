"""Offer journals for tests: one that works on the loop's own thread, and a look into any."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from wixreseller.bulk.journal import Record
from wixreseller.bulk.journal_sqlite import SqliteJournal, within_savepoint
from wixreseller.errors import JournalError

T = TypeVar("T")


class LoopJournal(SqliteJournal):
    """Do what the journal's thread does on the thread of the loop, for a loop of invented time.

    Whoever asks can be cancelled before it is written, and after, as they can with a thread.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._connection.execute("PRAGMA synchronous = OFF")

    async def _ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        await asyncio.sleep(0)
        self._connection.execute("BEGIN")
        answer = within_savepoint(self._connection, work, self.path)
        self._connection.execute("COMMIT")
        await asyncio.sleep(0)
        if isinstance(answer, JournalError):
            raise answer
        return answer  # type: ignore[return-value] # what the work gave

    async def aclose(self) -> None:
        self.close()
        self._thread.join()


async def records_of(path: Path) -> dict[str, Record]:
    """Read the records of a journal by external id (or package id)."""
    async with SqliteJournal(path, is_reader=True) as journal:
        return {
            record.entry.external_id or record.entry.package_id or "": record
            async for record in journal.records()
        }


async def states_of(path: Path) -> dict[str, int]:
    """Count the orders of a journal by state, without the states that none is in."""
    async with SqliteJournal(path, is_reader=True) as journal:
        return {state: count for state, count in (await journal.counts()).items() if count}
