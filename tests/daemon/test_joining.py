"""Which pod a job and an instance were, as `target_info` tells: only what it says at the time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.daemon.recorded import Recorded
from tests.daemon.shop import BEGAN, CHECKOUT, ERRORS, pod, rising, scrapes, view, watched
from watcher.core.policy import TARGET_INFO, Identify, Policy
from watcher.daemon import fleets
from watcher.daemon.folds import HISTORY
from watcher.daemon.joining import LOOK_BACK, Targets
from watcher.daemon.polling import Polling
from watcher.ports import RawSeries, Rejected
from watcher.recorder.selection import selections

JOINED = Identify(namespace="k8s_namespace_name", pod="k8s_pod_name", join=TARGET_INFO)
TIMES = scrapes(BEGAN - HISTORY - 300, BEGAN + 60)


def info(name: str, *times: float, instance: str = "1") -> RawSeries:
    labels = {"__name__": TARGET_INFO, "job": "shop/checkout", "instance": instance}
    return RawSeries({**labels, "k8s_namespace_name": "shop", "k8s_pod_name": name}, [(at, 1.0) for at in times])


def counter(*times: float, instance: str = "1") -> RawSeries:
    labels = {"__name__": "http_requests_total", "job": "shop/checkout", "instance": instance, "code": "200"}
    return RawSeries(labels, rising(times, 10.0))


def told(targets: Targets, series: RawSeries) -> dict[str, list[float]]:
    return {each.labels["k8s_pod_name"]: [at for at, _ in each.samples] for each in targets.joined(series)}


def known(*found: RawSeries) -> Targets:
    targets = Targets(JOINED)
    for each in found:
        targets.add(each)
    return targets


def test_an_instance_that_is_used_again_is_one_pod_after_another() -> None:
    targets = known(info("a", 0, 15, 30), info("b", 60, 75))
    assert told(targets, counter(15, 30, 60, 75)) == {"a": [15, 30], "b": [60, 75]}


def test_nothing_is_told_without_a_recent_word_or_with_two() -> None:
    targets = known(info("a", 100), info("b", 900), info("c", 900))
    assert told(targets, counter(50, 100 + LOOK_BACK, 101 + LOOK_BACK, 900)) == {"a": [100 + LOOK_BACK]}
    assert told(targets, counter(100, instance="other")) == {}
    assert targets.names == {("shop/checkout", "1")}


def test_any_portions_of_target_info_tell_the_same() -> None:
    whole = known(info("a", *range(0, 600, 15)))
    parts = known(*(info("a", *range(start, start + 60, 15)) for start in range(0, 600, 30)))
    assert told(whole, counter(*range(0, 600, 15))) == told(parts, counter(*range(0, 600, 15)))


async def test_a_workload_of_whose_pods_nothing_is_told_says_so() -> None:
    source = Recorded([counter(*TIMES), info("stranger", *TIMES)])
    source.now = BEGAN + 20
    release = watched([pod("a")], replace(ERRORS, identify=JOINED))

    polling = Polling([source])
    reading = (await polling.poll([release], source.now))[CHECKOUT]
    assert [each for each in reading.problems if TARGET_INFO in each] == [
        (
            "errors: series that cannot be resolved are left out: no target_info names one of its pods "
            "(k8s_namespace_name, k8s_pod_name)"
        )
    ]

    source.series.append(info("a", *TIMES, instance="2"))
    source.series.append(counter(*TIMES, instance="2"))
    source.now = BEGAN + 40
    assert (await polling.poll([release], source.now))[CHECKOUT].problems == ()


async def test_the_fleet_is_looked_at_through_the_same_join() -> None:
    source = Recorded([])
    check = replace(ERRORS, identify=JOINED, exclude=(("path", "/healthz"),))
    services = frozenset({("shop", "checkout"), ("shop", "cart")})

    await fleets.look(lambda _: source, frozenset({CHECKOUT}), Policy(checks=(check,)), services, BEGAN)

    assert source.asked[0] == (
        'sum by (k8s_namespace_name, k8s_pod_name) (increase(http_requests_total{path!~"/healthz"}[60s])'
        " * on (job, instance) group_left (k8s_namespace_name, k8s_pod_name) target_info)"
    )


def test_a_recording_refuses_what_it_cannot_hold() -> None:
    policy = Policy(checks=(replace(ERRORS, identify=JOINED),))
    with pytest.raises(Rejected, match="joined by target_info, which a recording cannot hold yet"):
        selections(policy, view([]).workload, [], lambda *_: ())
