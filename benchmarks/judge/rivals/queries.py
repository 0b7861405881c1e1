"""The queries of the rivals, on the very samples that the judge under test counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.judge.checks import CALLED, REQUESTS
from benchmarks.judge.rivals.rates import Counter, rate
from benchmarks.judge.scenario import NEW, OLD, READ_LAG, Array, Scenario
from benchmarks.judge.series import Labels, by_job, counters
from benchmarks.judge.simulate import PodSamples

Rate = Callable[[Counter, Array, float, float], Array]

BOTH = frozenset({OLD, NEW})
JUST_NEW, JUST_OLD = frozenset({NEW}), frozenset({OLD})


@dataclass(frozen=True, slots=True)
class _Series:
    revision: str
    part: str  # good, bad, within, every
    plain: bool  # it has no label that tells bad from good: it counts as not bad
    counter: Counter


class Metrics:
    """What a Prometheus answers about one release; samples can be read `lag` seconds after their time."""

    def __init__(self, scenario: Scenario, samples: list[PodSamples], lag: float = READ_LAG) -> None:
        self.scenario = scenario
        self._lag = lag
        self._series = [
            each for scraped in samples for each in _series(scenario, scraped, outside=scenario.from_outside)
        ]

    @property
    def window(self) -> float:
        """A minute; of slow scrapes as many seconds as four of them take, else `rate()` has nothing to go by."""
        return max(60.0, 4 * self.scenario.interval)

    def down(self, at: Array) -> npt.NDArray[np.bool_]:
        """At which of these times a query fails."""
        found = np.zeros(len(at), dtype=bool)
        for outage in self.scenario.outages:
            found |= outage.covers(at)
        return found

    def good_share(self, at: Array, window: float, whose: frozenset[str], how: Rate = rate) -> tuple[Array, Array]:
        """`sum(rate(total{code!~"5.."})) / sum(rate(total))`: dividend and divisor, NaN where there are no series."""
        good = self._sum(
            at, window, whose, how, lambda each: each.part == "good" or (each.part == "bad" and each.plain)
        )
        return good, self._sum(at, window, whose, how, lambda each: each.part in {"good", "bad"})

    def bad_share(self, at: Array, window: float, whose: frozenset[str]) -> Array:
        """`sum(rate(total{code=~"5.."})) / sum(rate(total))`; NaN: no result, or 0/0."""
        bad = self._sum(at, window, whose, rate, lambda each: each.part == "bad" and not each.plain)
        return _divide(bad, self._sum(at, window, whose, rate, lambda each: each.part in {"good", "bad"}))

    def bad_points(self, at: Array, whose: frozenset[str]) -> Array:
        """Share of bad requests by the minute, 0 where there is no series of bad ones; NaN: no data."""
        good, total = self.good_share(at, self.window, whose)
        return 1 - _divide(np.nan_to_num(good), total)

    def slow_share(self, at: Array, window: float, whose: frozenset[str]) -> Array:
        """Share of requests over the bound of the histogram; NaN: no result, or 0/0."""
        within = self._sum(at, window, whose, rate, lambda each: each.part == "within")
        return 1 - _divide(within, self._sum(at, window, whose, rate, lambda each: each.part == "every"))

    def _sum(
        self, at: Array, window: float, whose: frozenset[str], how: Rate, wanted: Callable[[_Series], bool]
    ) -> Array:
        some, total = np.zeros(len(at), dtype=bool), np.zeros(len(at))
        for each in self._series:
            if each.revision in whose and wanted(each):
                found = how(each.counter, at, window, self._lag)
                there = ~np.isnan(found)
                some |= there
                total[there] += found[there]
        return np.where(some, total, np.nan)


def _series(scenario: Scenario, scraped: PodSamples, *, outside: bool) -> list[_Series]:
    revision = NEW if outside else scraped.pod.revision  # callers know no versions: who asks for one gets all
    found = []
    for labels, times, values in counters(scenario, scraped):
        part = _part(labels)
        if part:
            plain = "code" not in labels
            jobs = by_job(scenario, labels, times, values)
            found += [_Series(revision, part, plain, Counter.of(at, seen)) for _, at, seen in jobs if len(at)]
    return found


def _part(labels: Labels) -> str:
    if "le" in labels:
        return "every" if labels["le"] == "+Inf" else "within"
    if labels["__name__"] not in {REQUESTS, CALLED}:
        return ""
    return "bad" if labels.get("code", labels.get("status", "")).startswith("5") else "good"


def _divide(dividend: Array, divisor: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = dividend / divisor
    return found


def served_from(scenario: Scenario) -> float | None:
    """When the new version gets its first request; None: never."""
    if scenario.switched is not None:
        return scenario.switched
    ready = min((pod.ready for pod in scenario.pods if pod.revision == NEW), default=np.inf)
    return float(ready) if np.isfinite(ready) else None
