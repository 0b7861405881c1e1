"""Scenario 6: while Prometheus is away nothing is decided; when it is back, the watch goes on."""

from __future__ import annotations

from tests.e2e import workloads
from tests.e2e.controlplane import Prometheus, eventually
from tests.e2e.harness import Daemon, Shop, alongside, thresholds
from tests.e2e.traffic import Traffic

GOOD, BAD = "shop/cart:2", "shop/cart:3-err20"
ENOUGH_TO_DECIDE = 20.0  # seconds of errors on which a daemon that sees them would have decided


@alongside
def test_nothing_is_done_while_prometheus_is_away(
    shop: Shop, watcher: Daemon, own_prometheus: Prometheus, traffic: Traffic
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    watcher.configure(thresholds(own_prometheus.url, shop.namespace))
    watcher.start()
    cart.release(GOOD)
    watcher.passes(cart, GOOD)

    cart.release(BAD)
    watcher.watches(cart, BAD)
    eventually(lambda: traffic.version(shop.namespace, BAD).first_bad_at, 60, "bad requests are served")
    own_prometheus.kill()
    eventually(lambda: sources(watcher) == {"main": False}, 60, "the daemon knows that it sees nothing")
    eventually(lambda: seconds_of_errors(traffic, shop.namespace) > ENOUGH_TO_DECIDE, 60, "errors were served, unseen")
    assert watcher.is_ready()
    assert watcher.decisions(cart) == []
    assert cart.image == BAD
    assert watcher.watches(cart, BAD)["phase"] == "watching"

    own_prometheus.start()
    decision = watcher.restores(cart)
    assert decision["release"] == watcher.watches(cart, BAD)["id"]
    cart.serves(GOOD)


def sources(watcher: Daemon) -> dict[str, bool]:
    return {source["name"]: source["healthy"] for source in watcher.get("status")["sources"]}


def seconds_of_errors(traffic: Traffic, namespace: str) -> float:
    version = traffic.version(namespace, BAD)
    assert version.first_bad_at is not None
    assert version.last_bad_at is not None
    return version.last_bad_at - version.first_bad_at
