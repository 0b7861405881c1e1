"""A file of an older version becomes one of this version, or stays as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest

from tests.contract.store.rows import commit, transition
from watcher.adapters.store.errors import StoreTooNew
from watcher.adapters.store.recovery import shapes
from watcher.adapters.store.rows import Row
from watcher.adapters.store.schema import MIGRATIONS, TABLES, migrate
from watcher.adapters.store.sqlite import SQLiteStore
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

VERSIONS = Path(__file__).parent / "versions"
NAME = Path("log.db")
V1 = ("CREATE TABLE notes (text TEXT)", "INSERT INTO notes VALUES ('kept')")
V2 = ("ALTER TABLE notes ADD COLUMN author TEXT", "UPDATE notes SET author = 'nobody'")
BROKEN = ("CREATE TABLE more (a)", "INSERT INTO nowhere VALUES (1)")


OUTBOX = 5
"""The version that brought the outbox."""

REHEARSALS = 6
"""The version that brought rehearsals and closings of the breaker."""

FLAG_RESTORES = 7
"""The version that brought flags that are put back."""


def connect() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_an_older_file_gets_only_the_steps_it_lacks() -> None:
    with closing(connect()) as file:
        assert migrate(file, NAME, (V1,)) == 0
        assert migrate(file, NAME, (V1, V2)) == 1
        assert file.execute("SELECT * FROM notes").fetchall() == [("kept", "nobody")]
        assert version(file) == 2


def test_a_migration_that_fails_leaves_the_file_as_it_was() -> None:
    with closing(connect()) as file:
        migrate(file, NAME, (V1,))
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrate(file, NAME, (V1, V2, BROKEN))
        assert version(file) == 2, "the step before it is whole"
        assert file.execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall() == []


def test_a_newer_file_is_refused() -> None:
    with closing(connect()) as file:
        migrate(file, NAME, (V1, V2))
        with pytest.raises(StoreTooNew, match="schema version 2, this version knows only 1"):
            migrate(file, NAME, (V1,))


@pytest.mark.parametrize("number", range(1, len(MIGRATIONS) + 1))
def test_a_file_of_each_version_opens_with_its_rows(tmp_path: Path, number: int) -> None:
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript((VERSIONS / f"v{number}.sql").read_text())
    with closing(SQLiteStore.open(path)) as store:
        assert [row.id for row in store.decisions()] == ["3f9a01"]
        assert [row.id for row in store.releases()] == ["u1/2"]
        assert [each.state_after for each in store.transitions()] == [b'{"n":1}']
        assert [each.uid for each in store.states()] == ["u1"]
        assert store.policy("p1") == b'{"mode":"act"}'
        assert [each.scope for each in store.holds()] == (["namespace/shop"] if number >= 4 else [])
        assert [each.verdict for each in store.labels()] == (["wrong"] if number >= 2 else [])
        assert [each.sight for each in store.coverage()] == (["blind"] if number >= 3 else [])
        assert [each.blind for each in store.blindness(0.0)] == ([12.5] if number >= 3 else [])
        assert [each.event for each in store.outbox("oncall")] == (["3f9a01/held"] if number >= OUTBOX else [])
        assert [each.id for each in store.last_rehearsals()] == (["h1"] if number >= REHEARSALS else [])
        assert [each.scope for each in store.closings(0.0)] == (["namespace/shop"] if number >= REHEARSALS else [])
        assert [each.state for each in store.flag_restores("3f9a01")] == (["on"] if number >= FLAG_RESTORES else [])
        store.commit(commit(transition(2)))


@pytest.mark.parametrize("number", range(1, len(MIGRATIONS) + 1))
def test_rows_on_a_page_tell_their_table(number: int) -> None:
    found = shapes(number)
    signatures = {table: tuple(column.types for column in columns) for table, columns in found.items()}
    assert all(signatures.values())
    assert len(set(signatures.values())) == len(signatures)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("decisions", DecisionRow),
        ("releases", ReleaseRow),
        ("states", StoredState),
        ("transitions", Transition),
        ("labels", Label),
        ("coverage", CoverageRow),
        ("blindness", BlindnessRow),
        ("outbox", Notification),
        ("rehearsals", RehearsalRow),
        ("breaker_closings", Closing),
        ("flag_restores", FlagRestore),
    ],
)
def test_rows_have_the_columns_of_their_table(table: str, row: type[Row]) -> None:
    with closing(connect()) as file:
        migrate(file, NAME)
        columns = {name for _, name, *_ in file.execute(f"PRAGMA table_info({table})")}
    assert table in TABLES
    assert columns == {each.name for each in fields(row)}
