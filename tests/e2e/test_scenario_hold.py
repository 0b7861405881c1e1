"""Scenario 12: an annotation on the namespace holds a proven breach; when it is removed, everything is judged anew."""

from __future__ import annotations

from typing import Any

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Prometheus, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside, thresholds
from tests.e2e.traffic import Traffic

GOOD, BAD, PASSING = "shop/cart:2", "shop/cart:3-err20", "shop/stock:3-err20"


@alongside
def test_nothing_is_written_while_a_hold_stands(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus, traffic: Traffic
) -> None:
    cart = shop.add(workloads.deployment, "cart", "shop/cart:1")
    stock = shop.add(workloads.deployment, "stock", "shop/stock:1")
    for service, image in ((cart, "shop/cart:1"), (stock, "shop/stock:1")):
        service.serves(image)
    watcher.start()
    for service in (cart, stock):
        service.release(GOOD)
    for service in (cart, stock):
        watcher.passes(service, GOOD)
    watcher.configure(thresholds(prometheus.url, shop.namespace, bake="180s"))  # outlives the hold
    eventually(lambda: watcher.log_lines("config_reloaded"), 10, "the new bake time is in force")

    control_plane.kubectl("annotate", "namespace", shop.namespace, "watcher.dev/hold=inventory in progress")
    stock.release(PASSING)
    is_held(watcher, stock)
    traffic.mends(shop.namespace, PASSING)
    eventually(lambda: "breach_over" in moves(watcher, stock), 90, "the fault of stock is over")
    cart.release(BAD)  # only now: neither could be told from the other as the cause if both broke at once
    is_held(watcher, cart)
    assert watcher.writes(shop.namespace) == []
    assert (cart.image, stock.image) == (BAD, PASSING)
    assert watcher.watches(stock, PASSING)["ended"] is None

    control_plane.kubectl("annotate", "namespace", shop.namespace, "watcher.dev/hold-")
    decision = watcher.restores(cart)
    assert decision["attempt"] > 1
    assert [guarded(each) for each in watcher.decisions(cart)] == [("roll_back", None), ("hold", "hold")]
    cart.serves(GOOD)

    ended = watcher.ends(stock, PASSING)
    assert (ended["verdict"], ended["outcome"]) == ("breach", None)
    assert [guarded(each) for each in watcher.decisions(stock)] == [("hold", "hold")]
    stock.serves(PASSING)
    assert set(watcher.writes(shop.namespace)) == {"deployments/cart"}


def is_held(watcher: Daemon, service: Service) -> None:
    decision = watcher.decides(service, action="hold", guard="hold")
    assert "inventory in progress" in decision["guard"]["reason"]


def guarded(decision: dict[str, Any]) -> tuple[str, str | None]:
    """What was decided, and the guard that held it."""
    guard = decision["guard"]
    return decision["action"], guard and guard["id"]


def moves(watcher: Daemon, service: Service) -> list[str]:
    """The transitions of a service so far."""
    lines = watcher.log_lines("transition")
    return [move for line in lines if line["workload"] == service.workload for move in line["moved"]]
