"""Scenarios of faults that are not the release's making: each breach is held by name, and nothing is written."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, Prometheus, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside, thresholds
from tests.e2e.test_scenario_guards import GOOD, LONG, known_good
from tests.e2e.traffic import Traffic

CALM = 250.0  # seconds of good service before an onset, as the look at the other services asks for
BEFORE = 45.0


@alongside
def test_what_many_services_suffer_is_not_one_releases_fault(
    shop: Shop, watcher: Daemon, traffic: Traffic, prometheus: Prometheus
) -> None:
    names = ("cart", "stock", "search", "pay", "mail", "login")
    services = [shop.add(workloads.deployment, name, fragile(name, 1), replicas=2) for name in names]
    for service in services:
        service.serves(fragile(service.name, 1))
    began = time.time()
    watcher.configure(thresholds(prometheus.url, shop.namespace, **LONG))
    watcher.start()
    eventually(lambda: time.time() >= began + CALM, CALM + 10, "the services have been well for some minutes")
    cart = services[0]
    cart.release(fragile("cart", 2))
    cart.serves(fragile("cart", 2))
    watcher.watches(cart, fragile("cart", 2))

    fails(traffic, services)
    held = watcher.decides(cart, action="hold", guard="fleet_veto", within=180)
    assert "other services began to suffer the same at that time" in held["guard"]["reason"]
    for service in services:
        traffic.mends(shop.namespace, service.image)
    assert watcher.writes(shop.namespace) == []
    cart.serves(fragile("cart", 2))


@alongside
def test_of_two_releases_that_begin_to_fail_together_neither_is_undone(
    shop: Shop, watcher: Daemon, traffic: Traffic, prometheus: Prometheus
) -> None:
    services = [shop.deploy(workloads.deployment, name, f"shop/{name}:1") for name in ("cart", "search")]
    watcher.configure(thresholds(prometheus.url, shop.namespace, **LONG))
    watcher.start()
    for service in services:
        service.release(fragile(service.name, 2))
    for service in services:
        service.serves(fragile(service.name, 2))
        watcher.watches(service, fragile(service.name, 2))

    fails(traffic, services)
    for service, other in zip(services, reversed(services), strict=True):
        held = watcher.decides(service, action="hold", guard="several_releases", within=150)
        assert f"{other.workload} began to suffer at the same time" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []


@alongside
def test_what_was_as_bad_before_the_release_is_no_breach(
    shop: Shop, watcher: Daemon, traffic: Traffic, prometheus: Prometheus
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", fragile("cart", 1))
    watcher.configure(thresholds(prometheus.url, shop.namespace, bake={"for": "20s", "max": "60s"}))
    watcher.start()
    fails(traffic, [cart])
    ailing = time.time()
    eventually(lambda: time.time() >= ailing + BEFORE, BEFORE + 10, "it has failed for a while")
    cart.release("shop/cart:2-err20")
    ended = watcher.ends(cart, "shop/cart:2-err20")
    assert ended["verdict"] != "breach"
    assert watcher.decisions(cart) == []
    assert watcher.writes(shop.namespace) == []


@alongside
def test_a_quota_that_keeps_pods_from_being_made_is_not_the_versions_fault(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    cart = known_good(shop, watcher, prometheus, progressDeadlineSeconds=8)
    quota = quota_of_pods(control_plane, shop.namespace, 3)  # its old pods are as many, and one more may be missing
    new = "shop/cart:3"
    cart.release(new)
    held = watcher.decides(cart, action="hold", guard="not_its_fault")
    assert "exceeded quota" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []
    assert GOOD in {pod["spec"]["containers"][0]["image"] for pod in cart.pods}

    control_plane.admin.delete(quota)
    control_plane.kubectl("annotate", "deployment/cart", f"--namespace={shop.namespace}", "quota=raised")
    cart.serves(new, within=120)
    assert watcher.writes(shop.namespace) == []


def fragile(name: str, version: int) -> str:
    """An image that begins to fail when the test says so."""
    return f"shop/{name}:{version}-err20-after9999"


def fails(traffic: Traffic, services: Iterable[Service]) -> None:
    """From now on something fails on which all of these depend."""
    for service in services:
        traffic.breaks(service.namespace, service.image)


def quota_of_pods(plane: ControlPlane, namespace: str, pods: int) -> str:
    """The path of a quota that lets no more pods be made; it is in force."""
    quota: Json = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"namespace": namespace, "name": "pods"},
        "spec": {"hard": {"pods": str(pods)}},
    }
    path = plane.admin.path_of(plane.admin.apply(quota))
    eventually(lambda: plane.admin.get(path).get("status", {}).get("used"), 30, "the quota is in force")
    return path
