"""Small recordings, made up: a Deployment or Rollout under steady traffic, and releases with a share of errors."""

from __future__ import annotations

import gzip
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START = 1772359200.0  # 2026-03-01T10:00:00Z
LONG_AGO = START - 30 * 86400.0
SETTLE = 15.0  # seconds between two pods of a rolling update
DRAIN = 5.0

THRESHOLDS = """
version: 1
mode: act
sources: {main: {url: "http://prometheus:9090"}}
checks:
  errors: {total: http_requests_total, bad: {code: "5.."}, max: 1%, increase: 2x}
  latency: {histogram: http_request_duration_seconds, slowerThan: 500ms, max: 5%}
services:
  - match: {}
    checks: {errors: {}, latency: {}}
    bake: {for: 10m, max: 30m}
"""


@dataclass
class Release:
    """A change of version `at` seconds after the start; `errors` and `slow` are shares of its requests."""

    revision: str
    at: float
    errors: float = 0.0
    slow: float = 0.0
    crashing: bool = False


@dataclass
class Pod:
    name: str
    revision: str
    created: float
    ready: float | None
    gone: float | None = None  # told to go; deleted `DRAIN` seconds later


@dataclass
class Service:
    """One workload under `rate` requests a second."""

    workload: str = "Deployment/shop/cart"
    replicas: int = 4
    rate: float = 40.0
    usual: float = 0.0005  # share of errors of a good version
    releases: list[Release] = field(default_factory=list)
    canary: float | None = None  # share of pods of a Rollout's new version, which stays a canary
    known_good: bool = True
    extra: dict[str, Any] = field(default_factory=dict)
    pods: list[Pod] = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.workload.rpartition("/")[2]
        self.pods = [self._pod("v1", number, LONG_AGO, LONG_AGO + 10) for number in range(self.replicas)]
        for release in self.releases:
            self._roll(release)

    def _pod(self, revision: str, number: int, created: float, ready: float | None) -> Pod:
        return Pod(f"{self.name}-{revision}-{number}", revision, created, ready)

    def _roll(self, release: Release) -> None:
        old = [pod for pod in self.pods if pod.gone is None]
        changed = old if self.canary is None else old[: math.ceil(self.canary * len(old))]
        at = START + release.at
        for number, pod in enumerate(changed):
            created = at + 1 + number * SETTLE
            if release.crashing:
                self.pods.append(self._pod(release.revision, number, created, None))
                pod.gone = created if number < max(1, self.replicas // 2) else None
                continue
            self.pods.append(self._pod(release.revision, number, created, created + 8))
            pod.gone = created + 8

    def errors(self, revision: str) -> tuple[float, float]:
        """Shares of bad and of slow requests."""
        release = next((each for each in self.releases if each.revision == revision), None)
        return (self.usual, 0.001) if release is None else (self.usual + release.errors, 0.001 + release.slow)

    def described(self) -> dict[str, Any]:
        """The workload as recording.yaml has it."""
        first = {"revision": "v1", "image": f"{self.name}:v1", "created": LONG_AGO, "knownGood": self.known_good}
        return {"workload": self.workload, "revisions": [first, *map(self._revision, self.releases)]} | {
            "pods": [self._described(pod) for pod in self.pods],
            **self.extra,
        }

    def _revision(self, release: Release) -> dict[str, Any]:
        found: dict[str, Any] = {
            "revision": release.revision,
            "image": f"{self.name}:{release.revision}",
            "created": START + release.at,
        }
        ready = [pod.ready for pod in self.pods if pod.revision == release.revision and pod.ready is not None]
        if self.canary is None and not release.crashing:
            found["rolledOut"] = max(ready) + DRAIN
        return found

    def _described(self, pod: Pod) -> dict[str, Any]:
        found: dict[str, Any] = {"pod": pod.name, "revision": pod.revision, "created": pod.created, "node": "n1"}
        if pod.ready is not None:
            found["ready"] = pod.ready
        else:
            found["restarts"] = [{"at": pod.created + 5, "reason": "CrashLoopBackOff"}]
        if pod.gone is not None:
            found |= {"terminating": pod.gone, "deleted": pod.gone + DRAIN}
        return found


@dataclass
class Incident:
    """A recording: services over `minutes`; `gaps` and `outages` are (from, to) in seconds after the start."""

    services: list[Service]
    minutes: float = 30.0
    interval: float = 15.0
    gaps: list[tuple[float, float]] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)
    seed: int = 1
    more: dict[str, Any] = field(default_factory=dict)

    def write(self, directory: Path, thresholds: str | None = THRESHOLDS, *, packed: bool = False) -> Path:
        """Write it down; returns the directory."""
        directory.mkdir(parents=True)
        spec: dict[str, Any] = {
            "version": 1,
            "name": directory.name,
            "start": START,
            "end": START + self.minutes * 60,
            "workloads": [service.described() for service in self.services],
            "outages": [{"from": START + begin, "to": START + end} for begin, end in self.outages],
        } | self.more
        if thresholds is not None:
            (directory / "thresholds.yaml").write_text(thresholds)
            spec["thresholds"] = "thresholds.yaml"
        (directory / "recording.yaml").write_text(json.dumps(spec, indent=1))
        text = "\n".join([*self.lines(), "# EOF", ""])
        if packed:
            (directory / "metrics.om.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (directory / "metrics.om").write_text(text)
        return directory

    def lines(self) -> Iterator[str]:
        """Every series, sample by sample."""
        chance = random.Random(self.seed)  # noqa: S311 - traffic, not secrets
        for service in self.services:
            for pod in service.pods:
                if pod.ready is not None:
                    yield from self._scrapes(service, pod, chance)

    def _scrapes(self, service: Service, pod: Pod, chance: random.Random) -> Iterator[str]:
        namespace = service.workload.split("/")[1]
        labels = f'namespace="{namespace}",pod="{pod.name}",job="pods"'
        ready = pod.ready or 0.0
        last = min(START + self.minutes * 60, pod.gone if pod.gone is not None else math.inf)
        at = START - 1200 + chance.random() * self.interval
        bad_share, slow_share = service.errors(pod.revision)
        good, bad, slow, before = 0, 0, 0, max(ready, START - 1200)
        rows = []
        while at <= last:
            if at > ready and not any(begin <= at - START < end for begin, end in self.gaps):
                asked = _poisson(chance, service.rate / service.replicas * (at - before))
                failed, late = _binomial(chance, asked, bad_share), _binomial(chance, asked, slow_share)
                good, bad, slow, before = good + asked - failed, bad + failed, slow + late, at
                rows.append((at, good, bad, slow))
            at += self.interval
        for name, value in (
            (f"up{{{labels}}}", lambda row: 1),
            (f'http_requests_total{{{labels},code="200"}}', lambda row: row[1]),
            (f'http_requests_total{{{labels},code="500"}}', lambda row: row[2]),
            (f'http_request_duration_seconds_bucket{{{labels},le="0.5"}}', lambda row: row[1] + row[2] - row[3]),
            (f'http_request_duration_seconds_bucket{{{labels},le="+Inf"}}', lambda row: row[1] + row[2]),
        ):
            yield from (f"{name} {value(row)} {row[0]:.3f}" for row in rows)


def _poisson(chance: random.Random, mean: float) -> int:
    return max(0, round(chance.gauss(mean, math.sqrt(mean)))) if mean > 0 else 0


def _binomial(chance: random.Random, count: int, share: float) -> int:
    if count * share > 50:
        return min(count, max(0, round(chance.gauss(count * share, math.sqrt(count * share * (1 - share))))))
    return sum(chance.random() < share for _ in range(count))
