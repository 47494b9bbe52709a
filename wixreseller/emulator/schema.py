"""Lay out the database, and open it.

One writer, one file. A database says which layout it has (``PRAGMA user_version``); one that is
newer than this code is refused rather than misread, and one that is older is brought up to date.
"""

import sqlite3
from pathlib import Path

FIRST = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE accounts (id TEXT PRIMARY KEY, parent_id TEXT) WITHOUT ROWID;
CREATE TABLE api_keys (key TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sites (id TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE products (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, cycles TEXT NOT NULL,
    one_time INTEGER NOT NULL, max_count INTEGER, one_per_site INTEGER NOT NULL,
    requires_type TEXT, outcome TEXT NOT NULL, takes_any_cycle INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE packages (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL,
    root_id TEXT NOT NULL, external_id TEXT, created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
);
CREATE INDEX packages_created ON packages (root_id, created_ms, seq);
CREATE INDEX packages_updated ON packages (root_id, updated_ms, seq);
CREATE INDEX packages_external ON packages (root_id, external_id);
CREATE INDEX packages_account ON packages (account_id, created_ms, seq);
CREATE TABLE instances (
    id TEXT PRIMARY KEY, package_seq INTEGER NOT NULL REFERENCES packages (seq),
    position INTEGER NOT NULL, site_id TEXT, product_id TEXT NOT NULL, status TEXT NOT NULL,
    failure_code TEXT, failure_message TEXT, billing_type TEXT NOT NULL, cycle_unit TEXT,
    cycle_count INTEGER, country_code TEXT, discount_code TEXT, reference_id TEXT,
    expires_ms INTEGER, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
    due_ms INTEGER, due_status TEXT, due_failure_code TEXT
);
CREATE INDEX instances_package ON instances (package_seq, position);
CREATE INDEX instances_site ON instances (site_id, package_seq);
CREATE INDEX instances_product ON instances (product_id, status, package_seq);
CREATE INDEX instances_status ON instances (status, package_seq);
CREATE INDEX instances_reference ON instances (reference_id) WHERE reference_id IS NOT NULL;
CREATE INDEX instances_due ON instances (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE idempotency (
    scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    answer BLOB NOT NULL, expires_ms INTEGER NOT NULL, PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_ms);
"""

# Version 2: packages as they were, the event log, a failure code for each product.
SECOND = """
ALTER TABLE products ADD COLUMN failure_code TEXT;
CREATE TABLE past_packages (
    version INTEGER PRIMARY KEY, seq INTEGER NOT NULL, id TEXT NOT NULL, account_id TEXT NOT NULL,
    root_id TEXT NOT NULL, external_id TEXT, created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL
);
CREATE INDEX past_packages_until ON past_packages (until_ms);
CREATE INDEX past_packages_id ON past_packages (id);
CREATE INDEX past_packages_created ON past_packages (root_id, created_ms, seq);
CREATE INDEX past_packages_updated ON past_packages (root_id, updated_ms, seq);
CREATE INDEX past_packages_external ON past_packages (root_id, external_id);
CREATE INDEX past_packages_account ON past_packages (account_id, created_ms, seq);
CREATE TABLE past_instances (
    version INTEGER NOT NULL, id TEXT NOT NULL, package_seq INTEGER NOT NULL,
    position INTEGER NOT NULL, site_id TEXT, product_id TEXT NOT NULL, status TEXT NOT NULL,
    failure_code TEXT, failure_message TEXT, billing_type TEXT NOT NULL, cycle_unit TEXT,
    cycle_count INTEGER, country_code TEXT, discount_code TEXT, reference_id TEXT,
    expires_ms INTEGER, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
    due_ms INTEGER, due_status TEXT, due_failure_code TEXT
);
CREATE INDEX past_instances_version ON past_instances (version, position);
CREATE INDEX past_instances_id ON past_instances (id, version);
CREATE INDEX past_instances_site ON past_instances (site_id, version);
CREATE INDEX past_instances_product ON past_instances (product_id, status, version);
CREATE INDEX past_instances_status ON past_instances (status, version);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, slug TEXT NOT NULL, package_id TEXT NOT NULL, instance_id TEXT,
    at_ms INTEGER NOT NULL, status TEXT, failure_code TEXT, package BLOB
);
"""

# Version 3: what has become of each package. Which request created it stands in its own row, which
# is written anyway: a create then touches no page more.
THIRD = """
ALTER TABLE packages ADD COLUMN creation TEXT;
CREATE TABLE timeline (
    seq INTEGER PRIMARY KEY, package_seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    instance_id TEXT, changes TEXT NOT NULL, operation TEXT, request_id TEXT
);
CREATE INDEX timeline_package ON timeline (package_seq);
"""
_STEPS = (FIRST, SECOND, THIRD)

VERSION = len(_STEPS)

# What SQLite's planner takes for granted: many packages for a parent account, few for an external
# id, a site or an instance id. Without it, it would walk all packages of the parent account.
_STATISTICS = """
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 VALUES
    ('packages', 'packages_created', '100000 50000 2 1'),
    ('packages', 'packages_updated', '100000 50000 2 1'),
    ('packages', 'packages_external', '100000 50000 1'),
    ('packages', 'packages_account', '100000 5000 2 1'),
    ('packages', 'sqlite_autoindex_packages_1', '100000 1'),
    ('instances', 'instances_package', '100000 1 1'),
    ('instances', 'instances_site', '100000 2 1'),
    ('instances', 'instances_product', '100000 10000 5000 1'),
    ('instances', 'instances_status', '100000 20000 1'),
    ('instances', 'instances_due', '100000 10'),
    ('instances', 'instances_reference', '100000 1'),
    ('instances', 'sqlite_autoindex_instances_1', '100000 1'),
    ('past_packages', 'past_packages_until', '100000 10'),
    ('past_packages', 'past_packages_id', '100000 2'),
    ('past_packages', 'past_packages_created', '100000 50000 2 1'),
    ('past_packages', 'past_packages_updated', '100000 50000 2 1'),
    ('past_packages', 'past_packages_external', '100000 50000 1'),
    ('past_packages', 'past_packages_account', '100000 5000 2 1'),
    ('past_instances', 'past_instances_version', '100000 1 1'),
    ('past_instances', 'past_instances_id', '100000 2 1'),
    ('past_instances', 'past_instances_site', '100000 2 1'),
    ('past_instances', 'past_instances_product', '100000 10000 5000 1'),
    ('past_instances', 'past_instances_status', '100000 20000 1'),
    ('timeline', 'timeline_package', '100000 4');
ANALYZE sqlite_master;
"""


class DatabaseError(Exception):
    """Say why a database file cannot be used."""


def open_database(path: Path | None) -> sqlite3.Connection:
    """Open the file, or memory for ``None``, with the layout in place.

    Raises :class:`DatabaseError` for a file that cannot be opened, is no database, belongs to
    something else, or is of a newer layout.
    """
    try:
        # Another thread may own the emulator than the one that made it; one at a time uses it.
        connection = sqlite3.connect(
            ":memory:" if path is None else path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot open the database {path}: {error}") from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise DatabaseError(f"cannot use the database {path}: {error}") from error
    except DatabaseError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if found > VERSION:
        raise DatabaseError(
            f"the database {path} has layout {found}, and this version knows up to {VERSION}: "
            "use the version that wrote it, or another file"
        )
    if found == 0 and tables:
        raise DatabaseError(f"the database {path} holds tables of something else: use another file")
    if path is not None:
        # An acknowledged write must survive the death of the process and of the machine.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    # Of no account to the database itself: what is due, while it is being done.
    connection.execute("CREATE TEMP TABLE due (package_seq INTEGER PRIMARY KEY, due_ms INTEGER)")
    if found < VERSION:
        steps = " ".join(_STEPS[found:])
        script = f"BEGIN; {steps} {_STATISTICS} PRAGMA user_version={VERSION}; COMMIT;"
        connection.executescript(script)
