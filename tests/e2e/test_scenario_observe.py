"""Scenario 8: with an account that may only read, the daemon says what it would have done, and writes nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Prometheus
from tests.e2e.harness import Daemon, Shop, alongside, thresholds

GOOD, BAD = "shop/cart:2", "shop/cart:3-err20"


@alongside
def test_an_observer_says_what_it_would_do_and_writes_nothing(
    shop: Shop, observer: Daemon, prometheus: Prometheus, control_plane: ControlPlane
) -> None:
    begun, here = datetime.now(tz=UTC), (shop.namespace, "")
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    canary = shop.deploy(workloads.rollout, "canary", "shop/cart:1")
    observer.configure(thresholds(prometheus.url, shop.namespace, mode="observe"))
    observer.start()
    for service in (cart, canary):
        service.release(GOOD)
    canary.promote()
    for service in (cart, canary):
        observer.passes(service, GOOD)

    for service in (cart, canary):
        service.release(BAD)
    undo = observer.decides(cart, action="roll_back", mode="observe")
    abort = observer.decides(canary, action="roll_back", mode="observe")

    assert [undo["target"]["images"], abort["target"]["images"]] == [[GOOD], [GOOD]]
    assert "Would roll back by undo" in undo["reason"]
    assert "Would roll back by abort" in abort["reason"]
    assert "rollout undo deployment/cart" in undo["remedy"]
    observer.stop()
    assert cart.image == BAD
    assert canary.live["status"].get("abort") is not True

    account = control_plane.users[observer.user].username
    requests = [each for each in control_plane.audit.entries(account, since=begun) if each.namespace in here]
    assert {entry.resource for entry in requests} >= {"deployments", "rollouts", "pods"}
    writes = [entry for entry in requests if entry.is_write]
    assert {(entry.verb, entry.resource) for entry in writes} <= {("create", "selfsubjectaccessreviews")}
    assert [entry for entry in requests if entry.status == 403] == []
