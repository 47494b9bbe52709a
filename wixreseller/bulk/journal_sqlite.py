"""Keep the journal in a file of SQLite's.

One thread owns the connection. What tasks ask of it at the same time is committed together, so
that hundreds of requests a second wait for the disk a few times and not hundreds of times. Each
commit is on the disk before anyone is told of it (WAL with ``synchronous=FULL``).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import attrs

from wixreseller.bulk.journal import STATES, Change, Entry, Record, State, Transition
from wixreseller.bulk.journal_file import failure, open_file
from wixreseller.bulk.journal_lock import JournalLock
from wixreseller.bulk.journal_names import NAMED, Names, hash_of
from wixreseller.bulk.journal_rows import (
    ENTRY_COLUMNS,
    RECORD_COLUMNS,
    UNUSUAL,
    entry_values,
    outcome_values,
    read_record,
)
from wixreseller.errors import JournalError
from wixreseller.models import JSONObject

__all__ = ["SqliteJournal", "open_journal", "within_savepoint"]

T = TypeVar("T")
_Work = Callable[[sqlite3.Connection], Any]

_MOST_AT_ONCE: Final = 1000  # jobs in a commit
_ROWS_AT_ONCE: Final = 500
_INSERT: Final = (
    f"INSERT INTO orders ({', '.join(ENTRY_COLUMNS)}) "  # noqa: S608  # our own names
    f"VALUES ({', '.join('?' * len(ENTRY_COLUMNS))}) ON CONFLICT (number) DO NOTHING"
)
_SELECT: Final = f"SELECT {', '.join(RECORD_COLUMNS)} FROM orders "  # noqa: S608  # our own names


@attrs.frozen
class _Job:
    """Ask the thread for something; the future is told on its loop."""

    work: _Work
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class SqliteJournal:
    """Keep a :class:`~wixreseller.bulk.journal.Journal` in the file ``path``.

    The file is made if there is none, readable by its owner only; ``must_exist`` refuses that.
    With ``is_reader`` nothing can be written, and it may be open while another process writes.
    Use it as an async context manager, or :meth:`aclose` it.

    Raises:
        JournalHeldError: another process has it open for writing.
        JournalError: it is damaged, no journal, of a later version, or cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        must_exist: bool = False,
        is_reader: bool = False,
    ) -> None:
        self.path: Path = Path(path)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._names = Names()
        self._is_closed = False
        self._lock: JournalLock | None = None
        if (must_exist or is_reader) and not self.path.is_file():
            raise JournalError(f"there is no journal at {self.path}", path=str(self.path))
        if must_exist and not self.path.stat().st_size:
            raise JournalError(f"the journal {self.path} is empty", path=str(self.path))
        if not is_reader:
            self._lock = JournalLock(self.path)
        try:
            self._connection = open_file(self.path, is_reader=is_reader)
        except BaseException:
            self._release()
            raise
        self._thread = threading.Thread(target=self._serve, name="wixreseller-journal", daemon=True)
        self._thread.start()

    # --- the protocol ---------------------------------------------------------------------------

    async def add(self, entries: Sequence[Entry], at: float) -> Sequence[Record]:
        """Take orders in as planned, and give the records of all."""
        return await self._ask(lambda connection: self._add(connection, entries, at))

    async def note(self, changes: Sequence[Change]) -> None:
        """Write steps of orders."""
        await self._ask(lambda connection: self._note(connection, changes))

    async def records(self, states: Sequence[State] = STATES) -> AsyncIterator[Record]:
        """Give the records in these states, by number, some hundred at a time."""
        marks = ", ".join("?" * len(states))
        few = f"{UNUSUAL} AND" if {"planned", "done"}.isdisjoint(states) else ""
        query = f"{_SELECT} WHERE {few} state IN ({marks}) AND number > ? ORDER BY number LIMIT ?"
        last = -1
        while True:
            values = (*states, last, _ROWS_AT_ONCE)
            found = await self._ask(functools.partial(_records, query, values))
            if not found:
                return
            for record in found:
                yield record
            last = found[-1].entry.number

    async def transitions(self) -> AsyncIterator[Transition]:
        """Give every step of every order, in the order in which they were written."""
        query = (
            "SELECT id, number, at, state, note FROM transitions WHERE id > ? ORDER BY id LIMIT ?"
        )
        last = -1
        while True:
            values = (last, _ROWS_AT_ONCE)
            rows = await self._select(query, values)
            if not rows:
                return
            for _, number, at, state, note in rows:
                yield Transition(number=number, at=at, state=state, note=note)
            last = rows[-1][0]

    async def counts(self) -> dict[State, int]:
        """Count the orders by state."""
        query = "SELECT state, count(*) FROM orders GROUP BY state"
        rows = await self._select(query)
        return {**dict.fromkeys(STATES, 0), **dict(rows)}

    async def facts(self) -> JSONObject:
        """Give what was written down of the run as a whole."""
        query = "SELECT name, value FROM facts"
        rows = await self._select(query)
        return {name: json.loads(value) for name, value in rows}

    async def set_facts(self, facts: JSONObject) -> None:
        """Write down facts of the run as a whole; those not named stay."""
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        query = "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)"
        await self._ask(lambda connection: connection.executemany(query, rows))

    async def read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        """Have the journal's thread read; all that one ``look`` selects is of one moment.

        ``look`` must change nothing, and raise nothing but SQLite's errors.
        """
        return await self._ask(look)

    async def aclose(self) -> None:
        """Close the file and let the next writer in; twice is fine."""
        self.close()
        joining = asyncio.ensure_future(asyncio.to_thread(self._thread.join))
        cancelled: asyncio.CancelledError | None = None
        while not joining.done():
            try:
                await asyncio.wait({joining})
            except asyncio.CancelledError as error:
                # Let in the next writer first: it may be the very next line of whoever cancels.
                cancelled = error
        if cancelled is not None:
            raise cancelled

    def close(self) -> None:
        """Close the file, and do not wait until that is done."""
        if not self._is_closed:
            self._is_closed = True
            self._jobs.put(None)

    async def __aenter__(self) -> SqliteJournal:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    # --- what the thread does -------------------------------------------------------------------

    def _add(
        self, connection: sqlite3.Connection, entries: Sequence[Entry], at: float
    ) -> Sequence[Record]:
        return [
            self._known(connection, entry) or self._new(connection, entry, at) for entry in entries
        ]

    def _known(self, connection: sqlite3.Connection, entry: Entry) -> Record | None:
        values = (hash_of(entry.name), *entry.name)
        row = connection.execute(f"{_SELECT} WHERE {NAMED}", values).fetchone()
        if row is None:
            return None
        record = read_record(row)
        if record.entry.digest != entry.digest:
            raise JournalError(
                f"the journal {self.path} has another order of "
                f"{entry.external_id or entry.package_id!r} for account {entry.account_id} "
                f"than the one now asked for: a changed order needs a journal of its own",
                path=str(self.path),
            )
        return record

    def _new(self, connection: sqlite3.Connection, entry: Entry, at: float) -> Record:
        values = entry_values(entry)
        added = connection.execute(_INSERT, values)
        if not added.rowcount:
            values[0] = None  # its number is taken: the next that is free
            added = connection.execute(_INSERT, values)
        number = added.lastrowid or 0
        self._names.add(connection, entry.name, number)
        self._note_transition(connection, number, at, "planned", None)
        return Record(entry=attrs.evolve(entry, number=number), state="planned")

    def _note(self, connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.state == "intent":
                connection.execute(
                    "UPDATE orders SET state = 'intent', sends = sends + 1, target = ?, "
                    "last_sent = ?, first_sent = coalesce(first_sent, ?), server_ahead = "
                    "CASE WHEN first_sent IS NULL THEN ? ELSE server_ahead END WHERE number = ?",
                    (change.target, change.at, change.at, change.server_ahead, change.number),
                )
            else:
                connection.execute(
                    "UPDATE orders SET state = ?, outcome = ?, result_package = ?, "
                    "instances = ?, code = ?, message = ?, request_id = ? WHERE number = ?",
                    (change.state, *outcome_values(change.outcome), change.number),
                )
            if change.state == "planned":  # whatever was sent before certainly came to nothing
                connection.execute(
                    "UPDATE orders SET target = NULL, first_sent = NULL, server_ahead = NULL "
                    "WHERE number = ?",
                    (change.number,),
                )
            self._note_transition(connection, change.number, change.at, change.state, change.note)

    @staticmethod
    def _note_transition(
        connection: sqlite3.Connection, number: int, at: float, state: State, note: str | None
    ) -> None:
        connection.execute(
            "INSERT INTO transitions (number, at, state, note) VALUES (?, ?, ?, ?)",
            (number, at, state, note),
        )

    # --- the thread -----------------------------------------------------------------------------

    async def _select(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        return await self._ask(lambda connection: connection.execute(query, values).fetchall())

    async def _ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Have the thread do something; it is on the disk when this returns."""
        if self._is_closed:
            raise JournalError(f"the journal {self.path} is closed", path=str(self.path))
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        self._jobs.put(job)
        return cast("T", await job.future)

    def _serve(self) -> None:
        try:
            with contextlib.closing(self._connection):
                is_last = False
                while not is_last:
                    batch, is_last = self._next_batch()
                    self._do(batch)
                if self._lock is not None:  # a reader would hold the writer up
                    with contextlib.suppress(sqlite3.Error):
                        # One file is left, which can be copied. Or else SQLite does it later.
                        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            # Here, and not where it is waited for: that may be cancelled.
            self._release()

    def _next_batch(self) -> tuple[Sequence[_Job], bool]:
        """Wait for something to do, and take what else is asked for; say if it is the last."""
        batch: list[_Job] = []
        job = self._jobs.get()
        with contextlib.suppress(queue.Empty):
            while job is not None:
                batch.append(job)
                if len(batch) == _MOST_AT_ONCE:
                    break
                job = self._jobs.get_nowait()
        return batch, job is None

    def _do(self, batch: Sequence[_Job]) -> None:
        """Do what was asked in one transaction, then tell all who asked."""
        connection = self._connection
        answers: list[object] = []
        try:
            connection.execute("BEGIN")
            answers += [within_savepoint(connection, job.work, self.path) for job in batch]
            connection.execute("COMMIT")
        except sqlite3.Error as problem:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            # Each gets an error of its own: an exception that many tasks raise grows with each.
            answers = [failure(self.path, problem) for _ in batch]
        for loop in {job.loop for job in batch}:
            told = [
                (job.future, a) for job, a in zip(batch, answers, strict=True) if job.loop is loop
            ]
            with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits
                loop.call_soon_threadsafe(_tell, told)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _records(
    query: str, values: tuple[object, ...], connection: sqlite3.Connection
) -> Sequence[Record]:
    # Read where errors of SQLite's are told as such: a damaged row is one.
    return [read_record(row) for row in connection.execute(query, values).fetchall()]


def within_savepoint(connection: sqlite3.Connection, work: _Work, path: Path) -> object:
    """Do one job so that its refusal undoes its own part and no other's."""
    connection.execute("SAVEPOINT job")
    try:
        answer: object = work(connection)
    except JournalError as refusal:
        connection.execute("ROLLBACK TO job")
        answer = refusal
    except sqlite3.Error:
        raise
    except Exception as problem:  # noqa: BLE001  # else nobody would get an answer ever again
        # A row that makes no sense, or a text that cannot be written.
        connection.execute("ROLLBACK TO job")
        answer = failure(path, problem)
    connection.execute("RELEASE job")
    return answer


def _tell(told: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
    for future, answer in told:
        if future.done():
            continue  # whoever asked was cancelled
        if isinstance(answer, JournalError):
            future.set_exception(answer)
        else:
            future.set_result(answer)


async def open_journal(
    path: str | os.PathLike[str], *, must_exist: bool = False, is_reader: bool = False
) -> SqliteJournal:
    """Open a journal on a thread: a large one is read to see whether it is whole.

    If this is cancelled, it is closed again.
    """
    open_it = partial(SqliteJournal, path, must_exist=must_exist, is_reader=is_reader)
    opening = asyncio.ensure_future(asyncio.to_thread(open_it))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unused)
        raise


def _close_unused(opening: asyncio.Future[SqliteJournal]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
