"""The embedded source's numbers against those of a real Prometheus that holds the same samples."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.contract.promql.samples import LENGTH, START, STEP, samples
from watcher.sandbox.metrics.api import QueryApi
from watcher.sandbox.metrics.parameters import Parameters
from watcher.sandbox.metrics.promql.values import BadQuery, CannotEvaluate
from watcher.sandbox.metrics.store import Store

PODS = 'namespace=~"shop|other",pod=~"cart-a-1|cart-b-1|search-1"'

SELECTORS = [
    "http_requests_total",
    'http_requests_total{code="500",pod!="cart-a-1"}',
    'http_requests_total{code=~"4..|5.."}',
    'http_requests_total{code!~"2..",pod=~"cart.+"}',
    'http_requests_total{absent="",code=~"200|"}',
    'http_requests_total{code=~"0"}',
    '{__name__=~"up|process_start_time_seconds",pod=~"cart-a-1|search-1"}',
    r'http_requests_total{instance=~"cart-a-1:80|cart\\-b\\-1\\:80|search\\.1:80"}',
    r'gauge{side="\"quoted\" \\ é"}',
    r'gauge{side=~"\"quoted\" \\\\ .|[a-f]{5}"}',
    "http_requests_total offset 7m",
    'http_requests_total{code="500"} offset -45s',
    "odd",
    "gauge",
    "missing",
]
RAW = [
    f"http_requests_total{{{PODS}}}[45s]",
    f'{{__name__=~"up|process_start_time_seconds",{PODS}}}[1m]',
    "odd[10m] offset 5m",
    "(gauge[15s])",
    "missing[5m]",
]
FUNCTIONS = [
    *(
        f"{name}(http_requests_total[{window}])"
        for name in ("rate", "increase", "irate")
        for window in ("45s", "1m", "5m", "17m")
    ),
    *(f"{name}(odd[{window}])" for name in ("rate", "increase", "delta", "irate") for window in ("45s", "4m", "20m")),
    "delta(gauge[3m])",
    'rate(http_requests_total{code="200"}[2m] offset 90s)',
    "timestamp(http_requests_total)",
    "timestamp((up offset 1m))",
    "timestamp(-up)",
    "time()",
    "time() - timestamp(up)",
    *(
        f"histogram_quantile({share}, {buckets})"
        for share in ("0.5", "0.99", "0", "1", "-1", "2", "NaN")
        for buckets in (
            "http_request_duration_seconds_bucket",
            "sum by (le, pod) (rate(http_request_duration_seconds_bucket[2m]))",
        )
    ),
    *(f"histogram_quantile({share}, below_bucket)" for share in ("0.3", "0.6", "0.9")),
    "histogram_quantile(0.5, odd)",
    "histogram_count(odd)",
    "histogram_fraction(-Inf, 0.5, increase(http_requests_total[4m])) * histogram_count(odd) >= 0",
    'histogram_quantile(0.9, http_request_duration_seconds_bucket{le!="+Inf"})',
    'histogram_quantile(0.9, sum by (le) (http_request_duration_seconds_bucket{le=~"1.0|.Inf"}))',
]
AGGREGATIONS = [
    *(
        f"{name}({of})"
        for name in ("sum", "min", "max", "avg", "count")
        for of in ("http_requests_total", "odd", "missing")
    ),
    "sum by (pod, code) (http_requests_total)",
    "max by (namespace, pod) (process_start_time_seconds)",
    "avg without (code, instance) (rate(http_requests_total[2m]))",
    "count by (le) (http_request_duration_seconds_bucket)",
    "count by (__name__) ({pod=~'.+'})",
    'count by (absent) ({__name__=~"up|odd"})',
    "sum without () (up)",
    "sum(big)",
    "avg(big)",
    "sum(max by (pod) (up))",
]
BINARY = [
    *(f"gauge {operator} 2.5" for operator in "+-*/%^"),
    *(f"-2.5 {operator} gauge" for operator in "+-*/%^"),
    *(f"gauge {operator} limit" for operator in ("== on (pod)", "> ignoring (side)")),
    *(
        f'gauge{{side="left"}} {operator} on (pod) limit'
        for operator in ("+", "-", "*", "/", "%", "^", ">", "<=", "== bool", "!=")
    ),
    'gauge{side="left"} >= bool ignoring (side) limit',
    "limit > on (pod) up",
    "gauge > 0",
    "0 < gauge",
    "gauge >= bool 0",
    "0 != bool gauge",
    "up == up",
    "up + up",
    "odd / odd",
    "odd % 2",
    "odd ^ 0.5",
    "odd ^ -1",
    "odd > odd offset 1m",
    "-gauge",
    "-gauge ^ 2",
    "2 ^ 3 ^ 2",
    "-1 ^ 2",
    "1 + 2 * 3 % 4 - 5 / 6",
    "1 / 0",
    "-1 / 0",
    "0 / 0",
    "7 % 0",
    "-7 % 3",
    "(-8) ^ (1 / 3)",
    "0 ^ -1",
    "2 > bool 1",
    "1 == bool NaN",
    'sum(rate(http_requests_total{code=~"5.."}[2m])) / sum(rate(http_requests_total[2m])) > 0.0001',
    'sum by (pod) (rate(http_requests_total{code="500"}[2m])) / sum by (pod) (rate(http_requests_total[2m]))',
    'sum by (pod) (http_requests_total{code="500"}) / on (pod) sum by (pod, namespace) (http_requests_total)',
    "limit + missing",
]
REFUSED = [
    "up + on (namespace) up",
    'gauge{side="left"} + on () limit',
    "limit + on (pod) gauge",
    "gauge + on (pod) limit",
    'rate({__name__=~"up|process_start_time_seconds"}[2m])',
    '-{__name__=~"up|process_start_time_seconds"}',
    '{__name__=~"up|process_start_time_seconds"} * 2',
    "sum(",
    "rate(up)",
    "up[0s]",
    "sum(1)",
    "",
    "{}",
    'up{a=~"("}',
]
TIMES = [at for points in samples().values() for at, _ in points]
EVERYTHING = SELECTORS + FUNCTIONS + AGGREGATIONS + BINARY


def moments(query: str) -> list[int]:
    """Times to evaluate at, milliseconds: anywhere, and where a sample is just in or just out of a window."""
    chance = random.Random(query)  # noqa: S311 - the same in every run, not a secret
    anywhere = [START + chance.randint(-STEP, LENGTH + 400_000) for _ in range(8)]
    windows = (0, 45_000, 60_000, 120_000, 300_000)
    borders = [chance.choice(TIMES) + chance.choice(windows) + chance.choice((-1, 0, 1)) for _ in range(8)]
    return anywhere + borders


class Embedded:
    """The embedded source's answers, without a server."""

    def __init__(self, store: Store) -> None:
        self._api = QueryApi(store, now=lambda: START / 1000)

    def ask(self, verb: str, **parameters: str) -> tuple[int, Any]:
        call = getattr(self._api, verb)
        try:
            return 200, call(Parameters({name: [value] for name, value in parameters.items()}, START / 1000))
        except BadQuery as error:
            return 400, str(error)
        except CannotEvaluate as error:
            return 422, str(error)


class Real:
    """Prometheus' answers."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, verb: str, **parameters: str) -> tuple[int, Any]:
        answer = self._client.post(f"/api/v1/{verb}", data=parameters)
        body = answer.json()
        return answer.status_code, body["data"] if answer.status_code == 200 else body["error"]


@pytest.fixture(scope="module")
def embedded(store: Store) -> Embedded:
    return Embedded(store)


@pytest.fixture(scope="module")
def real(prometheus_url: str) -> Any:
    with httpx.Client(base_url=prometheus_url) as client:
        yield Real(client)


def same(left: str, right: str) -> bool:
    """Whether two values are equal, but for the order in which a sum was made."""
    one, other = float(left), float(right)
    return math.isclose(one, other, rel_tol=1e-12) or (math.isnan(one) and math.isnan(other))


def points(entry: Mapping[str, Any]) -> list[tuple[float, str]]:
    return [(at, value) for at, value in entry.get("values", [entry.get("value")])]


def assert_same(ours: Any, theirs: Any, context: str) -> None:
    assert ours["resultType"] == theirs["resultType"], context
    if ours["resultType"] == "scalar":
        ours, theirs = ([{"metric": {}, "value": each["result"]}] for each in (ours, theirs))
    else:
        ours, theirs = ours["result"], theirs["result"]
    mine = {tuple(sorted(entry["metric"].items())): points(entry) for entry in ours}
    yours = {tuple(sorted(entry["metric"].items())): points(entry) for entry in theirs}
    assert mine.keys() == yours.keys(), context
    for labels, found in mine.items():
        assert [at for at, _ in found] == [at for at, _ in yours[labels]], (context, labels)
        for (at, value), (_, expected) in zip(found, yours[labels], strict=True):
            assert same(value, expected), f"{context} {dict(labels)} at {at}: {value}, Prometheus says {expected}"


@pytest.mark.parametrize("query", EVERYTHING + RAW)
def test_instant_queries_have_the_same_answers(query: str, embedded: Embedded, real: Real) -> None:
    for at in moments(query):
        ours, theirs = (side.ask("query", query=query, time=f"{at / 1000:.3f}") for side in (embedded, real))
        context = f"{query} at {at}"
        assert ours[0] == theirs[0], f"{context}: {ours}, {theirs}"
        if ours[0] == 200:
            assert_same(ours[1], theirs[1], context)


@pytest.mark.parametrize("query", EVERYTHING)
def test_range_queries_have_the_same_answers(query: str, embedded: Embedded, real: Real) -> None:
    for start, length, step in ((0, 1_200_000, 60), (100_001, 300_000, 7), (1_700_000, 500_000, 15)):
        window = {"start": f"{(START + start) / 1000:.3f}", "end": f"{(START + start + length) / 1000:.3f}"}
        ours, theirs = (side.ask("query_range", query=query, step=f"{step}s", **window) for side in (embedded, real))
        assert ours[0] == theirs[0], f"{query}: {ours}, {theirs}"
        if ours[0] == 200:
            assert_same(ours[1], theirs[1], query)


@pytest.mark.parametrize("query", REFUSED)
def test_what_prometheus_refuses_is_refused(query: str, embedded: Embedded, real: Real) -> None:
    at = f"{START / 1000 + 800:.3f}"
    ours, theirs = (side.ask("query", query=query, time=at) for side in (embedded, real))
    assert ours[0] == theirs[0] != 200, f"{ours}, {theirs}"


def test_a_range_selector_is_no_range_query(embedded: Embedded, real: Real) -> None:
    window = {"query": "up[1m]", "start": "1760000000", "end": "1760000100", "step": "10"}
    assert embedded.ask("query_range", **window)[0] == real.ask("query_range", **window)[0] == 400


@pytest.mark.parametrize(
    "window",
    [
        {"start": "2", "end": "1", "step": "1"},
        {"start": "1", "end": "2", "step": "0"},
        {"start": "1", "end": "20000", "step": "1"},
        {"start": "yesterday", "end": "2", "step": "1"},
        {"start": "1", "end": "2", "step": "often"},
    ],
)
def test_windows_that_make_no_sense_are_refused(window: dict[str, str], embedded: Embedded, real: Real) -> None:
    asked = {"query": "up", **window}
    assert embedded.ask("query_range", **asked)[0] == real.ask("query_range", **asked)[0] == 400


def test_series_and_label_names_are_the_same(embedded: Embedded, real: Real) -> None:
    window = {"start": str(START / 1000), "end": str((START + LENGTH) / 1000)}
    for verb in ("series", "labels"):
        asked = {"match[]": '{pod=~"cart.*"}', **window}
        (ours_status, ours), (_, theirs) = embedded.ask(verb, **asked), real.ask(verb, **asked)
        assert ours_status == 200
        assert sorted(map(str, map(sorted, ours))) == sorted(map(str, map(sorted, theirs)))
        assert ours
