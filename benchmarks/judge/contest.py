"""One release, judged by the core and by all rivals; the result as one line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.judge.cells import Drawn, bad_served
from benchmarks.judge.checks import policy
from benchmarks.judge.families import PROPOSED, Family
from benchmarks.judge.ours import judge_release
from benchmarks.judge.rivals import RIVALS
from benchmarks.judge.rivals.queries import Metrics
from benchmarks.judge.rollouts import MODES, Setting
from benchmarks.judge.scenario import NEW, READ_LAG, Scenario
from watcher.core.judging.parameters import COLD_START

OURS = "watcher"
MEMORY = 3600.0
"""Seconds before the release that are simulated: the longest window of a rival."""

COLD = 60.0
"""Seconds for which a cold start looks the same as a fault from the first second that harms no more requests."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one release.  Times are seconds since it began; None: never.

    `rolled_back`: by each contender.  `caught`: by watcher, as far as may be asked of it (for a check that sees no
    versions: proposed).  `served`: bad requests of the new version until each contender rolled back, or the end.
    `limit`: when a fault was scraped twice.
    """

    family: str
    mode: str
    rate: float
    interval: float
    seed: int
    bad_from: float | None
    limit: float | None
    rolled_back: dict[str, float | None]
    served: dict[str, float]
    caught: float | None
    held: float | None
    guard: str
    lane: str
    verdict: str

    @classmethod
    def of(cls, line: str) -> Result:
        """Read a line."""
        return cls(**json.loads(line))

    def line(self) -> str:
        """Write a line."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def decided(self, contender: str) -> float | None:
        """When the contender did as much as may be asked of it."""
        return self.caught if contender == OURS else self.rolled_back[contender]

    def false(self, contender: str) -> bool:
        """Rolled back without a fault, or before it began."""
        at = self.rolled_back[contender]
        return at is not None and (self.bad_from is None or at < self.bad_from)

    def delay(self, contender: str) -> float | None:
        """Seconds from the first harmed request to the decision; None: there was none, or before."""
        at = self.decided(contender)
        return None if at is None or self.bad_from is None or at < self.bad_from else at - self.bad_from


def contest(family: Family, mode: str, rate: float, seed: int, setting: Setting) -> Result:
    """Draw one release and let everybody judge it."""
    drawn = Drawn.of(family, mode, rate, seed, setting)
    scenario = drawn.scenario
    judged = judge_release(
        scenario, drawn.blocks(), drawn.polls, drawn.views, policy(from_outside=scenario.from_outside)
    )
    caught = judged.proposed if family.farthest == PROPOSED else judged.rolled_back
    metrics = Metrics(scenario, drawn.samples)
    found = {OURS: judged.rolled_back}
    for name, decide in RIVALS.items():
        found[name] = decide(metrics, np.random.default_rng([seed, MODES.index(mode), round(rate * 10), 3]))

    def since(time: float | None) -> float | None:
        return None if time is None else round(time - scenario.began, 3)

    ends = {name: (caught if name == OURS else at) or scenario.end for name, at in found.items()}
    return Result(
        family=family.name,
        mode=mode,
        rate=rate,
        interval=setting.interval,
        seed=seed,
        bad_from=since(scenario.bad_from),
        limit=since(_scraped_twice(drawn)),
        rolled_back={name: since(at) for name, at in found.items()},
        served={name: round(bad_served(scenario, end), 1) for name, end in ends.items()},
        caught=since(caught),
        held=since(judged.held),
        guard=judged.guard,
        lane=judged.lane,
        verdict=judged.verdict,
    )


def _scraped_twice(drawn: Drawn) -> float | None:
    """When a second scrape of the same pod, begun after the fault did, can be read; after each pod's cold start where
    the fault may be one.  None: it harms no request that is counted."""
    scenario = drawn.scenario
    if scenario.bad_from is None:
        return None
    harmed = _harmed(scenario, scenario.bad_from)
    if not harmed:
        return None
    cold = COLD if harmed <= COLD_START and not scenario.from_outside else 0.0
    seconds = []
    for each in drawn.samples:
        if each.pod.revision == NEW or scenario.from_outside:
            since = max(scenario.bad_from, max(each.pod.ready, scenario.switched or 0.0) + cold)
            times = each.times[each.times > since]
            if len(times) > 1:
                seconds.append(float(times[1]) + READ_LAG)
    return min(seconds, default=None)


def _harmed(scenario: Scenario, since: float) -> float:
    """Highest share of requests that the fault harms; 0: it harms by other means."""
    share = (scenario.slow if scenario.slows else scenario.bad)[scenario.of(NEW)]
    first = scenario.second(since)
    before = float(share[:, :first].max(initial=0.0))
    after = float(share[:, first:].max(initial=0.0))
    return after if after > before else 0.0
