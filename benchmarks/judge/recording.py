"""A drawn release as a recording, for `watcher replay`: the same samples, pods and times, without its neighbours.

The daemon's polls fall on those of the benchmark.  Other services, whose faults a guard asks for, are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.judge.cells import Drawn
from benchmarks.judge.polls import interval_of_polls
from benchmarks.judge.scenario import NAMESPACE, NEW, OLD, SERVICE, PodLife, Scenario
from benchmarks.judge.series import Labels, by_job, counters, up

BACKING_OFF = 1.0
"""Seconds that a container is down from which on it waits in CrashLoopBackOff."""

BEFORE = 60.0
"""Seconds before the release at which virtual time begins, about."""

BY_POD = """\
  errors: {total: http_requests_total, bad: {code: "5.."}, max: 1%, increase: 2x, floor: 0.5%}
  latency: {histogram: http_request_duration_seconds, slowerThan: 500ms, max: 5%}
"""
BY_CALLERS = """\
  errors:
    total: outbound_requests_total
    bad: {code: "5.."}
    max: 1%
    increase: 2x
    floor: 0.5%
    identify: {by: workload, namespace: destination_namespace, workload: destination}
"""


def write(drawn: Drawn, directory: Path) -> Path:
    """Write recording.yaml, metrics.om and thresholds.yaml; returns the directory, which is made."""
    directory.mkdir(parents=True)
    outside = drawn.scenario.from_outside
    names = "errors: {}" if outside else "errors: {}, latency: {}"
    thresholds = (
        'version: 1\nmode: act\nsources: {main: {url: "http://prometheus:9090"}}\nchecks:\n'
        f"{BY_CALLERS if outside else BY_POD}"
        f"services:\n  - match: {{}}\n    checks: {{{names}}}\n    bake: {{for: 30m}}\n"
    )
    (directory / "thresholds.yaml").write_text(thresholds)
    (directory / "recording.yaml").write_text(json.dumps(_described(drawn, directory.name), indent=1) + "\n")
    (directory / "metrics.om").write_text("\n".join([*_lines(drawn), "# EOF", ""]))
    return directory


def _described(drawn: Drawn, name: str) -> dict[str, Any]:
    scenario, polls = drawn.scenario, drawn.polls.times
    step = interval_of_polls(scenario.interval)
    start = float(polls[0]) - step * np.ceil((float(polls[0]) - scenario.began + BEFORE) / step)
    truth = [] if scenario.bad_from is None else [{**_release(scenario), "badFrom": _time(scenario.bad_from)}]
    return {
        "version": 1,
        "name": name,
        "start": _time(start),
        "end": _time(polls[-1]),
        "thresholds": "thresholds.yaml",
        "scrapeInterval": f"{scenario.interval:g}s",
        "outages": [{"from": _time(each.since), "to": _time(each.until)} for each in scenario.outages],
        "workloads": [_workload(scenario)],
        "truth": truth,
    }


def _release(scenario: Scenario) -> dict[str, str]:
    kind = "Deployment" if scenario.mode == "rolling" else "Rollout"
    return {"workload": f"{kind}/{NAMESPACE}/{SERVICE}", "revision": NEW}


def _workload(scenario: Scenario) -> dict[str, Any]:
    first = {"revision": OLD, "image": f"{NAMESPACE}/{SERVICE}:{OLD}", "knownGood": True}
    second = {"revision": NEW, "image": f"{NAMESPACE}/{SERVICE}:{NEW}", "created": _time(scenario.began)}
    done = scenario.switched or scenario.rolled_out
    found: dict[str, Any] = {
        "workload": _release(scenario)["workload"],
        "maxUnavailable": scenario.max_unavailable,
        "revisions": [
            {**first, "created": _time(scenario.pods[0].created)},
            {**second, **({} if done is None else {"rolledOut": _time(done)})},
        ],
        "pods": [_pod(each) for each in scenario.pods],
    }
    if scenario.weight is not None:
        served = min(each.ready for each in scenario.pods if each.revision == NEW)
        found["weights"] = [{"at": _time(served), "canary": round(100 * scenario.weight)}]
    return found


def _pod(pod: PodLife) -> dict[str, Any]:
    found: dict[str, Any] = {"pod": pod.name, "revision": pod.revision, "node": pod.node, "created": _time(pod.created)}
    times = {"ready": pod.ready, "terminating": pod.terminating, "deleted": pod.deleted}
    found |= {key: _time(at) for key, at in times.items() if np.isfinite(at)}
    restarts: list[dict[str, Any]] = []
    for each in pod.restarts:
        reason = "CrashLoopBackOff" if each.back - each.at > BACKING_OFF else each.reason
        back = {"back": _time(each.back)} if np.isfinite(each.back) else {}
        restarts.append({"at": _time(each.at), "reason": reason, **back})
    if pod.waiting:
        restarts.append({"at": _time(pod.created + BACKING_OFF), "reason": pod.waiting})
    return {**found, "restarts": restarts} if restarts else found


def _lines(drawn: Drawn) -> Iterator[str]:
    for scraped in drawn.samples:
        for labels, times, values in (up(scraped), *counters(drawn.scenario, scraped)):
            for own, at, seen in by_job(drawn.scenario, labels, times, values):
                name = _name(own)
                for time, value in zip(at.tolist(), seen.tolist(), strict=True):
                    if not np.isnan(value):
                        yield f"{name} {value:.0f} {time:.3f}"


def _name(labels: Labels) -> str:
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items() if label != "__name__")
    return f"{labels['__name__']}{{{pairs}}}"


def _time(at: float) -> float:
    return round(float(at), 3)
