"""Drawn releases as a recording, for `watcher replay`: the same samples, pods and times, without their neighbours.

The daemon's polls fall on those of the benchmark.  Other services, whose faults a guard asks for, are in it only where
they are parts of their own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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


@dataclass(frozen=True, slots=True)
class Part:
    """A drawn release as one workload of a recording.

    `service` is its name there.  `shift`: seconds that all times are moved by.  `released`: without it only the old
    version is in the recording.  `deadline`: the progress deadline in seconds, or None: Kubernetes' own.
    """

    drawn: Drawn
    service: str = SERVICE
    shift: float = 0.0
    released: bool = True
    deadline: float | None = None

    @property
    def scenario(self) -> Scenario:
        """What was drawn."""
        return self.drawn.scenario

    @property
    def workload(self) -> str:
        """Kind/namespace/name."""
        rolling = self.scenario.mode == "rolling" or not self.released
        return f"{'Deployment' if rolling else 'Rollout'}/{NAMESPACE}/{self.service}"

    def has(self, pod: PodLife) -> bool:
        """Whether the pod is in the recording."""
        return self.released or pod.revision == OLD

    def named(self, text: str) -> str:
        """A name of the simulator with the service's own in front, where it begins with the simulator's."""
        return self.service + text.removeprefix(SERVICE) if text.startswith(SERVICE) else text

    def time(self, at: float) -> str:
        """A time of the simulator, moved, as RFC 3339."""
        return datetime.fromtimestamp(round(float(at) + self.shift, 3), UTC).isoformat(timespec="milliseconds")


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
    parts, until = [Part(drawn)], float(drawn.polls.times[-1])
    (directory / "recording.yaml").write_text(json.dumps(described(parts, directory.name, until), indent=1) + "\n")
    (directory / "metrics.om").write_text("\n".join([*lines(parts), "# EOF", ""]))
    return directory


def described(parts: Sequence[Part], name: str, until: float, thresholds: str = "thresholds.yaml") -> dict[str, Any]:
    """What recording.yaml says; `until` is the end, in the first part's own time."""
    first = parts[0]
    scenario, polls = first.scenario, first.drawn.polls.times
    step = interval_of_polls(scenario.interval)
    start = float(polls[0]) - step * np.ceil((float(polls[0]) - scenario.began + BEFORE) / step)
    return {
        "version": 1,
        "name": name,
        "start": first.time(start),
        "end": first.time(until),
        "thresholds": thresholds,
        "scrapeInterval": f"{scenario.interval:g}s",
        "outages": [{"from": first.time(each.since), "to": first.time(each.until)} for each in scenario.outages],
        "workloads": [_workload(each) for each in parts],
        "truth": [
            {"workload": each.workload, "revision": NEW, "badFrom": each.time(each.scenario.bad_from)}
            for each in parts
            if each.scenario.bad_from is not None and each.released
        ],
    }


def _workload(part: Part) -> dict[str, Any]:
    scenario, workload = part.scenario, part.workload
    image = f"{NAMESPACE}/{part.service}"
    first = {"revision": OLD, "image": f"{image}:{OLD}", "created": part.time(scenario.pods[0].created)}
    second = {"revision": NEW, "image": f"{image}:{NEW}", "created": part.time(scenario.began)}
    done = scenario.switched or scenario.rolled_out
    rolled_out = {} if done is None else {"rolledOut": part.time(done)}
    found: dict[str, Any] = {
        "workload": workload,
        "maxUnavailable": scenario.max_unavailable,
        "revisions": [{**first, "knownGood": True}, *([{**second, **rolled_out}] if part.released else [])],
        "pods": [_pod(part, each) for each in scenario.pods if part.has(each)],
    }
    if part.deadline is not None:
        found["progressDeadline"] = f"{part.deadline:g}s"
    if scenario.weight is not None and part.released:
        served = min(each.ready for each in scenario.pods if each.revision == NEW)
        found["weights"] = [{"at": part.time(served), "canary": round(100 * scenario.weight)}]
    return found


def _pod(part: Part, pod: PodLife) -> dict[str, Any]:
    name, time = part.named(pod.name), part.time
    found: dict[str, Any] = {"pod": name, "revision": pod.revision, "node": pod.node, "created": time(pod.created)}
    times = {"ready": pod.ready, "terminating": pod.terminating, "deleted": pod.deleted}
    found |= {key: time(at) for key, at in times.items() if np.isfinite(at)}
    restarts: list[dict[str, Any]] = []
    for each in pod.restarts:
        reason = "CrashLoopBackOff" if each.back - each.at > BACKING_OFF else each.reason
        back = {"back": time(each.back)} if np.isfinite(each.back) else {}
        restarts.append({"at": time(each.at), "reason": reason, **back})
    if pod.waiting:
        restarts.append({"at": time(pod.created + BACKING_OFF), "reason": pod.waiting})
    return {**found, "restarts": restarts} if restarts else found


def lines(parts: Sequence[Part], until: float = math.inf) -> Iterator[str]:
    """Every sample as OpenMetrics text; `until` is the last time, in the first part's own time."""
    last = until + parts[0].shift
    for part in parts:
        for scraped in part.drawn.samples:
            if not part.has(scraped.pod):
                continue
            for labels, times, values in (up(scraped), *counters(part.scenario, scraped)):
                for own, at, seen in by_job(part.scenario, labels, times, values):
                    name, moved = _name(part, own), at + part.shift
                    for time, value in zip(moved.tolist(), seen.tolist(), strict=True):
                        if time <= last and not np.isnan(value):
                            yield f"{name} {value:.0f} {time:.3f}"


def _name(part: Part, labels: Labels) -> str:
    pairs = ",".join(f'{label}="{part.named(value)}"' for label, value in labels.items() if label != "__name__")
    return f"{labels['__name__']}{{{pairs}}}"
