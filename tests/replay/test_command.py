"""`watcher replay` as a command."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from tests.replay.incident import THRESHOLDS, Incident, Release, Service
from watcher.cli.application import application


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    bad = Release("v2", 60, errors=0.3)
    Incident([Service(releases=[bad])], minutes=6).write(tmp_path / "all" / "bad")
    Incident([Service(releases=[Release("v2", 60)])], minutes=4).write(tmp_path / "all" / "open")
    return tmp_path / "all"


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(application, ["replay", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_json_is_one_object_a_line_and_release(recordings: Path, jobs: int) -> None:
    code, out, err = run(recordings, "-o", "json", "--jobs", jobs)
    bad, still_open = map(json.loads, out.splitlines())
    assert (code, err) == (0, "")
    assert list(bad) == [
        *("recording", "workload", "revision", "verdict", "action", "mode", "guard", "target", "rung", "at"),
        *("after_s", "check", "lane", "complete", "reason"),
    ]
    assert (bad["recording"], bad["action"], bad["target"]) == ("bad", "roll_back", "v1")
    assert (still_open["recording"], still_open["verdict"], still_open["complete"]) == ("open", "inconclusive", False)


def test_people_get_a_table(recordings: Path) -> None:
    code, out, _ = run(recordings)
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines() if line.startswith(("bad", "open"))] == [
        ["bad", "Deployment/shop/cart"],
        ["open", "Deployment/shop/cart"],
    ]
    assert "roll_back (act)" in out


def test_one_that_cannot_be_read_is_named_after_the_others_were_replayed(recordings: Path) -> None:
    (recordings / "bad" / "recording.yaml").write_text("version: 1\nname: other\n")
    code, out, err = run(recordings / "bad", recordings / "open", "-o", "json")
    assert (code, [json.loads(line)["recording"] for line in out.splitlines()]) == (2, ["open"])
    assert f"{recordings}/bad/recording.yaml:2:7 the name other is not that of the directory, bad" in err


def test_thresholds_may_come_from_outside(tmp_path: Path) -> None:
    directory = Incident([Service(releases=[Release("v2", 60)])], minutes=2).write(tmp_path / "one", thresholds=None)
    code, _, err = run(directory)
    assert (code, "the recording names no thresholds; add thresholds: FILE to it, or give --config FILE" in err) == (
        2,
        True,
    )
    (tmp_path / "mine.yaml").write_text(THRESHOLDS)
    assert run(directory, "--config", tmp_path / "mine.yaml")[0] == 0


def test_thresholds_with_mistakes_are_named(recordings: Path) -> None:
    (recordings / "open" / "thresholds.yaml").write_text(THRESHOLDS.replace("max: 1%", "max: 1"))
    code, _, err = run(recordings)
    assert code == 2
    assert "open/thresholds.yaml:6:" in err


def test_a_directory_without_recordings_is_a_mistake(tmp_path: Path) -> None:
    code, out, err = run(tmp_path)
    assert (code, out) == (2, "")
    assert "there is no recording.yaml in it" in err
