from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from watcher.core.measuring.grid import Grid, learn


def test_blocks_are_a_third_of_a_scrape_and_five_seconds_at_least() -> None:
    assert [Grid.of(interval).length for interval in (1, 5, 15, 60)] == [5, 5, 5, 20]
    assert [Grid.of(interval).reach for interval in (1, 5, 15, 60)] == [5, 12.5, 37.5, 150]


@given(st.floats(1, 2e9), st.sampled_from([1.0, 7.5, 15.0, 60.0]))
def test_the_first_block_begins_at_or_just_after_a_time(time: float, interval: float) -> None:
    grid = Grid.of(interval)
    start = grid.start(grid.index(time))

    assert time <= start <= time + grid.length


def test_the_interval_is_the_usual_distance_of_samples() -> None:
    assert learn([[0, 15, 30.002, 45, 75, 90], [3, 18, 33]], complete=90) == 15
    assert learn([[0, 0.5, 1, 1.5, 2, 2.5]], complete=90) == 1


def test_the_interval_is_unknown_until_one_series_has_enough_samples() -> None:
    times = [0.0, 15, 30, 45, 60, 75]

    assert learn([times[:5], times[2:]], complete=75) is None
    assert learn([times], complete=74) is None
    assert learn([], complete=75) is None


@given(st.lists(st.lists(st.integers(1, 40), max_size=20), max_size=5), st.integers(0, 400), st.integers(0, 400))
def test_what_comes_later_does_not_change_the_interval(gaps: list[list[int]], first: int, second: int) -> None:
    series = [[float(sum(each[:n])) for n in range(len(each) + 1)] for each in gaps]

    def seen(until: float) -> list[list[float]]:
        return [[at for at in each if at <= until] for each in series]

    sooner, later = sorted((first, second))
    known = learn(seen(sooner), sooner)

    assert known is None or learn(seen(later), later) == known
