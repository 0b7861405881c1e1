"""The tables, and how a file of an older version becomes one of this version.

A migration is a list of statements, run in one transaction together with the new version number.  Rules that
recovery relies on: tables keep their rowid, each table of a version has its own number of columns (or types that
tell it apart, from SQLite's own `sqlite_master` too: four texts and a number), and a table that gets new columns is
built anew rather than altered.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from watcher.adapters.store.errors import StoreDamaged, StoreTooNew, StoreTooOld
from watcher.adapters.store.transactions import transaction

APPLICATION_ID = 0x77746368  # "wtch", in the file's header: tells this file from any other SQLite file

_V1 = (
    "CREATE TABLE policies (hash TEXT PRIMARY KEY, body BLOB NOT NULL)",
    """CREATE TABLE transitions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        workload TEXT NOT NULL,
        uid TEXT NOT NULL,
        release TEXT NOT NULL,
        schema INTEGER NOT NULL,
        policy_hash TEXT NOT NULL REFERENCES policies (hash),
        kind TEXT NOT NULL,
        state_before BLOB NOT NULL,
        observation BLOB NOT NULL,
        state_after BLOB NOT NULL,
        commands BLOB NOT NULL
    )""",
    "CREATE INDEX transitions_release ON transitions (release)",
    "CREATE INDEX transitions_at ON transitions (at)",
    "CREATE INDEX transitions_policy ON transitions (policy_hash)",
    """CREATE TABLE states (
        uid TEXT PRIMARY KEY,
        workload TEXT NOT NULL,
        at REAL NOT NULL,
        schema INTEGER NOT NULL,
        state BLOB NOT NULL
    )""",
    """CREATE TABLE decisions (
        id TEXT PRIMARY KEY,
        at REAL NOT NULL,
        workload TEXT NOT NULL,
        release TEXT NOT NULL,
        verdict TEXT NOT NULL,
        action TEXT NOT NULL,
        mode TEXT NOT NULL,
        guard TEXT NOT NULL,
        rung TEXT NOT NULL,
        target TEXT NOT NULL,
        outcome TEXT NOT NULL,
        durability TEXT NOT NULL,
        reason TEXT NOT NULL,
        body BLOB NOT NULL
    )""",
    "CREATE INDEX decisions_at ON decisions (at)",
    "CREATE INDEX decisions_workload ON decisions (workload, at)",
    "CREATE INDEX decisions_release ON decisions (release)",
    """CREATE TABLE releases (
        id TEXT PRIMARY KEY,
        workload TEXT NOT NULL,
        revision TEXT NOT NULL,
        image TEXT NOT NULL,
        began REAL NOT NULL,
        verdict TEXT NOT NULL,
        action TEXT NOT NULL,
        outcome TEXT NOT NULL,
        ended REAL,
        body BLOB NOT NULL
    )""",
    "CREATE INDEX releases_began ON releases (began)",
    "CREATE INDEX releases_workload ON releases (workload, began)",
    "CREATE INDEX releases_ended ON releases (ended)",
)

_V2 = (
    """CREATE TABLE labels (
        decision TEXT PRIMARY KEY,
        at REAL NOT NULL,
        verdict TEXT NOT NULL,
        author TEXT NOT NULL,
        note TEXT NOT NULL
    )""",
)

_V3 = (
    """CREATE TABLE coverage (
        workload TEXT PRIMARY KEY,
        since REAL NOT NULL,
        mode TEXT NOT NULL,
        sight TEXT NOT NULL,
        why TEXT NOT NULL,
        rung TEXT NOT NULL,
        rung_mode TEXT NOT NULL,
        rung_why TEXT NOT NULL
    )""",
    """CREATE TABLE blindness (
        hour REAL NOT NULL,
        source TEXT NOT NULL,
        asked REAL NOT NULL,
        blind REAL NOT NULL,
        PRIMARY KEY (hour, source)
    )""",
)

_V4 = (
    """CREATE TABLE holds (
        scope TEXT PRIMARY KEY,
        since REAL NOT NULL,
        until REAL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL
    )""",
)

_V5 = (
    """CREATE TABLE outbox (
        key TEXT PRIMARY KEY,
        event TEXT NOT NULL,
        channel TEXT NOT NULL,
        at REAL NOT NULL,
        stage TEXT NOT NULL,
        workload TEXT NOT NULL,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        body BLOB NOT NULL,
        result TEXT NOT NULL,
        done REAL
    )""",
    "CREATE INDEX outbox_waiting ON outbox (channel, at) WHERE done IS NULL",
    "CREATE INDEX outbox_done ON outbox (done)",
)

_V6 = (
    """CREATE TABLE rehearsals (
        id TEXT PRIMARY KEY,
        at REAL NOT NULL,
        workload TEXT NOT NULL,
        rung TEXT NOT NULL,
        result TEXT NOT NULL,
        seconds REAL NOT NULL,
        author TEXT NOT NULL,
        message TEXT NOT NULL,
        body BLOB NOT NULL
    )""",
    "CREATE INDEX rehearsals_at ON rehearsals (at)",
    "CREATE INDEX rehearsals_rung ON rehearsals (workload, rung, at)",
    """CREATE TABLE breaker_closings (
        scope TEXT NOT NULL,
        at REAL NOT NULL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (scope, at)
    )""",
)

_V7 = (
    """CREATE TABLE flag_restores (
        decision TEXT NOT NULL,
        at REAL NOT NULL,
        flag TEXT NOT NULL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL,
        state TEXT NOT NULL,
        result TEXT NOT NULL,
        PRIMARY KEY (decision, at)
    )""",
)

MIGRATIONS: tuple[Sequence[str], ...] = (_V1, _V2, _V3, _V4, _V5, _V6, _V7)

TABLES = (
    "policies",
    "transitions",
    "states",
    "decisions",
    "releases",
    "labels",
    "coverage",
    "blindness",
    "holds",
    "outbox",
    "rehearsals",
    "breaker_closings",
    "flag_restores",
)  # what refers comes after what it refers to


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of the file; 0 when it is empty.  Raises StoreDamaged for some other program's file."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if application != APPLICATION_ID and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreDamaged(f"{path} is a SQLite file, but not a decision log. Name another file with --store")
    return version if application == APPLICATION_ID else 0


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> int:
    """Bring the file to the newest version, each step whole or not at all; returns the version it had."""
    found = version_of(connection, path)
    _refuse_newer(path, found, len(migrations))
    for version, statements in enumerate(migrations[found:], start=found + 1):
        with transaction(connection):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version}")
    return found


def check_readable(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreTooNew or StoreTooOld where this version cannot read the file as it is."""
    found = version_of(connection, path)
    _refuse_newer(path, found, len(MIGRATIONS))
    if found < len(MIGRATIONS):
        raise StoreTooOld(
            f"the decision log {path} has schema version {found}, this version reads {len(MIGRATIONS)}. "
            f"Start the daemon of this version once: it brings the file up to date"
        )


def _refuse_newer(path: Path, found: int, known: int) -> None:
    if found > known:
        raise StoreTooNew(
            f"the decision log {path} has schema version {found}, this version knows only {known}: a newer "
            f"version wrote it. Run that version again, or give this one a file of its own with --store"
        )
