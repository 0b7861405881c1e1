"""What a source says of scraping itself: when a target was scraped, under which labels, when its process began."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence, Set

from watcher.core.measuring.podtable import PodTable
from watcher.core.measuring.series import Labels, Target, target_of
from watcher.core.model import Pod
from watcher.core.policy import Identify

UP = "up"
STARTED = "process_start_time_seconds"

_STANDARD = Identify()
_SAME_PROCESS = 1.0  # seconds: start times nearer than this name the same process


class Presence:
    """Scrapes of the pods of one workload, from the series `up` and `process_start_time_seconds`."""

    def __init__(self) -> None:
        self.newest: float | None = None
        self._scrapes: dict[Target, list[float]] = {}
        self._first: dict[tuple[str, str], float] = {}  # (namespace, pod) -> first successful scrape
        self._processes: dict[Target, dict[float, float]] = {}  # start time -> first seen
        self._labels: dict[tuple[str, str], set[tuple[str, str]]] = {}
        self.changes = 0

    def add(self, labels: Labels, samples: Sequence[tuple[float, float]]) -> None:
        """Take in one series; samples seen before change nothing."""
        if not samples:
            return
        target = target_of(labels, _STANDARD)
        self.newest = max(samples[-1][0], self.newest or 0.0)
        if labels.get("__name__") == UP:
            self._learn_labels(target, labels)
            self._add_scrapes(target, [at for at, value in samples if value == 1])
        elif labels.get("__name__") == STARTED:
            for at, value in samples:
                self._add_process(target, at, value)

    def _learn_labels(self, target: Target, labels: Labels) -> None:
        known = self._labels.setdefault((target.namespace, target.subject), set())
        before = len(known)
        known.update(item for item in labels.items() if item[0] != "__name__")
        self.changes += len(known) != before

    def _add_scrapes(self, target: Target, times: list[float]) -> None:
        known = self._scrapes.setdefault(target, [])
        for at in times:
            place = bisect.bisect_left(known, at)
            if place == len(known) or known[place] != at:
                known.insert(place, at)
        if times:
            pod = (target.namespace, target.subject)
            self._first[pod] = min(times[0], self._first.get(pod, times[0]))

    def _add_process(self, target: Target, at: float, value: float) -> None:
        known = self._processes.setdefault(target, {})
        same = next((each for each in known if abs(each - value) < _SAME_PROCESS), None)
        if same is not None:
            known[same] = min(known[same], at)
        elif not math.isnan(value):
            known[value] = at

    def scraped_as(self, target: Target) -> Set[tuple[str, str]]:
        """Labels that scraping adds to each series of the target's pod; empty while unknown."""
        return self._labels.get((target.namespace, target.subject), frozenset())

    def last_scrape(self, target: Target, since: float, before: float) -> float | None:
        """The newest successful scrape of the target in [since, before), or None."""
        known = self._scrapes.get(target, [])
        place = bisect.bisect_left(known, before)
        return known[place - 1] if place and known[place - 1] >= since else None

    def first_scrape(self, namespace: str, pod: Pod) -> float | None:
        """When the pod was first scraped with success; None: never."""
        return self._first.get((namespace, pod.name))

    def starts(self, target: Target) -> list[float]:
        """When the target's process is known to have begun: as it says itself, and when that was first seen."""
        known = self._processes.get(target)
        if not known:
            return []
        moved = sorted(known.values())[1:]
        return [*known, *moved]

    def forget(self, before: float) -> None:
        """Drop scrapes older than `before`: no counter asks for them any more."""
        for target, times in self._scrapes.items():
            self._scrapes[target] = times[bisect.bisect_left(times, before) :]

    def forget_pods(self, namespace: str, names: Set[str], pods: PodTable, before: float) -> None:
        """Let go of what bore these names until `before`, Unix seconds; a name that `pods` still has goes on."""
        for target in [each for each in self._scrapes if each.namespace == namespace and each.subject in names]:
            times = self._scrapes[target]
            if target.subject not in pods or not times or times[-1] < before:
                del self._scrapes[target]
                self._processes.pop(target, None)
        for name in names:
            if name not in pods:
                self._first.pop((namespace, name), None)
                self._labels.pop((namespace, name), None)


def newest(times: Iterable[float | None]) -> float | None:
    """The newest of several times, those unknown left out."""
    return max((each for each in times if each is not None), default=None)
