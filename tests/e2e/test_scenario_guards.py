"""Scenarios of guards: each holds a proven breach, writes nothing, and lets it go once its cause is gone.

Which test shows which guard on the real control plane; what is in no line here is shown in virtual time, by
`tests/core/test_guards.py`, on both sides:

| guard | test |
|---|---|
| hold | `test_scenario_hold.py` |
| never, cooldown | `test_the_never_list_and_the_cooldown_hold` |
| freeze | `test_a_freeze_window_holds_until_it_closes` |
| not_permitted | `test_scenario_leader.py` |
| stale_cache | `test_scenario_api_server.py` |
| source_unhealthy | `test_scenario_outage.py` |
| recovery_release | `test_scenario_person.py`, `test_what_must_go_forward_or_has_no_target_is_held` |
| restart, owned, target_gone, config_moved, image_not_pullable, mutable_tag | `test_scenario_targets.py` |
| configuration | `test_scenario_good.py` |
| not_its_fault, fleet_veto, several_releases | `test_scenario_blame.py` |
| not_known_good | `test_scenario_command.py` |
| other_controller | `test_while_flagger_goes_back_by_itself_nobody_else_does` |
| breaker | `test_a_breaker_opened_by_real_rollbacks_is_closed_by_hand` |
| cluster_cannot_start | `test_where_no_pod_starts_in_the_cluster_none_is_taken_away` |
| no_target | `test_what_must_go_forward_or_has_no_target_is_held` |
| unsafe_migration | `test_scenario_migrations.py` |
| superseded | `test_scenario_superseded.py` |
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from tests.e2e import workloads
from tests.e2e.controlplane import FLAGGER, ControlPlane, Json, Prometheus, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside, thresholds
from tests.e2e.test_scenario_approval import let_in, person

GOOD, BAD = "shop/cart:2", "shop/cart:3-err20"
LONG: Json = {"bake": {"for": "300s", "max": "20m"}}


@alongside
def test_a_freeze_window_holds_until_it_closes(shop: Shop, watcher: Daemon, prometheus: Prometheus) -> None:
    cart = proven(shop, watcher, prometheus)
    closes = (time.time() // 60 + 2) * 60
    until = datetime.fromtimestamp(closes, UTC)
    window = {"from": "2026-01-01T00:00", "until": f"{until:%Y-%m-%dT%H:%M}", "reason": "stocktaking"}
    reconfigure(watcher, thresholds(prometheus.url, shop.namespace, **LONG) | {"freezes": {"closing": window}})
    cart.release(BAD)
    held = watcher.decides(cart, action="hold", guard="freeze")
    assert "frozen by closing until" in held["guard"]["reason"]
    assert [each["name"] for each in watcher.get("status")["freezes"]] == ["closing"]
    assert watcher.writes(shop.namespace) == []

    restored = watcher.restores(cart, within=240)
    assert restored["at"] >= closes
    cart.serves(GOOD)
    assert watcher.get("status")["freezes"] == []


@alongside
def test_a_breaker_opened_by_real_rollbacks_is_closed_by_hand(
    shop: Shop, watcher: Daemon, prometheus: Prometheus
) -> None:
    let_in(watcher, "breaker")
    names = ("cart", "stock", "search")
    services = [shop.add(workloads.deployment, name, f"shop/{name}:1") for name in names]
    for service in services:
        service.serves(f"shop/{service.name}:1")
    watcher.start()
    for service in services:
        service.release(f"shop/{service.name}:2")
    for service in services:
        watcher.passes(service, f"shop/{service.name}:2")
    two = {"max": 100, "window": "1h", "namespaces": {"max": 2, "window": "1h"}}
    reconfigure(watcher, thresholds(prometheus.url, shop.namespace, **LONG) | {"breaker": two})
    for service in services[:2]:
        service.release(f"shop/{service.name}:3-err20")
        watcher.restores(service)
    search = services[2]
    search.release("shop/search:3-err20")
    held = watcher.decides(search, action="hold", guard="namespace_breaker")
    assert f"2 rollbacks in namespace {shop.namespace} within 60 min, 2 allowed" in held["guard"]["reason"]
    assert not any(path.endswith("/search") for path in watcher.writes(shop.namespace))

    closing = ("breaker", "close", "--namespace", shop.namespace, "--reason", "two teams, no common cause")
    closed = person(watcher, *closing, "-o", "json")
    assert closed.returncode == 0, closed.stderr
    assert json.loads(closed.stdout)["closed"]["by"] == "ada"
    watcher.restores(search)
    assert person(watcher, *closing).returncode == 1  # it is not open now

    watcher.stop()
    watcher.start()
    found = {each["scope"]: each for each in watcher.get("breakers")["items"]}
    assert found[f"namespace/{shop.namespace}"]["rollbacks"] == 1
    assert found[f"namespace/{shop.namespace}"]["closed"]["reason"] == "two teams, no common cause"


@alongside
def test_where_no_pod_starts_in_the_cluster_none_is_taken_away(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    cart = proven(shop, watcher, prometheus)
    began = time.time()
    homeless = [
        shop.add(workloads.deployment, name, f"shop/{name}:1", template=nowhere(name)) for name in ("a", "b", "c")
    ]
    reconfigure(watcher, thresholds(prometheus.url, shop.namespace, **LONG))
    eventually(lambda: time.time() > began + 70, 90, "the pods have waited for a minute")
    cart.release(BAD)
    held = watcher.decides(cart, action="hold", guard="cluster_cannot_start")
    assert "new pods of 3 other workloads do not start" in held["guard"]["reason"]
    assert "no node takes it" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []

    for each in homeless:
        control_plane.admin.delete(each.path)
    watcher.restores(cart)
    cart.serves(GOOD)


@alongside
def test_while_flagger_goes_back_by_itself_nobody_else_does(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    """A stand-in for Flagger: its CRD, and the status as its controller writes it."""
    control_plane.define(FLAGGER)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"}
    canary: Json = {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"namespace": shop.namespace, "name": "cart"},
        "spec": {"targetRef": target, "analysis": {"interval": "10s", "threshold": 3}},
    }
    control_plane.admin.apply(canary, manager="flagger", force=False)
    path = control_plane.admin.path_of(canary)

    def says(phase: str, failed: int) -> None:
        control_plane.admin.patch(f"{path}/status", {"status": {"phase": phase, "failedChecks": failed}})

    says("Succeeded", 0)
    cart = known_good(shop, watcher, prometheus)
    says("Progressing", 3)
    cart.release(BAD)
    held = watcher.decides(cart, action="hold", guard="other_controller")
    assert held["guard"]["reason"] == "Flagger's Canary cart has failed 3 of 3 checks and is going back by itself"
    assert watcher.writes(shop.namespace) == []

    says("Succeeded", 0)
    watcher.restores(cart)
    cart.serves(GOOD)


@alongside
def test_the_never_list_and_the_cooldown_hold(shop: Shop, watcher: Daemon, prometheus: Prometheus) -> None:
    cart = proven(shop, watcher, prometheus)
    cooling = thresholds(prometheus.url, shop.namespace, **LONG, cooldown="60s")
    reconfigure(watcher, cooling | {"never": [{"namespace": shop.namespace, "name": "cart"}]})
    cart.release(BAD)
    watcher.decides(cart, action="hold", guard="never")
    assert watcher.writes(shop.namespace) == []
    reconfigure(watcher, cooling)
    watcher.restores(cart)

    cart.release("shop/cart:4-err20")
    held = watcher.decides(cart, action="hold", guard="cooldown")
    assert "cooldown is 60 s" in held["guard"]["reason"]
    watcher.restores(cart, within=180)
    cart.serves(GOOD)


@alongside
def test_what_must_go_forward_or_has_no_target_is_held(shop: Shop, watcher: Daemon, prometheus: Prometheus) -> None:
    cart = proven(shop, watcher, prometheus)
    stock = shop.deploy(workloads.deployment, "stock", "shop/stock:1")
    reconfigure(watcher, thresholds(prometheus.url, shop.namespace, **LONG))
    stock.release("shop/stock:2-err20")
    watcher.decides(stock, action="hold", guard="no_target")
    cart.release(BAD, {"watcher.dev/roll-forward-only": "the queue speaks another format now"})
    held = watcher.decides(cart, action="hold", guard="recovery_release")
    assert "the queue speaks another format now" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []


def proven(shop: Shop, watcher: Daemon, prometheus: Prometheus, image: str = GOOD, **spec: Any) -> Service:
    """A workload whose second version, of this image, has passed."""
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1", **spec)
    watcher.configure(thresholds(prometheus.url, shop.namespace))
    watcher.start()
    cart.release(image)
    watcher.passes(cart, image)
    return cart


def known_good(shop: Shop, watcher: Daemon, prometheus: Prometheus, image: str = GOOD, **spec: Any) -> Service:
    """A workload whose second version has passed; what is released next is watched for long."""
    cart = proven(shop, watcher, prometheus, image, **spec)
    reconfigure(watcher, thresholds(prometheus.url, shop.namespace, **LONG))
    return cart


def reconfigure(watcher: Daemon, file: Json) -> None:
    """Write another thresholds file, and wait until it is in force."""
    before = len(watcher.log_lines("config_reloaded"))
    watcher.configure(file)
    eventually(lambda: len(watcher.log_lines("config_reloaded")) > before, 10, "the other thresholds are in force")


def nowhere(name: str) -> Json:
    """The template of pods that no node takes."""
    return workloads.pod_template(name, f"shop/{name}:1", nodeSelector={"zone": "nowhere"})
