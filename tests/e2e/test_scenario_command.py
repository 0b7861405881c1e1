"""Scenarios of a person's command: a rollback past a named guard, to a named revision, not in observe; good and bad."""

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

FIRST, SECOND, THIRD = "shop/cart:1", "shop/cart:2", "shop/cart:3"
PROGRAM = Path(sys.executable).with_name("watcher")
WHY = "finance calls: totals are wrong"


@alongside
def test_a_rollback_at_a_persons_command_past_a_guard_that_they_name(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    cart = released(shop, watcher, prometheus, SECOND)
    control_plane.kubectl("annotate", "namespace", shop.namespace, "watcher.dev/hold=stocktaking")
    refused = eventually(lambda: held(watcher, cart), 30, "the hold refuses the command")
    assert "--override hold" in refused.stderr
    assert watcher.writes(shop.namespace) == []
    assert watcher.get(f"why/{cart.workload}")["refused"]["by"] == "ada"

    told = person(watcher, "rollback", cart.workload, "--reason", WHY, "--override", "hold", "-o", "json")
    assert told.returncode == 0, told.stderr
    restored = watcher.restores(cart)
    assert restored["id"] == json.loads(told.stdout)["decision"]
    assert (restored["request"]["by"], restored["request"]["reason"]) == ("ada", WHY)
    assert [each["id"] for each in restored["overridden"]] == ["hold"]
    assert restored["reason"].endswith("past guard hold.")
    cart.serves(FIRST)
    assert len(watcher.decisions(cart)) == 1
    assert "RollbackCommanded" in [event["reason"] for event in cart.events]
    assert cart.live["metadata"]["annotations"]["watcher.dev/decision"] == restored["id"]

    account = control_plane.users[watcher.user].username
    entries = control_plane.audit.entries(account, writes=True, namespace=shop.namespace)
    assert [entry.path for entry in entries if entry.resource == "deployments"] != []


@alongside
def test_back_to_a_named_revision_and_what_is_called_bad_is_no_target(
    shop: Shop, watcher: Daemon, prometheus: Prometheus
) -> None:
    cart = released(shop, watcher, prometheus, SECOND)
    cart.release(THIRD)
    watcher.passes(cart, THIRD)

    (second,) = [each["revision"] for each in watcher.releases(cart) if each["images"] == [SECOND]]
    said = person(watcher, "bad", cart.workload, second, "--reason", "wrong totals")
    assert said.returncode == 0, said.stderr
    refused = person(watcher, "rollback", cart.workload, "--to", second, "--reason", WHY)
    assert refused.returncode == 1
    assert "not_known_good" in refused.stderr
    assert "ada (wrong totals) called it bad" in refused.stderr

    told = person(watcher, "rollback", cart.workload, "--to", "1", "--reason", WHY)
    assert told.returncode == 0, told.stderr
    assert watcher.restores(cart)["target"]["images"] == [FIRST]
    cart.serves(FIRST)

    assert person(watcher, "good", cart.workload, second).returncode == 0
    known = {each["revision"]: each for each in watcher.get(f"why/{cart.workload}")["known_good"]}
    assert (known[second]["revoked"], known[second]["by"]) == ("", "ada")


@alongside
def test_observe_writes_nothing_whoever_commands_it(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    cart = released(shop, watcher, prometheus, SECOND, mode="observe")
    refused = person(watcher, "rollback", cart.workload, "--reason", WHY)
    assert refused.returncode == 1
    assert "it may only observe: mode is observe" in refused.stderr
    watcher.stop()
    assert cart.image == SECOND
    assert watcher.writes(shop.namespace) == []


def released(shop: Shop, watcher: Daemon, prometheus: Prometheus, image: str, mode: str = "act") -> Service:
    """A workload whose release of this image has passed."""
    cart = shop.deploy(workloads.deployment, "cart", FIRST)
    watcher.configure(thresholds(prometheus.url, shop.namespace, mode=mode))
    let_in(watcher)
    watcher.start()
    cart.release(image)
    watcher.passes(cart, image)
    known = watcher.get(f"why/{cart.workload}")["known_good"]
    if not any(each["revision"] != known[-1]["revision"] for each in known):  # what ran before anybody looked
        assert person(watcher, "good", cart.workload, "1").returncode == 0
    return cart


def held(watcher: Daemon, cart: Service) -> subprocess.CompletedProcess[str] | None:
    """The refusal, once the daemon has seen the hold; the command is never sent before."""
    if not watcher.get(f"why/{cart.workload}").get("held"):
        return None
    refused = person(watcher, "rollback", cart.workload, "--reason", WHY)
    assert refused.returncode == 1, refused.stdout
    assert "guards hold: hold: held: stocktaking" in refused.stderr
    return refused


def let_in(watcher: Daemon) -> None:
    """Make a token for ada, and let the daemon know it by its hash."""
    made: Json = json.loads(_run("token", "new", "ada", "--scopes", "rollback,revision", "-o", "json").stdout)
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
