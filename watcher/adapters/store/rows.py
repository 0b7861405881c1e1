"""Rows of the tables and the port's dataclasses: the same names in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from watcher.adapters.store.packed import pack, unpack
from watcher.core.deciding.breaker import Closing
from watcher.ports import (
    BlindnessRow,
    CoverageRow,
    DecisionRow,
    FlagRestore,
    Label,
    Notification,
    RehearsalRow,
    ReleaseRow,
    StoredState,
    Transition,
)

Row = (
    BlindnessRow
    | Closing
    | CoverageRow
    | DecisionRow
    | FlagRestore
    | Label
    | Notification
    | RehearsalRow
    | ReleaseRow
    | StoredState
    | Transition
)


def columns(row: type[Row]) -> tuple[str, ...]:
    """Names of the row's columns."""
    return tuple(field.name for field in fields(row))


def upsert(table: str, names: Sequence[str], key: str) -> str:
    """The statement that inserts a row, or replaces all of it but its key."""
    marks = ", ".join("?" * len(names))
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks}) "  # noqa: S608 - names are of this package
        f"ON CONFLICT ({key}) DO UPDATE SET {updates}"
    )


TRANSITION_COLUMNS = columns(Transition)
_TRANSITION_INSERTED = tuple(name for name in TRANSITION_COLUMNS if name != "id")

WRITE_TRANSITION = (
    f"INSERT INTO transitions ({', '.join(_TRANSITION_INSERTED)}) "  # noqa: S608 - names are of this package
    f"VALUES ({', '.join('?' * len(_TRANSITION_INSERTED))})"
)
WRITE_STATE = upsert("states", columns(StoredState), "uid")
WRITE_DECISION = upsert("decisions", columns(DecisionRow), "id")
WRITE_RELEASE = upsert("releases", columns(ReleaseRow), "id")
WRITE_LABEL = upsert("labels", columns(Label), "decision")
HOLD_COLUMNS = ("scope", "reason", "author", "since", "until")  # where it stands is the log
WRITE_HOLD = upsert("holds", HOLD_COLUMNS, "scope")
WRITE_COVERAGE = upsert("coverage", columns(CoverageRow), "workload")
WRITE_BLINDNESS = (
    "INSERT INTO blindness (hour, source, asked, blind) VALUES (?, ?, ?, ?) ON CONFLICT (hour, source) "
    "DO UPDATE SET asked = asked + excluded.asked, blind = blind + excluded.blind"
)
WRITE_POLICY = "INSERT INTO policies (hash, body) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING"

WRITE_NOTIFICATION = (
    f"INSERT INTO outbox ({', '.join(columns(Notification))}) "  # noqa: S608 - names are of this package
    f"VALUES ({', '.join('?' * len(columns(Notification)))}) ON CONFLICT (key) DO NOTHING"
)
WRITE_REHEARSAL = upsert("rehearsals", columns(RehearsalRow), "id")
WRITE_CLOSING = (
    "INSERT INTO breaker_closings (scope, at, author, reason) VALUES (?, ?, ?, ?) ON CONFLICT (scope, at) DO NOTHING"
)
WRITE_FLAG_RESTORE = upsert("flag_restores", columns(FlagRestore), "decision, at")
WRITE_TOLD = "UPDATE outbox SET result = ?, done = ? WHERE key = ? AND done IS NULL"

notification_values = attrgetter(*columns(Notification))
told_values = attrgetter("result", "at", "key")
decision_values = attrgetter(*columns(DecisionRow))
release_values = attrgetter(*columns(ReleaseRow))
label_values = attrgetter(*columns(Label))
hold_values = attrgetter(*HOLD_COLUMNS)
coverage_values = attrgetter(*columns(CoverageRow))
blindness_values = attrgetter(*columns(BlindnessRow))
rehearsal_values = attrgetter(*columns(RehearsalRow))
closing_values = attrgetter(*columns(Closing))
flag_restore_values = attrgetter(*columns(FlagRestore))


def transition_values(transition: Transition) -> tuple[Any, ...]:
    """Values for WRITE_TRANSITION."""
    values = (getattr(transition, name) for name in _TRANSITION_INSERTED)
    return tuple(pack(value) if isinstance(value, bytes) else value for value in values)


def state_values(state: StoredState) -> tuple[Any, ...]:
    """Values for WRITE_STATE."""
    return (state.uid, state.workload, state.at, state.schema, pack(state.state))


def state_after(transition: Transition) -> StoredState:
    """The state that the transition leaves behind."""
    return StoredState(transition.uid, transition.workload, transition.at, transition.schema, transition.state_after)


def as_transition(row: Sequence[Any]) -> Transition:
    """From a row with TRANSITION_COLUMNS."""
    values: list[Any] = [unpack(value) if isinstance(value, bytes) else value for value in row]
    return Transition(*values)


def as_state(row: Sequence[Any]) -> StoredState:
    """From a row with the columns of StoredState."""
    uid, workload, at, schema, state = row
    return StoredState(uid, workload, at, schema, unpack(state))
