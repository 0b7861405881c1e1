"""What the judge must reach, and what it and the rivals do reach."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.judge.contest import OURS
from benchmarks.judge.families import NASTY, ORDINARY
from benchmarks.judge.figures import CONTENDERS, FAST, Pick, Runs, worst
from benchmarks.judge.intervals import Estimate

AT_MOST, AT_LEAST = "≤", "≥"

AT_50 = (50.0,)
FROM_2, FROM_50 = (2.0, 50.0, 1000.0), FAST

MANY = 20_000
"""Runs without a single false rollback that a goal of none asks for."""

Figure = tuple[Estimate, str]
"""A figure, and which family it is of where the worst counts."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One row.  `sense`: whether lower or higher is better; `scale` and `unit` are for print."""

    name: str
    target: float
    sense: str
    unit: str
    measure: Callable[[Runs, str], Figure]
    limit: Callable[[Runs], float] | None = None

    @property
    def asked(self) -> str:
        """The target as text."""
        return f"{self.sense} {self.target:.3g}{self.unit}"

    def met(self, found: Estimate) -> str:
        """Whether it is; `open` where the interval allows for the opposite of what the figure says."""
        if math.isnan(found.value):
            return "no runs"
        if self.target == found.value == 0:
            return "met" if found.runs >= MANY else "met, open"
        good, sure = (
            (found.value <= self.target, found.high <= self.target)
            if self.sense == AT_MOST
            else (found.value >= self.target, found.low >= self.target)
        )
        return ("met" if sure else "met, open") if good else "missed"


def _worst_false(runs: Runs, contender: str) -> Figure:
    name, found = worst(runs.families(NASTY), lambda each: runs.false(Pick(each), contender), most=True)
    return found.times(1000), name


def _false_together(runs: Runs, contender: str) -> Figure:
    return runs.false_together(ORDINARY, contender).times(1000), ""


TWINNED = ("broken_before", "outages", "gaps", "idle")


def _beyond_twin(runs: Runs, contender: str) -> Figure:
    names = [name for name in TWINNED if runs.of(Pick(name))]
    name, found = worst(names, lambda each: runs.beyond_twin(each, contender), most=True)
    return found.times(1000), name


def _recall(size: int, rates: tuple[float, ...]) -> Callable[[Runs, str], Figure]:
    def measure(runs: Runs, contender: str) -> Figure:
        names = [name for name in (f"step_{size}_warm", f"step_{size}_first") if runs.of(Pick(name))]
        name, found = worst(names, lambda each: runs.caught(Pick(each, rates), contender), most=False)
        return found.times(100), name

    return measure


def _delay(*picks: Pick) -> Callable[[Runs, str], Figure]:
    def measure(runs: Runs, contender: str) -> Figure:
        some = {pick.family: pick for pick in picks if runs.of(pick)}
        name, found = worst(list(some), lambda each: runs.delay(some[each], contender), most=True)
        return found, name if len(picks) > 1 else ""

    return measure


def _delay_limit(*picks: Pick) -> Callable[[Runs], float]:
    return lambda runs: max(runs.limit(pick) for pick in picks)


def _within(pick: Pick, seconds: float) -> Callable[[Runs, str], Figure]:
    return lambda runs, contender: (runs.caught(pick, contender, seconds).times(100), "")


def _served(runs: Runs, contender: str) -> Figure:
    pick = Pick("step_20_warm", AT_50)
    by_flagger = runs.served(pick, "flagger").value
    return runs.served(pick, contender).times(1 / by_flagger if by_flagger else math.nan), ""


def _wrong_target(runs: Runs, contender: str) -> Figure:
    return runs.wrong_target(contender).times(100), ""


def _delay_goal(name: str, target: float, *picks: Pick) -> Goal:
    return Goal(name, target, unit=" s", sense=AT_MOST, measure=_delay(*picks), limit=_delay_limit(*picks))


def _nothing(_: Runs) -> float:
    return 0.0


def _all(_: Runs) -> float:
    return 100.0


GOALS = (
    Goal("false rollbacks per 1000, each nasty clean family", 1.0, AT_MOST, "", _worst_false, _nothing),
    Goal("... ordinary clean families together", 0.1, AT_MOST, "", _false_together, _nothing),
    Goal("... broken before, outages, gaps, idle: beyond the twin", 0.0, AT_MOST, "", _beyond_twin, _nothing),
    Goal("recall, +5 % at ≥ 2/s", 99.0, AT_LEAST, " %", _recall(5, FROM_2), _all),
    Goal("recall, +2 % at ≥ 50/s", 99.0, AT_LEAST, " %", _recall(2, FROM_50), _all),
    Goal("recall, +1 % at ≥ 50/s", 95.0, AT_LEAST, " %", _recall(1, FROM_50), _all),
    _delay_goal(
        "median delay at ≥ 50/s, pods warm, +60 to 100 %", 45.0, Pick("step_60_warm", FAST), Pick("step_100_warm", FAST)
    ),
    _delay_goal("... +20 %", 60.0, Pick("step_20_warm", FAST)),
    _delay_goal("... +5 %", 130.0, Pick("step_5_warm", FAST)),
    _delay_goal("... +20 % from a pod's first second", 105.0, Pick("step_20_first", FAST)),
    _delay_goal("... +5 % at 2/s, pods warm", 240.0, Pick("step_5_warm", (2.0,))),
    _delay_goal("... +20 % at 50/s, 5 s scrapes, warm", 25.0, Pick("step_20_warm", AT_50, interval=5.0)),
    Goal("bad requests served, +20 % at 50/s, warm, as part of Flagger's", 1 / 6, AT_MOST, "", _served),
    Goal(
        "canary 10 % of 50/s, broken baseline 5 → 15 %, in 10 min",
        95.0,
        AT_LEAST,
        " %",
        _within(Pick("broken_baseline", AT_50, "canary"), 600.0),
        _all,
    ),
    Goal(
        "slow ramp 0 → 10 % in 20 min at 50/s, before 5 %",
        95.0,
        AT_LEAST,
        " %",
        _within(Pick("slow_ramp", AT_50), 600.0),
        _all,
    ),
    _delay_goal("tail latency 1 → 20 % slow at 50/s, warm", 75.0, Pick("latency_20", AT_50)),
    _delay_goal("... 1 → 8 % slow", 180.0, Pick("latency_8", AT_50)),
    Goal("wrong target, two releases one bad", 0.5, AT_MOST, " %", _wrong_target, _nothing),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A goal with what everybody reached."""

    goal: Goal
    figures: dict[str, Figure]
    limit: float | None

    @property
    def met(self) -> str:
        """Whether ours is."""
        return self.goal.met(self.figures[OURS][0])


def rows(runs: Runs) -> list[Row]:
    """The whole table."""
    return [
        Row(
            goal,
            {name: goal.measure(runs, name) for name in CONTENDERS},
            goal.limit(runs) if goal.limit is not None else None,
        )
        for goal in GOALS
    ]


def plain(value: float, unit: str = "") -> str:
    """A figure for people."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "never"
    text = f"{value:.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"
    return text + unit


def with_interval(found: Estimate, unit: str) -> str:
    """A figure and its interval."""
    if not found.runs:
        return "-"
    return f"{plain(found.value, unit)} ({plain(found.low)} to {plain(found.high)})"
