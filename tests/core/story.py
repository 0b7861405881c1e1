"""One release told second by second: blocks of 5 s, each pod scraped every 15 s, folded and read by the judge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tests.core.cluster import Cluster
from watcher.core.judging import judge
from watcher.core.judging.evidence import CounterEvidence, Evidence, LaneEvidence
from watcher.core.judging.lanes import worth
from watcher.core.model import Block, Observation, PodCount, Workload
from watcher.core.policy import CounterCheck, Policy, RatioCheck
from watcher.core.state import Finding, Release, Watch
from watcher.core.words import Change, Kind, Lane, Verdict

BLOCK, INTERVAL = 5.0, 15.0
BEGAN = 7200.0  # where a window begins
RELEASE = Release(
    id="uid/2",
    workload=Workload(Kind.DEPLOYMENT, "shop", "cart"),
    uid="uid",
    number=2,
    revision="new",
    template_id="id-new",
    images=("cart:2",),
    change=Change.VERSION,
    began=BEGAN,
    previous="id-old",
    previous_revision="old",
)
BOTH = RatioCheck("errors", "main", "requests_total", max=0.01, increase=2.0)
MAX = replace(BOTH, increase=None)
INCREASE = replace(BOTH, max=None)
BUDGET = 0.001
"""What the promise of one wrong rollback in a thousand releases comes to."""

LONG_AGO = -1000.0
"""Seconds after the release at which warm pods became Ready."""


@dataclass(frozen=True)
class Serving:
    """Requests a second of one version, on all of its pods together, and the share that is bad on each of them."""

    rate: float
    shares: Sequence[float]
    ready: float = LONG_AGO  # seconds after the release

    def counts(self, revision: str, block: int) -> Iterable[PodCount]:
        """Pods whose scrape falls into this block: every third block is a pod's, each pod has its own phase."""
        for place, share in enumerate(self.shares):
            if place % 3 == block % 3:
                total = self.rate * INTERVAL / len(self.shares)
                age = block * BLOCK - INTERVAL - BEGAN - self.ready
                yield PodCount(f"{revision}-{place}", revision, total, total * share, age)


def pods(rate: float, *shares: float, ready: float = LONG_AGO) -> Serving:
    """`pods(50, 0.2)`: one pod, 50 requests a second, a fifth of them bad."""
    return Serving(rate, shares, ready)


HEALTHY = pods(50, 0, 0, 0, 0)


class Story:
    """A watch and the checks by which it is judged."""

    def __init__(
        self,
        *checks: CounterCheck,
        before: Serving | None = HEALTHY,
        history: float = 600.0,
        served: bool = True,
    ) -> None:
        """`served`: whether the new version is taken to have served for long when it is first told of."""
        self.served = served
        cluster = Cluster()
        cluster.apply("v1", 0.0)
        cluster.settle(0.0)
        self.view = cluster.view(BEGAN)
        self.policy = Policy(checks=checks or (BOTH,))
        self.watch = Watch(RELEASE, exposed_at=BEGAN)
        self.at = BEGAN - history
        self.see(history, old=before)

    def see(
        self, duration: float, new: Serving | None = None, old: Serving | None = None, only: str = "", **fields: object
    ) -> Finding:
        """So many seconds of blocks, of all checks or of one `only`; what the first check says after them."""
        for block in self.told(duration, new, old, **fields):
            self.fold(*(replace(block, check=name) for name in self.names if only in ("", name)))
        self.at += duration
        return self.finding

    def until_breach(self, new: Serving, old: Serving | None = None, within: float = 600.0) -> float:
        """Seconds until a breach is proven."""
        began = self.at
        while self.finding.verdict is not Verdict.BREACH:
            assert self.at - began < within, self.finding.sentence
            self.see(BLOCK, new, old)
        return self.at - began

    def told(
        self, duration: float, new: Serving | None = None, old: Serving | None = None, **fields: object
    ) -> list[Block]:
        """The blocks of the next so many seconds."""
        found = []
        for index in range(round(self.at / BLOCK), round((self.at + duration) / BLOCK)):
            counts = [*(new.counts("new", index) if new else ()), *(old.counts("old", index) if old else ())]
            block = Block("errors", index * BLOCK, BLOCK, tuple(counts), interval=INTERVAL)
            found.append(replace(block, **fields))  # type: ignore[arg-type]
        return found

    def fold(self, *blocks: Block) -> None:
        observation = Observation(self.view, blocks)
        evidence = judge.fold(self.watch, observation, self.view, self.policy, self.at)
        if self.served:
            counters = tuple(replace(each, pace=math.inf, served_at=0.0) for each in evidence.counters)
            evidence = replace(evidence, counters=counters)
        self.watch = replace(self.watch, evidence=evidence)

    @property
    def names(self) -> list[str]:
        return [check.name for check in self.policy.checks]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What each check says, in their order."""
        return judge.read(self.watch, self.view, self.policy, self.at)[: len(self.names)]

    @property
    def finding(self) -> Finding:
        return self.findings[0]

    @property
    def evidence(self) -> Evidence:
        return self.watch.evidence

    @property
    def counter(self) -> CounterEvidence:
        return self.evidence.counters[0]

    def lane(self, lane: Lane) -> LaneEvidence:
        return next(each for each in self.counter.lanes if each.lane is lane)

    def worth(self, lane: Lane) -> float:
        return worth(self.lane(lane))
