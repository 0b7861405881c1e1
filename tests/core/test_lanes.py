"""Which lanes a check has, what each may gain, and what was usual."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.story import BEGAN, BLOCK, BOTH, BUDGET, INCREASE, MAX, Story, pods
from watcher.core.judging import lanes
from watcher.core.judging.dispersion import Windows
from watcher.core.judging.evidence import LaneEvidence, Tally, Window
from watcher.core.judging.lanes import Plan, plans, start_weight, sustained, worth
from watcher.core.judging.likelihood import shifted
from watcher.core.judging.parameters import (
    CORRELATION,
    DISPERSION,
    FIRST_START,
    LATER_STARTS,
    MOST,
    ODDS,
    SEVERE,
    SUSTAINED,
    WEIGHTS,
    WINDOW,
)
from watcher.core.model import Block, PodCount
from watcher.core.policy import RatioCheck
from watcher.core.words import Lane

GOOD_BEFORE = Windows(20, 30_000.0)
CHECKS = st.builds(
    RatioCheck,
    st.just("errors"),
    st.just("main"),
    st.just("requests"),
    max=st.none() | st.floats(0.0, 0.9),
    increase=st.none() | st.floats(1.0, 10.0),
    floor=st.floats(0.0, 0.3),
)
USUAL = st.builds(
    lambda shares: _windows([(100.0, 100.0 * each) for each in shares]), st.lists(st.floats(0.0, 1.0), max_size=30)
)


def _windows(counts: list[tuple[float, float]]) -> Windows:
    found = Windows()
    for total, bad in counts:
        found = found.plus(total, bad)
    return found


def bounds(check: RatioCheck, usual: Windows = GOOD_BEFORE) -> dict[Lane, float]:
    return {plan.lane: plan.bound for plan in plans(check, usual)}


# Weights


def test_the_lanes_share_the_whole_budget() -> None:
    assert math.fsum(WEIGHTS.values()) == pytest.approx(1.0)
    assert set(SEVERE) < set(WEIGHTS)


@given(CHECKS, USUAL)
def test_so_they_do_whatever_the_check_and_whatever_was_usual(check: RatioCheck, usual: Windows) -> None:
    found = plans(check, usual)
    assert found == () or math.fsum(plan.weight for plan in found) == pytest.approx(1.0)
    assert all(0 < plan.bound < lanes.NO_BOUND and plan.weight > 0 and plan.strength > 0 for plan in found)


def test_a_fault_may_begin_with_any_window_for_ever() -> None:
    """Weights of all starts and of those still to come sum to one: evidence is one before anything was seen."""
    spent = 0.0
    for windows in range(5000):
        still = worth(LaneEvidence(Lane.SEVERE_5, windows))
        assert spent + still == pytest.approx(1.0, abs=1e-12)
        assert still > 0
        assert start_weight(windows) > 0
        spent += start_weight(windows)
    assert start_weight(0) == FIRST_START
    assert start_weight(1) == start_weight(LATER_STARTS)
    assert spent > 0.999


# Bounds


def test_every_lane_has_its_bound() -> None:
    assert bounds(BOTH) == {
        Lane.NEW_VS_OLD: BOTH.floor,
        Lane.NEW_VS_BEFORE: BOTH.floor,
        Lane.NEW_VS_MAX: 0.01,
        **SEVERE,
    }
    assert set(bounds(MAX)) == {Lane.NEW_VS_MAX, *SEVERE}
    assert set(bounds(INCREASE)) == {Lane.NEW_VS_OLD, Lane.NEW_VS_BEFORE, *SEVERE}


@pytest.mark.parametrize(("bound", "severe"), [(0.05, [0.2, 0.4]), (0.1, [0.2, 0.4]), (0.3, [0.4]), (0.5, [])])
def test_equal_bounds_are_tested_once(bound: float, severe: list[float]) -> None:
    check = replace(MAX, max=bound)
    found = bounds(check)
    assert found.pop(Lane.NEW_VS_MAX) == bound
    assert list(found.values()) == severe
    assert math.fsum(plan.weight for plan in plans(check, GOOD_BEFORE)) == pytest.approx(1.0)


def test_a_bound_that_was_exceeded_before_is_none() -> None:
    bad = _windows([(1000.0, 30.0)] * 20)
    assert Lane.NEW_VS_MAX not in bounds(BOTH, bad)
    found = bounds(BOTH, bad)
    assert found[Lane.SEVERE_5] == pytest.approx(0.06)  # twice what was usual
    assert found[Lane.NEW_VS_BEFORE] > 0.06
    assert found[Lane.NEW_VS_OLD] == BOTH.floor


def test_nothing_is_compared_with_a_past_that_nobody_saw() -> None:
    assert Lane.NEW_VS_BEFORE not in bounds(BOTH, Windows())


def test_where_nearly_all_requests_were_bad_nothing_is_a_breach() -> None:
    assert bounds(replace(BOTH, floor=0.95), _windows([(100.0, 99.0)] * 20)) == {}


def test_a_bound_of_zero_can_be_exceeded() -> None:
    assert 0 < bounds(replace(MAX, max=0.0))[Lane.NEW_VS_MAX] <= 1e-6


def test_only_what_no_cold_start_costs_hears_young_pods() -> None:
    hears = {plan.lane: plan.hears_young_pods for plan in plans(BOTH, GOOD_BEFORE)}
    assert [lane for lane, young in hears.items() if young] == [Lane.SEVERE_40]


# What a lane may gain


@pytest.mark.parametrize("interval", [5.0, 15.0, 30.0, 60.0])
@pytest.mark.parametrize("plan", plans(BOTH, GOOD_BEFORE), ids=lambda plan: plan.lane.value)
def test_no_burst_convinces_whatever_its_size(plan: Plan, interval: float) -> None:
    """Everything is bad from some window on: a lane is sure after just the time that its bound asks for."""
    plan = Plan(Lane.SEVERE_40, plan.bound, plan.weight, plan.strength)  # of all pods, whatever their age
    lane, at, needed = LaneEvidence(plan.lane), 0.0, 1 / (BUDGET * plan.weight)
    length, size = max(interval / 3, BLOCK), max(WINDOW, 2 * interval)
    began = 20 * size
    while worth(lane) < needed:
        place, bad = at % size, 1000.0 * (at >= began)
        if place == 0:
            lane, window = replace(lane, ratio=(), credited=()), Window()
        tally = Tally(window.new.total + 1000.0, window.new.bad + bad)
        window = replace(window, new=tally, warm=tally)
        lane = lanes.fold(plan, lane, Block("errors", at, length, interval=interval), window, 1.0, BUDGET)
        at += length
        assert at < began + 20 * size
    assert sustained(plan.bound, interval) - interval <= at - began <= sustained(plan.bound, interval) + size


def test_the_lower_the_bound_the_longer_a_fault_must_last() -> None:
    for interval in (5.0, 15.0, 60.0):
        asked = [sustained(bound, interval) for bound in (0.4, 0.2, 0.05, 0.01)]
        assert asked == sorted(asked)
        assert asked[0] >= SUSTAINED[0][2] * interval


def test_evidence_does_not_grow_without_end() -> None:
    story = Story()
    story.see(1800, pods(50, 1.0))
    assert 1e9 < story.worth(Lane.SEVERE_40) <= 1.001 * MOST
    assert story.see(600, pods(50, 0.0)).verdict is None


# Windows


def test_a_window_is_a_start_and_begins_anew_on_the_grid() -> None:
    story = Story(before=None)
    story.see(15, pods(50, 0.0))
    assert [story.lane(lane).windows for lane in (Lane.NEW_VS_MAX, Lane.SEVERE_40)] == [1, 1]
    assert story.counter.window.new.total == 750
    story.see(15, pods(50, 0.0))
    assert (story.lane(Lane.NEW_VS_MAX).windows, story.counter.window.new.total) == (1, 1500)
    story.see(15, pods(50, 0.0))
    assert (story.lane(Lane.NEW_VS_MAX).windows, story.counter.window.new.total) == (2, 750)


def test_a_window_without_requests_spends_nothing() -> None:
    story = Story()
    story.see(300, pods(0, 0.0))
    assert all((each.windows, worth(each)) == (0, 1.0) for each in story.counter.lanes)


def test_a_window_lasts_two_scrapes_where_these_are_slow() -> None:
    story = Story(before=None, history=0.0)
    story.at = BEGAN
    for index in range(12):
        counted = (PodCount("new-0", "new", 1000.0, 0.0, 900.0),)
        story.fold(Block("errors", BEGAN + 20.0 * index, 20.0, counted, interval=60.0))
    assert story.lane(Lane.NEW_VS_MAX).windows == 2


def test_windows_before_the_release_tell_what_is_usual() -> None:
    story = Story(before=pods(50, 0.01, 0.01, 0.01))
    story.see(BLOCK)  # closes the last one
    assert story.counter.usual.count == 600 / WINDOW
    assert story.counter.usual.total == 30_000
    assert story.counter.usual.share == pytest.approx(0.01)


# What was usual


def test_few_windows_have_the_dispersion_of_real_traffic() -> None:
    assert Windows().dispersion == DISPERSION
    assert _windows([(1000.0, 10.0)]).dispersion == pytest.approx(DISPERSION, rel=0.1)


def test_many_windows_have_their_own() -> None:
    calm = _windows([(1000.0, 10.0)] * 2000)
    wild = _windows([(1000.0, 0.0), (1000.0, 100.0)] * 1000)
    assert calm.dispersion == pytest.approx(1.0, abs=0.05)
    assert wild.dispersion == pytest.approx(2500 / (0.05 * 0.95 * 1000), rel=0.05)  # variance over that of independent


@given(USUAL, st.floats(0.001, 0.9))
def test_a_correlation_is_one(usual: Windows, bound: float) -> None:
    assert CORRELATION[0] <= usual.correlation(bound) <= CORRELATION[2]


@given(USUAL)
def test_the_highest_share_that_was_usual_is_not_below_what_was_seen(usual: Windows) -> None:
    assert usual.share <= usual.highest <= 1.0
    assert usual.sure in (0.0, usual.share)


def test_without_requests_nothing_is_known() -> None:
    nothing = Windows().plus(0.0, 0.0)
    assert nothing == Windows()
    assert (nothing.share, nothing.sure, nothing.highest) == (0.0, 0.0, 1.0)


@given(st.floats(0.001, 0.999), st.sampled_from(ODDS))
def test_a_shifted_share_has_so_many_times_the_odds(share: float, odds: float) -> None:
    found = shifted(share, odds)
    assert found / (1 - found) == pytest.approx(odds * share / (1 - share))
