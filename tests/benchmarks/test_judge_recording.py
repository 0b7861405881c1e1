"""What the benchmark's short way decides of a release, the daemon itself decides of its recording, at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.judge.cells import Drawn
from benchmarks.judge.checks import policy
from benchmarks.judge.families import by_name
from benchmarks.judge.ours import judge_release
from benchmarks.judge.recording import write
from benchmarks.judge.rollouts import Setting
from watcher.config import load as load_thresholds
from watcher.replay.recording import load
from watcher.replay.run import replay


@pytest.mark.parametrize(
    ("name", "mode", "seed"),
    [
        ("step_20_warm", "rolling", 1),
        ("step_5_first", "canary", 2),
        ("step_60_warm", "blue-green", 3),
        ("latency_20", "canary", 4),
        ("flapping_fault", "rolling", 5),
        ("step_in_gap", "canary", 6),
        ("steady", "rolling", 7),
        ("broken_before", "canary", 8),
        ("cold_start", "blue-green", 9),
        ("resets", "rolling", 10),
    ],
)
def test_replay_decides_as_the_benchmark_does(name: str, mode: str, seed: int, tmp_path: Path) -> None:
    one = Drawn.of(by_name()[name], mode, 50.0, seed, Setting(pods=4))
    directory = write(one, tmp_path / name)
    (told,) = replay(load(directory), load_thresholds(directory / "thresholds.yaml"))
    found = judge_release(one.scenario, one.blocks(), one.polls, one.views, policy(from_outside=False))
    acted = told.at if told.action == "roll_back" and told.mode == "act" else None
    assert acted == (None if found.rolled_back is None else pytest.approx(found.rolled_back, abs=0.01))
