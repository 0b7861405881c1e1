"""The judge under test: the real core, fed with what each poll closes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from benchmarks.judge.blocks import Closed
from benchmarks.judge.checks import SOURCE
from benchmarks.judge.neighbours import Neighbours
from benchmarks.judge.polls import Polls
from benchmarks.judge.scenario import OLD, Scenario
from benchmarks.judge.views import Views
from watcher.core import machine
from watcher.core.judging import judge
from watcher.core.model import Block, Observation, Source, Surroundings, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Decision, KnownGood, Watch, WorkloadState
from watcher.core.words import STRICTNESS, Action, Mode, Provenance, Verdict
from watcher.daemon.fleets import waited_for


@dataclass(slots=True)
class Judged:
    """What became of one release.  Times are Unix seconds, None: never."""

    rolled_back: float | None = None
    proposed: float | None = None
    held: float | None = None
    guard: str = ""
    lane: str = ""  # of the decision that went farthest: "check lane"
    sentence: str = ""
    verdict: str = ""


class Core:
    """One workload in the core, from just before the release on."""

    def __init__(self, scenario: Scenario, views: Views, policy: Policy) -> None:
        self.policy, self.found = policy, Judged()
        self._views, self._neighbours = views, Neighbours(scenario)
        before = scenario.began - 1.0
        first = machine.step(None, Observation(views.at(before)), before, policy)
        if first is None:
            raise ValueError("the core has no use for a workload that is there and numbered")
        good = KnownGood(f"id-{OLD}", OLD, (f"shop/cart:{OLD}",), Provenance.PASSED, before)
        self.state: WorkloadState = replace(first.state, known_good=(good,))
        self._seen: WorkloadView | None = None

    def poll(self, now: float, blocks: Sequence[Block]) -> bool:
        """Take in what this poll brought; True once the release is rolled back, or its watch is over."""
        view = self._views.at(now)
        if view is not self._seen:
            self._seen = view
            self._step(now, view)
        watch = machine.open_watch(self.state)
        if watch is None:
            return True
        if blocks or _restless(watch, view):
            folded = judge.fold(watch, Observation(view, tuple(blocks)), view, self.policy, now)
            watch = replace(watch, evidence=folded)
            self.state = replace(self.state, watch=watch)
            if self._neighbours.matter and judge.suspected(watch, self.policy) is not None:
                self._neighbours.fleet(now, waited_for=waited_for(watch))
            findings = judge.read(watch, view, self.policy, now)
            if judge.breaches(findings) or _restless(watch, view):
                self._step(now, view)
        return self.found.rolled_back is not None or machine.open_watch(self.state) is None

    def end(self, now: float) -> Judged:
        """The watch is over."""
        if self.found.rolled_back is None and machine.open_watch(self.state) is not None:
            self._step(now, self._views.at(now))
        watch = self.state.watch
        self.found.verdict = str(watch.verdict) if watch is not None and watch.verdict is not None else ""
        return self.found

    def _step(self, now: float, view: WorkloadView) -> None:
        watch = self.state.open_watch
        waits = watch is not None and watch.decision is None
        around = Surroundings(
            fleet=self._neighbours.fleet(now, waited_for=waits), suspects=self._neighbours.suspects(now)
        )
        observation = Observation(view, sources=(Source(SOURCE, healthy=True, watermark=now),), surroundings=around)
        taken = machine.step(self.state, observation, now, self.policy)
        if taken is None:
            raise ValueError("the core took no step with a workload that it knows")
        self.state = taken.state
        decision = self.state.watch.decision if self.state.watch is not None else None
        if decision is not None and decision.at == now:
            self._note(decision)

    def _note(self, decision: Decision) -> None:
        found = self.found
        if decision.action is Action.HOLD:
            if found.held is None:
                found.held, found.guard = decision.at, decision.guard.id if decision.guard else ""
        elif decision.mode is Mode.ACT:
            found.rolled_back = decision.at
        elif found.proposed is None:
            found.proposed = decision.at
        best = max(decision.findings, key=lambda each: STRICTNESS.index(each.may))
        found.lane, found.sentence = f"{best.check} {best.lane}", decision.reason


def judge_release(scenario: Scenario, closed: Sequence[Closed], polls: Polls, views: Views, policy: Policy) -> Judged:
    """Run one release through the core."""
    core = Core(scenario, views, policy)
    for now, blocks in by_poll(closed, polls):
        if core.poll(now, blocks):
            break
    return core.end(max(scenario.end, float(polls.times[-1])))


def by_poll(closed: Sequence[Closed], polls: Polls) -> Iterator[tuple[float, list[Block]]]:
    """Every poll with the blocks that it closes."""
    portions = {poll: [block for _, block in found] for poll, found in groupby(closed, key=lambda each: each[0])}
    for poll in polls.times.tolist():
        yield poll, portions.get(poll, [])


def _restless(watch: Watch, view: WorkloadView) -> bool:
    """Whether time alone can change what is decided."""
    short = watch.evidence.availability.short_since is not None
    return short or view.deadline_exceeded or watch.verdict is Verdict.BREACH
