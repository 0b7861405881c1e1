"""Checks against a source that is there, or is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.prometheus_stub import POD, Labels, Prometheus, served
from tests.config.texts import GOOD
from watcher.config import load, loads
from watcher.config.online import problems_online

REQUESTS: list[Labels] = [POD | {"code": code} for code in ("200", "404", "500")]
BUCKETS: list[Labels] = [POD | {"le": bound} for bound in ("0.1", "0.25", "0.5", "1.0", "+Inf")]
NOT_PROMETHEUS = (
    "3:15 URL answers, but not as Prometheus does; give the address of the API, with its path prefix if it has one"
)


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    series = {"http_requests_total": REQUESTS, "http_request_duration_seconds_bucket": BUCKETS}
    with served(Prometheus(series)) as running:
        yield running


def told(prometheus: Prometheus, text: str = GOOD) -> list[str]:
    """Problems as `LINE:COLUMN what; remedy`, with the source's address left out."""
    found = problems_online(loads(text.replace("http://prometheus:9090", prometheus.url), "f"))
    return [str(problem).removeprefix("f:").replace(prometheus.url, "URL") for problem in found]


def test_nothing_is_wrong(prometheus: Prometheus) -> None:
    assert told(prometheus) == []


def test_another_address_can_be_asked(prometheus: Prometheus) -> None:
    assert problems_online(loads(GOOD), prometheus.url + "/") == ()


def test_a_metric_that_is_not_there(prometheus: Prometheus) -> None:
    assert told(prometheus, GOOD.replace("http_requests_total", "http_request_total")) == [
        "5:19 the source main has no series of http_request_total now; did you mean http_requests_total?"
    ]
    assert told(prometheus, GOOD.replace("http_requests_total", "zzz")) == [
        "5:19 the source main has no series of zzz now; check that the service is scraped"
    ]


def test_a_histogram_that_is_not_there_under_this_name(prometheus: Prometheus) -> None:
    prometheus.series["http_request_duration_second_sum"] = [POD]
    assert told(prometheus, GOOD.replace("duration_seconds", "durations_seconds")) == [
        (
            "6:24 the source main has no series of http_request_durations_seconds_bucket now; "
            "did you mean http_request_duration_seconds?"
        )
    ]


def test_a_metric_that_is_not_there_in_the_scope(prometheus: Prometheus) -> None:
    scoped = GOOD.replace("9090}", "9090, scope: {cluster: eu}}")
    assert told(prometheus, scoped)[0] == (
        "5:19 the source main has no series of http_requests_total now; "
        'check that the service is scraped with {cluster="eu"}'
    )
    prometheus.series = {
        name: [labels | {"cluster": "eu"} for labels in series] for name, series in prometheus.series.items()
    }
    assert told(prometheus, scoped) == []


def test_a_label_of_bad_that_is_not_there(prometheus: Prometheus) -> None:
    assert told(prometheus, GOOD.replace('{code: "5.."}', '{cod: "5.."}')) == [
        "5:45 http_requests_total has no label cod; did you mean code?"
    ]


def test_a_pattern_that_no_value_matches(prometheus: Prometheus) -> None:
    assert told(prometheus, GOOD.replace('"5.."', "5xx")) == [
        (
            '5:45 no value of code on http_requests_total matches "5xx"; '
            "values seen are 200, 404, 500; expose the bad value with 0 if it never occurred"
        )
    ]
    assert told(prometheus, GOOD.replace('{code: "5.."}', "{pod: cart.*}")) == [
        (
            '5:45 no value of pod on http_requests_total matches "cart.*"; '
            "values seen are checkout-1; expose the bad value with 0 if it never occurred"
        )
    ]


@pytest.mark.parametrize(
    ("healthy", "pattern"), [(["200"], "5.."), (["OK", "Canceled"], "Internal|Unavailable"), (["0"], "13|14")]
)
def test_a_status_that_a_healthy_service_never_returned_is_no_mistake(
    prometheus: Prometheus, healthy: list[str], pattern: str
) -> None:
    prometheus.series["http_requests_total"] = [POD | {"code": code} for code in healthy]
    assert told(prometheus, GOOD.replace("5..", pattern)) == []


def test_labels_of_identify_that_are_not_there(prometheus: Prometheus) -> None:
    renamed = [{"ns": "shop", "kubernetes_pod_name": "a", "code": "500"}]
    prometheus.series["http_requests_total"] = renamed
    assert told(prometheus) == [
        (
            "5:19 http_requests_total has no label namespace, by which errors tells whose requests it counts; "
            "use one of code, kubernetes_pod_name, ns"
        ),
        (
            "5:19 http_requests_total has no label pod, by which errors tells whose requests it counts; "
            "use one of code, kubernetes_pod_name, ns"
        ),
    ]
    fitted = GOOD.replace("max: 1%", "max: 1%, identify: {namespace: ns, pod: kubernetes_pod_name}")
    assert told(prometheus, fitted) == []
    assert told(prometheus, fitted.replace("namespace: ns", "namespace: nss")) == [
        "5:79 http_requests_total has no label nss, by which errors tells whose requests it counts; did you mean ns?"
    ]


@pytest.mark.parametrize(
    ("bound", "nearest"), [("300ms", "250ms or 500ms"), ("50ms", "100ms"), ("2s", "1s"), ("501ms", "500ms or 1s")]
)
def test_a_bound_that_is_no_bucket(prometheus: Prometheus, bound: str, nearest: str) -> None:
    assert told(prometheus, GOOD.replace("500ms", bound)) == [
        f"6:67 {bound} is no bucket bound of http_request_duration_seconds_bucket; the nearest are {nearest}"
    ]


def test_bounds_are_compared_as_numbers(prometheus: Prometheus) -> None:
    assert told(prometheus, GOOD.replace("500ms", "1000ms")) == []
    prometheus.series = {"http_requests_total": REQUESTS, "d_bucket": [POD | {"le": "5e+02"}, POD | {"le": "+Inf"}]}
    in_milliseconds = GOOD.replace("http_request_duration_seconds", "d, unit: milliseconds")
    assert told(prometheus, in_milliseconds) == []
    prometheus.series["d_bucket"] = [POD | {"le": "+Inf"}]
    assert told(prometheus, in_milliseconds) == ["6:59 500ms is no bucket bound of d_bucket; it has no finite bucket"]


def test_overrides_are_asked_about_too(prometheus: Prometheus) -> None:
    text = GOOD.replace("latency: {}", "latency: {slowerThan: 300ms}, errors: {max: 5%}").replace("errors: {}, ", "")
    assert [line.split(";")[0] for line in told(prometheus, text)] == [
        "9:36 300ms is no bucket bound of http_request_duration_seconds_bucket"
    ]


def native(prometheus: Prometheus, *buckets: tuple[str, str]) -> Prometheus:
    """The same, with a native histogram of these buckets and no classic one."""
    del prometheus.series["http_request_duration_seconds_bucket"]
    prometheus.series["http_request_duration_seconds"] = [POD]
    prometheus.histograms["http_request_duration_seconds"] = [[0, *each, "3"] for each in buckets]
    return prometheus


def test_a_histogram_that_is_not_there(prometheus: Prometheus) -> None:
    del prometheus.series["http_request_duration_seconds_bucket"]

    assert told(prometheus) == [
        (
            "6:24 the source main has no series of http_request_duration_seconds_bucket now; "
            "check that the service is scraped"
        )
    ]


@pytest.mark.parametrize("wanted", ["500ms", "300ms"])
def test_a_native_histogram_is_counted_as_it_is(prometheus: Prometheus, wanted: str) -> None:
    fine = native(prometheus, ("0.2726269331663144", "0.29730177875068026"), ("0.4585020216023356", "0.5"))

    assert told(fine, GOOD.replace("500ms", wanted)) == []


def test_a_native_histogram_too_coarse_for_the_bound_is_told_with_the_nearest(prometheus: Prometheus) -> None:
    coarse = native(prometheus, ("0.125", "0.25"), ("0.25", "0.5"))

    assert told(coarse, GOOD.replace("500ms", "300ms")) == [
        "6:67 300ms is no bucket bound of http_request_duration_seconds; the nearest are 250ms or 500ms"
    ]


def test_custom_buckets_of_a_native_histogram_are_compared_as_classic_ones(prometheus: Prometheus) -> None:
    custom = native(prometheus, ("-Inf", "0.1"), ("0.1", "0.3"), ("0.3", "1"), ("1", "+Inf"))

    assert told(custom, GOOD.replace("500ms", "300ms")) == []
    assert told(custom) == [
        "6:67 500ms is no bucket bound of http_request_duration_seconds; the nearest are 300ms or 1s"
    ]


def with_query(query: str) -> str:
    check = f"  lag: {{query: '{query}', max: 5, identify: {{by: workload, workload: app}}}}\n"
    return GOOD.replace("services:", f"{check}services:")


def test_queries_are_asked(prometheus: Prometheus) -> None:
    prometheus.queries["lag"] = []
    assert told(prometheus, with_query("lag")) == [
        "7:16 the query of lag returns nothing now; check metric names and labels in it"
    ]
    prometheus.queries["lag"] = [{"namespace": "shop", "application": "x"}]
    assert told(prometheus, with_query("lag")) == [
        "7:16 no series of the query of lag has the label app that identify needs; use application or namespace"
    ]
    prometheus.queries["lag"] = [{"namespace": "shop", "app": "x"}]
    assert told(prometheus, with_query("lag")) == []


def test_a_query_that_the_source_refuses(prometheus: Prometheus) -> None:
    prometheus.series = {}
    prometheus.status, prometheus.body = 400, '{"error": "unknown function"}'
    only_query = with_query("lag").replace('  errors: {total: http_requests_total, bad: {code: "5.."}, max: 1%}\n', "")
    only_query = only_query.replace(
        "  latency: {histogram: http_request_duration_seconds, slowerThan: 500ms, max: 5%}\n", ""
    ).replace("errors: {}, latency: {}", "lag: {}")
    assert told(prometheus, only_query) == [
        '5:16 the source main refuses the query: {"error": "unknown function"}; mend the PromQL'
    ]
    assert told(prometheus) == [
        (
            '3:15 URL refuses to tell about metrics: {"error": "unknown function"}; '
            "give the address of a Prometheus-compatible API"
        )
    ]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, "", "3:15 URL refuses us (HTTP 401); give auth: with a bearerFile, or user and passwordFile"),
        (404, "", "3:15 URL has no /api/v1; add the path prefix to the url, as in http://HOST:PORT/prometheus"),
        (503, "starting", "3:15 URL fails (HTTP 503): starting; look into its log"),
        (
            200,
            "<html>login</html>",
            NOT_PROMETHEUS,
        ),
        (
            200,
            '["x"]',
            NOT_PROMETHEUS,
        ),
    ],
)
def test_a_source_that_is_something_else(prometheus: Prometheus, status: int, body: str, expected: str) -> None:
    prometheus.status, prometheus.body = status, body
    shifted = expected.replace("3:15", "3:9") if status == 401 else expected
    assert told(prometheus) == [shifted]


def test_a_source_that_is_not_reachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound, and not listening: every connection is refused
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        found = problems_online(loads(GOOD, "f"), url)
    assert [str(problem) for problem in found] == [
        (
            f"f:3:15 cannot reach {url}: Connection refused; "
            "check that it runs and is reachable from here; --prometheus URL asks another address"
        )
    ]


def test_tls_where_there_is_none(prometheus: Prometheus) -> None:
    found = problems_online(loads(GOOD, "f"), prometheus.url.replace("http:", "https:"))
    assert len(found) == 1
    assert found[0].what.startswith("the TLS connection to https://127.0.0.1:")
    assert found[0].remedy == "give tls: {caFile: ...} with the authority that signed it"


def test_partial_answers_are_refused_unless_they_are_allowed(prometheus: Prometheus) -> None:
    prometheus.warnings = ["store eu-2 did not answer"]
    assert told(prometheus) == [
        ("3:9 URL answers with a warning: store eu-2 did not answer; mend what it names, or set partialResponse: allow")
    ]
    assert told(prometheus, GOOD.replace("9090}", "9090, partialResponse: allow}")) == []


def test_credentials_and_headers_are_sent(prometheus: Prometheus, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    file = tmp_path / "thresholds.yaml"
    extended = f"{prometheus.url}, tenant: shop, headers: {{X-Team: b}}, auth: {{bearerFile: token}}"
    file.write_text(GOOD.replace("http://prometheus:9090", extended))
    assert problems_online(load(file)) == ()
    sent = prometheus.headers[-1]
    assert (sent["Authorization"], sent["X-Scope-OrgID"], sent["X-Team"]) == ("Bearer s3cret", "shop", "b")


def test_a_user_is_sent_as_basic_authentication(prometheus: Prometheus, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pass")
    text = GOOD.replace("9090}", f"9090, auth: {{user: me, passwordFile: {tmp_path}/password}}}}")
    assert told(prometheus, text) == []
    assert prometheus.headers[-1]["Authorization"] == "Basic bWU6cGFzcw=="


def test_secrets_that_cannot_be_read(prometheus: Prometheus, tmp_path: Path) -> None:
    text = GOOD.replace("9090}", f"9090, auth: {{bearerFile: {tmp_path}/gone}}}}")
    lines = told(prometheus, text)
    assert len(lines) == 1
    assert lines[0].endswith(
        f"cannot read {tmp_path}/gone: No such file or directory; give a readable file with the secret"
    )


def test_tls_files_that_cannot_be_used(tmp_path: Path) -> None:
    text = GOOD.replace("http://prometheus:9090}", f"https://127.0.0.1:1, tls: {{caFile: {tmp_path}/gone}}}}")
    found = problems_online(loads(text, "f"))
    assert [problem.remedy for problem in found] == ["give readable PEM files"]
