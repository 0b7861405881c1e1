"""Scenario 9: a newer release starts between decision and patch; the patch then changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside
from tests.e2e.proxy import Hold, Proxy
from tests.e2e.writes import writes

GOOD, BAD, NEWER = "shop/cart:2", "shop/cart:3-neverready", "shop/cart:4"


@alongside
def test_a_newer_release_is_not_undone(shop: Shop, watcher: Daemon, control_plane: ControlPlane, proxy: Proxy) -> None:
    cart = shop.add(workloads.deployment, "cart", "shop/cart:1", progressDeadlineSeconds=8)
    canary = shop.add(workloads.rollout, "canary", "shop/cart:1", progressDeadlineSeconds=8)
    for service in (cart, canary):
        service.serves("shop/cart:1")
    watcher.server = proxy.url
    watcher.start()
    for service in (cart, canary):
        service.release(GOOD)
    canary.promote()
    for service in (cart, canary):
        watcher.passes(service, GOOD)

    held = [
        (cart, proxy.hold(writes(shop.namespace, "template")), lambda: cart.live["spec"]["template"]),
        (canary, proxy.hold(writes(shop.namespace, "abort")), lambda: canary.live["status"]["currentPodHash"]),
    ]
    for service in (cart, canary):
        service.release(BAD)
    for service, hold, identity in held:
        is_overtaken(service, hold, identity)
    for service in (cart, canary):
        is_superseded(watcher, service)

    watcher.passes(cart, NEWER)
    canary.promote()
    watcher.passes(canary, NEWER)
    account = control_plane.users[watcher.user].username
    entries = control_plane.audit.entries(account, writes=True, namespace=shop.namespace)
    written = [(entry.path, entry.status) for entry in entries if entry.resource in ("deployments", "rollouts")]
    assert sorted(written) == [("deployments/cart", 422), ("rollouts/canary", 200), ("rollouts/canary/status", 422)]


def is_overtaken(service: Service, hold: Hold, identity: Callable[[], object]) -> None:
    """Release a newer version while the write against the bad one is on its way."""
    hold.wait()
    judged = identity()
    service.release(NEWER)
    eventually(lambda: identity() != judged, 5, f"{service.workload} is at another version")
    hold.let_go()


def is_superseded(watcher: Daemon, service: Service) -> None:
    decision = watcher.decides(service, action="roll_back", mode="act", outcome="superseded")
    release, newer = watcher.watches(service, BAD), watcher.watches(service, NEWER)
    assert decision["release"] == release["id"]
    assert (release["verdict"], release["outcome"]) == ("breach", "superseded")
    assert newer["never_undo"].startswith("recovery release")
    assert service.image == NEWER
