"""What the user promises becomes a probability for each release."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.policy import BUSY, DOUBT, QUARTER, Promise, pace

BY_THE_QUARTER = Promise(1.0, None)


@pytest.mark.parametrize(("releases", "budget"), [(0.0, 1 / BUSY), (250.0, 1 / 250), (5000.0, 1 / 5000), (4.0, 0.1)])
def test_a_promise_by_the_quarter_is_shared_by_the_releases_of_one(releases: float, budget: float) -> None:
    assert BY_THE_QUARTER.budget(releases) == budget


def test_a_promise_by_releases_needs_no_pace() -> None:
    assert Promise(1.0, 1000.0).budget(5.0) == 1 / 1000


@pytest.mark.parametrize(
    ("begun", "days", "expected"),
    [(0, 0, 1000.0), (0, 1, 500.0), (11, 1, 995.0), (2, 7, 147.5), (100, 90, 109.9), (5000, 90, 4956.0)],
)
def test_a_young_log_is_eked_out_with_a_busy_day(begun: int, days: float, expected: float) -> None:
    assert pace(begun, days * 86400.0) == expected


@given(st.integers(0, 10**6), st.floats(-1e9, 1e9))
def test_the_pace_lies_between_what_was_seen_and_what_is_assumed(begun: int, seconds: float) -> None:
    seen = begun * QUARTER / max(1.0, min(seconds, QUARTER))
    assert min(seen, BUSY) - 0.05 <= pace(begun, seconds) <= max(seen, BUSY) + begun * QUARTER / DOUBT + 0.05
    assert pace(begun + 1, seconds) > pace(begun, seconds)
