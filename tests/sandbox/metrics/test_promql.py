"""What can be said without Prometheus; tests/contract/promql holds all numbers against a real one."""

from __future__ import annotations

import math

import pytest

from watcher.sandbox.metrics.promql.queries import Matrix, instant, over
from watcher.sandbox.metrics.promql.values import BadQuery, CannotEvaluate, Element, Track
from watcher.sandbox.metrics.store import NAME, STALE, Labels, Store, as_labels


def labelled(name: str, **labels: str) -> Labels:
    return as_labels({NAME: name, **labels}.items())


NEW = {"pod": "cart-b-1"}
OLD = {"pod": "cart-a-1"}


@pytest.fixture
def store() -> Store:
    """Counters that grow by 10 (old) and 20 (new) every 10 s; the new pod is born at 60 s and restarts at 90 s."""
    filled = Store()
    for second in range(0, 130, 10):
        filled.append(labelled("requests", code="200", **OLD), second * 1000, float(second))
        if second >= 60:
            value = 2.0 * (second - 60) if second < 90 else 2.0 * (second - 90)
            filled.append(labelled("requests", code="200", **NEW), second * 1000, value)
    filled.append(labelled("gone"), 100_000, 1.0)
    filled.append(labelled("gone"), 110_000, STALE)
    return filled


def values(answer: object) -> dict[Labels, float]:
    assert isinstance(answer, list)
    found: list[Element] = answer
    return {element.labels: element.value for element in found}


def test_a_range_selector_gives_raw_samples_with_their_own_times(store: Store) -> None:
    answer = instant(store, 'requests{pod=~"cart-b-1|other"}[25s]', 85_001)
    assert answer == Matrix([Track(labelled("requests", code="200", **NEW), [(70_000, 20.0), (80_000, 40.0)])])


def test_a_rate_reaches_to_the_borders_of_its_window(store: Store) -> None:
    assert values(instant(store, 'requests{pod="cart-a-1"}', 59_999)) == {labelled("requests", code="200", **OLD): 50.0}
    assert values(instant(store, 'rate(requests{pod="cart-a-1"}[30s])', 125_000)) == {
        as_labels({"code": "200", **OLD}.items()): 1.0
    }
    grown = instant(store, 'increase(requests{pod="cart-b-1"}[60s])', 120_000)
    assert values(grown) == pytest.approx({as_labels({"code": "200", **NEW}.items()): (20 * 2 + 20 * 2) * 60 / 50})


def test_a_stale_series_is_gone_at_once_and_a_silent_one_after_five_minutes(store: Store) -> None:
    assert values(instant(store, "gone", 109_999))
    assert not values(instant(store, "gone", 110_000))
    assert values(instant(store, "requests", 120_000 + 299_999))
    assert not values(instant(store, "requests", 120_000 + 300_000))


def test_ratios_of_sums(store: Store) -> None:
    query = 'sum(rate(requests{pod="cart-b-1"}[20s])) / sum(rate(requests{pod="cart-a-1"}[20s])) > 1.5'
    assert values(instant(store, query, 82_000)) == {(): pytest.approx(2.0)}


def test_a_range_query_evaluates_at_every_step(store: Store) -> None:
    answer = over(store, 'sum by (pod) (requests{pod="cart-b-1"})', 50_000, 80_000, 10_000)
    assert answer == Matrix([Track(as_labels(NEW.items()), [(60_000, 0.0), (70_000, 20.0), (80_000, 40.0)])])


def test_buckets_that_seem_to_fall_are_levelled() -> None:
    store = Store()
    for bound, count in (("0.1", 10.0), ("0.5", 8.0), ("1.0", 20.0), ("+Inf", 20.0)):
        store.append(labelled("seconds_bucket", le=bound), 1000, count)
    assert values(instant(store, "histogram_quantile(0.75, seconds_bucket)", 1000)) == {(): pytest.approx(0.75)}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("topk(3, requests)", "`topk`"),
        ("quantile(0.5, requests)", "`quantile`"),
        ("stddev(requests)", "`stddev`"),
        ("abs(requests)", "`abs`"),
        ("max_over_time(requests[1m])", "`max_over_time`"),
        ("requests and gone", "`and`"),
        ("requests or gone", "`or`"),
        ("requests unless gone", "`unless`"),
        ("requests / on (pod) group_left gone", "group_left"),
        ("requests / on (pod) group_right gone", "group_right"),
        ("requests atan2 gone", "`atan2`"),
        ("requests @ 100", "`@`"),
        ("rate(requests[1m] @ end())", "`@`"),
        ("rate(requests[5m:1m])", "subqueries"),
        ("requests[5m:1m]", "subqueries"),
        ('"text"', "strings"),
        ('requests{pod="a" or code="b"}', "`or` between matchers"),
        ('requests{pod=~"[[:alpha:]]"}', "alpha"),
        ("sum(absent(missing))", "`absent`"),
    ],
)
def test_what_is_not_spoken_is_an_error_that_names_it(query: str, named: str, store: Store) -> None:
    with pytest.raises(CannotEvaluate, match=f"does not speak .*{named.replace('[', '.')}"):
        instant(store, query, 100_000)


@pytest.mark.parametrize("query", ["", "sum(", "rate(requests)", "requests[0s]", "1 > 2"])
def test_what_is_no_promql_is_an_error(query: str, store: Store) -> None:
    with pytest.raises(BadQuery, match='invalid parameter "query"'):
        instant(store, query, 100_000)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("1 / 0", math.inf), ("-1 / 0", -math.inf), ("0 / 0", math.nan), ("7 % 0", math.nan), ("10 ^ 999", math.inf),
     ("-7 % 3", -1.0), ("0 ^ -1", math.inf), ("(-8) ^ 0.5", math.nan), ("2 >= bool 2", 1.0),
     ("(-10) ^ 999", -math.inf)],
)  # fmt: skip
def test_arithmetic_is_that_of_ieee_754(expression: str, expected: float, store: Store) -> None:
    assert instant(store, expression, 0) == pytest.approx(expected, nan_ok=True)
