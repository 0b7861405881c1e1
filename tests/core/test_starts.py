"""Whether pods can be started at all, as other workloads show it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.world import World
from watcher.core.deciding.starts import cannot_start, pod_starts
from watcher.core.model import Pod, PodStarts, Workload
from watcher.core.words import Kind

NOW = 1_700_000_000.0
CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
OTHERS = [Workload(Kind.DEPLOYMENT, "pay", f"api-{number}") for number in range(6)]
HOMELESS = Pod("p", "u", "r", NOW - 90.0, scheduled=False)
UNPULLED = Pod("p", "u", "r", NOW - 90.0, waiting="ErrImagePull")
CREATING = Pod("p", "u", "r", NOW - 130.0)


def seen(*pods: Pod, started: int = 0, released: tuple[Workload, ...] = ()) -> PodStarts:
    pending = list(zip(OTHERS, pods, strict=False))
    return pod_starts([*pending, (CART, HOMELESS)], [CART, *OTHERS[-started:]] if started else [], released, CART, NOW)


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        (HOMELESS, "no node takes it"),
        (UNPULLED, "its image cannot be pulled (ErrImagePull)"),
        (CREATING, "its containers are not created"),
    ],
)
def test_three_others_that_are_stuck_hold(pod: Pod, why: str) -> None:
    found = seen(pod, pod, pod)
    assert (found.stuck, found.starting) == (3, 3)
    assert cannot_start(found, NOW) == (
        f"new pods of 3 other workloads do not start, such as Deployment/pay/api-0: {why}"
    )
    assert cannot_start(seen(pod, pod), NOW) == ""


@pytest.mark.parametrize(
    "pod",
    [
        replace(HOMELESS, created=NOW - 59.0),
        replace(HOMELESS, created=NOW - 3601.0),
        replace(HOMELESS, terminating=NOW - 10.0),
        replace(UNPULLED, waiting="CreateContainerConfigError"),
        replace(CREATING, created=NOW - 119.0),
    ],
)
def test_what_is_young_or_old_or_of_the_versions_own_making_tells_nothing(pod: Pod) -> None:
    assert seen(pod, pod, pod).stuck == 0


def test_an_image_of_a_release_that_cannot_be_pulled_is_its_own_fault() -> None:
    assert seen(UNPULLED, UNPULLED, UNPULLED, released=tuple(OTHERS)).stuck == 0
    assert seen(HOMELESS, HOMELESS, HOMELESS, released=tuple(OTHERS)).stuck == 3


def test_where_as_many_start_it_is_no_trouble_of_the_cluster() -> None:
    assert cannot_start(seen(HOMELESS, HOMELESS, HOMELESS, started=2), NOW)
    assert cannot_start(seen(HOMELESS, HOMELESS, HOMELESS, started=3), NOW) == ""


def test_what_was_seen_a_while_ago_holds_nothing() -> None:
    assert cannot_start(seen(HOMELESS, HOMELESS, HOMELESS), NOW + 61.0) == ""
    assert cannot_start(None, NOW) == ""


def test_an_abort_goes_back_to_pods_that_stand() -> None:
    world = World.of(Kind.ROLLOUT)
    world.release("v2", errors=0.3)
    world.around(starts=PodStarts(world.now + 1e6, 3, 3, "Deployment/pay/api: no node takes it"))
    world.run_until("restored")
    assert world.writes == ["abort"]
