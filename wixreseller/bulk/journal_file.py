"""Open the file of a journal, and say what is wrong with one that cannot be used."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

from wixreseller.bulk.journal_rows import SCHEMA
from wixreseller.errors import JournalError

__all__ = ["failure", "is_blank", "open_file"]

APPLICATION_ID: Final = 0x57524A4C  # "WRJL", by which `file` and we know a journal
VERSION: Final = 2


def open_file(path: Path, *, is_reader: bool) -> sqlite3.Connection:
    """Open a journal, and make it if there is none and it is to be written.

    Raises:
        JournalError: it is damaged, no journal, of a later version, or cannot be opened.
    """
    try:
        if not is_reader:
            # Before SQLite makes it with wider permissions.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = _connect(path, is_reader=is_reader)
    except (OSError, sqlite3.Error) as problem:
        raise JournalError(
            f"the journal {path} cannot be opened: {problem}", path=str(path)
        ) from problem
    try:
        _prepare(connection, path, is_reader=is_reader)
    except (sqlite3.Error, UnicodeError) as problem:  # damage is told with the bytes of names
        connection.close()
        raise failure(path, problem) from problem
    except BaseException:
        connection.close()
        raise
    return connection


def is_blank(path: Path) -> bool:
    """Say whether a file was to become a journal and has no tables yet.

    Its maker was killed in that instant, or the disk lost all that was in the log beside it.

    Raises:
        JournalError: it cannot be read.
    """
    if not path.is_file():
        return False
    try:
        with contextlib.closing(_connect(path, is_reader=True)) as connection:
            version: int = connection.execute("PRAGMA schema_version").fetchone()[0]
    except sqlite3.Error as problem:
        raise failure(path, problem) from problem
    return version == 0


def _connect(path: Path, *, is_reader: bool) -> sqlite3.Connection:
    # Readers, too, open it for writing if they may: opened for reading only, the last one to close
    # it could not clear away what SQLite keeps beside it. That one also takes over what a process
    # that was killed left there. Beside a writer, who has it open, a reader clears nothing away.
    address = f"{path.absolute().as_uri()}?mode=rw"
    if is_reader and _is_at_rest(path):
        address += "&immutable=1"
    return sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0
    )


def _is_at_rest(path: Path) -> bool:
    """Say whether a journal lies where nothing can be written, and is all in one file.

    SQLite would want to keep something beside it, even to read. A writer, or one that was killed,
    has a log there: without that, old numbers would be taken for those of now.
    """
    real = path.resolve()
    has_log = real.with_name(real.name + "-wal").exists()
    return not has_log and not os.access(real.parent, os.W_OK)


def _prepare(connection: sqlite3.Connection, path: Path, *, is_reader: bool) -> None:
    is_new = connection.execute("PRAGMA schema_version").fetchone() == (0,)
    if is_new and is_reader:
        raise JournalError(f"the journal {path} is empty", path=str(path))
    if not is_new:
        _check(connection, path)
    if is_reader:
        connection.execute("PRAGMA query_only = ON")
        return
    connection.execute("PRAGMA journal_mode = WAL")
    # Money depends on it: an intent that a power cut forgets may be sent twice.
    connection.execute("PRAGMA synchronous = FULL")
    if is_new:
        connection.executescript(
            f"BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {VERSION}; COMMIT;"
        )


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (identity,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if identity != APPLICATION_ID:
        raise JournalError(
            f"{path} is a database, but no journal: name another file", path=str(path)
        )
    if version != VERSION:
        raise JournalError(
            f"the journal {path} is of version {version}, and this program knows version "
            f"{VERSION}: use the version of wixreseller that wrote it",
            path=str(path),
        )
    (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if health != "ok":
        raise failure(path, sqlite3.DatabaseError(f"it is damaged ({health})"))


def failure(path: Path, problem: Exception) -> JournalError:
    """Make the error of a journal that SQLite cannot use, or whose rows make no sense."""
    error = JournalError(
        f"the journal {path} cannot be used: {problem}{_what_to_do(problem)}", path=str(path)
    )
    error.__cause__ = problem
    return error


def _what_to_do(problem: Exception) -> str:
    code = getattr(problem, "sqlite_errorcode", None)
    if code is not None:
        code &= 0xFF
    if code == sqlite3.SQLITE_FULL:
        return "; free some space on its disk, then resume"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return "; it must be writable, and so must its folder"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or code is None:
        return (
            "; it cannot be trusted any more. Keep it, and plan the same order file again, "
            "under another name: what exists by now is found by its external id, and not created "
            "twice"
        )
    if code == sqlite3.SQLITE_IOERR:
        return "; see to its disk (is it full?), then resume"
    return ""
