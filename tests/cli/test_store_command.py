"""`watcher store recover`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.documents import history
from tests.contract.store.rows import commit, transition
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.cli.application import application
from watcher.cli.exits import Exit


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    with closing(SQLiteStore.open(path, reserve=0)) as store:
        store.commit(history())
        store.commit(commit(*(transition(n) for n in range(50))))
    data = path.read_bytes()
    path.write_bytes(b"\0" * 4096 + data[4096:])
    return path


def test_what_can_be_read_is_saved_and_counted(damaged: Path) -> None:
    before = damaged.read_bytes()
    result = CliRunner().invoke(application, ["store", "recover", str(damaged)])
    assert result.exit_code == Exit.OK
    assert "      50 transitions\n       1 states\n       2 decisions\n       2 releases\n" in result.stdout
    assert damaged.read_bytes() == before
    moves = [line.split()[1:] for line in result.stdout.splitlines() if line.startswith("  mv ")]
    for source, target in moves:
        Path(source).rename(target)
    with closing(SQLiteStore.open(damaged, reserve=0)) as store:
        assert len(store.decisions()) == 2
    assert damaged.with_name("log.db.damaged").read_bytes() == before


def test_a_file_that_is_there_is_not_overwritten(damaged: Path) -> None:
    (damaged.parent / "new.db").write_text("mine")
    result = CliRunner().invoke(application, ["store", "recover", str(damaged), "--to", str(damaged.parent / "new.db")])
    assert result.exit_code == Exit.FAILED
    assert "--to" in result.stderr
    assert (damaged.parent / "new.db").read_text() == "mine"


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(application, ["store", "recover", str(tmp_path / "log.db")])
    assert result.exit_code == Exit.UNREACHABLE
