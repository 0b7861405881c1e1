"""Scenarios of mode propose: a person approves with a token, or by annotation; too late, it is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, Prometheus, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside, thresholds
from tests.e2e.traffic import Traffic

GOOD = "shop/cart:2"
PROGRAM = Path(sys.executable).with_name("watcher")


@alongside
def test_a_proposal_is_carried_out_once_somebody_with_a_token_approves(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    bad = "shop/cart:3-err20"
    cart, proposed = proposal(shop, watcher, prometheus, bad)
    assert cart.image == bad
    assert watcher.writes(shop.namespace) == []
    (waiting,) = watcher.get("status")["waiting"]
    assert waiting["approve"][0] == f"watcher approve {proposed['id']}"

    told = person(watcher, "approve", proposed["id"], "-o", "json")
    assert "is being carried out, approved by ada" in json.loads(told.stdout)["message"]
    again = person(watcher, "approve", proposed["id"])
    assert again.returncode in (0, 1)  # by now it may be over
    restored = watcher.restores(cart)

    assert (restored["id"], restored["mode"]) == (proposed["id"], "act")
    assert (restored["approval"]["by"], restored["approval"]["way"]) == ("ada", "http")
    cart.serves(GOOD)
    assert cart.live["metadata"]["annotations"]["watcher.dev/decision"] == proposed["id"]
    assert len(watcher.decisions(cart)) == 1
    assert person(watcher, "decisions", "label", proposed["id"], "right", "--note", "a bad build").returncode == 0
    assert watcher.get(f"decisions/{proposed['id']}")["label"]["by"] == "ada"


@alongside
def test_a_proposal_is_carried_out_once_it_is_annotated(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    cart, proposed = proposal(shop, watcher, prometheus, "shop/cart:4-err20")
    by_annotation = proposed["waiting"]["approve"][1].split()
    assert by_annotation[0] == "kubectl"
    control_plane.kubectl(*by_annotation[1:])

    restored = watcher.restores(cart)
    assert (restored["id"], restored["approval"]["way"]) == (proposed["id"], "annotation")
    assert restored["approval"]["by"].startswith("annotation (kubectl")
    cart.serves(GOOD)
    assert "RollbackApproved" in [event["reason"] for event in cart.events]


@alongside
def test_an_approval_after_the_fault_is_over_is_refused(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus, traffic: Traffic
) -> None:
    bad = "shop/cart:5-err20"
    cart, proposed = proposal(shop, watcher, prometheus, bad)
    traffic.mends(shop.namespace, bad)
    eventually(lambda: watcher.get("status")["waiting"] == [], 120, "nothing waits any more")

    def refused() -> bool:
        """A hold may have taken the proposal's place for a moment, so that nothing waits before the fault is over."""
        told = person(watcher, "approve", proposed["id"])
        assert told.returncode == 1
        return "the fault is over" in told.stderr

    eventually(refused, 120, "the approval is refused because the fault is over")
    watcher.stop()
    assert cart.image == bad
    assert watcher.writes(shop.namespace) == []


def proposal(shop: Shop, watcher: Daemon, prometheus: Prometheus, bad: str) -> tuple[Service, Json]:
    """A workload with a bad release, and the decision on it that waits for a person."""
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    watcher.configure(thresholds(prometheus.url, shop.namespace, mode="propose"))
    let_in(watcher)
    watcher.start()
    cart.release(GOOD)
    watcher.passes(cart, GOOD)
    watcher.configure(thresholds(prometheus.url, shop.namespace, mode="propose", bake={"for": "180s", "max": "10m"}))
    eventually(lambda: watcher.log_lines("config_reloaded"), 10, "the new bake time is in force")
    cart.release(bad)
    proposed = watcher.decides(cart, action="roll_back", mode="propose")
    assert proposed["waiting"] is not None
    return cart, proposed


def let_in(watcher: Daemon, scopes: str = "approve,hold,label") -> None:
    """Make a token for ada, and let the daemon know it by its hash."""
    made = json.loads(_run("token", "new", "ada", "--scopes", scopes, "-o", "json").stdout)
    file, token = watcher.config.with_name("tokens.yaml"), watcher.config.with_name("token")
    file.write_text(yaml.safe_dump([made["entry"]]))
    token.write_text(made["token"])
    watcher.environment["WATCHER_TOKENS"] = str(file)


def person(watcher: Daemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What ada types."""
    return _run(*arguments, "--server", watcher.url, "--token-file", str(watcher.config.with_name("token")))


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), *arguments]
    return subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=60, check=False)
