"""What a report is made from: which families, rates and scrape intervals, and how many seeds of each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.judge.families import BAD, RATES, Family
from benchmarks.judge.rollouts import MODES

REPORT_SEEDS = 2_000_000
"""The first seed of reports; those below 1000 are for tuning."""

TOGETHER = 5
"""Seeds of one portion."""

USUAL = 15.0
"""Seconds between scrapes."""

OTHERS = (5.0, 30.0, 60.0)
"""Other intervals, at which some families are looked at."""

AT_OTHERS = ("step_5_warm", "step_20_warm", "step_60_warm", "steady", "bursty", "error_bursts", "cold_start")
RATES_AT_OTHERS = (2.0, 50.0)

Cell = tuple[str, float]
"""Mode and rate."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Which runs: None is all.  `beside`: families that are counted together with the first."""

    family: str
    rates: tuple[float, ...] | None = None
    mode: str | None = None
    interval: float = USUAL
    beside: tuple[str, ...] = ()

    @property
    def families(self) -> tuple[str, ...]:
        """All that are meant."""
        return (self.family, *self.beside)

    def has(self, mode: str, rate: float) -> bool:
        """Whether this cell of its families is meant."""
        return (self.rates is None or rate in self.rates) and (self.mode is None or mode == self.mode)


@dataclass(frozen=True, slots=True)
class Size:
    """Seeds of each cell (family, mode, rate): of good and of bad releases, and of those at other intervals.

    `goal`: runs that each figure of bad releases in the table of goals is made from, at the least.
    """

    good: int
    bad: int
    others: int
    goal: int


SIZES = {"short": Size(10, 5, 5, 60), "full": Size(1670, 200, 100, 600)}
"""12 cells of 1670 are 20,040 runs of each clean family."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Some cells of one family at one interval, for some seeds."""

    family: str
    interval: float
    first: int
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """Of the file with its results."""
        return f"{self.family}-{self.interval:g}s-{self.first}.jsonl"

    @property
    def seeds(self) -> range:
        """Of each cell."""
        return range(self.first, self.first + TOGETHER)


def portions(size: Size, families: Mapping[str, Family], goals: Collection[Pick]) -> list[Portion]:
    """All portions, the first seeds of all families first: what is there after a while is balanced.

    `goals`: what the goals count.
    """
    found: list[Portion] = []
    for family in families.values():
        for interval in (USUAL, *OTHERS) if family.name in AT_OTHERS else (USUAL,):
            counts = {cell: seeds(size, family, cell, interval, goals) for cell in _cells(family, interval)}
            for place in range(0, max(counts.values()), TOGETHER):
                cells = tuple(cell for cell, count in counts.items() if count > place)
                found.append(Portion(family.name, interval, REPORT_SEEDS + place, cells))
    return sorted(found, key=lambda each: each.first)


def seeds(size: Size, family: Family, cell: Cell, interval: float, goals: Collection[Pick]) -> int:
    """How many seeds a cell has.

    A figure of the goals gets its runs from all modes that it is made from.  What is counted together with good
    releases has as many seeds as they.
    """
    if interval == USUAL and family.kind != BAD:
        return size.good
    count = size.bad if interval == USUAL else size.others
    for pick in goals:
        if family.name in pick.families and interval == pick.interval and pick.has(*cell):
            cells = 1 if pick.mode else len(family.modes)
            count = max(count, size.good if pick.beside else math.ceil(size.goal / cells))
    return count


def _cells(family: Family, interval: float) -> Iterator[Cell]:
    rates = RATES if interval == USUAL else RATES_AT_OTHERS
    for mode, rate in itertools.product(MODES, rates):
        if mode in family.modes and rate in family.rates:
            yield mode, rate
