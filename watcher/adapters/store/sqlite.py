"""The decision log in SQLite, written: write-ahead log, every commit on disk before it returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self, TypeVar

from watcher.adapters.store.errors import damaged, says_full, translated
from watcher.adapters.store.files import Lock, create_private
from watcher.adapters.store.pages import PAGE_SIZE
from watcher.adapters.store.reading import SQLiteReader
from watcher.adapters.store.reserve import DEFAULT_SIZE, Reserve
from watcher.adapters.store.retention import Retention, remove_batch
from watcher.adapters.store.rows import (
    WRITE_BLINDNESS,
    WRITE_CLOSING,
    WRITE_COVERAGE,
    WRITE_DECISION,
    WRITE_FLAG_RESTORE,
    WRITE_HOLD,
    WRITE_LABEL,
    WRITE_NOTIFICATION,
    WRITE_POLICY,
    WRITE_REHEARSAL,
    WRITE_RELEASE,
    WRITE_STATE,
    WRITE_TOLD,
    WRITE_TRANSITION,
    blindness_values,
    closing_values,
    coverage_values,
    decision_values,
    flag_restore_values,
    hold_values,
    label_values,
    notification_values,
    rehearsal_values,
    release_values,
    state_after,
    state_values,
    told_values,
    transition_values,
)
from watcher.adapters.store.schema import migrate, version_of
from watcher.adapters.store.transactions import transaction
from watcher.adapters.store.validity import check_policies
from watcher.ports import Commit

T = TypeVar("T")

_FULL_CHECK = 64 * 1024 * 1024  # bytes: above, indexes are no longer compared with their tables at start

_SETTINGS = (
    f"PRAGMA page_size = {PAGE_SIZE}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit is on disk when it returns, also when the machine loses power
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # no remains of deleted rows in the file, which recovery would take for rows
    "PRAGMA temp_store = MEMORY",  # deleting must not need space on a full disk
)


class SQLiteStore(SQLiteReader):
    """The one writer of a log.  To be called from one thread at a time (StoreThread does that)."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, *, lock: Lock, reserve: Reserve, retention: Retention
    ) -> None:
        super().__init__(path, connection)
        self._lock = lock
        self._reserve = reserve
        self._retention = retention

    @classmethod
    def open(cls, path: Path, *, reserve: int = DEFAULT_SIZE, retention: Retention | None = None) -> Self:
        """Open the log for writing: create, check, migrate.  `reserve` in bytes.

        Raises StoreInUse, StoreDamaged, StoreTooNew, or Unavailable when the file cannot be opened.
        """
        create_private(path)
        with ExitStack() as undo:
            lock = Lock(path)
            undo.callback(lock.release)
            try:
                connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                undo.callback(connection.close)
                _prepare(connection, path)
            except sqlite3.Error as error:
                raise translated(path, error, "open") from error
            space = Reserve(path, reserve)
            undo.pop_all()
        return cls(path, connection, lock=lock, reserve=space, retention=retention or Retention())

    def commit(self, commit: Commit) -> tuple[int, ...]:
        """As Store says."""
        check_policies(commit)
        return self._durably(lambda: _write(self._connection, commit))

    def expire(self, now: float) -> int:
        """As Store says."""
        return self._durably(lambda: remove_batch(self._connection, self._retention, now))

    def degraded(self) -> str:
        """As Store says."""
        return self._reserve.trouble

    def close(self) -> None:
        """As Store says."""
        super().close()
        self._lock.release()

    def _durably(self, write: Callable[[], T]) -> T:
        """Write in one transaction; when the disk is full, once more with the space of the reserve."""
        if self._reserve.trouble:
            self._reserve.restore()
        try:
            return self._attempt(write)
        except sqlite3.Error as error:
            if not (says_full(error) and self._reserve.release(str(error))):
                raise translated(self._path, error, "write") from error
        try:
            return self._attempt(write)
        except sqlite3.Error as error:
            raise translated(self._path, error, "write") from error

    def _attempt(self, write: Callable[[], T]) -> T:
        with transaction(self._connection):
            return write()


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version_of(connection, path)  # before anything is written into some other program's file
    _check(connection, path)
    for setting in _SETTINGS:
        connection.execute(setting)
    migrate(connection, path)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreDamaged with the first problem found."""
    check = "integrity_check" if path.stat().st_size <= _FULL_CHECK else "quick_check"
    problem = connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
    if problem != "ok":
        raise damaged(path, problem.splitlines()[-1])


def _write(connection: sqlite3.Connection, commit: Commit) -> tuple[int, ...]:
    connection.executemany(WRITE_POLICY, commit.policies)
    ids = []
    for transition in commit.transitions:
        cursor = connection.execute(WRITE_TRANSITION, transition_values(transition))
        ids.append(cursor.lastrowid or 0)
    states = (*map(state_after, commit.transitions), *commit.states)
    connection.executemany(WRITE_STATE, map(state_values, states))
    connection.executemany(WRITE_DECISION, map(decision_values, commit.decisions))
    connection.executemany(WRITE_RELEASE, map(release_values, commit.releases))
    connection.executemany(WRITE_LABEL, map(label_values, commit.labels))
    connection.executemany(WRITE_HOLD, map(hold_values, commit.holds))
    connection.executemany("DELETE FROM holds WHERE scope = ?", ((scope,) for scope in commit.lifted))
    connection.executemany(WRITE_COVERAGE, map(coverage_values, commit.coverage))
    connection.executemany("DELETE FROM coverage WHERE workload = ?", ((name,) for name in commit.uncovered))
    connection.executemany(WRITE_BLINDNESS, map(blindness_values, commit.blindness))
    connection.executemany(WRITE_NOTIFICATION, map(notification_values, commit.notifications))
    connection.executemany(WRITE_TOLD, map(told_values, commit.told))
    connection.executemany(WRITE_REHEARSAL, map(rehearsal_values, commit.rehearsals))
    connection.executemany(WRITE_CLOSING, map(closing_values, commit.closings))
    connection.executemany(WRITE_FLAG_RESTORE, map(flag_restore_values, commit.flag_restores))
    connection.executemany("DELETE FROM states WHERE uid = ?", ((uid,) for uid in commit.gone))
    return tuple(ids)
