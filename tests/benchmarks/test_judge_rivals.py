"""The rivals' rules: their `rate()` is that of Prometheus, and each does what its documentation says."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from benchmarks.judge.cells import Drawn
from benchmarks.judge.checks import REQUESTS
from benchmarks.judge.families import by_name
from benchmarks.judge.rivals import RIVALS
from benchmarks.judge.rivals.alerts import firing
from benchmarks.judge.rivals.argo import analyse
from benchmarks.judge.rivals.kayenta import CONFIDENCE, HIGH, NODATA, PASS, classified, failed, shift
from benchmarks.judge.rivals.queries import BOTH, JUST_NEW, Metrics, served_from
from benchmarks.judge.rivals.rates import Counter, irate, rate
from benchmarks.judge.rollouts import Setting
from benchmarks.judge.scenario import Restart, Window
from benchmarks.judge.series import by_job, counters
from watcher.sandbox.metrics.promql.evaluate import Moment, parse
from watcher.sandbox.metrics.store import Store, as_labels

SETTING = Setting(memory=3600.0)


def drawn(name: str, mode: str, rate_of_new: float = 50.0, seed: int = 1) -> Drawn:
    return Drawn.of(by_name()[name], mode, rate_of_new, seed, SETTING)


def metrics(one: Drawn) -> Metrics:
    return Metrics(one.scenario, one.samples)


def decided(one: Drawn, rival: str) -> float | None:
    found: float | None = RIVALS[rival](metrics(one), np.random.default_rng(1))
    return found


def random_counter(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole milliseconds, with gaps and restarts."""
    rng = np.random.default_rng(seed)
    times = np.round(1000.0 + np.cumsum(rng.choice([5.0, 15.0, 15.0, 40.0], 60) + rng.uniform(-0.5, 0.5, 60)), 3)
    values = np.cumsum(rng.poisson(rng.choice([0.0, 3.0, 50.0]), 60)).astype(float)
    for at in rng.integers(5, 60, 2):
        values[at:] -= values[at] - rng.integers(0, 3)
    return times, np.maximum(values, 0.0)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("name", "function"), [("rate", rate), ("irate", irate)])
def test_rates_are_those_of_promql(seed: int, name: str, function: object) -> None:
    times, values = random_counter(seed)
    store = Store(retention=1e9)
    for at, value in zip(times.tolist(), values.tolist(), strict=True):
        store.append(as_labels([("__name__", "c")]), round(at * 1000), value)
    moments = np.round(np.arange(990.0, 2400.0, 37.3), 3)
    counter = Counter.of(times, values)
    for window in (60, 300):
        found = function(counter, moments, float(window), 0.0)  # type: ignore[operator]
        node = parse(f"{name}(c[{window}s])")
        for moment, value in zip(moments.tolist(), found.tolist(), strict=True):
            asked = Moment(store, round(moment * 1000)).value(node)
            assert isinstance(asked, list)
            if asked:
                assert value == pytest.approx(asked[0].value, rel=1e-9)
            else:
                assert math.isnan(value)


@pytest.mark.parametrize("name", ["step_20_warm", "relabelled", "resets"])
def test_shares_are_those_of_promql(name: str) -> None:
    one = drawn(name, "rolling")
    store = Store(retention=1e9)
    for scraped in one.samples:
        for labels, times, values in counters(one.scenario, scraped):
            for own, at, seen in by_job(one.scenario, labels, times, values):
                for time, value in zip(at.tolist(), seen.tolist(), strict=True):
                    if not math.isnan(value):
                        store.append(as_labels(own.items()), round(time * 1000), value)
    node = parse(f'sum(rate({REQUESTS}{{code=~"5.."}}[5m])) / sum(rate({REQUESTS}[5m]))')
    latest = max(float(each.times[-1]) for each in one.samples) - 120.0
    for at in np.arange(one.scenario.began - 300, latest, 301.7).tolist():
        asked = Moment(_until(store, at - 1.0), round(at * 1000)).value(node)
        assert isinstance(asked, list)
        found = metrics(one).bad_share(np.array([at]), 300.0, BOTH)[0]
        assert found == pytest.approx(asked[0].value, rel=1e-6)


def _until(store: Store, at: float) -> Store:
    """What can be read by then."""
    found = Store(retention=1e9)
    for series in store.select():
        for time, value in series.window(-1, round(at * 1000)):
            found.append(series.labels, time, value)
    return found


def test_flagger_acts_on_the_tick_after_the_fifth_failed_check() -> None:
    one = drawn("step_100_first", "canary")
    served = served_from(one.scenario)
    assert served is not None
    assert decided(one, "flagger") == pytest.approx(served + 6 * 60)
    assert decided(drawn("steady", "canary"), "flagger") is None


def test_flagger_neither_checks_nor_acts_while_a_pod_is_not_ready() -> None:
    one = drawn("step_100_first", "canary")
    served = served_from(one.scenario)
    assert served is not None
    canary = one.scenario.pods[one.scenario.of("new")[0]]
    canary.restarts.append(Restart(served + 100, served + 200))  # over the ticks of the second and the third minute
    assert decided(one, "flagger") == pytest.approx(served + 8 * 60)
    canary.restarts = [Restart(served + 330, served + 400)]  # over the tick that would act
    assert decided(one, "flagger") == pytest.approx(served + 7 * 60)


def test_flagger_gives_up_a_version_that_is_away_for_ten_minutes() -> None:
    one = drawn("steady", "canary")
    served = served_from(one.scenario)
    assert served is not None
    for place in one.scenario.of("new"):
        one.scenario.pods[place].restarts.append(Restart(served + 70, math.inf))
    assert decided(one, "flagger") == pytest.approx(served + 12 * 60)


def test_a_prometheus_that_was_down_begins_for_anew_unless_the_alert_fired() -> None:
    one = drawn("step_100_warm", "rolling")
    fired, since = decided(one, "alert"), one.scenario.bad_from
    assert fired is not None
    assert since is not None
    one.scenario.outages.append(Window(fired - 100, fired - 60))
    assert decided(one, "alert") == pytest.approx(fired + 240, abs=31)
    at = np.arange(since, one.scenario.end, 30.0)
    one.scenario.outages[:] = [Window(fired + 100, fired + 400)]
    assert firing(metrics(one), "errors", at)[at >= fired].all()


def test_no_data_and_no_requests_are_one_thing_each_for_argo() -> None:
    one = drawn("idle", "canary")
    served = served_from(one.scenario)
    assert served is not None
    one.scenario.outages.append(Window(served, served + 65))
    phases = analyse(metrics(one)).phases
    assert phases[0] == "Error"
    assert phases.count("Failed") == 4  # 0/0 is a failure, and no error


def test_no_data_is_failed_for_flagger_and_an_error_for_argo() -> None:
    one = drawn("steady", "canary")
    served = served_from(one.scenario)
    assert served is not None
    one.scenario.outages.append(Window(served + 30, served + 500))
    assert decided(one, "flagger") == pytest.approx(served + 6 * 60)
    assert decided(one, "argo") == pytest.approx(served + 60 + 4 * 10)


def test_argo_aborts_at_the_fourth_failed_measurement() -> None:
    one = drawn("step_20_first", "canary")
    served = served_from(one.scenario)
    assert served is not None
    assert decided(one, "argo") == pytest.approx(served + 60 + 3 * 300)


def test_the_alert_waits_for_five_minutes_and_forgets_what_was_before() -> None:
    one = drawn("step_100_warm", "rolling")
    fired, since = decided(one, "alert"), one.scenario.bad_from
    assert fired is not None
    assert since is not None
    assert 300 <= fired - since <= 375
    assert decided(drawn("broken_before", "rolling"), "alert") is None


def test_the_burn_rate_fires_fast_for_a_total_failure() -> None:
    one = drawn("step_100_warm", "rolling")
    fired, since = decided(one, "burn_rate"), one.scenario.bad_from
    assert fired is not None
    assert since is not None
    assert fired - since <= 150


def test_kayenta_tells_shifted_values_from_equal_ones() -> None:
    rng = np.random.default_rng(3)
    old = rng.normal(10, 1, 30)
    assert classified(old + 3, old) == HIGH
    assert classified(rng.normal(10, 1, 30), old) == PASS
    assert classified(np.zeros(10), np.zeros(10)) == PASS
    assert classified(np.full(10, np.nan), old) == NODATA
    assert classified(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == HIGH  # few points: the outermost difference
    lower, estimate = shift(old + 3, old, 0.98)
    assert estimate == pytest.approx(3, abs=1e-9)
    assert lower < 3


def test_half_of_the_metrics_without_data_fail_a_release_for_kayenta() -> None:
    assert failed([NODATA, PASS])
    assert failed([HIGH, PASS])
    assert not failed([PASS, PASS])


def rank_statistic(mu: float, new: np.ndarray, old: np.ndarray) -> float:
    """Of the Mann-Whitney test with continuity and tie corrections, if the new values are taken to be `mu` higher."""
    moved = new - mu
    wins = (moved[:, None] > old).sum() + (moved[:, None] == old).sum() / 2 - len(new) * len(old) / 2
    both = len(new) + len(old)
    counts = np.unique(np.concatenate([moved, old]), return_counts=True)[1].astype(float)
    ties = (counts**3 - counts).sum() / (both * (both - 1))
    found: float = (wins - np.sign(wins) / 2) / math.sqrt(len(new) * len(old) / 12 * (both + 1 - ties))
    return found


@pytest.mark.parametrize("seed", range(30))
def test_the_lower_end_is_where_the_rank_statistic_passes_the_quantile(seed: int) -> None:
    rng = np.random.default_rng(seed)
    new = rng.poisson(rng.choice([0.3, 2.0, 40.0]), int(rng.integers(5, 30))).astype(float)
    old = rng.poisson(rng.choice([0.3, 2.0, 40.0]), int(rng.integers(5, 30))).astype(float)
    lower, estimate = shift(new, old, CONFIDENCE)
    quantile = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    assert rank_statistic(lower + 1e-6, new, old) <= quantile
    outermost = lower == new.min() - old.max()
    assert outermost or rank_statistic(lower - 1e-6, new, old) >= quantile
    assert rank_statistic(estimate + 1e-6, new, old) <= 0 <= rank_statistic(estimate - 1e-6, new, old)


def test_windows_are_long_enough_for_slow_scrapes() -> None:
    one = drawn("steady", "rolling")
    assert metrics(one).window == 60.0
    slow = Drawn.of(by_name()["steady"], "rolling", 50.0, 1, replace(SETTING, interval=60.0))
    assert metrics(slow).window == 240.0
    at = np.array([slow.scenario.end - 100])
    assert not np.isnan(metrics(slow).slow_share(at, 240.0, JUST_NEW)).any()
