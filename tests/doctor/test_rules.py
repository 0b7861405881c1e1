"""Each rule on both sides: it finds the defect, and lets the near miss pass."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.doctor.healthy import (
    CART,
    ERRORS,
    GATEWAY,
    LAG,
    NOW,
    check,
    facts,
    revision,
    source,
    traffic,
    view,
    workload,
)
from tests.doctor.pairs import PAIRS, asked, configured, image, labelled
from watcher.core.model import RolloutStatus, Workload
from watcher.core.policy import Policy
from watcher.core.words import Kind, Mode
from watcher.doctor.examine import CATALOGUE, examine
from watcher.doctor.facts import ConfigMap, Facts, Series
from watcher.doctor.finding import Finding, Severity
from watcher.doctor.gathering.cluster import rolled_out_in
from watcher.doctor.resolving import server_named
from watcher.doctor.rules.traffic import divergence, requests_needed


def found(facts_: Facts) -> dict[str, Finding]:
    return {each.kind.id: each for each in examine(facts_).findings}


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert examine(facts()).findings == ()


def test_every_kind_of_finding_has_its_defect_and_its_near_miss() -> None:
    assert set(PAIRS) == set(CATALOGUE)


@pytest.mark.parametrize("id_", PAIRS)
def test_the_defect_is_found_and_says_all_it_must(id_: str) -> None:
    finding = found(PAIRS[id_][0])[id_]
    assert finding.kind is CATALOGUE[id_]
    for text in (finding.what, finding.mend, finding.kind.why, finding.subject):
        assert text
        assert "$" not in text


@pytest.mark.parametrize("id_", PAIRS)
def test_the_near_miss_is_not_found(id_: str) -> None:
    assert id_ not in found(PAIRS[id_][1])


@pytest.mark.parametrize("tag", ["shop/cart", "shop/cart:main", "localhost:5000/shop/cart", "shop/cart:stable"])
def test_tags_without_a_figure_move(tag: str) -> None:
    assert "mutable-tag" in found(image(tag))


@pytest.mark.parametrize("tag", ["localhost:5000/shop/cart:1.2", "shop/cart:v2", "shop/cart:0a1b2c3", "c@sha256:00"])
def test_tags_that_name_a_version_or_a_digest_do_not(tag: str) -> None:
    assert "mutable-tag" not in found(image(tag))


def test_a_configuration_that_was_applied_with_its_release_has_not_moved() -> None:
    created = view().revisions[-1].created
    assert "config-moved" not in found(configured(changed=created + 30.0))
    assert "config-moved" in found(configured(changed=created + 300.0))
    assert "config-moved" not in found(configured(exists=False))


def test_the_content_that_was_proven_counts_for_more_than_the_time_of_writing() -> None:
    good = replace(workload().known_good[0], configurations=(("ConfigMap/settings", "d1"),))  # type: ignore[index]
    touched = ConfigMap("settings", changed=NOW - 60.0, digest="d1")
    assert "config-moved" not in found(facts(workload(known_good=(good,), configs=(touched,))))
    moved = replace(touched, changed=None, digest="d2")
    assert "config-moved" in found(facts(workload(known_good=(good,), configs=(moved,))))


def test_a_query_that_was_over_its_bound_on_an_ordinary_day_is_told() -> None:
    policy = Policy((ERRORS, LAG), Mode.ACT)
    often = check(LAG, history={CART: (500.0,) * 3 + (1.0,) * 93})
    seldom = check(LAG, history={CART: (500.0,) * 2 + (1.0,) * 94})
    for facts_of, wanted in ((often, True), (seldom, False)):
        assert ("breached-already" in found(facts(workload(policy=policy), checks=(check(), facts_of)))) is wanted


def test_the_nearest_buckets_are_named_in_the_units_of_the_file() -> None:
    finding = found(PAIRS["bound-no-bucket"][0])["bound-no-bucket"]
    assert "500ms is no bucket bound" in finding.what
    assert "the nearest are 250ms and 1s" in finding.what


def test_a_check_that_knows_several_protocols_needs_the_labels_of_one() -> None:
    both = replace(ERRORS, bad=((("code", "5.."),), (("grpc_code", "Internal"),)))
    for values, wanted in (({"code": {"200"}, "grpc_code": {""}}, False), ({"code": {""}, "grpc_code": {""}}, True)):
        seen = {label: frozenset(each) for label, each in values.items()}
        assert ("bad-matches-nothing" in found(asked(check(both, values=seen)))) is wanted


def test_a_source_that_is_away_makes_nobody_blind() -> None:
    away = facts(sources=(source(problem="HTTP 502"),), checks=(check(series=(), owners=frozenset()),))
    assert set(found(away)) == {"source-unreachable"}
    (summary,) = examine(away).workloads
    assert str(summary.sight) == "not known: its source does not answer"


def test_a_cluster_that_is_away_is_one_finding_and_no_more() -> None:
    away = PAIRS["cluster-unreadable"][0]
    away = replace(away, cluster=replace(away.cluster, workloads=(), pods={}, access=None), entries=())
    away = replace(away, checks=(check(users=(), owners=frozenset(), traffic={}),))
    assert set(found(away)) == {"cluster-unreadable"}


def test_relays_are_told_where_nothing_else_has_series() -> None:
    gateway = Workload(Kind.DEPLOYMENT, "shop", "api-gateway")
    series = (Series({"namespace": "shop", "pod": "api-gateway-1-aaaaa"}),)
    pods = {("shop", "api-gateway-1-aaaaa"): gateway}
    relayed = check(series=series, owners=frozenset({gateway}))
    assert "gateway-labels" in found(facts(pods=pods, checks=(relayed,)))
    both = replace(relayed, series=(*series, *labelled()), owners=frozenset({gateway, CART}))
    assert "gateway-labels" not in found(facts(checks=(both,)))


def test_pods_of_another_namespace_are_a_gateways() -> None:
    series = (Series({"namespace": "shop", "pod": "ingress-nginx-controller-7"}),)
    lost = check(series=series, owners=frozenset())
    places = {"ingress-nginx-controller-7": "ingress-nginx/ingress-nginx-controller-7"}
    names = set(found(facts(elsewhere=places, checks=(lost,))))
    assert "gateway-labels" in names
    assert "pods-unresolved" not in names


def test_as_many_requests_are_needed_as_the_formula_says() -> None:
    policy = Policy((ERRORS,), Mode.ACT)
    needed = requests_needed(ERRORS, policy)
    assert needed == pytest.approx(20.0, abs=3.0)  # minBad 10 of requests of which half fail
    assert requests_needed(replace(ERRORS, min_bad=100), policy) == 200.0
    assert divergence(0.5, 0.01) == pytest.approx(0.5 * (3.912 - 0.683), abs=0.01)


def test_a_service_without_any_request_can_never_be_decided() -> None:
    assert "traffic-too-low" in found(asked(check(traffic={CART: traffic(0.0, 0.0)})))
    assert "traffic-too-low" not in found(asked(check(traffic={})))


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({}, "undo about 30 s"),
        ({"rolled_out_in": None}, "undo (its last rollout was not measured)"),
        ({"history_limit": 0}, "no automatic way back: no earlier revision is kept"),
        ({"owner": "Database/orders"}, "no automatic way back: owned by Database/orders"),
        ({"protected": "ingress is on the built-in list"}, "no automatic way back: never acted on: ingress is"),
        ({"known_good": ()}, "no automatic way back: nothing is known good yet"),
        ({"paused": True}, "no automatic way back: it is paused"),
    ],
)
def test_the_way_back_is_told_with_its_duration_or_why_there_is_none(spoilt: dict[str, object], said: str) -> None:
    (summary,) = examine(facts(workload(**spoilt))).workloads  # type: ignore[arg-type]
    assert str(summary.way).startswith(said)


def test_a_rollout_is_aborted_while_in_progress() -> None:
    name = Workload(Kind.ROLLOUT, "shop", "cart")
    (summary,) = examine(facts(workload(name, rollout=RolloutStatus("canary", "b", "b"), policy=Policy()))).workloads
    assert (
        str(summary.way) == "abort about 5 s (while in progress; once promoted: undo about 30 s (mode observe:"
        " not by itself); mode observe: not by itself)"
    )


def test_findings_come_the_worst_first_and_each_once() -> None:
    both = facts(workload(history_limit=0, containers=()), unmatched=(Workload(Kind.DEPLOYMENT, "lab", "x"),))
    severities = [each.kind.severity for each in examine(both).findings]
    assert severities == sorted(severities, key=list(Severity).index)
    assert examine(both).worst is Severity.CRITICAL


def test_a_revision_that_came_back_tells_nothing_of_durations() -> None:
    ordinary = view()
    assert rolled_out_in(ordinary, ordinary.revisions[-1].created + 25.0) == 25.0
    returned = replace(ordinary, revisions=(revision(1, "a", NOW - 10.0), ordinary.revisions[-1]))
    assert rolled_out_in(returned, NOW) is None


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ({"destination_workload": "gateway"}, ("destination_workload", GATEWAY)),
        ({"destination_workload": "gateway-2"}, None),  # only pods are named after their workload
        ({"exported_pod": "gateway-7f9c-x1y2z"}, ("exported_pod", GATEWAY)),
        ({"exported_pod": "gatewayd-7f9c-x1y2z"}, None),
        ({"exported_pod": "cart-b-x1y2z"}, None),  # its own
        ({}, None),
    ],
)
def test_the_server_that_another_label_names(labels: dict[str, str], named: tuple[str, Workload] | None) -> None:
    assert server_named(labels, CART, {"cart": CART, "gateway": GATEWAY}) == named


def test_thousands_of_workloads_take_a_moment_for_the_daemon_judges_nothing_meanwhile() -> None:
    several = [Workload(Kind.DEPLOYMENT, f"ns{number % 50}", f"service-{number}") for number in range(1500)]
    pods = {(each.namespace, f"{each.name}-b-x1y2{pod}"): each for each in several for pod in range(3)}
    series = tuple(Series({"namespace": namespace, "pod": pod}, 4) for namespace, pod in pods)
    many = check(users=tuple(several), series=series, owners=frozenset(several), traffic={CART: traffic()})
    gathered = facts(*map(workload, several), checks=(many,), pods=pods)
    began = time.process_time()
    assert len(examine(gathered).workloads) == 1500
    assert time.process_time() - began < 1.2
