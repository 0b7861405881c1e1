"""Scenario 11: the API server restarts amid a watch and is slow afterwards; the daemon goes on."""

from __future__ import annotations

import time

import pytest

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Prometheus, eventually
from tests.e2e.harness import Daemon, Shop, thresholds
from tests.e2e.proxy import Proxy
from tests.e2e.traffic import Traffic

pytestmark = pytest.mark.alone

GOOD, BAD = "shop/cart:2", "shop/cart:3-err20-after9999"


def test_a_restarted_and_busy_api_server_delays_and_stops_nothing(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus, proxy: Proxy, traffic: Traffic
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    watcher.server = proxy.url
    watcher.start()
    process = watcher.process.pid
    cart.release(GOOD)
    watcher.passes(cart, GOOD)
    watcher.configure(thresholds(prometheus.url, shop.namespace, bake="2m"))
    cart.release(BAD)
    cart.serves(BAD)
    eventually(lambda: watcher.watches(cart, BAD)["rolled_out_at"], 30, "the release is rolled out, and under watch")

    control_plane.stop_api_server()
    eventually(lambda: "no answer" in notes(watcher), 30, "/readyz tells that the API server is away")
    proxy.busy = True
    control_plane.start_api_server()
    eventually(lambda: "429" in notes(watcher), 30, "/readyz tells that the API server is busy")
    assert watcher.is_ready()
    proxy.busy, again = False, time.monotonic()
    eventually(lambda: cache_age(watcher) < time.monotonic() - again, 60, "everything is followed again")

    traffic.breaks(shop.namespace, BAD)
    proxy.busy = True
    watcher.decides(cart, action="roll_back", mode="act")
    eventually(lambda: results(watcher) == ["unavailable"], 30, "the write is refused for now")
    assert cart.image == BAD

    proxy.busy = False
    decision = watcher.restores(cart)
    assert len(watcher.decisions(cart)) == 1
    assert decision["release"] == watcher.watches(cart, BAD)["id"]
    cart.serves(GOOD)
    assert watcher.process.pid == process


def notes(watcher: Daemon) -> str:
    """The reasons and everything else worth knowing that /readyz gives."""
    return " ".join(watcher.get("status")["reasons"])


def cache_age(watcher: Daemon) -> float:
    """Seconds since all that it follows was last confirmed."""
    return float(watcher.get("status")["cache_age_s"])


def results(watcher: Daemon) -> list[str]:
    """How each attempt to write ended."""
    return [line["result"] for line in watcher.log_lines("rung_reported")]
