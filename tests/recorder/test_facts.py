"""What several sources say of a pod, joined."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.model import Pod
from watcher.recorder.decision_log import seen
from watcher.recorder.facts import PodFacts, Restart, joined
from watcher.recorder.living import facts, forgotten

TIMES = st.integers(0, 100).map(float)


def pod(**more: object) -> Pod:
    return Pod("cart-1", "uid", "v1", 10.0, **more)  # type: ignore[arg-type]


def told(*steps: tuple[float, Pod]) -> PodFacts:
    found = PodFacts("cart-1", "v1", 10.0)
    for at, each in steps:
        found = seen(found, each, at)
    return found


def test_a_pod_is_followed_through_its_life() -> None:
    found = told(
        (12, pod(node="n1")),
        (20, pod(node="n1", ready_since=15.0, started=(11.0,))),
        (32, pod(node="n1", unready_since=30.0, started=(11.0,), waiting="CrashLoopBackOff", terminated="OOMKilled")),
        (45, pod(node="n1", ready_since=42.0, started=(11.0, 40.0), restarts=1, terminated="OOMKilled")),
        (55, pod(node="n1", unready_since=52.0, started=(11.0, 40.0), restarts=1, terminating=50.0)),
        (60, pod(node="n1", unready_since=52.0, started=(11.0, 40.0), restarts=1, terminating=50.0, deleted=58.0)),
    )
    assert found == PodFacts(
        *("cart-1", "v1", 10.0, "n1"),
        ready=((15.0, 30.0), (42.0, 52.0)),
        terminating=50.0,
        deleted=58.0,
        restarts=(Restart(30.0, "CrashLoopBackOff", 40.0),),
    )


def test_a_restart_between_two_looks_is_known_by_the_start_after_it() -> None:
    found = told(
        (20, pod(ready_since=15.0, started=(11.0,))),
        (45, pod(ready_since=42.0, started=(11.0, 40.0), restarts=1, terminated="Error")),
    )
    assert found.restarts == (Restart(40.0, "Error", 40.0),)
    assert found.ready == ((15.0, 42.0), (42.0, inf))


def test_the_log_knows_earlier_stretches_and_the_api_server_when_a_container_ended() -> None:
    now = PodFacts("cart-1", "v1", 10.0, ready=((42.0, inf),), restarts=(Restart(30.0, "OOMKilled", 40.0),))
    log = told(
        (20, pod(ready_since=15.0, started=(11.0,))),
        (45, pod(ready_since=42.0, started=(11.0, 40.0), restarts=1, terminated="OOMKilled")),
    )
    both = joined(now, log)
    assert both.ready == ((15.0, 42.0), (42.0, inf))
    assert both.restarts == (Restart(30.0, "OOMKilled", 40.0),)


def test_a_beginning_that_the_api_server_does_not_know_is_taken_from_the_log_else_from_the_series() -> None:
    now = PodFacts("cart-1", "v1", 10.0, ready=((-inf, 50.0),))
    assert joined(now, told((20, pod(ready_since=15.0)))).ready == ((15.0, 50.0),)
    assert joined(now, told()).begun(17.0).ready == ((17.0, 50.0),)
    assert now.begun(None).ready == ()
    assert now.begun(60.0).ready == ()


def raw(ready: tuple[str, str], *containers: dict[str, object]) -> dict[str, object]:
    owner = {"kind": "StatefulSet", "name": "cart", "uid": "u", "controller": True}
    metadata = {"name": "cart-1", "namespace": "shop", "uid": "x", "creationTimestamp": "1970-01-01T00:00:10Z"}
    status, changed = ready
    conditions = [{"type": "Ready", "status": status, "lastTransitionTime": changed}]
    return {
        "metadata": {**metadata, "ownerReferences": [owner], "labels": {"controller-revision-hash": "cart-v1"}},
        "status": {"conditions": conditions, "containerStatuses": list(containers)},
    }


RUNNING = {"running": {"startedAt": "1970-01-01T00:00:40Z"}}
ENDED = {
    "terminated": {"reason": "OOMKilled", "startedAt": "1970-01-01T00:00:11Z", "finishedAt": "1970-01-01T00:00:30Z"}
}


@pytest.mark.parametrize(
    ("ready", "container", "stretches", "restarts"),
    [
        (("True", "1970-01-01T00:00:42Z"), {"state": RUNNING}, ((42.0, inf),), ()),
        (
            ("True", "1970-01-01T00:00:42Z"),
            {"state": RUNNING, "lastState": ENDED, "restartCount": 1},
            ((42.0, inf),),
            (Restart(30.0, "OOMKilled", 40.0),),
        ),
        (
            ("False", "1970-01-01T00:00:30Z"),
            {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ENDED, "restartCount": 1},
            ((-inf, 30.0),),
            (Restart(30.0, "CrashLoopBackOff"),),
        ),
        (
            ("False", "1970-01-01T00:00:10Z"),
            {"state": {"waiting": {"reason": "ImagePullBackOff"}}},
            (),
            (Restart(10.0, "ImagePullBackOff"),),
        ),
        (("False", "1970-01-01T00:00:10Z"), {"state": {"waiting": {"reason": "ContainerCreating"}}}, (), ()),
    ],
)
def test_a_pod_of_the_api_server(
    ready: tuple[str, str],
    container: dict[str, object],
    stretches: tuple[tuple[float, float], ...],
    restarts: tuple[Restart, ...],
) -> None:
    found = facts(raw(ready, container))
    assert found is not None
    assert (found[0], found[1].ready, found[1].restarts) == ("x", stretches, restarts)
    assert forgotten(raw(ready, container)) == 0
    assert forgotten(raw(ready, {**container, "restartCount": 4})) == 4 - bool(container.get("lastState"))


@given(
    st.lists(st.tuples(TIMES, TIMES | st.just(inf))),
    st.none() | TIMES,
    st.none() | TIMES,
    st.lists(st.builds(Restart, TIMES, st.just("Error"), st.none() | TIMES)),
    TIMES,
)
def test_whatever_was_told_is_put_in_the_order_that_recordings_ask_for(
    ready: list[tuple[float, float]],
    terminating: float | None,
    deleted: float | None,
    restarts: list[Restart],
    end: float,
) -> None:
    told = PodFacts("cart-1", "v1", 10.0, "", tuple(ready), terminating, deleted, tuple(restarts))
    found = told.until(max(end, 10.0))
    stretches = [value for stretch in found.ready for value in stretch]
    assert stretches == sorted(stretches)
    assert all(begin >= 10 and begin <= max(end, 10) for begin, _ in found.ready)
    gone = [10.0, *(at for at in (found.terminating, found.deleted) if at is not None)]
    assert gone == sorted(gone)
    assert [each.at for each in found.restarts] == sorted(each.at for each in found.restarts)
    assert all(each.at >= 10 and (each.back is None or each.back >= each.at) for each in found.restarts)
    assert found.until(max(end, 10.0)) == found
