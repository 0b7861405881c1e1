"""Starting on a log: private files, one writer, and clear words for a file that must not be used."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.store.rows import commit, decision, transition
from watcher.adapters.store.errors import StoreDamaged, StoreInUse, StoreMissing, StoreTooNew, StoreTooOld
from watcher.adapters.store.reading import SQLiteReader
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.ports import Unavailable


def test_the_files_are_private_to_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "var" / "log.db"
    with closing(SQLiteStore.open(path)) as store:
        store.commit(commit(transition()))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(modes) >= {"log.db", "log.db-wal", "log.db.lock", "log.db.reserve"}
    assert set(modes.values()) == {0o600}


def test_every_commit_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    with closing(SQLiteStore.open(tmp_path / "log.db")) as store:
        settings = [
            store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]
    assert settings == ["wal", 2]


def test_a_second_writer_is_told_who_holds_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    script = (
        "import sys, pathlib; from watcher.adapters.store.sqlite import SQLiteStore\n"
        "store = SQLiteStore.open(pathlib.Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(StoreInUse, match=rf"process {first.pid} on .*--server URL"):
            SQLiteStore.open(path)
        with closing(SQLiteReader.open(path)) as reader:
            assert reader.decisions() == []
    SQLiteStore.open(path).close()


def test_a_reader_sees_what_the_writer_committed(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with closing(SQLiteStore.open(path)) as store, closing(SQLiteReader.open(path)) as reader:
        store.commit(commit(decisions=(decision(),)))
        assert reader.decisions() == store.decisions()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    SQLiteStore.open(tmp_path / "log.db").close()
    with (
        closing(SQLiteReader.open(tmp_path / "log.db")) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader._connection.execute("DELETE FROM decisions")


def test_reading_where_there_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="--store"):
        SQLiteReader.open(tmp_path / "log.db")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="Not a directory"):
        SQLiteStore.open(tmp_path / "file" / "log.db")


@pytest.mark.parametrize("opening", [SQLiteStore.open, SQLiteReader.open])
def test_a_file_of_another_program_is_not_touched(tmp_path: Path, opening: Callable[[Path], SQLiteReader]) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE t (a)")
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="not a decision log"):
        opening(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opening", [SQLiteStore.open, SQLiteReader.open])
def test_a_file_that_is_no_database(tmp_path: Path, opening: Callable[[Path], SQLiteReader]) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"reasons: none\n" * 500)
    with pytest.raises(StoreDamaged, match=r"watcher store recover .*log\.db"):
        opening(path)


def test_a_damaged_file_stops_the_start_and_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with closing(SQLiteStore.open(path)) as store:
        store.commit(commit(*(transition(n) for n in range(300))))
    damaged = bytearray(path.read_bytes())
    damaged[20 * 4096 : 24 * 4096] = b"\xaa" * (4 * 4096)
    path.write_bytes(damaged)
    with pytest.raises(StoreDamaged, match=r"log\.db is damaged: .*watcher store recover"):
        SQLiteStore.open(path)
    assert path.read_bytes() == damaged
    with pytest.raises(StoreDamaged):  # the refused start let go of the lock
        SQLiteStore.open(path)


@pytest.mark.parametrize("opening", [SQLiteStore.open, SQLiteReader.open])
def test_a_file_of_a_newer_version_is_refused(tmp_path: Path, opening: Callable[[Path], SQLiteReader]) -> None:
    path = tmp_path / "log.db"
    SQLiteStore.open(path).close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreTooNew, match="schema version 999"):
        opening(path)


def test_a_record_that_does_not_match_its_checksum_is_named(tmp_path: Path) -> None:
    with closing(SQLiteStore.open(tmp_path / "log.db", reserve=0)) as store:
        (number,) = store.commit(commit(transition()))
        store._connection.execute("UPDATE transitions SET observation = x'7801'")
        with pytest.raises(StoreDamaged, match=rf"record {number}: .*watcher store recover"):
            list(store.transitions())
        store._connection.execute("UPDATE states SET state = x'7801'")
        with pytest.raises(StoreDamaged, match="checksum"):
            store.states()


def test_a_file_without_tables_is_too_old_to_be_only_read(tmp_path: Path) -> None:
    (tmp_path / "log.db").touch()
    with pytest.raises(StoreTooOld, match="Start the daemon"):
        SQLiteReader.open(tmp_path / "log.db")
