"""What the benchmark's simulator draws is what its families say, and its short cuts change nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.judge.cells import Drawn
from benchmarks.judge.checks import policy
from benchmarks.judge.families import by_name
from benchmarks.judge.ours import Core, judge_release
from benchmarks.judge.rollouts import MODES, Setting
from benchmarks.judge.scenario import NEW
from watcher.core import machine
from watcher.core.model import Fleet, Observation, Source, Surroundings
from watcher.core.words import Action, Mode

SETTING = Setting()


def drawn(name: str, mode: str, rate: float = 50.0, seed: int = 1) -> Drawn:
    return Drawn.of(by_name()[name], mode, rate, seed, SETTING)


def counted(one: Drawn, revision: str, since: float, until: float) -> tuple[float, float]:
    """Total and bad requests of one revision in blocks of the errors check."""
    pods = [
        pod
        for _, block in one.blocks()
        if block.check == "errors" and since <= block.start and block.end <= until
        for pod in block.pods
        if pod.revision == revision
    ]
    return sum(pod.total for pod in pods), sum(pod.bad for pod in pods)


@pytest.mark.parametrize("mode", MODES)
def test_the_new_version_gets_the_rate_of_the_cell(mode: str) -> None:
    one = drawn("steady", mode)
    total, _ = counted(one, NEW, one.scenario.end - 1300, one.scenario.end - 100)
    assert total == pytest.approx(50.0 * 1200, rel=0.05)


@pytest.mark.parametrize("mode", MODES)
def test_a_step_harms_that_share_from_that_second_on(mode: str) -> None:
    one = drawn("step_20_warm", mode)
    since = one.scenario.bad_from
    assert since is not None
    total, bad = counted(one, NEW, since + 30, since + 630)
    before, bad_before = counted(one, NEW, since - 60, since)
    assert bad / total == pytest.approx(0.2, abs=0.02)
    assert bad_before / before < 0.02


def test_a_latency_fault_makes_requests_slow_and_fails_none() -> None:
    one = drawn("latency_20", "rolling")
    since = one.scenario.bad_from
    assert since is not None
    pods = [p for _, b in one.blocks() if b.check == "latency" and b.start >= since + 30 for p in b.pods]
    assert sum(p.bad for p in pods) / sum(p.total for p in pods) == pytest.approx(0.2, abs=0.02)
    total, bad = counted(one, NEW, since, one.scenario.end)
    assert bad / total < 0.01


def test_the_same_seed_gives_the_same_release() -> None:
    assert drawn("bursty", "canary").blocks() == drawn("bursty", "canary").blocks()
    assert drawn("bursty", "canary").blocks() != drawn("bursty", "canary", seed=2).blocks()


@pytest.mark.parametrize("name", ["step_5_warm", "crash_loop", "error_bursts", "steady", "step_in_gap"])
def test_stepping_only_where_something_can_change_decides_as_stepping_at_each_poll(name: str) -> None:
    for mode in by_name()[name].modes:
        one = drawn(name, mode)
        rules = policy(from_outside=False)
        found = judge_release(one.scenario, one.blocks(), one.polls, one.views, rules)
        assert found.rolled_back == stepped_at_each_poll(one)


def stepped_at_each_poll(one: Drawn) -> float | None:
    rules = policy(from_outside=False)
    state = Core(one.scenario, one.views, rules).state
    closed = one.blocks()
    for poll in one.polls.times.tolist():
        blocks = tuple(block for at, block in closed if at == poll)
        for portion in ((), blocks):  # the step that notices the release takes no blocks
            around = Surroundings(fleet=Fleet(poll, 20))
            source = Source("main", healthy=True)
            observation = Observation(one.views.at(poll), portion, sources=(source,), surroundings=around)
            taken = machine.step(state, observation, poll, rules)
            assert taken is not None
            state = taken.state
            watch = state.watch
            decision = watch.decision if watch is not None else None
            if decision is not None and decision.action is Action.ROLL_BACK and decision.mode is Mode.ACT:
                return decision.at
    return None


def test_a_quiet_twin_differs_in_the_event_only() -> None:
    family = by_name()["outages"]
    event = family.scenario("rolling", 50.0, 1, SETTING)
    twin = family.scenario("rolling", 50.0, 1, SETTING, eventless=True)
    assert event.outages
    assert not twin.outages
    assert replace(event, outages=[]).pods == twin.pods
    assert np.array_equal(event.requests, twin.requests)
