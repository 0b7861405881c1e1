"""The bound on wrong rollbacks is the exact binomial one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.reporting.bound import CONFIDENCE, at_most

COUNTS = st.integers(1, 80).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


def so_few(wrong: int, of: int, share: float) -> float:
    """The probability of so many or fewer, by adding up the binomial distribution."""
    return math.fsum(math.comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(wrong + 1))


def test_none_wrong_of_two_hundred_and_fourteen() -> None:
    assert round(at_most(0, 214), 3) == 0.014
    assert at_most(0, 214) == pytest.approx(1 - 0.05 ** (1 / 214))


@pytest.mark.parametrize(("wrong", "of", "bound"), [(0, 1, 0.95), (1, 10, 0.3942), (3, 50, 0.1478), (5, 5, 1.0)])
def test_known_values(wrong: int, of: int, bound: float) -> None:
    assert at_most(wrong, of) == pytest.approx(bound, abs=5e-5)


def test_nothing_is_known_without_a_case() -> None:
    assert at_most(0, 0) == 1.0


@settings(max_examples=40, deadline=None)
@given(COUNTS)
def test_at_the_bound_so_few_would_be_seen_once_in_twenty_times(counts: tuple[int, int]) -> None:
    wrong, of = counts
    bound = at_most(wrong, of)
    assert wrong / of < bound or wrong == of
    if wrong < of:
        assert so_few(wrong, of, bound) == pytest.approx(1 - CONFIDENCE, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(COUNTS, st.floats(0.5, 0.999))
def test_more_cases_lower_it_and_more_wrong_ones_raise_it(counts: tuple[int, int], confidence: float) -> None:
    wrong, of = counts
    bound = at_most(wrong, of, confidence)
    assert at_most(wrong, of + 1, confidence) <= bound
    assert at_most(wrong + 1, of + 1, confidence) >= bound
    assert at_most(wrong, of, min(0.9995, confidence + 0.0005)) >= bound


def test_very_many_cases() -> None:
    assert at_most(0, 1_000_000) == pytest.approx(3e-6, rel=0.01)
    assert 0.1 < at_most(1000, 10_000) < 0.106


@pytest.mark.parametrize(("wrong", "of", "confidence"), [(2, 1, 0.95), (-1, 1, 0.95), (0, 1, 1.0)])
def test_counts_that_make_no_sense_are_refused(wrong: int, of: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="makes no sense"):
        at_most(wrong, of, confidence)
