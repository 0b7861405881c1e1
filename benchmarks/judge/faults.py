"""Bad releases: what is wrong with them, and from when on it harms requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.judge.families import BAD, PROPOSED, Family, Trouble
from benchmarks.judge.rollouts import pods_changed
from benchmarks.judge.scenario import NEW, Array, Restart, Scenario, Window

Rng = np.random.Generator
Onset = Callable[[Scenario, Rng], float]


def first_second(scenario: Scenario, _: Rng) -> float:
    """The first request on the new version."""
    return scenario.switched or min(scenario.pods[place].ready for place in scenario.of(NEW))


def warm(scenario: Scenario, rng: Rng) -> float:
    """Some time after all new pods are warm; the release is still young."""
    served = max(scenario.pods[place].ready for place in scenario.of(NEW))
    return _whole(scenario, max(served, scenario.switched or 0.0) + 75.0 + rng.uniform(0, 240))


def step(scenario: Scenario, rng: Rng, onset: Onset, share: float) -> None:
    """A share of the new version's requests fails."""
    _harm(scenario, scenario.bad, share, onset(scenario, rng))


def latency(scenario: Scenario, rng: Rng, share: float) -> None:
    """A share of the new version's requests is slow, instead of one in a hundred."""
    scenario.slows = True
    _harm(scenario, scenario.slow, 1 - (1 - share) / 0.99, warm(scenario, rng))


def ramp(scenario: Scenario, rng: Rng) -> None:
    """From nothing to one in ten within twenty minutes."""
    at = warm(scenario, rng)
    passed = scenario.t0 + np.arange(scenario.seconds) - at
    share = np.clip(passed / 1200.0, 0.0, 1.0) * 0.10
    scenario.hits(scenario.bad, share, at, np.inf, scenario.of(NEW))
    scenario.bad_from = at


def worse(scenario: Scenario, rng: Rng) -> None:
    """One in twenty failed before; now it is three in twenty."""
    scenario.hits(scenario.bad, 0.05, scenario.t0, np.inf, list(range(len(scenario.pods))))
    _harm(scenario, scenario.bad, 1 - 0.85 / 0.95, first_second(scenario, rng))


def flapping(scenario: Scenario, rng: Rng) -> None:
    """One in five fails for 30 seconds, then none for 60."""
    scenario.bad_from = at = warm(scenario, rng)
    while at < scenario.end:
        scenario.hits(scenario.bad, 0.20, at, at + 30, scenario.of(NEW))
        at += 90


def in_gap(scenario: Scenario, rng: Rng) -> None:
    """One in five fails from some second of a gap on."""
    since = warm(scenario, rng)
    until = since + rng.uniform(60, 150)
    if rng.random() < 0.5:
        scenario.outages.append(Window(since, until))
    else:
        scenario.gaps.append(Window(since, until))
    _harm(scenario, scenario.bad, 0.20, _whole(scenario, rng.uniform(since, until)))


def crash_loop(scenario: Scenario, rng: Rng) -> None:
    """New pods never start, and the roll-out waits at the first; or they serve, and crash again and again."""
    if rng.random() < 0.5 and scenario.mode == "rolling":
        never_ready(scenario, rng)
    else:
        _crash_later(scenario, rng)
    pods_changed(scenario)


def never_ready(scenario: Scenario, rng: Rng) -> None:
    first = scenario.of(NEW)[0]
    pod = scenario.pods[first]
    del scenario.pods[first + 1 :]
    for old in scenario.pods[:first]:
        old.terminating = old.deleted = np.inf
    scenario.bad, scenario.slow = scenario.bad[: first + 1], scenario.slow[: first + 1]
    fails = pod.created + rng.uniform(2, 6)
    pod.ready = pod.listening = np.inf
    pod.waiting = "CrashLoopBackOff"
    scenario.rolled_out = None
    scenario.bad_from = round(fails, 3)
    scenario.deadline_exceeded = round(scenario.began + 600 + rng.uniform(0, 5), 3)


def _crash_later(scenario: Scenario, rng: Rng) -> None:
    """Each new pod runs 20 to 60 s between two crashes, after which it waits longer and longer."""
    firsts = []
    for place in scenario.of(NEW):
        pod, pause = scenario.pods[place], 10.0
        at = max(pod.ready, scenario.switched or 0.0)
        while at < scenario.end:
            at = round(at + rng.uniform(20, 60), 3)
            firsts.append(at)
            back = round(at + pause + rng.uniform(4, 10), 3)
            pod.restarts.append(Restart(at, back))
            at, pause = back, min(2 * pause, 300.0)
    scenario.bad_from = min(firsts)


def from_outside(scenario: Scenario, rng: Rng) -> None:
    """One in five fails; only callers count it, and they know no versions."""
    scenario.from_outside = True
    _harm(scenario, scenario.bad, 0.20, warm(scenario, rng))


def two_releases(scenario: Scenario, rng: Rng) -> None:
    """This one is bad; another service's release of the same minutes is good."""
    scenario.others = [(scenario.began + rng.uniform(-300, 60), None)]
    _harm(scenario, scenario.bad, 0.10, first_second(scenario, rng))


def _whole(scenario: Scenario, time: float) -> float:
    """The time at which the second of the arrays begins that holds it."""
    return scenario.t0 + scenario.second(time)


def _harm(scenario: Scenario, target: Array, share: float, at: float) -> None:
    scenario.hits(target, share, at, np.inf, scenario.of(NEW))
    scenario.bad_from = at


def _steps() -> list[Family]:
    onsets: dict[str, Onset] = {"first": first_second, "warm": warm}
    return [
        Family(f"step_{size}_{name}", BAD, partial(step, onset=onset, share=size / 100))
        for size in (1, 2, 5, 20, 60, 100)
        for name, onset in onsets.items()
    ]


def _slow(name: str, share: float) -> Family:
    trouble: Trouble = partial(latency, share=share)
    return Family(name, BAD, trouble)


LOW = (0.2,)
FAMILIES = (
    *_steps(),
    Family("slow_burn", BAD, partial(step, onset=warm, share=0.03)),
    Family("slow_ramp", BAD, ramp),
    _slow("latency_20", 0.20),
    _slow("latency_8", 0.08),
    Family("low_traffic", BAD, partial(step, onset=warm, share=0.30), rates=LOW),
    Family(
        "small_canary",
        BAD,
        partial(step, onset=warm, share=0.20),
        modes=("canary",),
        canaries=1,
        weight=0.05,
        share_of_total=True,
    ),
    Family("broken_baseline", BAD, worse, weight=0.1, share_of_total=True),
    Family("flapping_fault", BAD, flapping),
    Family("crash_loop", BAD, crash_loop),
    Family("caller_side", BAD, from_outside, farthest=PROPOSED),
    Family("step_in_gap", BAD, in_gap),
    Family("two_releases", BAD, two_releases),
)
