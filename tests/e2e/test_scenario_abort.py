"""Scenario 2: a bad canary at 25 % is aborted, also in the moment in which Rollouts 1.9.3 loses an abort."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import pytest

from tests.e2e import workloads
from tests.e2e.controlplane import AuditEntry, ControlPlane, Json, eventually
from tests.e2e.harness import Daemon, Service, Shop
from tests.e2e.proxy import Hold, Proxy, Write

pytestmark = pytest.mark.alone

GOOD, BAD = "shop/cart:2", "shop/cart:3-err20"
TWO_PAUSES: Sequence[Json] = ({"setWeight": 25}, {"pause": {}}, {"pause": {}})
WITHIN = 60.0
AMID = 0.03  # seconds after the controller has written a pause: 1.9.3 loses what lands then


def test_a_bad_canary_is_aborted_whatever_becomes_of_the_first_patch(
    rollouts_version: str, shop: Shop, watcher: Daemon, proxy: Proxy, control_plane: ControlPlane
) -> None:
    plain = shop.add(workloads.rollout, "cart", "shop/cart:1")
    unlucky = [shop.add(workloads.rollout, f"unlucky-{n}", "shop/cart:1", steps=TWO_PAUSES) for n in range(3)]
    everything = [plain, *unlucky]
    for service in everything:
        service.serves("shop/cart:1")
    watcher.server = proxy.url
    watcher.start()
    for service in everything:
        service.release(GOOD)
    for service in everything:
        service.promote()
    for service in everything:
        watcher.passes(service, GOOD)

    aborts = [proxy.hold(partial(is_abort, service)) for service in unlucky]
    for service in everything:
        service.release(BAD)
    for abort, service in zip(aborts, unlucky, strict=True):
        abort.wait()
        let_go_right_after_a_pause(abort, service)

    for service in everything:
        decision = watcher.restores(service)
        assert (decision["rung"], decision["target"]["images"]) == ("abort", [GOOD])
        stable_carries_everything(service)
    assert len(patches(control_plane, watcher, plain)) == 1
    sent = [patches(control_plane, watcher, service) for service in unlucky]
    assert {patch.status for each in sent for patch in each} == {200}
    lost = [each for each in sent if len(each) > 1]
    assert bool(lost) == (rollouts_version == "1.9.3"), [len(each) for each in sent]


def is_abort(service: Service, write: Write) -> bool:
    return write.path.endswith(f"/rollouts/{service.name}/status")


def let_go_right_after_a_pause(abort: Hold, service: Service) -> None:
    """A person ends the first pause of the canary; the abort lands right after the controller began the second."""
    service.plane.admin.patch(f"{service.path}/status", {"status": {"pauseConditions": None}})

    def at_second_pause() -> bool:
        status = service.live["status"]
        return status.get("currentStepIndex") == 2 and bool(status.get("pauseConditions"))

    eventually(at_second_pause, WITHIN, "the second pause has begun", every=0.001)
    begun = time.monotonic()
    eventually(lambda: time.monotonic() > begun + AMID, 1, "the controller has finished its own write", every=0.001)
    abort.let_go()


def patches(plane: ControlPlane, watcher: Daemon, service: Service) -> list[AuditEntry]:
    """The aborts that the daemon has sent for a service."""
    writes = plane.audit.entries(plane.users[watcher.user].username, writes=True)
    place = (service.namespace, f"rollouts/{service.name}/status")
    return [entry for entry in writes if (entry.namespace, entry.path) == place]


def stable_carries_everything(service: Service) -> None:
    status = service.live["status"]
    assert status["abort"] is True
    assert status["abortedAt"]
    assert status["phase"] == "Degraded"

    def stable() -> bool:
        images = [pod["spec"]["containers"][0]["image"] for pod in service.pods]
        assert images == [GOOD] * 4, images
        return bool(service.live["status"]["availableReplicas"] == 4)

    eventually(stable, WITHIN, f"{service.workload} is served by its stable version alone")
