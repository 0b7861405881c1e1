from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.sandbox.metrics.store import NAME, STALE, Series, Store, as_labels, is_stale

UP = as_labels({NAME: "up", "pod": "cart-1"}.items())
DOWN = as_labels({NAME: "up", "pod": "cart-2"}.items())
OTHER = as_labels({NAME: "other"}.items())


def series(*points: tuple[int, float]) -> Series:
    made = Series(UP)
    for at, value in points:
        made.append(at, value)
    return made


def test_a_marker_is_no_measured_nan() -> None:
    held = series((1, STALE), (2, math.nan), (3, -math.nan))
    assert [at for at, _ in held.window(0, 3)] == [2, 3]
    assert not is_stale(1.0)


def test_windows_are_open_on_the_left() -> None:
    held = series((10, 1.0), (20, 2.0), (30, 3.0))
    assert held.window(10, 30) == [(20, 2.0), (30, 3.0)]
    assert held.window(9, 29) == [(10, 1.0), (20, 2.0)]
    assert held.latest(20, 29) is None
    assert held.latest(19, 29) == (20, 2.0)


def test_a_stale_series_has_no_value_until_its_next_sample() -> None:
    held = series((10, 1.0), (20, STALE), (30, 3.0))
    assert held.latest(0, 19) == (10, 1.0)
    assert held.latest(0, 29) is None
    assert held.latest(0, 30) == (30, 3.0)


@pytest.mark.parametrize("at", [9, 10])
def test_time_goes_forward(at: int) -> None:
    with pytest.raises(ValueError, match=f"{at} ms .* not newer than the last, 10 ms"):
        series((10, 1.0), (at, 2.0))


def test_labels_have_one_form_and_no_empty_values() -> None:
    assert as_labels([("b", "2"), ("a", "1"), ("c", "")]) == (("a", "1"), ("b", "2"))


def test_selection_is_by_name_and_labels_and_sorted() -> None:
    store = Store()
    for labels in (DOWN, OTHER, UP):
        store.append(labels, 1, 1.0)
    assert [each.labels for each in store.select()] == [OTHER, UP, DOWN]
    assert [each.labels for each in store.select([(NAME, lambda name: name == "up")])] == [UP, DOWN]
    assert [each.labels for each in store.select([("pod", lambda pod: not pod)])] == [OTHER]


def test_what_is_older_than_the_retention_is_forgotten_with_its_series() -> None:
    store = Store(retention=10)
    store.append(UP, 1_000, 1.0)
    store.append(UP, 5_000, 2.0)
    store.append(OTHER, 1_000, 1.0)
    store.forget(12_000)
    (left,) = store.select()
    assert left.window(0, 12_000) == [(5_000, 2.0)]
    assert store.newest == 5_000


@given(st.lists(st.integers(0, 50), unique=True).map(sorted), st.integers(-1, 51), st.integers(-1, 51))
def test_the_newest_of_a_window_is_its_last(times: list[int], after: int, until: int) -> None:
    held = series(*((at, float(at)) for at in times))
    window = held.window(after, until)
    assert [at for at, _ in window] == [at for at in times if after < at <= until]
    assert held.latest(after, until) == (window[-1] if window else None)
