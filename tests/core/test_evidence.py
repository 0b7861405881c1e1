"""Evidence is what it claims to be: a factor that no good release is likely to reach, whenever one looks.

Good releases are made here just as bad as the bounds allow.  Requests of one window depend on each other exactly as
much as the lane assumes: each is drawn as from Polya's urn, so the counts are beta-binomial.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.core.story import BLOCK, INTERVAL, Story, pods
from watcher.core import record
from watcher.core.judging import judge, lanes
from watcher.core.judging.evidence import Evidence, LaneEvidence, Tally, Window
from watcher.core.judging.lanes import Plan, worth
from watcher.core.judging.likelihood import against_bound, against_other, shifted, strength
from watcher.core.judging.parameters import CORRELATION, ODDS
from watcher.core.model import Block, Observation
from watcher.core.words import Lane

NO_LIMIT = 1e-300
"""A budget so small that what a lane may gain in a time hardly ever matters."""

EXACT = 1e-8
"""What rounding may add: where requests hardly depend on each other, logarithms of 10 million are subtracted."""

SPLIT = strength(CORRELATION[1])
"""Of how bad requests split between both versions."""


@dataclass(frozen=True)
class Seen:
    """A lane with what it was shown of the window so far."""

    lane: LaneEvidence
    window: Window = field(default_factory=Window)
    at: float = 3600.0  # long after any old version served

    def block(self, plan: Plan, new: tuple[float, float], old: tuple[float, float], psi: float, budget: float) -> Seen:
        """The same after one block more; counts are (all, bad)."""
        tally = self.window.new.plus(Tally(*new))
        window = replace(self.window, new=tally, warm=tally, old=self.window.old.plus(Tally(*old)))
        block = Block("errors", self.at, BLOCK, interval=INTERVAL)
        return Seen(lanes.fold(plan, self.lane, block, window, psi, budget), window, block.end)

    def closed(self) -> Seen:
        return Seen(replace(self.lane, ratio=(), credited=()), Window(), self.at)


def urn(bad: int, all_: int, drawn: int, share: float, total: float) -> Iterator[tuple[int, float]]:
    """How many of the next `drawn` are bad, with probabilities, after `bad` of `all_` were."""
    a, b = share * total + bad, (1 - share) * total + all_ - bad
    for found in range(drawn + 1):
        chances = [(a + n) / (a + b + n) for n in range(found)]
        chances += [(b + n) / (a + b + found + n) for n in range(drawn - found)]
        yield found, math.comb(drawn, found) * math.prod(chances)


Outcomes = Iterator[tuple[Seen, float]]


def expected(begin: Seen, windows: list[list[int]], step: Callable[[Seen, int], Outcomes]) -> Iterator[float]:
    """The expectation of the evidence after each block, by enumeration of all that can happen."""
    states = [(begin, 1.0)]
    for blocks in windows:
        for requests in blocks:
            states = [(after, p * q) for before, p in states for after, q in step(before, requests)]
            assert math.fsum(p for _, p in states) == pytest.approx(1.0)
            yield math.fsum(p * worth(each.lane) for each, p in states)
        states = [(each.closed(), p) for each, p in states]


BOUNDS = st.sampled_from([0.001, 0.01, 0.05, 0.2, 0.4, 0.8])
CORRELATIONS = st.sampled_from([1e-6, 0.01, 0.1, 0.3])
BUDGETS = st.sampled_from([NO_LIMIT, 1e-3, 0.1])
WINDOWS = st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=3), min_size=1, max_size=3).filter(
    lambda windows: math.prod(n + 1 for blocks in windows for n in blocks) <= 1500
)


@settings(max_examples=40)
@given(BOUNDS, CORRELATIONS, WINDOWS, BUDGETS)
@example(0.01, 0.01, [[6, 6], [6, 6]], NO_LIMIT)
@example(0.4, 0.3, [[6], [6], [6]], NO_LIMIT)
def test_nothing_is_expected_to_be_gained_at_the_bound(
    bound: float, correlation: float, windows: list[list[int]], budget: float
) -> None:
    plan = Plan(Lane.NEW_VS_MAX, bound, 0.2, strength(correlation))

    def step(seen: Seen, requests: int) -> Outcomes:
        known = seen.window.new
        for bad, p in urn(int(known.bad), int(known.total), requests, bound, plan.strength):
            yield seen.block(plan, (requests, bad), (0, 0), 1.0, budget), p

    assert max(expected(Seen(LaneEvidence(plan.lane)), windows, step)) <= 1 + EXACT


@settings(max_examples=40)
@given(BOUNDS, CORRELATIONS, WINDOWS, st.data())
def test_nor_from_any_moment_on(
    bound: float, correlation: float, windows: list[list[int]], data: st.DataObject
) -> None:
    """Whatever was seen so far, the next block is not expected to add to evidence without a cap."""
    budget = NO_LIMIT
    plan = Plan(Lane.NEW_VS_MAX, bound, 0.2, strength(correlation))
    seen = Seen(LaneEvidence(plan.lane))
    for blocks in windows:
        for requests in blocks:
            known = seen.window.new
            found = list(urn(int(known.bad), int(known.total), requests, bound, plan.strength))
            ahead = [seen.block(plan, (requests, bad), (0, 0), 1.0, budget) for bad, _ in found]
            mean = math.fsum(p * worth(each.lane) for each, (_, p) in zip(ahead, found, strict=True))
            assert mean <= worth(seen.lane) * (1 + EXACT)
            seen = data.draw(st.sampled_from(ahead))
        seen = seen.closed()


@settings(max_examples=60)
@given(BOUNDS, CORRELATIONS, WINDOWS, BUDGETS, st.data())
def test_what_is_credited_never_exceeds_evidence_without_a_cap(
    bound: float, correlation: float, windows: list[list[int]], budget: float, data: st.DataObject
) -> None:
    """What never exceeds a supermartingale may be looked at, and stopped on, at any time."""
    plan = Plan(Lane.NEW_VS_MAX, bound, 0.2, strength(correlation))
    capped = free = Seen(LaneEvidence(plan.lane))
    for blocks in windows:
        for requests in blocks:
            bad = data.draw(st.integers(0, requests))
            capped = capped.block(plan, (requests, bad), (0, 0), 1.0, budget)
            free = free.block(plan, (requests, bad), (0, 0), 1.0, NO_LIMIT)
            assert worth(capped.lane) <= worth(free.lane) * (1 + EXACT)
        capped, free = capped.closed(), free.closed()


@settings(max_examples=30)
@given(BOUNDS, CORRELATIONS, WINDOWS, BUDGETS)
def test_nobody_gains_by_choosing_when_to_stop(
    bound: float, correlation: float, windows: list[list[int]], budget: float
) -> None:
    """The best of all rules for stopping, found backwards from the end, expects no more than 1 under the bound."""
    plan = Plan(Lane.NEW_VS_MAX, bound, 0.2, strength(correlation))
    ends = [(requests, place == len(blocks) - 1) for blocks in windows for place, requests in enumerate(blocks)]

    def best(seen: Seen, step: int) -> float:
        if step == len(ends):
            return worth(seen.lane)
        (requests, last), known = ends[step], seen.window.new
        goes_on = 0.0
        for bad, p in urn(int(known.bad), int(known.total), requests, bound, plan.strength):
            after = seen.block(plan, (requests, bad), (0, 0), 1.0, budget)
            goes_on += p * best(after.closed() if last else after, step + 1)
        return max(worth(seen.lane), goes_on)

    assert best(Seen(LaneEvidence(plan.lane)), 0) <= 1 + EXACT


OLD = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=9, max_size=9)


@settings(max_examples=30)
@given(BOUNDS, CORRELATIONS, WINDOWS, OLD, st.sampled_from([1.0, 2.0]))
def test_nothing_is_expected_beside_whatever_old_version_at_the_bound(
    bound: float, correlation: float, windows: list[list[int]], old: list[tuple[int, int]], psi: float
) -> None:
    """The new version keeps to the bound; the old one, which is better or worse, makes no case against it."""
    plan = Plan(Lane.NEW_VS_OLD, bound, 0.25, strength(correlation))

    def step(seen: Seen, requests: int) -> Outcomes:
        known, (total, bad_old) = seen.window.new, old[int((seen.at - 3600.0) / BLOCK)]
        beside = (total, min(bad_old, total))
        for bad, p in urn(int(known.bad), int(known.total), requests, bound, plan.strength):
            yield seen.block(plan, (requests, bad), beside, psi, NO_LIMIT), p

    assert max(expected(Seen(LaneEvidence(plan.lane)), windows, step)) <= 1 + EXACT


@settings(max_examples=40)
@given(BOUNDS, WINDOWS, st.integers(1, 5), st.sampled_from([1.0, 2.0, 4.0]))
def test_nothing_is_expected_where_bad_requests_fall_on_both_alike(
    bound: float, windows: list[list[int]], times: int, psi: float
) -> None:
    """Far above the bound, but the old version is as bad: bad requests split as all do, at most `psi` to one."""
    plan = Plan(Lane.NEW_VS_OLD, bound, 0.25, strength(0.01))
    share = psi / (psi + times)

    def step(seen: Seen, bad: int) -> Outcomes:
        so_far = int(seen.window.new.bad + seen.window.old.bad)
        for mine, p in urn(int(seen.window.new.bad), so_far, bad, share, SPLIT):
            yield seen.block(plan, (20.0, mine), (20.0 * times, bad - mine), psi, NO_LIMIT), p

    assert max(expected(Seen(LaneEvidence(plan.lane)), windows, step)) <= 1 + EXACT


@pytest.mark.parametrize(
    ("bound", "correlation", "requests"), [(0.01, 0.01, 200), (0.01, 1e-6, 1000), (0.05, 0.1, 60), (0.4, 0.3, 10)]
)
def test_a_release_at_the_bound_seldom_ever_shows_much(bound: float, correlation: float, requests: int) -> None:
    """Ville's inequality, looking after every block of 50 windows: evidence of twenty in one of twenty releases."""
    plan = Plan(Lane.NEW_VS_MAX, bound, 0.2, strength(correlation))
    dice, runs, reached = random.Random(1), 200, 0  # noqa: S311 - a simulation
    for _ in range(runs):
        reached += _best(plan, dice, requests, windows=50) >= 20.0
    chance = 1 / 20
    assert reached / runs <= chance + 3 * math.sqrt(chance * (1 - chance) / runs)


def _best(plan: Plan, dice: random.Random, requests: int, windows: int) -> float:
    """The most evidence that one release shows."""
    seen, best = Seen(LaneEvidence(plan.lane)), 1.0
    for _ in range(windows):
        share = dice.betavariate(plan.bound * plan.strength, (1 - plan.bound) * plan.strength)
        for _ in range(2):
            seen = seen.block(plan, (requests, _binomial(dice, requests, share)), (0, 0), 1.0, NO_LIMIT)
            best = max(best, worth(seen.lane))
        seen = seen.closed()
    return best


def _binomial(dice: random.Random, n: int, share: float) -> int:
    """Bad requests of n, by waiting times, which is fast where few are bad."""
    if share > 0.1:
        return sum(dice.random() < share for _ in range(n))
    bad, place = -1, 0.0
    while place <= n:
        bad += 1
        place += math.floor(math.log(1 - dice.random()) / math.log1p(-max(share, 1e-12))) + 1
    return bad


@settings(max_examples=40)
@given(BOUNDS, CORRELATIONS, st.integers(1, 2000), BUDGETS, st.data())
def test_more_bad_requests_are_never_less_evidence(
    bound: float, correlation: float, requests: int, budget: float, data: st.DataObject
) -> None:
    """In one block of one window, after any windows.  Over several blocks of a window the limit on gains blurs it."""
    plan = Plan(Lane.NEW_VS_MAX, bound, 0.2, strength(correlation))
    seen = Seen(LaneEvidence(plan.lane))
    for earlier in data.draw(st.lists(st.integers(0, requests), max_size=2)):
        seen = seen.block(plan, (requests, earlier), (0, 0), 1.0, budget).closed()
    counts = sorted(data.draw(st.lists(st.integers(0, requests), min_size=2, max_size=5)))
    for beside in ((0.0, 0.0), (requests, data.draw(st.integers(0, requests)))):
        found = [worth(seen.block(plan, (requests, bad), beside, 1.0, budget).lane) for bad in counts]
        assert all(more >= less * (1 - EXACT) for less, more in pairwise(found))


# The same evidence however it comes


COUNT = st.tuples(st.sampled_from((0.0, 10.0, 400.0)), st.sampled_from((0.0, 0.01, 0.2, 0.7)))
TOLD = st.lists(st.tuples(COUNT, COUNT, st.sampled_from(("", "", "", "gap", "broken"))), min_size=1, max_size=40)


def told(counts: list[tuple[tuple[float, float], tuple[float, float], str]]) -> list[Block]:
    """A block of each, from 40 s before the release on."""
    story = Story(before=None, history=0.0, served=False)
    story.at -= 40.0
    found = []
    for (rate, share), (old_rate, old_share), what in counts:
        (block,) = story.told(BLOCK, pods(rate, share, share / 2, 0), pods(old_rate, old_share, 0, old_share))
        found.append(replace(block, gap=what == "gap", broken="contract" if what == "broken" else ""))
        story.at += BLOCK
    return found


def folded(blocks: list[Block], portions: list[int], between: Callable[[Evidence], Evidence]) -> Evidence:
    """Evidence after portions of these sizes, each of which brings some blocks once more; then all the rest."""
    story, begin = Story(before=None, history=0.0, served=False), 0
    for size in (*portions, len(blocks)):
        again = blocks[max(0, begin - 3) : begin + size]
        story.fold(*reversed(again))
        story.watch = replace(story.watch, evidence=between(story.evidence))
        begin = min(begin + size, len(blocks))
    return story.evidence


@settings(max_examples=40)
@given(TOLD, st.lists(st.integers(0, 15), max_size=8))
def test_polls_of_any_portions_come_to_the_same(
    counts: list[tuple[tuple[float, float], tuple[float, float], str]], portions: list[int]
) -> None:
    blocks = told(counts)
    assert folded(blocks, portions, lambda same: same) == folded(blocks, [], lambda same: same)


@settings(max_examples=25)
@given(TOLD, st.lists(st.integers(1, 15), max_size=4))
def test_evidence_that_was_stored_goes_on_as_if_nothing_had_happened(
    counts: list[tuple[tuple[float, float], tuple[float, float], str]], portions: list[int]
) -> None:
    blocks = told(counts)

    def stored(evidence: Evidence) -> Evidence:
        again: Evidence = record.decode(Evidence, record.encode(evidence))
        return again

    assert folded(blocks, portions, stored) == folded(blocks, [], lambda same: same)


def test_a_poll_that_brings_nothing_changes_nothing() -> None:
    story = Story()
    story.see(60, pods(50, 0.2))
    assert judge.fold(story.watch, Observation(story.view), story.view, story.policy, story.at) == story.evidence


# Likelihoods against exact arithmetic


def rising(value: Fraction, count: int) -> Fraction:
    """value (value + 1) ... (value + count - 1)."""
    return math.prod((value + n for n in range(count)), start=Fraction(1))


def log(value: Fraction) -> float:
    return math.log(value.numerator) - math.log(value.denominator)


def exact(bad: int, good: int, share: float, total: float) -> Fraction:
    """Beta-binomial probability of `bad` and `good` in one order."""
    a, b = Fraction(share) * Fraction(total), (1 - Fraction(share)) * Fraction(total)
    return rising(a, bad) * rising(b, good) / rising(a + b, bad + good)


@settings(max_examples=40)
@given(st.integers(0, 60), st.integers(0, 60), st.floats(1e-6, 0.9), st.floats(1e-6, 0.3))
def test_ratios_are_those_of_exact_probabilities(bad: int, good: int, share: float, correlation: float) -> None:
    total = strength(correlation)
    null = exact(bad, good, share, total)
    wanted = [log(exact(bad, good, shifted(share, odds), total) / null) for odds in ODDS]
    assert against_bound(bad, bad + good, share, total) == pytest.approx(wanted, rel=1e-9, abs=1e-7)
    assert against_other(bad, good, share, total) == pytest.approx(wanted, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("correlation", [1e-6, 1e-4, 0.01, 0.3])
@pytest.mark.parametrize(("bad", "good"), [(0, 100_000), (1000, 99_000), (30_000, 70_000), (50_000, 0)])
def test_large_counts_lose_no_digits_that_matter(bad: int, good: int, correlation: float) -> None:
    share, total = 0.01, strength(correlation)

    def rise(value: float, other: float, count: int) -> float:
        """ln of a quotient of rising factorials, term by term."""
        return math.fsum(math.log1p((value - other) / (other + n)) for n in range(count))

    wanted = []
    for odds in ODDS:
        other = shifted(share, odds)
        wanted.append(rise(other * total, share * total, bad) + rise((1 - other) * total, (1 - share) * total, good))
    assert against_bound(bad, bad + good, share, total) == pytest.approx(wanted, rel=1e-9, abs=1e-6)


@given(st.floats(0.001, 0.9), st.floats(1e-6, 0.3), st.integers(1, 40))
def test_no_alternative_is_expected_to_gain(share: float, correlation: float, requests: int) -> None:
    """The expectation of each likelihood ratio under its bound is one, exactly."""
    total = strength(correlation)
    found = [(p, against_bound(bad, requests, share, total)) for bad, p in urn(0, 0, requests, share, total)]
    for place in range(len(ODDS)):
        assert math.fsum(p * math.exp(ratios[place]) for p, ratios in found) == pytest.approx(1.0, abs=1e-6)
