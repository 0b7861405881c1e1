"""What is read of the metrics, how pods are named, and what of labels and thresholds is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.replay.incident import THRESHOLDS
from watcher.config import Thresholds, loads
from watcher.config.document import Document
from watcher.core.model import Workload
from watcher.core.policy import By, HistogramCheck, Identify, Policy, QueryCheck, RatioCheck, Subject
from watcher.core.words import Kind
from watcher.recorder.gathering import Gathered, Samples
from watcher.recorder.labels import Hidden
from watcher.recorder.names import Names
from watcher.recorder.selection import LEAD, Selection, named_labels, needed_bounds, selections
from watcher.recorder.thresholds import ADDRESS, excerpt
from watcher.recorder.writing import as_yaml, lines
from watcher.replay.openmetrics import NAME, read

CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
UP = "up|process_start_time_seconds"


def test_counters_are_read_of_the_pods_by_their_names() -> None:
    errors = RatioCheck("errors", "main", "requests_total", errors="failures_total", identify=Identify(pod="instance"))
    latency = HistogramCheck("latency", "mesh", "seconds", 0.5)
    found = selections(Policy((errors, latency)), CART, ["cart-v1-[a-z0-9]{5}"], lambda *_: ["0.5", "+Inf"])
    assert found == [
        Selection("main", f'{{__name__=~"{UP}",namespace="shop",pod=~"cart-v1-[a-z0-9]{{5}}"}}'),
        Selection("main", 'requests_total{namespace="shop",instance=~"cart-v1-[a-z0-9]{5}"}'),
        Selection("main", 'failures_total{namespace="shop",instance=~"cart-v1-[a-z0-9]{5}"}'),
        Selection("mesh", f'{{__name__=~"{UP}",namespace="shop",pod=~"cart-v1-[a-z0-9]{{5}}"}}'),
        Selection("mesh", 'seconds_bucket{namespace="shop",pod=~"cart-v1-[a-z0-9]{5}",le=~"\\\\+Inf|0\\\\.5"}'),
    ]


def test_counters_of_workloads_are_read_by_the_label_that_names_them() -> None:
    by = Identify(By.WORKLOAD, namespace="", workload="service", strip=("-svc",), map=(("basket", "cart"),))
    found = selections(Policy((RatioCheck("errors", "main", "total", identify=by),)), CART, [], lambda *_: [])
    assert [each.selector for each in found] == ['total{service=~"basket|basket-svc|cart|cart-svc"}']


def test_of_a_query_everything_is_read_as_far_back_as_it_looks() -> None:
    query = 'max_over_time(rate(lag{queue!="a"}[30m])[1h:1m] offset 10m) / on (app) {__name__="limit"} offset 5m'
    found = selections(Policy((QueryCheck("lag", "main", query),)), CART, [], lambda *_: [])
    lead = 300.0 + 1800 + 3600 + 600 + 300
    assert lead > LEAD
    assert found == [Selection("main", 'lag{queue!="a"}', lead), Selection("main", '{__name__="limit"}', lead)]


def test_labels_that_a_query_names_keep_their_values() -> None:
    query = 'sum by (a) (label_replace(x{b="1"}, "c", "$1", "d", ".*")) * on (e) group_left (f) count without (g) (y)'
    ratio = RatioCheck("errors", "main", "total", bad=((("code", "5.."), ("method", "GET")),))
    named = named_labels(Policy((QueryCheck("q", "main", query, identify=Identify(By.WORKLOAD, workload="h")), ratio)))
    assert named >= {*"abcdefgh", "code", "method", "namespace", "pod", "le", "job", NAME}
    assert not named & {"tenant_id", "instance", "customer"}


def test_bounds_are_those_of_the_check_however_they_are_written() -> None:
    check = HistogramCheck("latency", "main", "seconds", 0.5)
    assert needed_bounds(check, ["0.1", "5e-1", "0.50", "1", "+Inf", "odd"]) == ["5e-1", "0.50", "+Inf"]
    assert needed_bounds(check, ["0.1", "1", "+Inf"]) == ["0.1", "1", "+Inf"]  # so that the nearest can be named


@pytest.mark.parametrize(
    ("kind", "replica_sets", "pod", "revisions"),
    [
        (Kind.DEPLOYMENT, {"cart-v1": "v1", "cart-v2": "v2"}, "cart-v2-x1b2c", {"v2"}),
        (Kind.DEPLOYMENT, {"cart-v1": "v1"}, "cart-v2-x1b2c", None),
        (Kind.DEPLOYMENT, {"cart-v1": "v1"}, "cart-v1-x1b2c-y", None),
        (Kind.DEPLOYMENT, {}, "cart-v1-x1b2c", None),
        (Kind.DEPLOYMENT, {f"{'c' * 58}-v1": "v1", f"{'c' * 58}-v2": "v2"}, f"{'c' * 58}x1b2c", {"v1", "v2"}),
        (Kind.STATEFUL_SET, {}, "cart-12", {""}),
        (Kind.STATEFUL_SET, {}, "cart-x1b2c", None),
        (Kind.DAEMON_SET, {}, "cart-x1b2c", {""}),
    ],
)
def test_names_of_pods_tell_their_revision(
    kind: Kind, replica_sets: dict[str, str], pod: str, revisions: set[str] | None
) -> None:
    assert Names(replace(CART, kind=kind), replica_sets).revisions_of(pod) == revisions


def test_pods_with_other_names_are_asked_for_one_by_one_in_portions() -> None:
    adopted = [f"adopted.{number:04d}" for number in range(1000)]
    first, *rest = Names(CART, {"cart-v1": "v1"}).patterns([*adopted, "cart-v1-x1b2c"])
    assert first.startswith("cart-v1-[a-z0-9]{5}|adopted\\.0000|")
    assert all(len(each) <= 4020 for each in (first, *rest))
    assert sum(each.count("adopted") for each in (first, *rest)) == 1000


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
LABELS = st.dictionaries(st.sampled_from(["a", "b", "customer", "ñ"]), TEXTS)


@given(st.lists(LABELS, max_size=8), st.frozensets(st.sampled_from(["a", "b"])))
def test_hidden_values_keep_series_apart_and_together(series: list[dict[str, str]], kept: frozenset[str]) -> None:
    hidden = Hidden(series, kept)
    for one in series:
        assert {label: hidden.of(one)[label] for label in kept & one.keys()} == {k: one[k] for k in kept & one.keys()}
        for other in series:
            assert (hidden.of(one) == hidden.of(other)) == (one == other)
            for label in one.keys() & other.keys():
                assert (hidden.of(one)[label] == hidden.of(other)[label]) == (one[label] == other[label])


def test_samples_that_were_read_twice_count_once() -> None:
    samples = Samples()
    samples.add({NAME: "up"}, [(1.0, 1.0), (2.0, 1.0)], "main")
    samples.add({NAME: "up"}, [(2.0, 1.0), (3.0, 0.0)], "main")
    samples.add({NAME: "up"}, [(2.5, 1.0), (4.0, 1.0)], "another")
    (series,) = samples.series()
    assert (list(series.times), list(series.values), samples.count) == ([1.0, 2.0, 3.0], [1.0, 1.0, 0.0], 3)


def test_openmetrics_of_every_sort(tmp_path: Path) -> None:
    labels = {NAME: "requests_total", "path": 'C:\\dir\n"quoted" é', "le": "+Inf"}
    values = [0.0, -1.5, 1e300, 123456789.0, float("inf"), float("-inf")]
    series = Gathered(labels, "main")
    series.times.extend(1772359200.125 + number for number in range(len(values)))
    series.values.extend(values)
    dotted = Gathered({NAME: "dotted.name", "label.name": "x"}, "main", series.times, series.values)
    (tmp_path / "metrics.om").write_text("".join(lines([series, dotted])))
    first, second = read(tmp_path / "metrics.om")
    assert (first.labels, second.labels) == (dotted.labels, labels)
    assert (list(second.times), list(second.values)) == (list(series.times), values)


SCALARS = (
    TEXTS | st.booleans() | st.integers(-1000, 1000) | st.sampled_from(["on", "No", "1e5", "0x1", "~", "5..", "a b"])
)


@given(st.dictionaries(TEXTS | st.sampled_from(["on", "1"]), SCALARS | st.lists(SCALARS, min_size=1), min_size=1))
def test_yaml_means_the_same_to_every_reader(data: dict[str, object]) -> None:
    text = as_yaml(data)
    document = Document(text.encode(), "file")
    assert (document.problems, document.data) == ([], data)
    assert yaml.safe_load(text) == data


SERVICES = """
version: 1
cluster: prod-eu-1
falseRollbacks: 2 per 1000 releases
sources:
  main: {url: "https://prometheus.secret:9090", interval: 30s, headers: {X-Key: abc}, scope: {cluster: eu}}
  mesh: {url: "http://mesh:9090", auth: {bearerFile: token}}
  other: {url: "http://other:9090"}
checks:
  errors: {total: http_requests_total, bad: {code: "5.."}, max: 1%}
  slow: {histogram: latency_seconds, slowerThan: 500ms, max: 5%, source: mesh}
  unused: {total: x_total, bad: {code: "5.."}, max: 1%, source: other}
services:
  - match: {namespace: "*"}
    checks: {errors: {}}
  - match: {namespace: shop, labels: {team: ducks}}
    checks: {errors: {max: 0.2%}, slow: {increase: 3x}}
    bake: 30m
    mode: act
  - match: {namespace: bank}
    checks: {unused: {}}
  - match: {name: cart, not: {namespace: "test-*"}}
    checks: {slow: none}
    knownGood: {accept: passed}
breaker: {max: 7, namespaces: {max: 3}}
never: [{namespace: bank}, {name: "cart*"}]
"""


@pytest.mark.parametrize("text", [SERVICES, SERVICES.replace("    checks: {slow: none}\n", ""), THRESHOLDS])
@pytest.mark.parametrize("labels", [{}, {"team": "ducks"}])
@pytest.mark.parametrize("name", ["cart", "pay"])
def test_an_excerpt_of_the_thresholds_means_the_same_to_the_workload(
    text: str, labels: dict[str, str], name: str
) -> None:
    whole, subject = loads(text), Subject("Deployment", "shop", name, labels)
    part = _excerpt(whole, subject)
    assert part.policy_for(replace(subject, labels={})) == whole.policy_for(subject)
    assert {each.url for each in part.sources.values()} == {ADDRESS}
    assert part.policy_for(replace(subject, namespace="bank")) is None
    shown = part.document.data
    for word in ("secret", "abc", "token", "eu", "bank", "ducks", "other", "unused"):
        assert word not in str(shown)


def _excerpt(whole: Thresholds, subject: Subject) -> Thresholds:
    policy = whole.policy_for(subject)
    assert policy is not None
    return loads(excerpt(whole, subject, policy))
