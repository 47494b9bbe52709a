"""Translate between records and the rows of the journal's tables."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from wixreseller.bulk.journal import STATES, Entry, Record
from wixreseller.bulk.journal_names import NAMES_SCHEMA
from wixreseller.bulk.results import Failed, Ok, Outcome, Unknown

__all__ = [
    "ENTRY_COLUMNS",
    "RECORD_COLUMNS",
    "SCHEMA",
    "UNUSUAL",
    "entry_values",
    "outcome_values",
    "read_record",
]

UNUSUAL: Final = "state NOT IN ('planned', 'done')"
"""Where orders are that are few. SQLite uses their index if a query has it word for word."""
# An index is written at every step of an order: all others are only read from end to end.
SCHEMA: Final = f"""
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL          -- JSON
) WITHOUT ROWID;
CREATE TABLE orders (
    number INTEGER PRIMARY KEY,
    operation TEXT NOT NULL,
    account_id TEXT NOT NULL,
    external_id TEXT NOT NULL,   -- empty for a cancel that names only a package
    package_id TEXT,
    products TEXT NOT NULL,      -- JSON, as it is sent
    key TEXT NOT NULL,           -- the idempotency key
    expects TEXT,
    expects_note TEXT,
    account TEXT NOT NULL,       -- account and name tell an order from all others
    name TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'intent', 'done', 'failed', 'unknown')),
    sends INTEGER NOT NULL DEFAULT 0,
    target TEXT,                 -- the package that a cancel was sent for
    first_sent REAL,             -- POSIX seconds
    last_sent REAL,
    server_ahead REAL,           -- seconds, at first_sent
    outcome TEXT,                -- the word of the results file
    result_package TEXT,
    instances TEXT,              -- ids, a space between them
    code TEXT,
    message TEXT,
    request_id TEXT
);
CREATE INDEX orders_unusual ON orders (number) WHERE {UNUSUAL};
CREATE TABLE transitions (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    at REAL NOT NULL,            -- POSIX seconds
    state TEXT NOT NULL,
    note TEXT
);
{NAMES_SCHEMA}"""

ENTRY_COLUMNS: Final = (
    "number",
    "operation",
    "account_id",
    "external_id",
    "package_id",
    "products",
    "key",
    "expects",
    "expects_note",
    "account",
    "name",
)
RECORD_COLUMNS: Final = (
    *ENTRY_COLUMNS[:9],
    "state",
    "sends",
    "target",
    "first_sent",
    "last_sent",
    "server_ahead",
    "outcome",
    "result_package",
    "instances",
    "code",
    "message",
    "request_id",
)


def entry_values(entry: Entry) -> list[object]:
    """Give the values of a new row, in the order of ``ENTRY_COLUMNS``."""
    return [
        entry.number,
        entry.operation,
        entry.account_id,
        entry.external_id,
        entry.package_id,
        entry.products,
        entry.key,
        entry.expects,
        entry.note,
        *entry.name,
    ]


def outcome_values(outcome: Outcome | None) -> tuple[object, ...]:
    """Give the six values that keep an outcome."""
    if outcome is None:
        return (None,) * 6
    return (
        outcome.outcome,
        outcome.package_id,
        " ".join(outcome.instance_ids),
        outcome.code,
        outcome.message,
        outcome.request_id,
    )


def read_record(row: tuple[Any, ...]) -> Record:
    """Read a row of ``RECORD_COLUMNS``.

    Raises:
        sqlite3.DatabaseError: it is damaged in a way that SQLite does not see.
    """
    if row[9] not in STATES:
        raise sqlite3.DatabaseError(f"order {row[0]} is in no state that there is")
    entry = Entry(
        number=row[0],
        operation=row[1],
        account_id=row[2],
        external_id=row[3],
        package_id=row[4],
        products=row[5],
        key=row[6],
        expects=row[7],
        note=row[8],
    )
    return Record(
        entry=entry,
        state=row[9],
        sends=row[10],
        target=row[11],
        first_sent=row[12],
        last_sent=row[13],
        server_ahead=row[14],
        outcome=_read_outcome(entry, row),
    )


def _read_outcome(entry: Entry, row: tuple[Any, ...]) -> Outcome | None:
    word, package_id, instances, code, message, request_id = row[15:21]
    if word is None:
        return None
    external_id, account_id = entry.external_id, entry.account_id
    if word == "unknown":
        return Unknown(
            external_id=external_id,
            account_id=account_id,
            code=code,
            message=message,
            package_id=package_id,
            request_id=request_id,
        )
    instance_ids = tuple((instances or "").split())
    if word == "failed":
        return Failed(
            external_id=external_id,
            account_id=account_id,
            code=code,
            message=message,
            package_id=package_id,
            instance_ids=instance_ids,
            request_id=request_id,
        )
    return Ok(
        external_id=external_id,
        account_id=account_id,
        outcome=word,
        package_id=package_id,
        instance_ids=instance_ids,
        request_id=request_id,
    )
