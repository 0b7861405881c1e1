"""The benchmark's fast path gives the very blocks that the daemon's counting makes of the same samples."""

from __future__ import annotations

import pytest

from benchmarks.judge.cells import Drawn
from benchmarks.judge.families import by_name
from benchmarks.judge.rollouts import MODES, Setting


@pytest.mark.parametrize("name", by_name())
def test_the_fast_path_equals_counting(name: str) -> None:
    family = by_name()[name]
    seed = list(by_name()).index(name)
    setting = Setting(interval=(15.0, 5.0, 30.0)[seed % 3])
    mode = family.modes[seed % len(family.modes)]
    drawn = Drawn.of(family, mode, family.rates[seed % len(family.rates)], seed, setting)
    fast, exact = drawn.blocks(), drawn.reference()
    assert fast
    for check in {block.check for _, block in exact}:
        assert [each for each in fast if each[1].check == check] == [each for each in exact if each[1].check == check]
    assert set(MODES) >= {mode}
