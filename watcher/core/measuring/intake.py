"""Samples on their way in: kept by series as the source names it, handed out by counter in the order of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from watcher.core.measuring.presence import Presence
from watcher.core.measuring.series import Key, Labels, Part, Weight, key_of, part_of, target_of, weigher
from watcher.core.policy import CounterCheck


@dataclass(slots=True, eq=False)
class Series:
    """One series as the source names it, with the samples that wait for their block."""

    labels: Labels
    part: Part
    weight: Weight
    last: float = -math.inf
    waiting: list[tuple[float, float]] = field(default_factory=list)
    key: Key | None = None
    labels_known: int = -1  # `Presence.changes` when the key was made
    noted: set[str] = field(default_factory=set)  # revisions that the contract was told of


class Event(NamedTuple):
    """One sample of one counter."""

    at: float
    key: Key
    value: float
    series: Series


class Intake:
    """All series of one check of one workload."""

    def __init__(self, check: CounterCheck, begins: float) -> None:
        """`begins`: samples before this time (Unix seconds) are not wanted."""
        self.newest: float | None = None
        self.late = 0  # samples of blocks that were closed before: the next sample of the series covers them
        self.joined = 0  # series that are a second reading of a counter
        self.heads: dict[int, list[float]] | None = {}  # sample times of each series, until the grid is known
        self.renamed: list[tuple[Key, Key]] = []
        self._check = check
        self._begins = begins
        self._closed = begins
        self._weigh: Callable[[Part, Labels], Weight] = weigher(check)
        self._series: dict[frozenset[tuple[str, str]], Series] = {}
        self._keys: set[Key] = set()

    def add(self, labels: Labels, samples: Sequence[tuple[float, float]]) -> None:
        """Take in samples of one series, oldest first; those seen before are ignored."""
        name = frozenset(labels.items())
        series = self._series.get(name)
        if series is None:
            part = part_of(self._check, labels)
            if part is None:
                return
            series = self._series[name] = Series(dict(labels), part, self._weigh(part, labels))
        for at, value in samples:
            if at > series.last:
                self._take(series, at, value)

    def _take(self, series: Series, at: float, value: float) -> None:
        series.last = at
        if at < self._closed:
            self.late += at >= self._begins
            return
        series.waiting.append((at, value))
        if self.newest is None or at > self.newest:
            self.newest = at
        if self.heads is not None:
            self.heads.setdefault(id(series), []).append(at)

    def events(self, end: float, presence: Presence) -> list[Event]:
        """All samples before `end` that were not handed out yet, in the order of time; later ones for it are late."""
        events: list[Event] = []
        self._closed = max(self._closed, end)
        for series in self._series.values():
            if series.waiting and series.waiting[0][0] < end:
                key = self._key(series, presence)
                ready = [sample for sample in series.waiting if sample[0] < end]
                del series.waiting[: len(ready)]
                events.extend(Event(at, key, value, series) for at, value in ready)
        events.sort(key=_order)
        return events

    def forget(self, names: Set[str], before: float) -> None:
        """Let go of the series of pods of these names that had no sample since `before`, Unix seconds."""
        label = self._check.identify.pod
        self._series = {
            name: each
            for name, each in self._series.items()
            if each.waiting or each.last >= before or each.labels.get(label) not in names
        }
        self._keys = {each.key for each in self._series.values() if each.key is not None}

    def _key(self, series: Series, presence: Presence) -> Key:
        if series.key is not None and series.labels_known == presence.changes:
            return series.key
        identify = self._check.identify
        key = key_of(series.labels, series.part, identify, presence.scraped_as(target_of(series.labels, identify)))
        if series.key is None:
            self.joined += key in self._keys
        elif series.key != key:
            self.renamed.append((series.key, key))
        self._keys.add(key)
        series.key, series.labels_known = key, presence.changes
        return key


def _order(event: Event) -> tuple[float, Key, float]:
    return event.at, event.key, event.value


def paired(events: list[Event]) -> tuple[list[Event], list[Event]]:
    """Buckets for which the same scrape has both the bound and +Inf; and +Inf buckets that stand alone."""
    parts: dict[tuple[object, ...], set[Part]] = {}
    for event in events:
        parts.setdefault(scrape(event), set()).add(event.key.part)
    both = [event for event in events if len(parts[scrape(event)]) == 2]
    alone = [event for event in events if parts[scrape(event)] == {Part.EVERY}]
    return both, alone


def scrape(event: Event) -> tuple[object, ...]:
    """What tells the samples of one histogram in one scrape from all others."""
    return event.at, event.key.target, event.key.labels
