"""Scenarios 3 and 4: a promoted Rollout, a StatefulSet and a DaemonSet are undone."""

from __future__ import annotations

from tests.e2e import workloads
from tests.e2e.controlplane import Prometheus, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside, thresholds
from tests.e2e.traffic import Traffic

CART, DB, AGENT = "shop/cart:2", "shop/db:2", "shop/agent:2"
# The faults of the Rollout begin when the test says so.
BAD_CART, BAD_DB, BAD_AGENT = "shop/cart:3-err20-after9999", "shop/db:3-neverready", "shop/agent:3-slow30"


@alongside
def test_a_promoted_rollout_a_stateful_set_and_a_daemon_set_are_undone(
    shop: Shop, watcher: Daemon, prometheus: Prometheus, traffic: Traffic
) -> None:
    cart = shop.add(workloads.rollout, "cart", "shop/cart:1")
    db = shop.add(workloads.stateful_set, "db", "shop/db:1")
    agent = shop.add(workloads.daemon_set, "agent", "shop/agent:1")
    for service, image in ((cart, "shop/cart:1"), (db, "shop/db:1"), (agent, "shop/agent:1")):
        service.serves(image)
    watcher.start()
    good = ((cart, CART), (db, DB), (agent, AGENT))
    for service, image in good:
        service.release(image)
    cart.promote()
    for service, image in good:
        watcher.passes(service, image)

    watcher.configure(thresholds(prometheus.url, shop.namespace, bake="1m"))
    for service, image in ((cart, BAD_CART), (db, BAD_DB)):
        service.release(image)
    cart.promote()
    eventually(lambda: watcher.watches(cart, BAD_CART)["rolled_out_at"], 60, "the Rollout is promoted and bakes")
    traffic.breaks(shop.namespace, BAD_CART)

    cart_is_undone_while_it_bakes(watcher, cart, traffic)
    db_is_undone_though_it_is_stuck(watcher, db)
    agent.release(BAD_AGENT)  # not before: of two that begin to suffer at one time, either may be the other's cause
    agent_is_undone_for_its_latency(watcher, agent)


def cart_is_undone_while_it_bakes(watcher: Daemon, cart: Service, traffic: Traffic) -> None:
    decision = watcher.restores(cart)
    release = watcher.watches(cart, BAD_CART)
    first_bad_at = traffic.version(cart.namespace, BAD_CART).first_bad_at
    assert first_bad_at is not None
    assert release["rolled_out_at"] < first_bad_at < decision["decided_at"]
    assert (decision["rung"], decision["target"]["images"]) == ("undo", [CART])
    cart.serves(CART)
    status = cart.live["status"]
    assert status["stableRS"] == status["currentPodHash"]


def db_is_undone_though_it_is_stuck(watcher: Daemon, db: Service) -> None:
    decision = watcher.restores(db)
    assert (decision["rung"], decision["target"]["images"]) == ("undo", [DB])
    assert [each["lane"] for each in decision["verdicts"]] == ["availability"]
    db.serves(DB)
    assert [pod["metadata"]["name"] for pod in db.pods] == ["db-0", "db-1", "db-2"]


def agent_is_undone_for_its_latency(watcher: Daemon, agent: Service) -> None:
    decision = watcher.restores(agent)
    assert (decision["rung"], decision["target"]["images"]) == ("undo", [AGENT])
    assert [each["check"] for each in decision["verdicts"]] == ["latency"]
    agent.serves(AGENT)
