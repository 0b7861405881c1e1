"""What a report is made from: which families, rates and scrape intervals, and how many seeds of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.judge.families import BAD, RATES, Family, by_name
from benchmarks.judge.rollouts import MODES

REPORT_SEEDS = 1_000_000
"""The first seed of reports; those below 1000 are for tuning."""

TOGETHER = 10
"""Seeds of one portion."""

USUAL = 15.0
"""Seconds between scrapes."""

OTHERS = (5.0, 30.0, 60.0)
"""Other intervals, at which some families are looked at."""

AT_OTHERS = ("step_5_warm", "step_20_warm", "step_60_warm", "steady", "bursty", "error_bursts", "cold_start")
RATES_AT_OTHERS = (2.0, 50.0)


@dataclass(frozen=True, slots=True)
class Size:
    """Seeds of each cell (family, mode, rate): of good and of bad releases, and of those at other intervals."""

    good: int
    bad: int
    others: int


SIZES = {"short": Size(10, 10, 10), "full": Size(1670, 200, 100)}
"""12 cells of 1670 are 20,040 runs of each clean family."""


@dataclass(frozen=True, slots=True)
class Portion:
    """All cells of one family at one interval, for some seeds."""

    family: str
    interval: float
    first: int

    @property
    def name(self) -> str:
        """Of the file with its results."""
        return f"{self.family}-{self.interval:g}s-{self.first}.jsonl"

    @property
    def seeds(self) -> range:
        """Of each cell."""
        return range(self.first, self.first + TOGETHER)

    def cells(self) -> Iterator[tuple[str, float]]:
        """Modes and rates."""
        family = by_name()[self.family]
        rates = RATES if self.interval == USUAL else RATES_AT_OTHERS
        for mode, rate in itertools.product(MODES, rates):
            if mode in family.modes and rate in family.rates:
                yield mode, rate


def portions(size: Size, families: Mapping[str, Family]) -> list[Portion]:
    """All portions, the first seeds of all families first: what is there after a while is balanced."""
    found = []
    for name, family in families.items():
        count = size.bad if family.kind == BAD else size.good
        found += [Portion(name, USUAL, REPORT_SEEDS + place) for place in range(0, count, TOGETHER)]
        if name in AT_OTHERS:
            found += [
                Portion(name, interval, REPORT_SEEDS + place)
                for interval in OTHERS
                for place in range(0, size.others, TOGETHER)
            ]
    return sorted(found, key=lambda each: each.first)
