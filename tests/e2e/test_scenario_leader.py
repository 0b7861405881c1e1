"""Scenario 13: two daemons; one holds the Lease and acts, the other takes over without doing anything twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, Prometheus, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside, thresholds
from tests.e2e.proxy import Moment, Proxy
from tests.e2e.traffic import Traffic
from tests.e2e.writes import carried_out, writes

FIRST, GOOD, BAD, FIXED = "shop/cart:1", "shop/cart:2", "shop/cart:3-neverready", "shop/cart:4"
BREAKS = "shop/cart:3-err20-after9999"
TAKEOVER = 60.0  # seconds; 10 for the Lease, up to 4.4 for the next look at it, and a busy machine


@alongside
def test_killed_between_intent_and_write_the_other_on_the_same_log_writes_once(
    shop: Shop, watcher: Daemon, second: Daemon, proxy: Proxy, control_plane: ControlPlane, prometheus: Prometheus,
    measured: Callable[[str], None],
) -> None:  # fmt: skip
    second.store = watcher.store
    cart = is_released(shop, watcher, second, proxy, prometheus)
    hold = proxy.hold(writes(shop.namespace, "template"), Moment.BEFORE)
    cart.release(BAD)
    hold.wait(60)
    watcher.kill()
    hold.wait_dropped()
    took = takes_over(second)
    measured(f"takeover after SIGKILL between intent and write, same log: {took:.1f} s")

    decision = second.restores(cart)
    assert len(second.decisions(cart)) == 1
    assert cart.live["metadata"]["annotations"]["watcher.dev/decision"] == decision["id"]
    cart.serves(GOOD)
    assert templates(control_plane, watcher, shop) == 1


@alongside
def test_killed_after_the_write_the_other_with_an_empty_log_is_told_by_the_object(
    shop: Shop, watcher: Daemon, second: Daemon, proxy: Proxy, control_plane: ControlPlane, prometheus: Prometheus,
    measured: Callable[[str], None],
) -> None:  # fmt: skip
    cart = is_released(shop, watcher, second, proxy, prometheus)
    hold = proxy.hold(writes(shop.namespace, "template"), Moment.AFTER)
    cart.release(BAD)
    hold.wait(60)
    watcher.kill()
    hold.wait_dropped()
    took = takes_over(second)
    measured(f"takeover after SIGKILL right after the write, a log of its own: {took:.1f} s")

    cart.serves(GOOD)
    second.configure(thresholds(prometheus.url, shop.namespace))
    eventually(lambda: second.log_lines("config_reloaded"), 10, "the shorter bake time is in force")
    cart.manifest["spec"]["template"]["spec"]["containers"][0]["image"] = FIXED
    control_plane.admin.apply(cart.manifest, manager="pipeline")  # by force: nobody was left to hand the fields back
    second.passes(cart, FIXED)
    assert second.decisions(cart) == []
    assert templates(control_plane, watcher, shop) == 1


@alongside
def test_after_sigterm_the_other_acts_soon(
    shop: Shop, watcher: Daemon, second: Daemon, control_plane: ControlPlane, measured: Callable[[str], None]
) -> None:
    second.store = watcher.store
    cart = shop.deploy(workloads.deployment, "cart", FIRST)
    watcher.start()
    stands_by(second)
    held = lease(control_plane, shop)
    assert held["leaseDurationSeconds"] == 10
    assert watcher.get("status")["leader"] == second.get("status")["leader"] == held["holderIdentity"]
    cart.release(GOOD)
    watcher.passes(cart, GOOD)
    passed = watcher.releases(cart)
    assert second.releases(cart) == passed

    began = time.monotonic()
    watcher.stop()
    stopped = time.monotonic() - began
    took = takes_over(second)
    measured(f"SIGTERM: ended after {stopped:.1f} s, the other acts {took:.1f} s after that")
    after = lease(control_plane, shop)
    assert after["holderIdentity"] == second.get("status")["leader"] != held["holderIdentity"]
    assert after["leaseTransitions"] == held["leaseTransitions"] + 1
    assert second.releases(cart) == passed
    cart.release(FIXED)
    second.passes(cart, FIXED)
    second.stop()
    assert lease(control_plane, shop)["holderIdentity"] == ""


@alongside
def test_one_that_was_stopped_writes_nothing_when_it_goes_on(
    *, shop: Shop, watcher: Daemon, second: Daemon, proxy: Proxy, control_plane: ControlPlane, prometheus: Prometheus,
    traffic: Traffic, measured: Callable[[str], None],
) -> None:  # fmt: skip
    """The other one has a log of its own, on which no version is known good: it undoes nothing."""
    cart = is_released(shop, watcher, second, proxy, prometheus)
    cart.release(BREAKS)
    cart.serves(BREAKS)
    eventually(lambda: watcher.watches(cart, BREAKS)["rolled_out_at"], 30, "the release is rolled out, and under watch")
    os.kill(watcher.process.pid, signal.SIGSTOP)
    traffic.breaks(shop.namespace, BREAKS)
    took = takes_over(second)
    measured(f"takeover from a process that was stopped (SIGSTOP): {took:.1f} s")

    os.kill(watcher.process.pid, signal.SIGCONT)
    eventually(lambda: watcher.log_lines("lease_lost"), 10, "it finds the Lease lost")
    eventually(watcher.stands_by, 10, "it stands by")
    assert watcher.get("status")["leader"] == second.get("status")["leader"]
    assert cart.image == BREAKS
    assert templates(control_plane, watcher, shop) == 0

    second.stop()
    decision = watcher.restores(cart)
    assert cart.live["metadata"]["annotations"]["watcher.dev/decision"] == decision["id"]
    assert templates(control_plane, watcher, shop) == 1


def is_released(shop: Shop, watcher: Daemon, second: Daemon, proxy: Proxy, prometheus: Prometheus) -> Service:
    """Cart at a version that has passed; the first leads, the second stands by; bake times outlive the scenario."""
    cart = shop.add(workloads.deployment, "cart", FIRST, progressDeadlineSeconds=8)
    cart.serves(FIRST)
    watcher.server = proxy.url
    watcher.start()
    stands_by(second)
    cart.release(GOOD)
    watcher.passes(cart, GOOD)
    for daemon in (watcher, second):
        daemon.configure(thresholds(prometheus.url, shop.namespace, bake="5m"))
        eventually(lambda: daemon.log_lines("config_reloaded"), 10, "the longer bake time is in force")  # noqa: B023
    return cart


def stands_by(second: Daemon) -> None:
    """Start it, and wait until it is ready to take over."""
    second.launch()
    second.process.wait_ready(second.stands_by, 40)
    assert second.get("status")["role"] == "standby"


def takes_over(second: Daemon) -> float:
    """Wait until it leads; the seconds that it took."""
    began = time.monotonic()
    eventually(second.is_ready, TAKEOVER, "the second daemon leads")
    assert second.get("status")["role"] == "leader"
    return time.monotonic() - began


def lease(plane: ControlPlane, shop: Shop) -> Json:
    """What the Lease says."""
    path = plane.admin.path("Lease", shop.namespace, "watcher", version="coordination.k8s.io/v1")
    spec: Json = plane.admin.get(path)["spec"]
    return spec


def templates(plane: ControlPlane, watcher: Daemon, shop: Shop) -> int:
    """How often a pod template was put back, by whichever daemon: both have the same account."""
    account = plane.users[watcher.user].username
    return carried_out(plane.audit.entries(account, writes=True)).get(shop.namespace, []).count("template")
