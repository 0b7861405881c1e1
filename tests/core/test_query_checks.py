"""Checks by any PromQL: a plain threshold that must hold for a while."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.world import ERRORS, World
from watcher.core.policy import By, Identify, QueryCheck
from watcher.core.words import Lane, Mode, Outcome, Verdict

LAG = QueryCheck("lag", "main", "lag", max=100.0, hold_for=60.0, may=Mode.ACT, identify=Identify())


def lagging(check: QueryCheck = LAG, value: float | None = 1.0) -> World:
    world = World.of()
    world.set(checks=(ERRORS, check))
    world.values["lag"] = value
    world.release("v2")
    world.run(60)
    return world


def test_a_value_beyond_its_bound_for_long_enough_is_a_breach() -> None:
    world = lagging()
    world.values["lag"] = 500.0
    world.run(60)
    assert world.decisions == []
    world.run_until("ordered", within=10)

    finding = world.decision.findings[0]
    assert (finding.lane, finding.limit) == (Lane.QUERY, 100.0)
    assert finding.sentence == "lag: 500 for 60 s; allowed is at most 100"


def test_by_default_it_only_proposes() -> None:
    world = lagging(replace(LAG, may=Mode.PROPOSE), 500.0)
    world.run_until("roll_back")
    assert world.decision.mode is Mode.PROPOSE
    assert world.decision.why_mode == "check lag may only propose"


@pytest.mark.parametrize("by", [By.FIXED, By.WORKLOAD])
def test_one_that_sees_no_versions_only_proposes_whatever_it_may(by: By) -> None:
    world = lagging(replace(LAG, identify=Identify(by)), 500.0)
    world.run_until("roll_back")
    assert world.decision.why_mode == "check lag cannot tell versions apart"
    world.run(300)
    assert world.orders == []


def test_a_value_below_its_least_is_one_too() -> None:
    world = lagging(replace(LAG, min=10.0))
    world.run_until("ordered")
    assert world.decision.findings[0].sentence == "lag: 1 for 60 s; allowed is at least 10 and at most 100"
    assert world.decision.findings[0].limit == 10.0


def test_a_value_that_comes_back_in_time_is_none() -> None:
    world = lagging()
    for value in (500.0, 1.0) * 5:
        world.values["lag"] = value
        world.run(40)
    assert world.decisions == []


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_a_missing_value_moves_nothing(nothing: float | None) -> None:
    world = lagging()
    world.values["lag"] = 500.0
    world.run(30)
    world.values["lag"] = nothing
    world.run(20)
    assert world.decisions == []
    world.values["lag"] = 500.0
    world.run(15)
    assert world.decision.findings[0].check == "lag"


def test_after_a_long_silence_the_stretch_begins_anew() -> None:
    world = lagging()
    world.values["lag"] = 500.0
    world.run(40)
    world.values["lag"] = None
    world.run(65)
    world.values["lag"] = 500.0
    world.run(55)
    assert world.decisions == []
    world.run_until("ordered", within=15)


def test_what_was_last_seen_minutes_ago_is_no_breach_of_now() -> None:
    world = lagging()
    world.cluster.hold = "wait"
    world.values["lag"] = 500.0
    world.run_until("hold")
    world.values["lag"] = None
    world.run(190)
    world.cluster.hold = ""
    world.run(60)
    assert world.orders == []


def test_a_silent_query_is_no_data_and_says_since_when() -> None:
    world = lagging()
    world.set(checks=(LAG,))
    world.values["lag"] = None
    world.run(2000)
    assert world.watch.verdict is Verdict.NO_DATA
    assert world.watch.end_reason.startswith("lag: the query has returned nothing for")


def test_what_was_beyond_its_bound_before_the_release_is_not_blamed_on_it() -> None:
    world = World.of()
    world.set(checks=(ERRORS, LAG))
    world.values["lag"] = 500.0
    world.release("v2")
    world.now -= 10.0  # the first evaluations are of just before the release
    world.cluster.versions[-1].created += 5.0
    world.run(300)
    assert world.decisions == []

    world.values["lag"] = 1.0
    world.run(15)
    world.values["lag"] = 500.0
    world.run_until("ordered")


def test_an_infinite_value_is_beyond_every_bound() -> None:
    world = lagging(value=float("inf"))
    world.run_until("ordered")
    assert world.decision.findings[0].sentence.startswith("lag: inf for")


def test_going_back_is_proven_by_the_same_query() -> None:
    world = lagging(value=500.0)
    world.run_until("confirming")
    world.values["lag"] = 1.0
    world.run_until("restored")


def test_a_query_that_stays_bad_did_not_get_better_by_going_back() -> None:
    world = lagging(value=500.0)
    world.run_until("did_not_help")


def test_a_query_that_returns_nothing_after_going_back_confirms_nothing() -> None:
    world = lagging(value=500.0)
    world.run_until("confirming")
    world.values["lag"] = None
    world.run_until("restored_unconfirmed")
    assert world.watch.outcome is Outcome.RESTORED_UNCONFIRMED


def test_a_query_check_that_was_taken_away_confirms_nothing() -> None:
    world = lagging(value=500.0)
    world.run_until("confirming")
    world.set(checks=(ERRORS,))
    world.run_until("restored_unconfirmed")
