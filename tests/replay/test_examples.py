"""The recordings of `examples/recordings` are judged as `expected.jsonl` and the README beside them say."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, code, page
from watcher.config import Thresholds, load
from watcher.replay import recording
from watcher.replay.recording import Recording
from watcher.replay.run import replay

EXAMPLES = ROOT / "examples" / "recordings"
RECORDINGS = sorted(each.parent for each in EXAMPLES.glob("*/recording.yaml"))
EXPECTED: list[dict[str, Any]] = [json.loads(line) for line in (EXAMPLES / "expected.jsonl").read_text().splitlines()]
NEEDED = {
    *("clean", "cold-start", "errors-20", "slow-burn", "latency", "crash-loop", "no-traffic", "dependency-outage"),
    *("broken-before", "two-releases", "gap", "low-traffic", "canary", "renamed-metric"),
}


@pytest.fixture(scope="module")
def thresholds() -> Thresholds:
    return load(EXAMPLES / "thresholds.yaml")


@cache
def loaded(directory: Path) -> Recording:
    return recording.load(directory)


@pytest.mark.parametrize("directory", RECORDINGS, ids=lambda each: each.name)
def test_it_is_judged_as_expected(directory: Path, thresholds: Thresholds) -> None:
    found = loaded(directory)
    assert found.thresholds is not None
    assert found.thresholds.resolve() == EXAMPLES / "thresholds.yaml"
    rows = {row.workload: asdict(row) for row in replay(found, thresholds)}
    wanted = {each["workload"]: dict(each) for each in EXPECTED if each["recording"] == directory.name}
    assert rows.keys() == wanted.keys()
    for workload, expected in wanted.items():
        within, lanes, row = expected.pop("within_s"), expected.pop("lanes"), rows[workload]
        assert {key: row[key] for key in expected} == expected, row["reason"]
        assert row["lane"] in (lanes or [None]), row["reason"]
        assert (row["after_s"] is None) == (within is None), row["reason"]
        assert within is None or 0 < row["after_s"] <= within, row["reason"]


@pytest.mark.parametrize("directory", RECORDINGS, ids=lambda each: each.name)
def test_what_is_expected_agrees_with_the_truth(directory: Path) -> None:
    found = loaded(directory)
    bad = {str(each.workload) for each in found.truth or ()}
    for each in (each for each in EXPECTED if each["recording"] == directory.name):
        assert each["action"] != "roll_back" or each["workload"] in bad, "a good release is undone"
        assert each["verdict"] != "pass" or each["workload"] not in bad, "a bad release passes"


def test_all_recordings_are_there_with_what_is_expected_of_them() -> None:
    names = [each.name for each in RECORDINGS]
    assert len(names) >= 20
    assert set(names) >= NEEDED
    assert sorted({each["recording"] for each in EXPECTED}) == names


def test_the_readme_has_a_row_for_each_release_that_says_what_is_expected() -> None:
    rows = page("examples/recordings/README.md").table("Example recordings")
    told = {name: (code(cells[2]), code(cells[3])) for name, cells in rows.items()}
    assert told == {_name(each): ((each["verdict"],), tuple(_action(each))) for each in EXPECTED}


def test_the_first_page_shows_what_is_expected() -> None:
    shown = [line for fence in page("README.md").fences() for line in fence.text.splitlines()]
    command = next(line for line in shown if line.startswith("$ watcher replay examples/recordings/"))
    named = [Path(each).name for each in command.split()[3:]]
    assert named
    for each in (each for each in EXPECTED if each["recording"] in named):
        row = next(line for line in shown if line.startswith(each["recording"]))
        by = each["guard"] or each["mode"]
        assert f" {each['verdict']} " in row
        assert f" {each['action']} ({by}) " in row


def _name(expected: dict[str, Any]) -> str:
    """The recording, and the workload's name where there are several."""
    name, workload = str(expected["recording"]), str(expected["workload"])
    several = sum(each["recording"] == name for each in EXPECTED) > 1
    return f"{name}/{workload.rpartition('/')[2]}" if several else name


def _action(expected: dict[str, Any]) -> list[str]:
    by = expected["guard"] or expected["rung"]
    return [expected["action"], *([by] if by else []), *(["propose"] if expected["mode"] == "propose" else [])]
