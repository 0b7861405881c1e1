"""Checks that take a preset: what it brings, and that keys which are written win."""

from __future__ import annotations

import re

import pytest

from tests.config.prometheus_stub import Labels, Prometheus, served
from tests.config.texts import GOOD, deployment, problems
from watcher.config import explain, loads
from watcher.config.online import problems_online
from watcher.config.presets import presets
from watcher.core.policy import By, Check, HistogramCheck, Identify, RatioCheck

TEXT = """\
version: 1
sources: {main: {url: http://prometheus:9090}}
checks:
  errors: {preset: istio, max: 1%}
  latency: {preset: istio, slowerThan: 500ms, max: 5%}
services:
  - match: {}
    checks: {errors: {}, latency: {}}
"""


def check(text: str, name: str = "errors") -> Check:
    policy = loads(text).policy_for(deployment())
    assert policy is not None
    found = policy.check(name)
    assert found is not None
    return found


def own(written: str) -> RatioCheck:
    """The check `errors` with these keys beside its preset."""
    found = check(TEXT.replace("preset: istio, max: 1%", f"preset: istio, max: 1%, {written}"))
    assert isinstance(found, RatioCheck)
    return found


def test_a_preset_brings_metrics_labels_and_whose_requests_they_are() -> None:
    errors, latency = check(TEXT), check(TEXT, "latency")
    assert isinstance(errors, RatioCheck)
    assert isinstance(latency, HistogramCheck)
    assert errors.total == "istio_requests_total"
    assert errors.bad == ((("response_code", "5.."),), (("grpc_response_status", "2|4|12|13|14|15"),))
    assert errors.only == latency.only == (("reporter", "destination"),)
    assert (latency.histogram, latency.bound) == ("istio_request_duration_milliseconds", 500)
    assert errors.identify == latency.identify == Identify()


def test_keys_that_are_written_win() -> None:
    assert own("total: requests_total").total == "requests_total"
    assert own("bad: {response_code: 503}".replace("503", "'503'")).bad == ((("response_code", "503"),),)
    assert own("identify: {by: fixed}").identify.by is By.FIXED


def test_an_error_counter_of_its_own_takes_the_place_of_the_patterns() -> None:
    found = own("errors: failures_total")
    assert (found.bad, found.errors) == ((), "failures_total")


def test_filters_are_merged_label_by_label_by_every_layer() -> None:
    assert own("only: {request_protocol: http}").only == (("reporter", "destination"), ("request_protocol", "http"))
    assert own("only: {reporter: waypoint}").only == (("reporter", "waypoint"),)
    overridden = TEXT.replace("errors: {}", "errors: {exclude: {response_flags: [DC, LR]}, only: {destination_app: a}}")
    found = check(overridden)
    assert isinstance(found, RatioCheck)
    assert found.only == (("reporter", "destination"), ("destination_app", "a"))
    assert found.exclude == (("response_flags", "DC|LR"),)


def test_an_override_may_choose_another_bound_of_the_histogram() -> None:
    found = check(TEXT.replace("latency: {}", "latency: {slowerThan: 250ms}"), "latency")
    assert isinstance(found, HistogramCheck)
    assert found.bound == 250
    assert problems(TEXT.replace("latency: {}", "latency: {slowerThan: 300ms}")) == [
        (
            "8:48 300ms is no bucket bound of istio_request_duration_milliseconds as the preset istio knows it; write "
            "250ms or 500ms, or add histogram: istio_request_duration_milliseconds where it has buckets of its own"
        )
    ]


def test_who_writes_the_histogram_knows_its_buckets() -> None:
    text = TEXT.replace("slowerThan: 500ms", "slowerThan: 300ms, histogram: istio_request_duration_milliseconds")
    assert problems(text) == []
    assert problems(TEXT.replace("preset: istio, slowerThan: 500ms", "preset: spring-boot, slowerThan: 333ms")) == []


def test_a_check_that_sees_no_versions_only_proposes() -> None:
    found = {row.key: row.value for row in explain(loads(TEXT.replace("istio", "istio-source")), deployment()).rows}
    assert found["checks.errors.may"] == "propose"


def test_explain_tells_what_came_from_the_preset() -> None:
    text = TEXT.replace("errors: {}", "errors: {only: {destination_app: a}}")
    found = {row.key: (row.value, row.origin) for row in explain(loads(text, "f.yaml"), deployment()).rows}
    assert found["checks.errors.preset"] == ("istio", "f.yaml:4")
    assert found["checks.errors.total"] == ("istio_requests_total", "preset istio")
    assert found["checks.errors.only"] == ("{reporter: destination, destination_app: a}", "f.yaml:8")
    assert found["checks.latency.only"] == ("{reporter: destination}", "preset istio")
    assert found["checks.latency.max"] == ("5%", "f.yaml:5")


def test_what_a_preset_means_is_part_of_the_digest() -> None:
    def digest(check: str) -> str:
        return loads(TEXT.replace("{preset: istio, max: 1%}", check)).digest

    assert digest("{preset: linkerd, max: 1%}") != digest("{preset: istio, max: 1%}")
    assert digest("{preset: istio, max: 1%, total: a}") != digest("{preset: istio, max: 1%}")


def test_a_reachable_source_is_asked_for_what_the_preset_means() -> None:
    labels: Labels = {"namespace": "shop", "pod": "a", "reporter": "destination", "response_code": "200"}
    series = {
        "istio_requests_total": [labels | {"grpc_response_status": "0"}],
        "istio_request_duration_milliseconds_bucket": [labels | {"le": le} for le in ("250", "1000", "+Inf")],
    }
    with served(Prometheus(series)) as running:
        found = problems_online(loads(TEXT.replace("http://prometheus:9090", running.url), "f"))
        mesh = {name: [each | {"reporter": "source"} for each in those] for name, those in series.items()}
        running.series = mesh
        none = problems_online(loads(TEXT.replace("http://prometheus:9090", running.url), "f"))
    assert [str(problem) for problem in found] == [
        ("f:5:40 500ms is no bucket bound of istio_request_duration_milliseconds_bucket; the nearest are 250ms or 1s")
    ]
    assert [problem.what for problem in none] == [
        f'the source main has series of {name}, and none like {name}{{reporter=~"destination"}}'
        for name in ("istio_requests_total", "istio_request_duration_milliseconds_bucket")
    ]


def test_a_reachable_source_need_not_show_every_protocol_that_a_preset_knows() -> None:
    labels: Labels = {"namespace": "shop", "pod": "a", "reporter": "destination", "response_code": "200"}
    only_errors = TEXT.replace("  latency: {preset: istio, slowerThan: 500ms, max: 5%}\n", "").replace(
        ", latency: {}", ""
    )
    with served(Prometheus({"istio_requests_total": [labels]})) as running:
        here = only_errors.replace("http://prometheus:9090", running.url)
        assert problems_online(loads(here, "f")) == ()
        written = here.replace("max: 1%", 'max: 1%, bad: [{response_code: "5.."}, {grpc_status: "14"}]')
        assert [each.what for each in problems_online(loads(written, "f"))] == [
            "istio_requests_total has no label grpc_status"
        ]


@pytest.mark.parametrize("name", presets())
def test_presets_are_complete(name: str) -> None:
    preset = presets()[name]
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", name)
    assert all(each.fact and each.project and each.version and each.at for each in preset.sources)
    assert list(preset.buckets) == sorted(set(preset.buckets))
    facts = " ".join(each.fact for each in preset.sources)
    assert "labels" in facts or "tags" in facts or "attributes" in facts
    assert not preset.buckets or "bound" in facts


@pytest.mark.parametrize("name", presets())
def test_presets_are_good_checks(name: str) -> None:
    bound = presets()[name].buckets[-1] if presets()[name].buckets else 0.5
    unit = presets()[name].latency.unit
    scale = 1000 if unit == "milliseconds" or (presets()[name].latency.histogram or "").endswith("_milliseconds") else 1
    assert problems(TEXT.replace("istio", name).replace("500ms", f"{bound / scale:.3f}s")) == []


def test_the_good_file_knows_no_preset() -> None:
    assert "preset" not in GOOD
