"""Simulated releases whose every sample lies on a whole second, so that other tools can be given the very same data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.judge.families import by_name
from benchmarks.judge.rivals.queries import Metrics
from benchmarks.judge.rollouts import Setting
from benchmarks.judge.scenario import Scenario
from benchmarks.judge.series import by_job, counters
from benchmarks.judge.simulate import PodSamples, simulate

HOUR = 3600.0  # before the release: the longest window of a rival


@dataclass(frozen=True)
class Series:
    """One series: its selector without more labels, and its samples as (Unix seconds, count)."""

    labels: dict[str, str]
    samples: list[tuple[int, int]]

    def name(self, **more: str) -> str:
        """Metric name and labels, ``more`` added."""
        pairs = ",".join(f'{key}="{value}"' for key, value in {**self.labels, **more}.items() if key != "__name__")
        return f"{self.labels['__name__']}{{{pairs}}}"


class Release:
    """One release of a family.

    The pods are scraped at phases of whole seconds, where the benchmark has milliseconds; all else is drawn as there.
    ``metrics`` is what the models of the rivals are given; a sample can be read at once, as it can in the tools.
    """

    def __init__(self, family: str, mode: str, rate: float, seed: int = 1) -> None:
        self.name = f"{family}_{mode}_{rate:g}_{seed}"
        self.scenario: Scenario = by_name()[family].scenario(mode, rate, seed, Setting(memory=HOUR))
        for pod in self.scenario.pods:
            pod.phase = float(int(pod.phase))
        self._scraped: list[PodSamples] = simulate(self.scenario, np.random.default_rng([seed, 1]))
        self.metrics = Metrics(self.scenario, self._scraped, lag=0.0)

    def series(self) -> Iterator[Series]:
        """Every series that was ever scraped."""
        for scraped in self._scraped:
            for labels, times, values in counters(self.scenario, scraped):
                for own, at, seen in by_job(self.scenario, labels, times, values):
                    there = ~np.isnan(seen)
                    if there.any():
                        pairs = zip(at[there].tolist(), seen[there].tolist(), strict=True)
                        yield Series(own, [(_whole(time), _whole(count)) for time, count in pairs])


def _whole(number: float) -> int:
    assert number == int(number), f"{number} is no whole number"
    return int(number)
