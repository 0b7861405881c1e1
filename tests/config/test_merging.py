"""Entries of services: which apply, in which order, and what holds in the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.texts import GOOD, deployment, thresholds
from watcher.config import loads
from watcher.core.policy import (
    Bake,
    By,
    HistogramCheck,
    Identify,
    JudgeRules,
    KnownGoodRules,
    Limit,
    Policy,
    QueryCheck,
    RatioCheck,
    Subject,
)
from watcher.core.words import Mode, Provenance, Rung

ALL = "  - match: {}\n"
BOTH = ALL + "    checks: {errors: {}, latency: {}}\n"


def policy(services: str, subject: Subject | None = None, top: str = "") -> Policy:
    found = thresholds(services, top).policy_for(subject or deployment())
    assert found is not None
    return found


def test_a_workload_that_no_entry_matches_is_not_watched() -> None:
    loaded = thresholds("  - match: {namespace: other}\n")
    assert loaded.policy_for(deployment()) is None
    assert loaded.policy_for(deployment("other")) == Policy()


def test_checks_come_with_their_definitions() -> None:
    errors, latency = policy(BOTH).checks
    assert errors == RatioCheck("errors", "main", "http_requests_total", bad=((("code", "5.."),),), max=0.01)
    assert latency == HistogramCheck("latency", "main", "http_request_duration_seconds", bound=0.5, max=0.05)


def test_the_last_entry_wins_key_by_key() -> None:
    text = BOTH + (
        "    bake: {for: 10m, minRequests: 7}\n"
        "    cooldown: 1h\n"
        "  - match: {name: checkout}\n"
        "    checks: {errors: {max: 0.2%, increase: 3x}}\n"
        "    bake: 20m\n"
        "    mode: act\n"
    )
    found = policy(text)
    errors = found.check("errors")
    assert isinstance(errors, RatioCheck)
    assert (errors.max, errors.increase, errors.total) == (0.002, 3.0, "http_requests_total")
    assert found.bake == Bake(hold_for=1200.0, min_requests=7)
    assert (found.cooldown, found.mode) == (3600.0, Mode.ACT)
    assert policy(text, deployment(name="cart")).mode is Mode.OBSERVE


def test_order_in_the_file_decides_and_not_how_narrow_an_entry_is() -> None:
    text = "  - match: {name: checkout}\n    mode: act\n" + ALL + "    mode: propose\n"
    assert policy(text).mode is Mode.PROPOSE


def test_none_removes_a_check_and_a_later_entry_takes_it_up_afresh() -> None:
    removed = BOTH + ALL + "    checks: {errors: none}\n"
    assert [check.name for check in policy(removed).checks] == ["latency"]
    again = BOTH.replace("errors: {}", "errors: {max: 3%}") + ALL + "    checks: {errors: none}\n" + BOTH
    errors = policy(again).check("errors")
    assert errors is not None
    assert errors.max == 0.01


def test_identify_is_replaced_as_a_whole() -> None:
    text = ALL + "    checks: {errors: {identify: {pod: kubernetes_pod_name}}}\n"
    then = text + ALL + "    checks: {errors: {identify: {by: workload, workload: app, strip: -svc, map: {a: b}}}}\n"
    assert policy(text).checks[0].identify == Identify(pod="kubernetes_pod_name")
    by_workload = policy(then).checks[0]
    assert by_workload.identify == Identify(By.WORKLOAD, pod="", workload="app", strip=("-svc",), map=(("a", "b"),))
    assert by_workload.may is Mode.PROPOSE


def test_a_check_that_sees_no_versions_proposes_unless_told_otherwise() -> None:
    fixed = ALL + "    checks: {errors: {identify: {by: fixed}}}\n"
    assert policy(fixed).checks[0].may is Mode.PROPOSE
    assert policy(fixed.replace("{by: fixed}", "{by: fixed}, may: act")).checks[0].may is Mode.ACT
    assert policy(fixed.replace("{by: fixed}", "{by: fixed}, may: notify")).checks[0].may is Mode.OBSERVE


def test_patterns_of_one_label_are_alternatives_and_so_are_the_elements_of_a_list() -> None:
    bad = '[{code: ["5..", "429"], method: GET}, {grpc: Internal}, {level: ["(?i)error", Fatal]}]'
    errors = loads(GOOD.replace('{code: "5.."}', bad)).policy_for(deployment())
    assert errors is not None
    check = errors.checks[0]
    assert isinstance(check, RatioCheck)
    assert check.bad == (
        (("code", "5..|429"), ("method", "GET")),
        (("grpc", "Internal"),),
        (("level", "(?i:error)|Fatal"),),
    )


@pytest.mark.parametrize(
    ("histogram", "bound"),
    [
        ("x_seconds, slowerThan: 300ms", 0.3),
        ("x_milliseconds, slowerThan: 300ms", 300.0),
        ("x, unit: milliseconds, slowerThan: 1.5s", 1500.0),
    ],
)
def test_bounds_are_in_the_unit_of_the_metric(histogram: str, bound: float) -> None:
    text = GOOD.replace("http_request_duration_seconds, slowerThan: 500ms", histogram)
    found = loads(text).policy_for(deployment())
    assert found is not None
    check = found.checks[1]
    assert isinstance(check, HistogramCheck)
    assert check.bound == bound


def test_query_checks_propose_and_hold_for_two_minutes() -> None:
    text = GOOD.replace("services:", "  lag: {query: lag, max: 10, min: -1}\nservices:").replace(
        "errors: {}", "lag: {}"
    )
    found = loads(text).policy_for(deployment())
    assert found is not None
    assert found.checks[1] == QueryCheck("lag", "main", "lag", max=10.0, min=-1.0, identify=Identify())
    assert found.require == ("latency",)


def test_required_are_all_ratio_checks_or_what_is_written_as_far_as_it_is_watched() -> None:
    assert policy(BOTH).require == ("errors",)
    assert policy(BOTH + "    require: [latency]\n").require == ("latency",)
    assert policy(BOTH + "    require: [errors, latency]\n" + ALL + "    checks: {errors: none}\n").require == (
        "latency",
    )
    assert policy(ALL).require == ()


def test_everything_else_of_an_entry() -> None:
    found = policy(
        ALL
        + "    knownGood: {soak: 1h, maxAge: 2d, accept: passed}\n"
        + "    judge: {warmUp: 10s, blameWindow: 5m, earlyPass: true}\n"
        + "    traffic: {may: notify}\n"
        + "    availability: {may: propose, progressDeadline: 2m}\n"
    )
    assert found.known_good == KnownGoodRules(3600.0, 172800.0, Provenance.PASSED)
    assert found.judge == JudgeRules(10.0, 300.0, early_pass=True)
    assert (found.traffic, found.availability, found.progress_deadline) == (Mode.OBSERVE, Mode.PROPOSE, 120.0)


def test_the_top_of_the_file() -> None:
    top = (
        "mode: act\n"
        "cluster: eu\n"
        "rungs: {undo: propose, git: none, bridge: act}\n"
        "breaker: {max: 5, window: 2h, namespaces: {max: 1}}\n"
        "falseRollbacks: 1 per quarter\n"
    )
    found = policy(ALL, top=top)
    assert found.mode is Mode.ACT
    assert dict(found.rungs) == {
        Rung.FLAG: Mode.ACT,
        Rung.ABORT: Mode.ACT,
        Rung.GIT: Mode.NONE,
        Rung.UNDO: Mode.PROPOSE,
        Rung.BRIDGE: Mode.ACT,
        Rung.SYNC: Mode.NONE,
    }
    assert (found.breaker, found.namespace_breaker) == (Limit(5, 7200.0), Limit(1, 3600.0))
    loaded = thresholds(ALL, top)
    assert (loaded.cluster, str(loaded.false_rollbacks)) == ("eu", "1 per quarter")


def test_a_watch_is_never_shorter_than_its_bake() -> None:
    assert policy(ALL + "    bake: 6h\n").bake == Bake(hold_for=21600.0, max=21600.0)


@pytest.mark.parametrize(
    ("match", "names"),
    [
        ("{}", "abc"),
        ("{name: a}", "a"),
        ("{name: [a, c]}", "ac"),
        ("{name: '[ab]'}", None),
        ("{kind: Stateful*}", "c"),
        ("{labels: {team: x}}", "b"),
        ("{labels: {team: x}, name: a}", ""),
        ("{not: {name: a}}", "bc"),
        ("{not: {labels: {team: x}}}", "ac"),
        ("{not: {name: a, kind: Rollout}}", "abc"),
        ("{namespace: 'sh?p', not: {kind: [Deployment, Rollout]}}", "c"),
        ("{namespace: sh}", ""),
    ],
)
def test_matching(match: str, names: str | None) -> None:
    text = f"  - match: {match}\n"
    subjects = [
        Subject("Deployment", "shop", "a"),
        Subject("Deployment", "shop", "b", {"team": "x", "other": "y"}),
        Subject("StatefulSet", "shop", "c"),
    ]
    if names is None:
        with pytest.raises(Exception, match="can match no name"):
            thresholds(text)
        return
    loaded = thresholds(text)
    assert "".join(subject.name for subject in subjects if loaded.policy_for(subject)) == names


@given(
    st.lists(st.tuples(st.sampled_from("ab*"), st.sampled_from(["observe", "propose", "act"])), min_size=1, max_size=6)
)
def test_the_mode_is_the_last_one_that_matches(entries: list[tuple[str, str]]) -> None:
    text = "".join(f"  - match: {{name: '{name}'}}\n    mode: {mode}\n" for name, mode in entries)
    loaded = thresholds(text)
    for name in "ab":
        matching = [mode for glob, mode in entries if glob in (name, "*")]
        found = loaded.policy_for(deployment(name=name))
        assert (found.mode if found else None) == (matching[-1] if matching else None)


def test_policies_are_shared_by_workloads_that_the_same_entries_match() -> None:
    loaded = thresholds(ALL + "  - match: {name: 'a-*'}\n    mode: act\n")
    assert loaded.policy_for(deployment(name="a-1")) is loaded.policy_for(deployment(name="a-2"))
    assert loaded.policy_for(deployment(name="b")) is not loaded.policy_for(deployment(name="a-1"))


def test_labels_that_no_entry_asks_for_do_not_matter_to_the_cache() -> None:
    loaded = thresholds("  - match: {labels: {team: x}}\n")
    assert loaded.policy_for(deployment(version="1")) is None
    assert loaded.policy_for(deployment(version="1", team="x")) is not None
    assert loaded.policy_for(deployment(version="2", team="y")) is None
