"""Scrapes targets into a store, with `up` and staleness markers, as Prometheus does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from watcher.ports import Unavailable
from watcher.sandbox.metrics.store import NAME, STALE, Labels, Store, as_labels

Fetch = Callable[[str], Awaitable[str]]
"""Reads a URL.  Raises Unavailable."""

JOB = "shop"
_PATH = "__metrics_path__"


@dataclass(frozen=True, slots=True)
class Target:
    """What to scrape, and the labels that its samples get."""

    url: str
    labels: Labels


def targets_of(discovery: str) -> frozenset[Target]:
    """Targets of an answer of HTTP service discovery.  Raises ValueError, KeyError, TypeError when it is none."""
    groups = json.loads(discovery)
    if not isinstance(groups, list):
        raise TypeError("not a list of target groups")
    return frozenset(_target(address, group.get("labels", {})) for group in groups for address in group["targets"])


def _target(address: str, labels: dict[str, str]) -> Target:
    kept = {name: value for name, value in labels.items() if not name.startswith("__")}
    everything = {"job": JOB, "instance": address} | kept
    return Target(f"http://{address}{labels.get(_PATH, '/metrics')}", as_labels(everything.items()))


def samples_of(exposition: str, target: Target) -> dict[Labels, float]:
    """Samples of one scrape, by their series.  Raises ValueError when the text is no exposition."""
    own = dict(target.labels)
    samples = {}
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            scraped = {f"exported_{name}" if name in own else name: value for name, value in sample.labels.items()}
            samples[as_labels((own | scraped | {NAME: sample.name}).items())] = float(sample.value)
    return samples


@dataclass
class Scraper:
    """Scrapes all targets in rounds.  It remembers what each target showed, to mark stale what is gone."""

    discovery: str
    store: Store
    fetch: Fetch
    _seen: dict[Target, frozenset[Labels]] = field(default_factory=dict)

    async def run(self, interval: float, now: Callable[[], float]) -> None:
        """Scrape every `interval` seconds until cancelled; `now` tells the time in Unix seconds."""
        while True:
            at = round(now() * 1000)
            if at > self.store.newest:  # else the clock was set back: wait until it is where it was
                await self.round(at)
            await asyncio.sleep(max(0.0, at / 1000 + interval - now()))

    async def round(self, at: int) -> None:
        """Scrape every target once; all samples of a round get its time, Unix milliseconds."""
        targets = await self._targets()
        for gone in self._seen.keys() - targets:
            self._write({}, self._seen.pop(gone), at)
        await asyncio.gather(*(self._scrape(target, at) for target in targets))
        self.store.forget(at)

    async def _targets(self) -> frozenset[Target]:
        """Targets as of now, or those of before while discovery does not answer."""
        try:
            return targets_of(await self.fetch(self.discovery))
        except (Unavailable, ValueError, KeyError, TypeError):
            return frozenset(self._seen)

    async def _scrape(self, target: Target, at: int) -> None:
        up = as_labels((*target.labels, (NAME, "up")))
        try:
            samples = samples_of(await self.fetch(target.url), target) | {up: 1.0}
        except (Unavailable, ValueError):
            samples = {up: 0.0}
        self._write(samples, self._seen.get(target, frozenset()), at)
        self._seen[target] = frozenset(samples)

    def _write(self, samples: dict[Labels, float], before: frozenset[Labels], at: int) -> None:
        for labels, value in samples.items():
            self.store.append(labels, at, value)
        for labels in before - samples.keys():
            self.store.append(labels, at, STALE)
