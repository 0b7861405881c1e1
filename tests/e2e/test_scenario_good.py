"""Scenario 5: what is not a bad version is not undone."""

from __future__ import annotations

from functools import partial
from itertools import cycle

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside
from tests.e2e.traffic import Traffic

OLD, NEW = "shop/cart:1", "shop/cart:2"
FRAGILE = "shop/cart:1-err20-after9999"  # its faults begin when the test says so
WITHIN = 60.0


@alongside
def test_good_releases_restarts_scaling_and_configuration_are_not_undone(
    shop: Shop, watcher: Daemon, traffic: Traffic, control_plane: ControlPlane
) -> None:
    scaled = shop.add(workloads.deployment, "scaled", OLD, replicas=2)
    flapping = shop.add(workloads.deployment, "flapping", OLD, replicas=2)
    restarted = shop.add(workloads.deployment, "restarted", OLD, replicas=2)
    configured = shop.add(workloads.deployment, "configured", OLD, replicas=2)
    misconfigured = shop.add(workloads.deployment, "misconfigured", FRAGILE, replicas=2)
    everything = [scaled, flapping, restarted, configured, misconfigured]
    for service in everything:
        service.serves(FRAGILE if service is misconfigured else OLD)
    watcher.start()

    misconfigured.release(FRAGILE, {"checksum/config": "new"})
    assert watcher.watches(misconfigured, FRAGILE)["change"] == "configuration"
    traffic.breaks(shop.namespace, FRAGILE)
    scaled.release(NEW)
    flapping.release(NEW)
    configured.release(OLD, {"checksum/config": "new"})
    control_plane.kubectl("rollout", "restart", "deployment/restarted", f"--namespace={shop.namespace}")
    control_plane.kubectl("scale", "deployment/scaled", f"--namespace={shop.namespace}", "--replicas=6")
    flap_until_passed(watcher, flapping)

    assert watcher.passes(scaled, NEW)["change"] == "version"
    assert watcher.passes(flapping, NEW)["change"] == "version"
    assert watcher.passes(configured, OLD)["change"] == "configuration"
    assert watcher.passes(restarted, OLD)["change"] == "restart"
    held = watcher.decides(misconfigured, action="hold", guard="configuration")
    assert "ConfigMap" in held["reason"]
    assert [service.name for service in everything if watcher.decisions(service)] == ["misconfigured"]
    assert [service.image for service in everything] == [NEW, NEW, OLD, OLD, FRAGILE]

    watcher.stop()
    account = control_plane.users[watcher.user].username
    writes = control_plane.audit.entries(account, writes=True, namespace=shop.namespace)
    assert {(entry.verb, entry.resource) for entry in writes if entry.resource != "leases"} <= {("create", "events")}


def flap_until_passed(watcher: Daemon, service: Service) -> None:
    """An autoscaler that cannot make up its mind, for as long as the release is under watch."""
    for replicas in cycle((6, 3, 5, 2)):
        service.plane.admin.patch(f"{service.path}/scale", {"spec": {"replicas": replicas}})
        scaled = partial(has_ready, service, replicas)
        eventually(scaled, WITHIN, f"{replicas} pods are ready")
        if watcher.watches(service, NEW)["ended"] is not None:
            return


def has_ready(service: Service, pods: int) -> bool:
    return bool(service.live["status"].get("readyReplicas") == pods)
