"""The report of the benchmark is about the parameters that the judge has now."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from watcher.core.judging import parameters

REPORT = Path(__file__).parents[2] / "docs" / "benchmark"
MOST_BYTES = 150_000


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REPORT / "report.json").read_text())
    return found


def test_it_is_made_with_these_parameters(data: dict[str, Any]) -> None:
    file = Path(parameters.__file__)
    now = hashlib.sha256(file.name.encode() + b"\0" + file.read_bytes()).hexdigest()
    assert data["about"]["parameters"] == now, "parameters changed: make the report anew (make bench) and commit it"
    assert now[:16] in (REPORT / "report.md").read_text()


def test_it_is_made_from_seeds_that_nothing_was_tuned_on(data: dict[str, Any]) -> None:
    assert data["seeds"][0] >= 2_000_000


def test_every_goal_that_is_missed_says_why(data: dict[str, Any]) -> None:
    silent = [goal["name"] for goal in data["goals"] if goal["met"].startswith("missed") and not goal["why"]]
    assert not silent


def test_its_pictures_are_there_and_small() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (REPORT / "report.md").read_text())
    assert len(pictures) == 3
    for name in pictures:
        assert 0 < (REPORT / name).stat().st_size < MOST_BYTES, name
