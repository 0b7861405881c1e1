"""Whether a workload can be watched, and what would lead back from its next release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.cluster import Cluster
from tests.core.rollouts import SimulatedRollout
from watcher.core.gitops import Application
from watcher.core.judging.evidence import CounterEvidence, Evidence, QueryEvidence, Tally
from watcher.core.model import Manager, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import KnownGood, Mark, Release, Watch, WorkloadState
from watcher.core.telling import coverage
from watcher.core.words import Change, Mode, Phase, Provenance, Rung, Sight, Verdict

NOW = 1000.0


def running(cluster: Cluster | None = None) -> tuple[WorkloadView, WorkloadState]:
    """A workload that runs `v1`, known good."""
    cluster = cluster or Cluster()
    cluster.apply("v1", 0.0)
    cluster.settle(0.0)
    view = cluster.view(NOW)
    newest = view.newest()
    assert newest is not None
    good = KnownGood(newest.template_id, newest.name, newest.images, Provenance.PASSED, since=0.0)
    marked = Mark(newest.number, newest.name, newest.template_id, newest.code_id, newest.images, 0.0)
    return view, WorkloadState(view.workload, view.uid, marked, known_good=(good,))


def watched(verdict: Verdict | None, evidence: Evidence | None = None, reason: str = "") -> WorkloadState:
    view, state = running()
    release = Release("uid/2", view.workload, view.uid, 2, "b", "id-b", (), Change.VERSION, began=1.0)
    watch = Watch(release, Phase.CLOSED, evidence or Evidence(), verdict=verdict, ended_at=9.0, end_reason=reason)
    return replace(state, watch=watch)


@pytest.mark.parametrize(
    ("state", "sight"),
    [
        (watched(Verdict.PASS), Sight.WATCHABLE),
        (watched(Verdict.BREACH), Sight.WATCHABLE),
        (watched(Verdict.NO_DATA, reason="errors: no series"), Sight.BLIND),
        (watched(Verdict.INCONCLUSIVE, reason="too little was seen for a verdict"), Sight.QUIET),
        (watched(None), Sight.UNKNOWN),
        (watched(None, Evidence(counters=(CounterEvidence("errors", new=Tally(5.0)),))), Sight.WATCHABLE),
        (watched(None, Evidence(queries=(QueryEvidence("lag", values=3),))), Sight.WATCHABLE),
        (running()[1], Sight.UNKNOWN),
        (None, Sight.UNKNOWN),
    ],
)
def test_what_the_last_release_showed_holds(state: WorkloadState | None, sight: Sight) -> None:
    found, why = coverage.sight(state, Policy(), age=1.0, problem="")
    assert found is sight
    assert bool(why) is (sight is not Sight.WATCHABLE)


def test_what_keeps_it_from_being_judged_now_comes_first() -> None:
    passed = watched(Verdict.PASS)
    assert coverage.sight(passed, Policy(never=True), 1.0, "")[0] is Sight.EXCLUDED
    assert coverage.sight(passed, Policy(), 61.0, "")[0] is Sight.BLIND
    assert coverage.sight(passed, Policy(), float("inf"), "")[1].endswith("confirmed never")
    assert coverage.sight(passed, Policy(), 1.0, "it fails") == (Sight.BLIND, "it fails")


def test_the_way_back_leads_to_what_runs_today() -> None:
    view, state = running()
    back = coverage.way_back(state, view, Policy(), NOW)
    assert (back.rung, back.mode) == (Rung.UNDO, Mode.ACT)


def test_there_is_none_before_what_runs_is_known_good() -> None:
    view, state = running()
    nothing, revoked = replace(state, known_good=()), replace(state.known_good[0], revoked="breach")
    for each in (None, nothing, replace(state, known_good=(revoked,))):
        assert coverage.way_back(each, view, Policy(), NOW).rung is None


def test_an_owner_or_switched_off_rungs_or_a_tool_out_of_reach_leave_none() -> None:
    view, state = running()
    assert "owned by Kafka/main" in coverage.way_back(state, replace(view, owner="Kafka/main"), Policy(), NOW).why
    assert coverage.way_back(state, view, Policy(rungs=()), NOW).rung is None
    managed = replace(view, manager=Manager("argocd", "shop"))
    found = coverage.way_back(state, managed, Policy(), NOW)
    assert found.rung is None
    assert "managed by argocd shop, which is not to be seen from here" in found.why
    application = Application("argocd", "argocd/shop", automated=True, self_heal=True)
    assert coverage.way_back(state, replace(managed, application=application), Policy(), NOW).rung is Rung.GIT
    off = Policy(rungs=((Rung.UNDO, Mode.ACT),))
    assert coverage.way_back(state, replace(managed, application=application), off, NOW).rung is None


def test_the_next_release_of_a_rollout_can_be_aborted() -> None:
    view, state = running(SimulatedRollout())
    assert view.rollout is not None
    assert not view.rollout.in_progress
    assert coverage.way_back(state, view, Policy(), NOW).rung is Rung.ABORT
    off = Policy(rungs=((Rung.UNDO, Mode.ACT),))
    assert coverage.way_back(state, view, off, NOW).rung is Rung.UNDO
