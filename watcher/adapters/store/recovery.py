"""Saving what can be read from a damaged log into a new file.  The damaged one is only read."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from watcher.adapters.store.errors import StoreMissing, translated
from watcher.adapters.store.files import beside, create_private, refuse_if_written
from watcher.adapters.store.packed import unpack
from watcher.adapters.store.pages import PAGE_SIZE, Pages, RawRow, Unreadable, Value
from watcher.adapters.store.schema import APPLICATION_ID, MIGRATIONS, TABLES, migrate
from watcher.adapters.store.transactions import transaction
from watcher.ports import Rejected

_TYPES: Mapping[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "REAL": (int, float),  # a whole number is stored as an integer
    "BLOB": (bytes,),
}
_PACKED = ("transitions", "states")  # their blobs are packed; those of the other tables are JSON


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was saved: rows by table; damaged rows seen; states made again from the last transition; records whose
    policy is lost, which can be read but not replayed."""

    target: Path
    saved: Mapping[str, int]
    unreadable: int
    states_rebuilt: int
    without_policy: int


@dataclass(frozen=True, slots=True)
class _Column:
    types: tuple[type, ...]
    nullable: bool
    rowid: bool  # an INTEGER PRIMARY KEY: stored as the row's id


@dataclass
class _Tally:
    saved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))
    unreadable: int = 0


def recover(source: Path, target: Path | None = None) -> Recovered:
    """Save every row of `source` that can be read into the new file `target` (default: `source`.recovered).

    Raises StoreMissing, StoreInUse while a process writes the log, Rejected when the target exists, Unavailable
    when it cannot be written.
    """
    target = target or beside(source, ".recovered")
    if not source.is_file():
        raise StoreMissing(f"there is no file {source} to recover from")
    refuse_if_written(source)
    if target.exists():
        raise Rejected(f"{target} exists; name another file with --to, or move it away")
    create_private(target)
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as connection:
            return _save(source, target, connection)
    except sqlite3.Error as error:
        target.unlink()
        raise translated(target, error, "write") from error


def shapes(version: int) -> dict[str, tuple[_Column, ...]]:
    """Columns of each table of a schema version, which tell its rows from those of the other tables."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as scratch:
        migrate(scratch, Path(":memory:"), MIGRATIONS[:version])
        found = {table: tuple(_columns(scratch, table)) for table in TABLES}
        return {table: columns for table, columns in found.items() if columns}


def _columns(connection: sqlite3.Connection, table: str) -> Iterator[_Column]:
    for _, _, kind, not_null, _, key in connection.execute(f"PRAGMA table_info({table})"):
        yield _Column(_TYPES[kind], nullable=not (not_null or key), rowid=bool(key) and kind == "INTEGER")


def _save(source: Path, target: Path, connection: sqlite3.Connection) -> Recovered:
    pages = Pages(source)
    version = _version(pages.header)
    tally = _Tally()
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    migrate(connection, target, MIGRATIONS[:version])
    with transaction(connection):
        for table, values in _readable(pages, shapes(version), tally):
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)  # noqa: S608 - own names
            tally.saved[table] += 1
        rebuilt = _rebuild_states(connection)
    migrate(connection, target)
    return Recovered(target, tally.saved, tally.unreadable, rebuilt, _without_policy(connection))


def _version(header: bytes) -> int:
    """The schema version in the file's header, the newest when that is damaged too."""
    version = int.from_bytes(header[60:64], "big")
    ours = int.from_bytes(header[68:72], "big") == APPLICATION_ID
    return version if ours and 0 < version <= len(MIGRATIONS) else len(MIGRATIONS)


def _readable(
    pages: Pages, tables: Mapping[str, Sequence[_Column]], tally: _Tally
) -> Iterator[tuple[str, tuple[Value, ...]]]:
    for row in pages.rows():
        if isinstance(row, Unreadable):
            tally.unreadable += 1
            continue
        table = next((name for name, columns in tables.items() if _fits(row, columns)), None)
        if table is None:
            continue  # SQLite's own tables
        if _whole(table, row):
            yield table, tuple(row.rowid if each.rowid else value for each, value in _pairs(tables[table], row))
        else:
            tally.unreadable += 1


def _pairs(columns: Sequence[_Column], row: RawRow) -> Iterator[tuple[_Column, Value]]:
    return zip(columns, row.values, strict=True)


def _fits(row: RawRow, columns: Sequence[_Column]) -> bool:
    return len(row.values) == len(columns) and all(_allowed(column, value) for column, value in _pairs(columns, row))


def _allowed(column: _Column, value: Value) -> bool:
    if value is None:
        return column.nullable or column.rowid
    return isinstance(value, column.types) and not column.rowid


def _whole(table: str, row: RawRow) -> bool:
    """Whether every blob is what was written, and every number one."""
    try:
        for value in row.values:
            if isinstance(value, bytes) and table in _PACKED:
                unpack(value)
            elif isinstance(value, bytes):
                json.loads(value)
    except (Rejected, ValueError):
        return False
    return all(math.isfinite(value) for value in row.values if isinstance(value, float))


def _rebuild_states(connection: sqlite3.Connection) -> int:
    """A state that was lost, from the last transition of its workload."""
    return connection.execute(
        """INSERT INTO states (uid, workload, at, schema, state)
        SELECT uid, workload, at, schema, state_after FROM transitions
        WHERE id IN (SELECT max(id) FROM transitions GROUP BY uid) AND uid NOT IN (SELECT uid FROM states)"""
    ).rowcount


def _without_policy(connection: sqlite3.Connection) -> int:
    missing = "SELECT count(*) FROM transitions WHERE policy_hash NOT IN (SELECT hash FROM policies)"
    return int(connection.execute(missing).fetchone()[0])
