"""What the judge must reach, and what it and the rivals do reach."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.judge.contest import OURS
from benchmarks.judge.families import NASTY, ORDINARY, by_name
from benchmarks.judge.figures import CONTENDERS, FAST, Runs, worst
from benchmarks.judge.intervals import Estimate
from benchmarks.judge.plan import Pick

AT_MOST, AT_LEAST = "≤", "≥"

FROM_2, AT_2, AT_50 = (2.0, 50.0, 1000.0), (2.0,), (50.0,)

MANY = 20_000
"""Runs without a single false rollback that a goal of none asks for."""

MET, OPEN, MISSED, NO_RUNS = "met", ", open", "missed", "no runs"

Measure = Callable[[Runs, Pick, str], Estimate]

Figure = tuple[Estimate, Pick | None]
"""A figure, and which runs it is of."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One row.  The worst of `picks` counts.

    `sense`: whether lower or higher is better; `unit` is for print.  `limit`: what nobody can beat; None: what the
    runs say that nobody can.
    """

    name: str
    target: float
    sense: str
    unit: str
    picks: tuple[Pick, ...]
    measure: Measure
    limit: float | None = None

    @property
    def asked(self) -> str:
        """The target as text."""
        return f"{self.sense} {self.target:.3g}{self.unit}"

    def figure(self, runs: Runs, contender: str) -> Figure:
        """What a contender reaches."""
        some = [pick for pick in self.picks if runs.of(pick)]
        pick, found = worst(some, lambda each: self.measure(runs, each, contender), most=self.sense == AT_MOST)
        return found, pick

    def met(self, found: Estimate) -> str:
        """Whether it is; `open` where the interval allows for the opposite of what the figure says."""
        if math.isnan(found.value):
            return NO_RUNS
        if self.target == found.value == 0:
            return MET if found.runs >= MANY else MET + OPEN
        if self.sense == AT_MOST:
            good, sure = found.value <= self.target, not found.low <= self.target < found.high
        else:
            good, sure = found.value >= self.target, not found.low < self.target <= found.high
        return (MET if good else MISSED) + ("" if sure else OPEN)


def _false(runs: Runs, pick: Pick, contender: str) -> Estimate:
    return runs.false(pick, contender).times(1000)


def _beyond_twin(runs: Runs, pick: Pick, contender: str) -> Estimate:
    return runs.beyond_twin(pick, contender).times(1000)


def _recall(runs: Runs, pick: Pick, contender: str) -> Estimate:
    return runs.caught(pick, contender).times(100)


def _in_ten_minutes(runs: Runs, pick: Pick, contender: str) -> Estimate:
    return runs.caught(pick, contender, 600.0).times(100)


def _wrong_target(runs: Runs, pick: Pick, contender: str) -> Estimate:
    return runs.wrong_target(pick, contender).times(100)


def _served(runs: Runs, pick: Pick, contender: str) -> Estimate:
    by_flagger = runs.served(pick, "flagger").value
    return runs.served(pick, contender).times(1 / by_flagger if by_flagger else math.nan)


def _kind(kind: str) -> list[str]:
    return [name for name, family in by_name().items() if family.kind == kind]


def _each(rates: tuple[float, ...], *families: str) -> tuple[Pick, ...]:
    """Each family at each rate: what is said of "≥ 50/s" must hold at every such rate."""
    return tuple(Pick(family, (rate,)) for family in families for rate in rates)


def _few(name: str, *picks: Pick, most: float, measure: Measure = _false, unit: str = "") -> Goal:
    return Goal(name, most, AT_MOST, unit, picks, measure, limit=0.0)


def _many(name: str, *picks: Pick, least: float, measure: Measure = _recall) -> Goal:
    return Goal(name, least, AT_LEAST, " %", picks, measure, limit=100.0)


def _soon(name: str, target: float, *picks: Pick) -> Goal:
    return Goal(name, target, AT_MOST, " s", picks, Runs.delay)


_ORDINARY = _kind(ORDINARY)
_TWINNED = ("broken_before", "outages", "gaps", "idle")

GOALS = (
    _few("false rollbacks per 1000, each nasty clean family", *map(Pick, _kind(NASTY)), most=1.0),
    _few("... ordinary clean families together", Pick(_ORDINARY[0], beside=tuple(_ORDINARY[1:])), most=0.1),
    _few(
        "... broken before, outages, gaps, idle: beyond the twin", *map(Pick, _TWINNED), most=0.0, measure=_beyond_twin
    ),
    _many("recall, +5 % at ≥ 2/s", *_each(FROM_2, "step_5_warm", "step_5_first"), least=99.0),
    _many("recall, +2 % at ≥ 50/s", *_each(FAST, "step_2_warm", "step_2_first"), least=99.0),
    _many("recall, +1 % at ≥ 50/s", *_each(FAST, "step_1_warm", "step_1_first"), least=95.0),
    _soon("median delay at ≥ 50/s, pods warm, +60 to 100 %", 45.0, *_each(FAST, "step_60_warm", "step_100_warm")),
    _soon("... +20 %", 60.0, *_each(FAST, "step_20_warm")),
    _soon("... +5 %", 130.0, *_each(FAST, "step_5_warm")),
    _soon("... +20 % from a pod's first second", 105.0, *_each(FAST, "step_20_first")),
    _soon("... +5 % at 2/s, pods warm", 240.0, *_each(AT_2, "step_5_warm")),
    _soon("... +20 % at 50/s, 5 s scrapes, warm", 25.0, Pick("step_20_warm", AT_50, interval=5.0)),
    Goal(
        "bad requests served, +20 % at 50/s, warm, as part of Flagger's",
        1 / 6,
        AT_MOST,
        "",
        (Pick("step_20_warm", AT_50),),
        _served,
    ),
    _many(
        "canary 10 % of 50/s, broken baseline 5 → 15 %, in 10 min",
        Pick("broken_baseline", AT_50, "canary"),
        least=95.0,
        measure=_in_ten_minutes,
    ),
    _many(
        "slow ramp 0 → 10 % in 20 min at 50/s, before 5 %",
        Pick("slow_ramp", AT_50),
        least=95.0,
        measure=_in_ten_minutes,
    ),
    _soon("tail latency 1 → 20 % slow at 50/s, warm", 75.0, Pick("latency_20", AT_50)),
    _soon("... 1 → 8 % slow", 180.0, Pick("latency_8", AT_50)),
    _few(
        "wrong target, two releases one bad",
        Pick("two_releases", beside=("clean_sibling",)),
        most=0.5,
        measure=_wrong_target,
        unit=" %",
    ),
)

PICKS = tuple(pick for goal in GOALS for pick in goal.picks)
"""All runs that goals are about."""


@dataclass(frozen=True, slots=True)
class Row:
    """A goal with what everybody reached.  `limit`: what nobody can beat, in the goal's unit; NaN: not known."""

    goal: Goal
    figures: dict[str, Figure]
    limit: float

    @property
    def met(self) -> str:
        """Whether ours is."""
        return self.goal.met(self.figures[OURS][0])

    @property
    def distance(self) -> float:
        """How far our figure is from what nobody can beat."""
        return abs(self.figures[OURS][0].value - self.limit)


def rows(runs: Runs) -> list[Row]:
    """The whole table."""
    return [_row(goal, runs) for goal in GOALS]


def _row(goal: Goal, runs: Runs) -> Row:
    figures = {name: goal.figure(runs, name) for name in CONTENDERS}
    pick = figures[OURS][1]
    if goal.limit is not None:
        return Row(goal, figures, goal.limit)
    if pick is None:
        return Row(goal, figures, math.nan)
    return Row(goal, figures, runs.limit(pick) if goal.measure is Runs.delay else runs.limit_served(pick))


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


def place(pick: Pick | None, goal: Goal) -> str:
    """Which runs a figure is of, where there was a choice."""
    if pick is None or len(goal.picks) == 1:
        return ""
    return pick.family + "".join(f" {rate:g}/s" for rate in pick.rates or ())
