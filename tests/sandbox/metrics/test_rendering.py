from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.sandbox.metrics.rendering import number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (-0.0, "-0"),
        (1e21, "1" + "0" * 21),
        (1e-7, "0.0000001"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_numbers_are_written_without_exponent(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats())
def test_numbers_read_back_as_they_were(value: float) -> None:
    assert float(number(value)) == value or math.isnan(value)
