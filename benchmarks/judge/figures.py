"""Figures of many runs: how often something happened, and how long it took."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from benchmarks.judge.checks import ERRORS, LATENCY
from benchmarks.judge.contest import OURS, Result
from benchmarks.judge.families import by_name
from benchmarks.judge.intervals import Estimate, median, share
from benchmarks.judge.plan import USUAL, Pick
from benchmarks.judge.rivals import RIVALS, TITLES
from benchmarks.judge.scenario import READ_LAG

CONTENDERS = {OURS: OURS, **{name: TITLES[name] for name in RIVALS}}
"""Names and titles of all that were tried, ours first."""

FAST = (50.0, 1000.0)
"""Rates at which delays are not a matter of too few requests."""

BUDGET = 0.001
"""False rollbacks in a release that are accepted."""

SHARES = {
    **{f"step_{size}_{onset}": size / 100 for size in (1, 2, 5, 20, 60, 100) for onset in ("first", "warm")},
    "latency_20": 0.20,
    "latency_8": 0.08,
}
"""Part of the requests that the fault harms."""

BASE, SLOW_BASE = 0.0016, 0.01
"""Part of the requests that is bad anyway; of failures the median of what is drawn."""


class Runs:
    """All results, by family and interval."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._found: defaultdict[tuple[str, float], list[Result]] = defaultdict(list)
        self.count = 0
        for each in results:
            self._found[each.family, each.interval].append(each)
            self.count += 1

    def of(self, pick: Pick) -> list[Result]:
        """The runs that are meant."""
        return [
            each
            for name in pick.families
            for each in self._found[name, pick.interval]
            if pick.has(each.mode, each.rate)
        ]

    def seeds(self) -> tuple[int, int]:
        """The first and the last."""
        seeds = [each.seed for found in self._found.values() for each in found]
        return (min(seeds), max(seeds)) if seeds else (0, 0)

    def families(self, kind: str, interval: float = USUAL) -> list[str]:
        """Names of the families of a kind of which there are runs."""
        known = by_name().items()
        return [name for name, each in known if each.kind == kind and self._found[name, interval]]

    def false(self, pick: Pick, contender: str) -> Estimate:
        """Share of runs that were rolled back for nothing."""
        runs = self.of(pick)
        return share(sum(each.false(contender) for each in runs), len(runs))

    def beyond_twin(self, pick: Pick, contender: str) -> Estimate:
        """Share of runs that were rolled back although the same release without the event was not.

        The same seed of `steady` is that very release: all families draw pods, requests and polls alike.
        """
        twins = {(each.mode, each.rate, each.seed): each for each in self.of(Pick("steady"))}
        pairs = [
            (each, twins[each.mode, each.rate, each.seed])
            for each in self.of(pick)
            if (each.mode, each.rate, each.seed) in twins
        ]
        return share(sum(one.false(contender) and not twin.false(contender) for one, twin in pairs), len(pairs))

    def caught(self, pick: Pick, contender: str, within: float = math.inf) -> Estimate:
        """Share of bad releases that were caught in this many seconds."""
        runs = self.of(pick)
        return share(sum(_delay(each, contender) <= min(within, _EVER) for each in runs), len(runs))

    def delays(self, pick: Pick, contender: str) -> list[float]:
        """Seconds from the first harmed request to the decision; inf: none was taken."""
        return [_delay(each, contender) for each in self.of(pick)]

    def delay(self, pick: Pick, contender: str) -> Estimate:
        """The median."""
        return median(self.delays(pick, contender))

    def served(self, pick: Pick, contender: str) -> Estimate:
        """The median number of requests that the fault harmed until the decision."""
        return median([each.served[contender] for each in self.of(pick)])

    def wrong_target(self, pick: Pick, contender: str) -> Estimate:
        """Two releases, one bad: share of those in which the good one was rolled back, or any before the fault.

        Both are runs of the same seed, and are counted where both are there.
        """
        blamed: defaultdict[tuple[str, float, int], dict[str, bool]] = defaultdict(dict)
        for each in self.of(pick):
            blamed[each.mode, each.rate, each.seed][each.family] = each.false(contender)
        pairs = [found for found in blamed.values() if len(found) == len(pick.families)]
        return share(sum(any(found.values()) for found in pairs), len(pairs))

    def limit(self, pick: Pick) -> float:
        """Median seconds for which nobody could be sure: until it was scraped twice, and shown by enough requests."""
        runs = [each for each in self.of(pick) if each.limit is not None and each.bad_from is not None]
        return median([_limit(each) for each in runs]).value

    def limit_served(self, pick: Pick) -> float:
        """Bad requests in that time, as part of those that Flagger serves: a step harms as many in each second."""
        delay = self.delay(pick, "flagger").value
        return self.limit(pick) / delay if delay else math.nan

    def per_cell(self, picks: Iterable[Pick]) -> tuple[int, int]:
        """Runs of each family, mode and rate: fewest and most."""
        cells = Counter((each.family, each.mode, each.rate, each.interval) for pick in picks for each in self.of(pick))
        return (min(cells.values()), max(cells.values())) if cells else (0, 0)


_EVER = 1e9  # seconds


def _delay(result: Result, contender: str) -> float:
    delay = result.delay(contender)
    return math.inf if delay is None else delay


def _limit(result: Result) -> float:
    scraped = (result.limit or 0.0) - (result.bad_from or 0.0)
    harmed = SHARES.get(result.family)
    if harmed is None:
        return scraped
    return max(scraped, requests_needed(harmed, slow=result.family.startswith("latency")) / result.rate + READ_LAG)


def requests_needed(harmed: float, *, slow: bool) -> float:
    """Least expected number of requests (Wald) that refute the bound at the accepted rate of false rollbacks.

    The bound is the tightest of the check's: its floor, or `increase` times what was usual where that is more.
    """
    check, base = (LATENCY, SLOW_BASE) if slow else (ERRORS, BASE)
    bound = check.max or 1.0
    if check.increase is not None:
        bound = min(bound, max(check.floor, check.increase * base))
    seen = min(1 - (1 - harmed) * (1 - (0.0 if slow else base)), 1 - 1e-9)
    divergence = seen * math.log(seen / bound) + (1 - seen) * math.log((1 - seen) / (1 - bound))
    return math.log(1 / BUDGET) / divergence


def worst(picks: Sequence[Pick], measure: Callable[[Pick], Estimate], *, most: bool) -> tuple[Pick | None, Estimate]:
    """Of these the one with the highest figure, or the lowest, and the figure."""
    found = [(pick, measure(pick)) for pick in picks]
    if not found:
        return None, Estimate(math.nan, math.nan, math.nan, 0)
    choose = max if most else min
    return choose(found, key=lambda each: each[1].value)
