"""`watcher decisions note`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.incident.demo import written
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.cli.application import application
from watcher.cli.exits import Exit

COMMIT, DECISION = written()


def watcher(*arguments: str) -> Result:
    return CliRunner().invoke(application, arguments, env={"WATCHER_SERVER": None, "WATCHER_STORE": None})


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "log.db"
    with closing(SQLiteStore.open(path, reserve=0)) as store:
        store.commit(COMMIT)
    return str(path)


def test_it_is_printed(log: str) -> None:
    result = watcher("decisions", "note", DECISION[:5], "--store", log)
    assert result.exit_code == Exit.OK
    assert result.output.startswith("# Post-incident note: Deployment/shop/cart, 2026-03-05")


def test_it_is_written_into_a_folder_with_its_picture(log: str, tmp_path: Path) -> None:
    folder = tmp_path / "incidents" / "2026"
    result = watcher("decisions", "note", DECISION, "--store", log, "--to", str(folder))
    assert result.exit_code == Exit.OK
    note = Path(result.output.strip())
    assert sorted(folder.iterdir()) == [note, note.with_suffix(".svg")]
    assert f"]({note.stem}.svg)" in note.read_text()


def test_it_is_written_into_a_file_of_this_name(log: str, tmp_path: Path) -> None:
    place = tmp_path / "cart outage.md"
    watcher("decisions", "note", DECISION, "--store", log, "--to", str(place))
    assert "](cart%20outage.svg)" in place.read_text()
    assert place.with_suffix(".svg").read_text().startswith("<svg")


def test_a_place_that_cannot_be_written_to(log: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = watcher("decisions", "note", DECISION, "--store", log, "--to", str(tmp_path / "file" / "folder"))
    assert result.exit_code == Exit.FAILED
    assert "cannot write" in result.stderr


def test_programs_get_both(log: str) -> None:
    result = watcher("decisions", "note", DECISION, "--store", log, "-o", "json")
    assert json.loads(result.stdout).keys() == {"decision", "name", "markdown", "picture"}


def test_no_decision_no_note(log: str) -> None:
    assert watcher("decisions", "note", "nothing", "--store", log).exit_code == Exit.INVALID
