"""One run: draw a release, scrape it, count it, judge it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.judge import reference
from benchmarks.judge.blocks import Closed, blocks
from benchmarks.judge.checks import policy
from benchmarks.judge.families import PROPOSED, Family
from benchmarks.judge.ours import Judged, judge_release
from benchmarks.judge.polls import Polls
from benchmarks.judge.rollouts import MODES, Setting
from benchmarks.judge.scenario import NEW, Scenario
from benchmarks.judge.simulate import PodSamples, simulate
from benchmarks.judge.views import Views


@dataclass(frozen=True, slots=True)
class Drawn:
    """A release, and what a Prometheus and the cluster show of it."""

    scenario: Scenario
    samples: list[PodSamples]
    polls: Polls
    views: Views
    history: float

    @classmethod
    def of(
        cls, family: Family, mode: str, rate: float, seed: int, setting: Setting, *, eventless: bool = False
    ) -> Drawn:
        """Draw it.  Requests and polls have a stream of their own, so that a twin differs in the event only."""
        scenario = family.scenario(mode, rate, seed, setting, eventless=eventless)
        rng = np.random.default_rng([seed, MODES.index(mode), round(rate * 10), 1])
        polling = np.random.default_rng([seed, MODES.index(mode), round(rate * 10), 2])
        samples = simulate(scenario, rng)
        return cls(scenario, samples, Polls.of(scenario, samples, polling), Views(scenario), setting.history)

    def blocks(self) -> list[Closed]:
        """Its blocks by the fast path."""
        return blocks(self.scenario, self.samples, self.polls, self.history)

    def reference(self) -> list[Closed]:
        """Its blocks by the daemon's own counting."""
        return reference.blocks(self.scenario, self.samples, self.polls, self.views, self.history)


@dataclass(frozen=True, slots=True)
class Run:
    """One line of results."""

    family: str
    mode: str
    rate: float
    seed: int
    began: float
    bad_from: float | None
    judged: Judged
    bad_served: float  # requests harmed by the new version until the decision, or the end of the watch
    caught: float | None  # when it was decided as far as may be asked: rolled back, or proposed

    @property
    def false(self) -> bool:
        """Rolled back without a fault, or before it began."""
        at = self.judged.rolled_back
        return at is not None and (self.bad_from is None or at < self.bad_from)

    @property
    def delay(self) -> float | None:
        """Seconds from the first bad request to the decision; None: none was taken, or before."""
        at = self.caught
        return None if at is None or self.bad_from is None or at < self.bad_from else at - self.bad_from


def run(family: Family, mode: str, rate: float, seed: int, setting: Setting, *, eventless: bool = False) -> Run:
    """One release, judged by the core."""
    drawn = Drawn.of(family, mode, rate, seed, setting, eventless=eventless)
    scenario = drawn.scenario
    rules = policy(from_outside=scenario.from_outside)
    judged = judge_release(scenario, drawn.blocks(), drawn.polls, drawn.views, rules)
    caught = judged.proposed if family.farthest == PROPOSED else judged.rolled_back
    served = bad_served(scenario, caught or scenario.end)
    return Run(family.name, mode, rate, seed, scenario.began, scenario.bad_from, judged, served, caught)


def bad_served(scenario: Scenario, until: float) -> float:
    """Requests harmed by the new version until then."""
    if scenario.bad_from is None:
        return 0.0
    first, last = scenario.second(scenario.bad_from), scenario.second(until)
    news = scenario.of(NEW)
    share = scenario.slow if scenario.slows else scenario.bad
    return float((scenario.requests[news, first:last] * share[news, first:last]).sum())
