"""Whether a workload can be watched, and what would lead back from a bad release of it: asked before there is one."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.deciding.guards import STALE_CACHE
from watcher.core.deciding.ladder import climb
from watcher.core.deciding.ledger import known
from watcher.core.deciding.managed import out_of_reach
from watcher.core.gitops import Application
from watcher.core.model import WorkloadView
from watcher.core.policy import Policy
from watcher.core.sentence import seconds
from watcher.core.state import Watch, WorkloadState
from watcher.core.words import Mode, Rung, Sight, Verdict, strictest


@dataclass(frozen=True, slots=True)
class WayBack:
    """The rung that a bad release would get now, how far it may go by itself, and why; no rung: there is none."""

    rung: Rung | None
    mode: Mode
    why: str


NO_ENTRY = "no entry of services matches it"


def sight(state: WorkloadState | None, policy: Policy, age: float, problem: str) -> tuple[Sight, str]:
    """Whether this workload can be watched, and why not.

    `age` are seconds since its view was last confirmed, `problem` a sentence on what keeps it from being judged now.
    What a release showed holds until the next one: metrics are read only while a release is under watch.
    """
    if policy.never:
        return Sight.EXCLUDED, "it is on the never list"
    if age > STALE_CACHE:
        return Sight.BLIND, f"its state in the cluster was last confirmed {_ago(age)}"
    if problem:
        return Sight.BLIND, problem
    if state is None or state.watch is None:
        return Sight.UNKNOWN, "it had no release since it is watched"
    return _seen(state.watch)


def _ago(age: float) -> str:
    return "never" if age == float("inf") else f"{seconds(age)} ago"


def _seen(watch: Watch) -> tuple[Sight, str]:
    if watch.verdict in (Verdict.PASS, Verdict.BREACH):
        return Sight.WATCHABLE, ""
    if watch.verdict is Verdict.NO_DATA:
        return Sight.BLIND, watch.end_reason
    if watch.verdict is Verdict.INCONCLUSIVE:
        return Sight.QUIET, watch.end_reason
    counted = any(each.new.total for each in watch.evidence.counters)
    if counted or any(each.values for each in watch.evidence.queries):
        return Sight.WATCHABLE, ""
    ended = "its last watch ended" if watch.ended_at is not None else "its release is under watch"
    return Sight.UNKNOWN, f"{ended}, and nothing of it was measured so far"


def way_back(state: WorkloadState | None, view: WorkloadView, policy: Policy, now: float) -> WayBack:
    """What would lead back if the next release of this workload were bad: to what runs today, if that is known good."""
    if view.owner:
        return WayBack(None, Mode.NONE, f"it is owned by {view.owner}, which would put the bad version back")
    running = state.mark.template_id if state is not None else ""
    if state is None or known(state.known_good, running, policy.known_good, now) is None:
        return WayBack(None, Mode.NONE, "what runs is not known good yet")
    ways = ways_back(view, policy)
    return ways[0] if ways else WayBack(None, Mode.NONE, out_of_reach(view) or "no rung can be taken here")


def ways_back(view: WorkloadView, policy: Policy) -> tuple[WayBack, ...]:
    """The rungs that the next release could get, in their order, whether or not what runs is known good."""
    return tuple(WayBack(*each) for each in _rungs(view, policy) if each[1] is not Mode.NONE)


def _rungs(view: WorkloadView, policy: Policy) -> list[tuple[Rung, Mode, str]]:
    """Rungs of the next release: a Rollout that is not in progress now will be."""
    steps = [(each.rung, each.mode, each.reason) for each in climb(view, policy) if each.taken]
    if view.application is not None and not out_of_reach(view):
        steps = _of_managed(view.application, policy)
    if view.rollout is not None and all(rung is not Rung.ABORT for rung, _, _ in steps):
        while_under_way = "while the Rollout is in progress; after that, undo"
        steps.insert(0, (Rung.ABORT, policy.rung_mode(Rung.ABORT), while_under_way))
    return steps


def _of_managed(application: Application, policy: Policy) -> list[tuple[Rung, Mode, str]]:
    """What the next release would bring, and so what a revert would do, is not known: the first rung is."""
    rung = Rung.GIT if application.automated else Rung.SYNC
    mode = strictest(policy.rung_mode(rung), policy.rung_mode(Rung.GIT))
    return [(rung, mode, f"through {application}")] if mode is not Mode.NONE else []
