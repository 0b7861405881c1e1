"""When the daemon polls, and from which poll on a block of sample time can be closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.judge.scenario import READ_LAG as READABLE
from benchmarks.judge.scenario import Array, Scenario
from benchmarks.judge.simulate import PodSamples
from watcher.core.measuring.counting import READ_LAG
from watcher.daemon.polling import LONGEST, SHORTEST


@dataclass(frozen=True, slots=True)
class Polls:
    """Times of polls that got an answer, and the times of all samples seen, `up` included."""

    times: Array
    samples: Array

    @classmethod
    def of(cls, scenario: Scenario, samples: Sequence[PodSamples], rng: np.random.Generator) -> Polls:
        """Polls at a third of the scrape interval, from the moment that the release is noticed."""
        step = interval_of_polls(scenario.interval)
        times = np.round(np.arange(scenario.began + rng.uniform(0.2, step), scenario.end + 30.0, step), 3)
        for outage in scenario.outages:
            times = times[~outage.covers(times)]
        return cls(times, np.unique(np.concatenate([each.attempts for each in samples])))

    def closing(self, ends: Array) -> Array:
        """The poll at which blocks with these ends are closed; inf: none."""
        place = np.searchsorted(self.samples, ends)
        newer = np.append(self.samples, np.inf)[place]
        ready = np.maximum(ends + READ_LAG, newer + READABLE)
        return np.append(self.times, np.inf)[np.searchsorted(self.times, ready)]


def interval_of_polls(interval: float) -> float:
    """Seconds between two polls of a daemon that watches nothing else."""
    return min(LONGEST, max(SHORTEST, interval / 3))
