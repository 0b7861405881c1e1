"""The fast path: from samples straight to the blocks that the daemon's counting makes of them.

`reference` drives the counting itself; a test shows that both give equal blocks at equal times.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from benchmarks.judge.checks import checks
from benchmarks.judge.differences import Added, Reach, added
from benchmarks.judge.polls import Polls
from benchmarks.judge.scenario import NEW, Array, PodLife, Scenario
from benchmarks.judge.simulate import PodSamples
from benchmarks.judge.views import pod_at
from watcher.core.measuring.contract import Contract
from watcher.core.measuring.counting import LEAD_IN, PATIENCE
from watcher.core.measuring.grid import Grid
from watcher.core.measuring.series import Part
from watcher.core.model import Block, PodCount
from watcher.core.policy import CounterCheck, HistogramCheck, basis

Closed = tuple[float, Block]


def blocks(scenario: Scenario, samples: list[PodSamples], polls: Polls, history: float) -> list[Closed]:
    """All blocks of all checks, with the time of the poll that closes each, in the order of closing."""
    grid = Grid.of(scenario.interval)
    since = scenario.began - history
    frame = _Frame(scenario, samples, polls, grid, since)
    found = [each for check in checks(from_outside=scenario.from_outside) for each in _of_check(check, frame)]
    return sorted(found, key=lambda each: each[0])


@dataclass(slots=True)
class _Frame:
    """What is the same for all checks."""

    scenario: Scenario
    samples: list[PodSamples]
    polls: Polls
    grid: Grid
    since: float
    first: int = 0
    starts: list[float] = field(default_factory=list)
    closing: list[float] = field(default_factory=list)
    times: list[Array] = field(default_factory=list)  # of each pod's answered scrapes
    ready: list[tuple[float, float]] = field(default_factory=list)  # (Ready since, known from)
    patient: list[tuple[str, float, float, float]] = field(default_factory=list)
    """Of each scraped pod: its revision, when it should have shown the metric, and from when until when it is Ready."""

    def __post_init__(self) -> None:
        begins = self.since - LEAD_IN
        self.samples = sorted(self.samples, key=lambda each: each.pod.name)
        self.first = self.grid.index(self.since)
        last = int((self.scenario.end + 60.0) / self.grid.length)
        numbers = np.arange(self.first, last).astype(np.float64)
        ends: Array = (numbers + 1) * self.grid.length
        closing = self.polls.closing(ends)
        known = np.isfinite(closing)
        self.starts = (numbers[known] * self.grid.length).tolist()
        self.closing = closing[known].tolist()
        self.times = [each.times[each.times >= begins] for each in self.samples]
        self.ready = [_first_ready(each.pod, self.polls.times) for each in self.samples]
        patience = max(PATIENCE, 4 * self.grid.interval)
        pods = [each.pod for each in self.samples]
        self.patient = [
            (pod.revision, max(float(times[0]), since) + patience, known, min(pod.terminating, pod.deleted))
            for pod, times, (since, known) in zip(pods, self.times, self.ready, strict=True)
            if len(times)
        ]

    def number(self, times: Array) -> npt.NDArray[np.int64]:
        """Numbers of the blocks of these times, counted from the first block."""
        length = round(self.grid.length * 1000)
        return np.rint(times * 1000).astype(np.int64) // length - self.first


@dataclass(slots=True)
class _Column:
    """One counter of one pod."""

    pod: int
    revision: str
    labels: dict[str, str]
    part: Part
    weight: tuple[int, int]
    numbers: npt.NDArray[np.int64]  # of the block of each sample
    added: Added


def _of_check(check: CounterCheck, frame: _Frame) -> list[Closed]:
    outside = frame.scenario.from_outside
    columns = [each for place in range(len(frame.samples)) for each in _columns(check, frame, place, outside=outside)]
    pods = len(frame.samples)
    count = len(frame.starts)
    total, bad = np.zeros(count * pods), np.zeros(count * pods)
    since, gaps = np.full(count * pods, np.inf), np.zeros(count, dtype=bool)
    for column in columns:
        inside = (column.numbers >= 0) & (column.numbers < count)
        where = column.numbers[inside]
        cells = where * pods + column.pod
        values = column.added.values[inside]
        total += column.weight[0] * np.bincount(cells, values, count * pods)
        bad += column.weight[1] * np.bincount(cells, values, count * pods)
        np.minimum.at(since, cells, column.added.since[inside])
        gaps[where[column.added.gap[inside]]] = True
    shape = (count, pods)
    return _assemble(check, frame, columns, _Sums(total.reshape(shape), bad.reshape(shape), since.reshape(shape), gaps))


@dataclass(frozen=True, slots=True)
class _Sums:
    """By block and pod.  `since`: from when on it was counted; inf: the pod has no sample in the block."""

    total: Array
    bad: Array
    since: Array
    gaps: npt.NDArray[np.bool_]


def _columns(check: CounterCheck, frame: _Frame, place: int, *, outside: bool) -> list[_Column]:
    scraped, times = frame.samples[place], frame.times[place]
    late = len(scraped.times) - len(times)
    known = Reach(frame.since - LEAD_IN, frame.grid.reach)
    revision = "" if outside else scraped.pod.revision
    found = []
    for values, part, labels, weight in _parts(check, frame.scenario, scraped):
        adds = added(scraped, times, values[late:], known, outside=outside)
        numbers = frame.number(times[adds.places])
        found.append(_Column(place, revision, labels, part, weight, numbers, adds))
    return found


_PartOf = tuple[Array, Part, dict[str, str], tuple[int, int]]


def _parts(check: CounterCheck, scenario: Scenario, scraped: PodSamples) -> list[_PartOf]:
    if isinstance(check, HistogramCheck):
        return [(scraped.every, Part.EVERY, {}, (1, 1)), (scraped.within, Part.WITHIN, {}, (0, -1))]
    renamed = scenario.renamed if scraped.pod.revision == NEW else ""
    if renamed == "metric":
        return []
    label = "status" if renamed == "label" else "code"
    counts_as_bad = 0 if renamed == "label" else 1
    return [
        (scraped.good, Part.TOTAL, {label: "200"}, (1, 0)),
        (scraped.bad, Part.TOTAL, {label: "500"}, (1, counts_as_bad)),
    ]


def _assemble(check: CounterCheck, frame: _Frame, columns: list[_Column], sums: _Sums) -> list[Closed]:
    contract = Contract(check)
    notes = sorted(
        ((column.numbers[0], place) for place, column in enumerate(columns) if len(column.numbers)), reverse=True
    )
    cut = np.minimum(np.maximum(sums.bad, 0.0), sums.total)
    totals, bads, raw, since = sums.total.tolist(), cut.tolist(), sums.bad.tolist(), sums.since.tolist()
    seen = np.isfinite(sums.since)
    length, interval, name, shown = frame.grid.length, frame.grid.interval, check.name, basis(check)
    outside = frame.scenario.from_outside
    lacking = set() if outside else {each.pod.revision for each in frame.samples}
    found: list[Closed] = []
    for number, (start, poll) in enumerate(zip(frame.starts, frame.closing, strict=True)):
        while notes and notes[-1][0] <= number:
            column = columns[notes.pop()[1]]
            contract.note(column.revision, column.part, column.labels)
            if column.part in (Part.TOTAL, Part.EVERY):
                lacking.discard(column.revision)
        there = np.flatnonzero(seen[number]).tolist()
        silent = _silent(frame, start, poll, lacking) if lacking else []
        broken = contract.broken(_by_revision(frame, there, totals[number], raw[number]), silent)
        if outside:
            pods = _together(there, totals[number], raw[number])
        else:
            pods = _pods(frame, there, (totals[number], bads[number], since[number]), poll)
        found.append((poll, Block(name, start, length, pods, bool(sums.gaps[number]), broken, shown, interval)))
    return found


def _pods(
    frame: _Frame, there: list[int], counts: tuple[list[float], list[float], list[float]], poll: float
) -> tuple[PodCount, ...]:
    totals, bads, since = counts
    found = []
    for place in there:
        pod = frame.samples[place].pod
        ready, known = frame.ready[place]
        old = since[place] - ready if known <= poll else None
        found.append(PodCount(pod.name, pod.revision, totals[place], bads[place], old))
    return tuple(found)


def _together(there: list[int], totals: list[float], bads: list[float]) -> tuple[PodCount, ...]:
    """What no pod's name is known of is one count."""
    if not there:
        return ()
    total = sum(totals[place] for place in there)
    return (PodCount("", "", total, min(max(sum(bads[place] for place in there), 0.0), total)),)


def _by_revision(
    frame: _Frame, there: list[int], totals: list[float], bads: list[float]
) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for place in there:
        revision = "" if frame.scenario.from_outside else frame.samples[place].pod.revision
        total, bad = found.get(revision, (0.0, 0.0))
        found[revision] = (total + totals[place], bad + bads[place])
    return found


def _silent(frame: _Frame, start: float, poll: float, lacking: set[str]) -> list[str]:
    """Revisions that should have shown the metric by now; only those that have not are of interest."""
    return sorted(
        {
            revision
            for revision, late, since, until in frame.patient
            if late < start and since <= poll < until and revision in lacking
        }
    )


def _first_ready(pod: PodLife, polls: Array) -> tuple[float, float]:
    """Since when the pod is Ready by the first view that shows it so, and the time of that view."""
    if not pod.restarts:
        return pod.ready, pod.ready
    for poll in polls.tolist():
        ready = pod_at(pod, poll).ready_since
        if ready is not None:
            return ready, poll
    return np.inf, np.inf
