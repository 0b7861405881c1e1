"""Durations, ratios, factors: what is written and what is printed are the same number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from watcher.config.values import Bound, Duration, Factor, FalseRollbacks, Ratio


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("5m", 300),
        ("24h", 86400),
        ("14d", 1209600),
        ("1h30m", 5400),
        ("0s", 0),
        ("1.5h", 5400),
    ],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert Duration.parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "30", "30 s", "-5s", "5s1m", "1y", "1e3s", "1..5s", "٣s", 30, None, True, [], "9" * 5000]
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(PydanticCustomError):
        Duration.parse(text)


@given(st.integers(0, 3650 * 86400 * 1000))
def test_durations_round_trip(milliseconds: int) -> None:
    duration = Duration(milliseconds / 1000)
    assert Duration.parse(str(duration)) == duration
    assert re.fullmatch(Duration.schema["pattern"], str(duration))


@given(st.floats(0, 1, allow_subnormal=False).filter(lambda share: share == 0 or share > 1e-12))
def test_ratios_round_trip(share: float) -> None:
    ratio = Ratio(share)
    assert float(str(ratio).removesuffix("%")) / 100 == pytest.approx(share)
    short = Ratio(round(share, 9))
    assert Ratio.parse(str(short)) == short


@given(st.decimals(1, 1000, places=3))
def test_factors_round_trip(factor: object) -> None:
    assert Factor.parse(str(Factor(str(factor)))) == Factor(str(factor))


def test_a_share_reads_the_same_in_each_notation() -> None:
    parsed = [Ratio.parse("1%"), Ratio.parse(0.01), Ratio.parse("0.01"), Bound.parse("1%"), Bound.parse(0.01)]
    assert [float(value) for value in parsed] == [0.01] * 5
    assert (str(Ratio(0.01)), str(Ratio(0.002)), str(Factor(2)), str(Bound(10000))) == ("1%", "0.2%", "2x", "10000")


@pytest.mark.parametrize("text", ["1 per 1000 releases", "3 per 500 releases", "1 per quarter"])
def test_false_rollbacks_round_trip(text: str) -> None:
    assert str(FalseRollbacks.parse(text)) == text


def test_false_rollbacks_count_releases_or_a_quarter() -> None:
    assert FalseRollbacks.parse("1 per 1000 releases") == FalseRollbacks(1, 1000)
    assert FalseRollbacks.parse("2 per quarter") == FalseRollbacks(2, None)
