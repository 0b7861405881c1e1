"""Blocks as the daemon's own counting makes them: each poll hands it the samples that are readable by then."""

from __future__ import annotations

import numpy as np

from benchmarks.judge.checks import checks
from benchmarks.judge.polls import Polls
from benchmarks.judge.scenario import NAMESPACE, READ_LAG, Array, Scenario
from benchmarks.judge.series import Labels, by_job, counters, up
from benchmarks.judge.simulate import PodSamples
from benchmarks.judge.views import Views
from watcher.core.measuring import counting as core
from watcher.core.measuring.counting import Counting
from watcher.core.measuring.podtable import PodTable
from watcher.core.measuring.presence import Presence, newest
from watcher.core.model import Block

Closed = tuple[float, Block]
"""The time of the poll that closed a block, and the block."""


def blocks(scenario: Scenario, samples: list[PodSamples], polls: Polls, views: Views, history: float) -> list[Closed]:
    """All blocks of all checks, in the order in which they are closed."""
    since = scenario.began - history
    countings = [
        Counting(check, NAMESPACE, since, scenario.interval) for check in checks(from_outside=scenario.from_outside)
    ]
    presence, table = Presence(), PodTable()
    feed = _feed(scenario, samples, since - core.LEAD_IN)
    found: list[Closed] = []
    for poll in polls.times.tolist():
        table.update(views.at(poll).pods)
        for one in feed:
            one.give(poll, countings, presence)
        for counting in countings:
            complete = newest((counting.newest, presence.newest))
            if complete is not None:
                limit = min(complete, poll, poll - core.READ_LAG)
                found += [(poll, block) for block in counting.close(limit, table, presence)]
    return found


class _Series:
    """One series on its way to the daemon."""

    def __init__(self, labels: Labels, times: Array, values: Array) -> None:
        there = ~np.isnan(values)
        self.labels = labels
        self._samples = list(zip(times[there].tolist(), values[there].tolist(), strict=True))
        self._given = 0

    def give(self, poll: float, countings: list[Counting], presence: Presence) -> None:
        begin = self._given
        while self._given < len(self._samples) and self._samples[self._given][0] + READ_LAG <= poll:
            self._given += 1
        fresh = self._samples[begin : self._given]
        if not fresh:
            return
        if self.labels["__name__"] == "up":
            presence.add(self.labels, fresh)
            return
        for counting in countings:
            if _wants(counting, self.labels["__name__"]):
                counting.add(self.labels, fresh)


def _wants(counting: Counting, name: str) -> bool:
    check = counting.check
    return name == (check.histogram if hasattr(check, "histogram") else check.total)


def _feed(scenario: Scenario, samples: list[PodSamples], since: float) -> list[_Series]:
    feed: list[_Series] = []
    for scraped in samples:
        every = [up(scraped), *counters(scenario, scraped)]
        for labels, times, values in every:
            late = times >= since
            feed += [_Series(*each) for each in by_job(scenario, labels, times[late], values[late])]
    return feed
