"""A release as a file for `promtool test rules`: its samples, and at which evaluations each alert is to fire."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.judge.rivals.alerts import EVERY, RULES
from tests.e2e.rivals.releases import Release, Series


def evaluations(release: Release) -> tuple[int, np.ndarray]:
    """Time zero of promtool for this release, before its first sample; and the evaluations, Unix seconds."""
    zero = int(release.scenario.t0)
    return zero, np.arange(zero, release.scenario.end, EVERY)


def write(release: Release, firing: Mapping[str, Sequence[bool]], directory: Path) -> Path:
    """Write the file, with the rules beside it; returns it. ``firing`` is what to expect at each evaluation, by alert.

    Values stand at each second from time zero on, `_` where there is no sample.
    """
    rules = [{"alert": name, **rule} for name, rule in RULES.items()]
    (directory / "rules.yml").write_text(json.dumps({"groups": [{"name": "rivals", "rules": rules}]}))
    zero, _ = evaluations(release)
    series = [{"series": each.name(), "values": _values(each, zero)} for each in release.series()]
    expected = list(_expected(firing))
    test = {"name": release.name, "interval": "1s", "input_series": series, "alert_rule_test": expected}
    file = directory / f"{release.name}.yml"
    document = {"rule_files": ["rules.yml"], "evaluation_interval": f"{EVERY:.0f}s", "tests": [test]}
    file.write_text(json.dumps(document))
    return file


def _values(series: Series, zero: int) -> str:
    parts, second = [], zero
    for time, count in series.samples:
        parts += [f"_x{time - second}"] if time > second else []
        parts.append(str(count))
        second = time + 1
    return " ".join(parts)


def _expected(firing: Mapping[str, Sequence[bool]]) -> Iterator[dict[str, Any]]:
    for name, states in firing.items():
        for number, fires in enumerate(states):
            alerts: list[dict[str, Any]] = [{"exp_labels": {}}] if fires else []
            yield {"eval_time": f"{number * EVERY:.0f}s", "alertname": name, "exp_alerts": alerts}
