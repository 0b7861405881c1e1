"""From raw samples to blocks: differences of counters, taken in the order of sample time.

`Counting` is a fold: samples go in as they are read, in any portions and as often as one likes; a block comes out once
all samples that belong to it are known.  All state moves when blocks are closed, sample by sample in the order of time,
so the blocks depend on the samples alone and not on when, or how often, they were read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from watcher.core.measuring.contract import Contract
from watcher.core.measuring.counter import Difference, Step
from watcher.core.measuring.differences import Differences
from watcher.core.measuring.grid import Grid, learn
from watcher.core.measuring.intake import Event, Intake, paired, scrape
from watcher.core.measuring.podtable import PodTable
from watcher.core.measuring.presence import Presence
from watcher.core.measuring.series import Labels, Part
from watcher.core.measuring.whose import Whose, whose_of
from watcher.core.model import Block, Pod, PodCount
from watcher.core.policy import By, CounterCheck, HistogramCheck, basis

LEAD_IN = 180.0
"""Seconds of samples read before the first block, so that its counters have something to be compared with."""

READ_LAG = 3.0
"""Seconds after its timestamp at which a sample can be read at the latest: what a scrape takes."""

PATIENCE = 60.0
"""Seconds, or four scrapes, for which a scraped and ready pod may lack a metric: many begin with the first request."""


@dataclass(frozen=True, slots=True)
class Oddities:
    """What was met on the way, as counts since the fold began; for metrics and for `why`."""

    late: int = 0  # samples that came after their block was closed; the next sample of the series covers them
    regressions: int = 0  # lower values without a restart
    resets: int = 0
    joined: int = 0  # series that are a second reading of a counter


@dataclass(slots=True)
class _PodSums:
    """One pod in one block; `since`: from when on its requests were counted, `ready`: since when it was Ready."""

    whose: Whose
    since: float
    ready: float | None = None
    totals: list[float] = field(default_factory=list)
    bads: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Sums:
    """What one block counts so far: by pod, and which revisions were seen at all."""

    pods: dict[tuple[str, str, str], _PodSums] = field(default_factory=dict)
    revisions: set[str] = field(default_factory=set)
    bounded: set[str] = field(default_factory=set)  # of a histogram: those whose bucket of the bound was seen
    gap: bool = False


class Counting:
    """Counts one check of one workload."""

    def __init__(self, check: CounterCheck, namespace: str, since: float, interval: float | None = None) -> None:
        """`since`: Unix seconds from which blocks are wanted; `interval`: scrape interval in seconds, None: learnt.

        Raises ValueError for a `bad` pattern that cannot be read.
        """
        self.check = check
        self.contract = Contract(check)
        self.unresolved: set[str] = set()  # whom series name and nobody knows
        self._namespace = namespace
        self._since = since
        self._settled = since - LEAD_IN
        self._closed = -math.inf  # samples before this time have been counted
        self._intake = Intake(check, begins=since - LEAD_IN)
        self._differences = Differences(begins=since - LEAD_IN)
        self._grid: Grid | None = None
        self._next = 0  # number of the block that is closed next
        if interval is not None:
            self._lay(Grid.of(interval))

    @property
    def grid(self) -> Grid | None:
        """The grid of this check's blocks; None until the scrape interval is known."""
        return self._grid

    @property
    def newest(self) -> float | None:
        """The newest sample time seen, Unix seconds."""
        return self._intake.newest

    @property
    def oddities(self) -> Oddities:
        """What was met so far that a reader of the numbers should know."""
        took, found = self._intake, self._differences
        return Oddities(took.late, found.regressions, found.resets, took.joined)

    def read_from(self) -> float:
        """From which time on samples are still wanted, Unix seconds."""
        return max(self._settled, self._closed)

    def settle(self, until: float) -> None:
        """Samples up to `until` will never come if they have not come by now."""
        self._settled = max(self._settled, until)

    def forget(self, gone: Sequence[Pod], before: float) -> None:
        """Let go of pods that have no sample any more since `before`, Unix seconds: what they counted is in blocks."""
        if self.check.identify.by is By.POD:
            names = {pod.name for pod in gone}
            self._differences.forget({pod.uid for pod in gone}, names, before)
            self._intake.forget(names, before)

    def due(self, at: float) -> bool:
        """Whether a block could be closed at `at`."""
        return self._grid is None or self._grid.start(self._next + 1) + READ_LAG <= at

    def add(self, labels: Labels, samples: Sequence[tuple[float, float]]) -> None:
        """Take in samples (Unix seconds, value) of one series, oldest first.  Those seen before are ignored."""
        self._intake.add(labels, samples)

    def close(self, complete: float, pods: PodTable, presence: Presence) -> list[Block]:
        """All blocks that end by `complete`, the time (Unix seconds) up to which all samples are known."""
        grid = self._grid or self._learn(complete)
        if grid is None:
            return []
        blocks: list[Block] = []
        while grid.start(self._next + 1) <= complete:
            if self._closed == -math.inf:
                self._count(grid, grid.start(self._next), pods, presence)
            blocks.append(self._block(grid, pods, presence))
            self._next += 1
        return blocks

    def _learn(self, complete: float) -> Grid | None:
        interval = learn((self._intake.heads or {}).values(), complete)
        if interval is not None:
            self._lay(Grid.of(interval))
        return self._grid

    def _lay(self, grid: Grid) -> None:
        self._grid = grid
        self._next = grid.index(self._since)
        self._intake.heads = None

    def _block(self, grid: Grid, pods: PodTable, presence: Presence) -> Block:
        start, end = grid.start(self._next), grid.start(self._next + 1)
        sums = self._count(grid, end, pods, presence)
        counts = tuple(_pod_count(sums.pods[name]) for name in sorted(sums.pods))
        silent = self._silent(grid, start, pods, presence)
        unbounded = sums.revisions - sums.bounded if isinstance(self.check, HistogramCheck) else set[str]()
        broken = self.contract.broken(_by_revision(sums), silent, unbounded)
        return Block(self.check.name, start, end - start, counts, sums.gap, broken, basis(self.check), grid.interval)

    def _count(self, grid: Grid, end: float, pods: PodTable, presence: Presence) -> _Sums:
        """Count all samples before `end` that were not counted yet."""
        sums = _Sums()
        events, reach = self._intake.events(end, presence), grid.reach
        self._closed = end
        for old, new in self._intake.renamed:
            self._differences.rename(old, new)
        self._intake.renamed.clear()
        if isinstance(self.check, HistogramCheck):
            events, alone = paired(events)
            for event in alone:
                self._resolve(event, pods, sums)
        found: list[_Found] = []
        for event in events:
            whose = self._resolve(event, pods, sums)
            if whose is None:
                continue
            difference = self._differences.of(event, whose.pod, presence, reach)
            if difference is not None:
                found.append(_Found(event, whose, difference))
        if self._differences.regressions and isinstance(self.check, HistogramCheck):
            found = _of_one_age(found)
        for each in found:
            _sum(sums, each, reach, pods)
        return sums

    def _resolve(self, event: Event, pods: PodTable, sums: _Sums) -> Whose | None:
        """Whose sample this is, or None where that is not known; the contract is told."""
        whose, unknown = whose_of(self.check.identify, self._namespace, event, pods)
        if whose is None:
            self.unresolved.add(unknown)
            return None
        revision = whose.revision
        sums.revisions.add(revision)
        if event.key.part is Part.WITHIN:
            sums.bounded.add(revision)
        if revision not in event.series.noted:
            event.series.noted.add(revision)
            self.contract.note(revision, event.key.part, event.series.labels)
        if event.key.part is Part.ERRORS and event.value == 0:
            self.contract.note_zero(revision)
        return whose

    def _silent(self, grid: Grid, start: float, pods: PodTable, presence: Presence) -> list[str]:
        """Revisions with a living pod that was ready and scraped for long enough before `start` to show the metric."""
        if self.check.identify.by is not By.POD:
            return []
        patience = max(PATIENCE, 4 * grid.interval)
        return sorted(
            revision
            for revision, members in pods.of_revision().items()
            if any(self._served_since(pod, presence) + patience < start for pod in members)
        )

    def _served_since(self, pod: Pod, presence: Presence) -> float:
        scraped = presence.first_scrape(self._namespace, pod)
        if scraped is None or pod.ready_since is None or pod.deleted is not None or pod.terminating is not None:
            return math.inf
        return max(scraped, pod.ready_since)


class _Found(NamedTuple):
    """What one sample adds."""

    event: Event
    whose: Whose
    difference: Difference


def _of_one_age(found: Sequence[_Found]) -> list[_Found]:
    """Without scrapes of which the two buckets cannot be held against each other.

    A client may begin a histogram anew without a restart.  Then `+Inf` may be back at its mark before the bucket of the
    bound is at its own, and everything counted in between would pass for too slow.
    """
    since: dict[tuple[object, ...], dict[Part, float]] = {}
    for each in found:
        parts = since.setdefault(scrape(each.event), {})
        if each.difference.step is not Step.REGRESSED:
            part = each.event.key.part
            parts[part] = min(each.difference.since, parts.get(part, math.inf))
    sound = {
        name
        for name, parts in since.items()
        if len(parts) == 2 and parts[Part.WITHIN] >= parts[Part.EVERY]  # the bucket of the bound was not left behind
    }
    return [each for each in found if scrape(each.event) in sound]


def _sum(sums: _Sums, added: _Found, reach: float, pods: PodTable) -> None:
    event, whose, difference = added
    lost = difference.step is Step.BASELINE and event.value > 0
    long = difference.value > 0 and difference.until - difference.since > reach
    sums.gap = sums.gap or lost or long
    name = (whose.name, whose.revision, "" if whose.pod is None else whose.pod.uid)
    found = sums.pods.get(name)
    if found is None:
        ready = pods.youngest(whose.revision, event.at) if whose.pod is None else whose.pod.ready_since
        found = sums.pods[name] = _PodSums(whose, difference.since, ready)
    found.since = min(found.since, difference.since)
    found.totals.append(difference.value * event.series.weight.total)
    found.bads.append(difference.value * event.series.weight.bad)


def _pod_count(found: _PodSums) -> PodCount:
    total = math.fsum(found.totals)
    bad = min(max(math.fsum(found.bads), 0.0), total)
    age = None if found.ready is None else found.since - found.ready
    return PodCount(found.whose.name, found.whose.revision, total, bad, age)


def _by_revision(sums: _Sums) -> dict[str, tuple[float, float]]:
    """Total and bad requests of each revision seen, not yet cut to each other."""
    found: dict[str, tuple[list[float], list[float]]] = {revision: ([], []) for revision in sums.revisions}
    for (_, revision, _), each in sums.pods.items():
        found[revision][0].extend(each.totals)
        found[revision][1].extend(each.bads)
    return {revision: (math.fsum(totals), math.fsum(bads)) for revision, (totals, bads) in found.items()}
