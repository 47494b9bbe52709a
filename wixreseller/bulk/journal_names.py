"""Find orders in the journal by name, at a cost that does not grow with them.

Names come in any order. Each of a million, put straight into one index, would change a page of its
own, and all of that page would be written. So new names go to a small index, all of whose pages are
changed often, and from there in bulk to the large one.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Final

__all__ = ["NAMED", "NAMES_SCHEMA", "Names", "hash_of"]

NAMES_SCHEMA: Final = """
CREATE TABLE names (
    hash INTEGER NOT NULL,       -- of account and name; not of one order alone, if rarely
    number INTEGER NOT NULL,
    PRIMARY KEY (hash, number)
) WITHOUT ROWID;
CREATE TABLE new_names (         -- those that are not in the table above yet
    hash INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (hash, number)
) WITHOUT ROWID;
"""
NAMED: Final = (
    "number IN (SELECT number FROM (SELECT hash, number FROM new_names "
    "UNION ALL SELECT hash, number FROM names) WHERE hash = ?) AND account = ? AND name = ?"
)
"""Which order has a name: ``hash``, account and name, in this order."""

_MOST_NEW: Final = 32_768


def hash_of(name: tuple[str, str]) -> int:
    """Hash a name to what an ``INTEGER`` of SQLite's holds."""
    digest = hashlib.blake2b("\0".join(name).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big", signed=True)


class Names:
    """Write names down. Belongs to the thread of its journal."""

    def __init__(self) -> None:
        self._new: int | None = None
        """How many are in the small index, if not fewer; not known at first."""

    def add(self, connection: sqlite3.Connection, name: tuple[str, str], number: int) -> None:
        """Write down which order has a name; none has it yet."""
        if self._new is None:
            (before,) = connection.execute("SELECT count(*) FROM new_names").fetchone()
            self._new = int(before)
        connection.execute("INSERT INTO new_names VALUES (?, ?)", (hash_of(name), number))
        self._new += 1
        if self._new >= _MOST_NEW:
            # In order, so that a page of the large index is read and written once for them all.
            connection.execute("INSERT INTO names SELECT * FROM new_names ORDER BY hash, number")
            connection.execute("DELETE FROM new_names")
            self._new = None  # counted anew, since this may yet be undone
