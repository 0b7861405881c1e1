"""The alerts of the benchmark fire when promtool says that Prometheus would fire them.

Approximate: scrapes are at whole seconds, and a sample can be read at once (in the benchmark a second later). Windows
in which Prometheus is down are no part of it: promtool knows none.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.judge.rivals.alerts import RULES, firing
from tests.e2e.rivals.releases import Release
from tests.e2e.rivals.unit_tests import evaluations, write

CLEAN = [
    ("steady", "rolling", 50.0),
    ("bursty", "canary", 2.0),
    ("pod_churn", "rolling", 50.0),
    ("resets", "blue-green", 1000.0),
    ("gaps", "rolling", 0.2),
    ("idle", "rolling", 2.0),
    ("error_bursts", "rolling", 50.0),
    ("cold_start", "rolling", 50.0),
    ("broken_before", "canary", 50.0),
    ("flapping_before", "rolling", 2.0),
    ("relabelled", "rolling", 50.0),
]
BAD = [
    ("step_1_warm", "rolling", 50.0),
    ("step_2_warm", "blue-green", 2.0),
    ("step_20_first", "canary", 50.0),
    ("step_100_warm", "rolling", 0.2),
    ("slow_ramp", "rolling", 50.0),
    ("flapping_fault", "blue-green", 50.0),
    ("crash_loop", "blue-green", 50.0),
    ("latency_20", "rolling", 50.0),
    ("latency_8", "rolling", 1000.0),
]


def states(release: Release) -> dict[str, list[bool]]:
    """Whether each alert fires, by the model, at each evaluation."""
    _, at = evaluations(release)
    return {name: firing(release.metrics, name, at).tolist() for name in RULES}


def promtool(tools: Mapping[str, Path], files: list[Path]) -> subprocess.CompletedProcess[str]:
    argv = [str(tools["promtool"]), "test", "rules", *map(str, files)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


def test_alerts_fire_at_the_evaluations_at_which_prometheus_fires_them(
    tools: Mapping[str, Path], tmp_path: Path
) -> None:
    releases = [Release(*each) for each in (*CLEAN, *BAD)]
    found = {release.name: states(release) for release in releases}
    for name in RULES:
        assert 2 <= sum(any(each[name]) for each in found.values()) <= len(releases) - 2, name  # it is put to the test
    done = promtool(tools, [write(release, found[release.name], tmp_path) for release in releases])
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]


def test_one_evaluation_that_differs_is_noticed(tools: Mapping[str, Path], tmp_path: Path) -> None:
    release = Release("step_20_first", "rolling", 50.0)
    found = states(release)
    first = found["errors"].index(True)
    found["errors"][first] = False
    done = promtool(tools, [write(release, found, tmp_path)])
    assert done.returncode == 1
    assert (done.stdout + done.stderr).count("alertname: errors") == 1
