"""The decision log in SQLite, read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from watcher.adapters.store.errors import StoreMissing, damaged, translated
from watcher.adapters.store.lookup import NEWEST, after, commanded, resolve
from watcher.adapters.store.rows import HOLD_COLUMNS, TRANSITION_COLUMNS, as_state, as_transition, columns
from watcher.adapters.store.schema import check_readable
from watcher.core.deciding.breaker import Closing
from watcher.core.deciding.holding import Hold
from watcher.core.model import PastRollback, Workload
from watcher.ports import (
    BlindnessRow,
    CoverageRow,
    DecisionRow,
    FlagRestore,
    Label,
    Notification,
    RehearsalRow,
    Rejected,
    ReleaseRow,
    StoredState,
    Transition,
)

_PAGE = 100  # transitions read at once: a reader that is slow must not hold a snapshot open
_ROWS = 1000  # decisions or releases read at once


def _select(table: str, names: Sequence[str]) -> str:
    return f"SELECT {', '.join(names)} FROM {table} "  # noqa: S608 - names are of this package


_STATE = _select("states", columns(StoredState))
_DECISIONS = _select("decisions", columns(DecisionRow))
_RELEASES = _select("releases", columns(ReleaseRow))
_HOLDS = _select("holds", HOLD_COLUMNS)
_LABELS = _select("labels", columns(Label))
_COVERAGE = _select("coverage", columns(CoverageRow)) + "ORDER BY workload"
_BLINDNESS = _select("blindness", columns(BlindnessRow)) + "WHERE hour >= ? ORDER BY hour, source"
_OUTBOX = _select("outbox", columns(Notification))
_REHEARSALS = _select("rehearsals", columns(RehearsalRow))
_CLOSINGS = _select("breaker_closings", columns(Closing)) + "WHERE at >= ? ORDER BY at, scope"
_FLAG_RESTORES = _select("flag_restores", columns(FlagRestore)) + "WHERE decision = ? ORDER BY at"
_TRANSITIONS = _select("transitions", TRANSITION_COLUMNS)


class SQLiteReader:
    """Reads the log through a connection that is given to it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the log for reading only, from one thread at a time; the daemon may go on writing it.

        Raises StoreMissing, StoreDamaged, StoreTooNew, StoreTooOld.
        """
        if not path.is_file():
            raise StoreMissing(
                f"there is no decision log at {path}. Name it with --store, or ask a daemon with --server"
            )
        with ExitStack() as undo:
            try:
                connection = sqlite3.connect(
                    f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
                )
                undo.callback(connection.close)
                check_readable(connection, path)
            except sqlite3.Error as error:
                raise translated(path, error, "open") from error
            undo.pop_all()
        return cls(path, connection)

    def states(self) -> list[StoredState]:
        """As StoreReader says."""
        return self._states("ORDER BY uid")

    def state(self, uid: str) -> StoredState | None:
        """As StoreReader says."""
        return next(iter(self._states("WHERE uid = ?", (uid,))), None)

    def _states(self, which: str, values: Sequence[Any] = ()) -> list[StoredState]:
        try:
            return [as_state(row) for row in self._rows(f"{_STATE}{which}", values)]
        except Rejected as error:
            raise damaged(self._path, str(error)) from error

    def decisions(self, workload: str = "", *, limit: int = 100, since: float = 0.0) -> list[DecisionRow]:
        """As StoreReader says."""
        where = "WHERE at >= ? AND workload = ? " if workload else "WHERE at >= ? "
        values = (since, workload, limit) if workload else (since, limit)
        rows = self._rows(f"{_DECISIONS}{where}ORDER BY at DESC, id DESC LIMIT ?", values)
        return [DecisionRow(*row) for row in rows]

    def decision(self, prefix: str) -> DecisionRow:
        """As StoreReader says."""
        rows = self._rows(f"{_DECISIONS}WHERE id = ?", (prefix,))
        if not rows:
            rows = self._rows(f"{_DECISIONS}WHERE id = ?", (self._meant(prefix),))
        return DecisionRow(*rows[0])

    def _meant(self, prefix: str) -> str:
        """The id that begins so; found by the index on ids, for the log may hold very many.  Raises NoSuchDecision."""
        beginning = "SELECT id FROM decisions WHERE id >= ? AND id < ? ORDER BY at DESC, id DESC"
        found = self._rows(beginning, (prefix, after(prefix))) if prefix else []
        newest = self._rows("SELECT id FROM decisions ORDER BY at DESC, id DESC LIMIT ?", (NEWEST,))
        return resolve(prefix, [row[0] for row in found], [row[0] for row in newest])

    def releases(
        self, workload: str = "", *, limit: int = 100, since: float = 0.0, unfinished: bool = False
    ) -> list[ReleaseRow]:
        """As StoreReader says."""
        where = "WHERE began >= ? AND workload = ? " if workload else "WHERE began >= ? "
        values = (since, workload, limit) if workload else (since, limit)
        if unfinished:
            where += "AND ended IS NULL "
        rows = self._rows(f"{_RELEASES}{where}ORDER BY began DESC, id DESC LIMIT ?", values)
        return [ReleaseRow(*row) for row in rows]

    def transitions(self, release: str = "", *, after: int = 0) -> Iterator[Transition]:
        """As StoreReader says."""
        where = "WHERE id > ? AND release = ? " if release else "WHERE id > ? "
        while True:
            values = (after, release, _PAGE) if release else (after, _PAGE)
            page = self._rows(f"{_TRANSITIONS}{where}ORDER BY id LIMIT ?", values)
            for row in page:
                yield self._transition(row)
            if len(page) < _PAGE:
                return
            after = page[-1][-1]

    def policy(self, digest: str) -> bytes | None:
        """As StoreReader says."""
        rows = self._rows("SELECT body FROM policies WHERE hash = ?", (digest,))
        return rows[0][0] if rows else None

    def rollbacks(self, since: float) -> tuple[PastRollback, ...]:
        """As StoreReader says."""
        rows = self._rows(
            "SELECT at, workload, release, body FROM decisions WHERE at >= ? AND mode = 'act' "
            "AND action IN ('roll_back', 'flag_off') ORDER BY at, id",
            (since,),
        )
        return tuple(
            PastRollback(at, Workload.parse(workload).namespace, release)
            for at, workload, release, body in rows
            if not commanded(body)
        )

    def begun(self, since: float) -> tuple[int, float | None]:
        """As StoreReader says; by the indexes on both times."""
        ((count,),) = self._rows("SELECT count(*) FROM releases WHERE began >= ?", (since,))
        ((oldest,),) = self._rows("SELECT min(at) FROM transitions")
        return count, oldest

    def holds(self) -> list[Hold]:
        """As StoreReader says."""
        return [Hold(*row) for row in self._rows(f"{_HOLDS}ORDER BY scope")]

    def labels(self, since: float = 0.0) -> list[Label]:
        """As StoreReader says."""
        return [Label(*row) for row in self._rows(f"{_LABELS}WHERE at >= ? ORDER BY at, decision", (since,))]

    def decided(self, since: float) -> Iterator[DecisionRow]:
        """As StoreReader says."""
        return (DecisionRow(*row[2:]) for row in self._oldest_first("decisions", "at", columns(DecisionRow), since))

    def history(self, since: float) -> Iterator[ReleaseRow]:
        """As StoreReader says."""
        return (ReleaseRow(*row[2:]) for row in self._oldest_first("releases", "began", columns(ReleaseRow), since))

    def coverage(self) -> list[CoverageRow]:
        """As StoreReader says."""
        return [CoverageRow(*row) for row in self._rows(_COVERAGE)]

    def blindness(self, since: float) -> list[BlindnessRow]:
        """As StoreReader says."""
        return [BlindnessRow(*row) for row in self._rows(_BLINDNESS, (since,))]

    def outbox(self, channel: str, *, limit: int = 100) -> list[Notification]:
        """As StoreReader says."""
        rows = self._rows(f"{_OUTBOX}WHERE channel = ? AND done IS NULL ORDER BY at, rowid LIMIT ?", (channel, limit))
        return [Notification(*row) for row in rows]

    def notified(self, decision: str) -> list[Notification]:
        """As StoreReader says; by the index on keys, which begin with the decision."""
        begin = f"{decision}/"
        rows = self._rows(f"{_OUTBOX}WHERE key >= ? AND key < ? ORDER BY at, rowid", (begin, after(begin)))
        return [Notification(*row) for row in rows]

    def backlog(self) -> dict[str, tuple[int, float]]:
        """As StoreReader says."""
        rows = self._rows("SELECT channel, count(*), min(at) FROM outbox WHERE done IS NULL GROUP BY channel")
        return {channel: (count, oldest) for channel, count, oldest in rows}

    def rehearsals(self, workload: str = "", *, limit: int = 100, since: float = 0.0) -> list[RehearsalRow]:
        """As StoreReader says."""
        where = "WHERE workload = ? AND at >= ? " if workload else "WHERE at >= ? "
        values = (workload, since, limit) if workload else (since, limit)
        rows = self._rows(f"{_REHEARSALS}{where}ORDER BY at DESC, id DESC LIMIT ?", values)
        return [RehearsalRow(*row) for row in rows]

    def last_rehearsals(self) -> list[RehearsalRow]:
        """As StoreReader says; by the index on workload, rung and time."""
        newest = "SELECT workload, rung, max(at) FROM rehearsals GROUP BY workload, rung"
        rows = self._rows(f"{_REHEARSALS}WHERE (workload, rung, at) IN ({newest}) ORDER BY workload, rung, id")
        return list({(row[2], row[3]): RehearsalRow(*row) for row in rows}.values())

    def closings(self, since: float) -> list[Closing]:
        """As StoreReader says."""
        return [Closing(*row) for row in self._rows(_CLOSINGS, (since,))]

    def flag_restores(self, decision: str) -> list[FlagRestore]:
        """As StoreReader says."""
        return [FlagRestore(*row) for row in self._rows(_FLAG_RESTORES, (decision,))]

    def close(self) -> None:
        """As StoreReader says."""
        self._connection.close()

    def _oldest_first(self, table: str, time: str, names: Sequence[str], since: float) -> Iterator[Sequence[Any]]:
        """Rows in the order of their time and id, which come first in each; by the index on the time."""
        page = _select(table, (time, "id", *names)) + (
            f"WHERE {time} >= ? AND ({time}, id) > (?, ?) ORDER BY {time}, id LIMIT ?"
        )
        last: tuple[float, str] = (since, "")  # no id is empty
        while True:
            rows = self._rows(page, (last[0], *last, _ROWS))
            yield from rows
            if len(rows) < _ROWS:
                return
            last = rows[-1][:2]

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise translated(self._path, error, "read") from error

    def _transition(self, row: Sequence[Any]) -> Transition:
        try:
            return as_transition(row)
        except Rejected as error:
            raise damaged(self._path, f"record {row[-1]}: {error}") from error
