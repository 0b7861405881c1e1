"""Rehearsals: of an undo, of an abort, of a revert in Git; and one that must fail, and say why."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, eventually
from tests.e2e.controlplane.argocd import NAMESPACE as ARGOCD
from tests.e2e.controlplane.credentials import NAMESPACE, write_kubeconfig
from tests.e2e.harness import Daemon, Service, Shop, ShopInGit, alongside
from tests.e2e.harness.flags import FlagInCluster
from tests.e2e.through_git import GOOD, with_a_good_version

PROGRAM = Path(sys.executable).with_name("watcher")
ROLE = Path(__file__).parents[2] / "config" / "rehearsal-rbac.yaml"
ACCOUNT = "rehearser"
SOON: dict[str, Any] = {"progressDeadlineSeconds": 8}
WITHIN = 240.0


class Rehearser:
    """Whoever rehearses: an account that may do so in one namespace, and a token of the daemon's."""

    def __init__(self, plane: ControlPlane, daemon: Daemon, namespace: str) -> None:
        self.plane, self.daemon, self.namespace = plane, daemon, namespace
        directory = daemon.config.parent
        self._kubeconfig, self._token = directory / "rehearser-kubeconfig", directory / "rehearser-token"
        write_kubeconfig(self._kubeconfig, plane.users[ACCOUNT], plane.url, plane.ca)
        made = json.loads(
            _run([str(PROGRAM), "token", "new", "drill", "--scopes", "rehearse,flag", "-o", "json"], {}).stdout
        )
        self._token.write_text(made["token"])
        tokens = directory / "tokens.yaml"
        tokens.write_text(yaml.safe_dump([made["entry"]]))
        daemon.environment["WATCHER_TOKENS"] = str(tokens)
        role = yaml.safe_load(ROLE.read_text())
        role["metadata"]["namespace"] = namespace
        plane.admin.apply_all([role, _binding("Role", "watcher-rehearse", namespace, "watcher-rehearse")])

    def label(self) -> None:
        """Make the namespace one for rehearsals only."""
        path = self.plane.admin.path("Namespace", name=self.namespace, version="v1")
        self.plane.admin.patch(path, {"metadata": {"labels": {"watcher.dev/rehearsal": "true"}}})

    def begin(self, service: Service, *options: str) -> subprocess.Popen[str]:
        """Begin a rehearsal on a service."""
        words = [
            str(PROGRAM),
            "rehearse",
            f"{service.manifest['kind']}/{service.name}",
            "--in",
            self.namespace,
            *options,
        ]
        words += ["--within", "150s", "-o", "json"]
        return subprocess.Popen(
            words, env=os.environ | self._environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def rehearse(self, service: Service, *options: str) -> tuple[int, list[Json], str]:
        """Hold a rehearsal: exit code, results, and what was told meanwhile."""
        return ended(self.begin(service, *options))

    def ready(self, service: Service) -> None:
        """Wait until the daemon sees nothing that keeps a rehearsal from being held."""

        def prospect() -> bool:
            found = self.daemon.get(f"rehearsals/{service.workload}")
            assert not found["obstacles"], found
            return True

        eventually(prospect, WITHIN, f"{service.workload} can be rehearsed on")

    def _environment(self) -> dict[str, str]:
        return {
            "WATCHER_KUBECONFIG": str(self._kubeconfig),
            "WATCHER_SERVER": self.daemon.url,
            "WATCHER_TOKEN_FILE": str(self._token),
            "WATCHER_CONFIG": str(self.daemon.config),
        }


def _binding(kind: str, role: str, namespace: str, name: str) -> Json:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": group, "kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }


def _run(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60)


def ended(begun: subprocess.Popen[str]) -> tuple[int, list[Json], str]:
    out, told = _said(begun)
    rows: list[Json] = json.loads(out)["items"] if out.strip() else []
    return begun.returncode, rows, told


def _said(begun: subprocess.Popen[str]) -> tuple[str, str]:
    """What it wrote and told until it ended; one that does not end is stopped, and what it told is the failure."""
    try:
        return begun.communicate(timeout=WITHIN)
    except subprocess.TimeoutExpired:
        begun.kill()
        _, told = begun.communicate()
        raise AssertionError(f"the rehearsal did not end within {WITHIN:.0f} s; it told:\n{told}") from None


def state(service: Service) -> Json:
    """What a rehearsal must leave as it was."""
    live = copy.deepcopy(service.live)
    for container in live["spec"]["template"]["spec"]["containers"]:
        if container.get("resources") == {}:  # the controller of Argo Rollouts writes it out, an apply takes it away
            del container["resources"]
    numbers = {"deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"}
    marks = {key: value for key, value in live["metadata"].get("annotations", {}).items() if key not in numbers}
    return {"spec": live["spec"], "labels": live["metadata"].get("labels"), "annotations": marks}


def steps(row: Json) -> str:
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in row["steps"].items())


def replica_sets(service: Service) -> list[str]:
    path = service.plane.admin.path("ReplicaSet", service.namespace, version="apps/v1")
    found: list[Any] = service.plane.admin.items(path, labelSelector=f"app={service.name}")
    return sorted(each["spec"]["template"]["spec"]["containers"][0]["image"] for each in found)


@alongside
def test_an_undo_is_rehearsed_and_everything_is_as_before(
    control_plane: ControlPlane, shop: Shop, watcher: Daemon, measured: Callable[[str], None]
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1", **SOON)
    rehearser = Rehearser(control_plane, watcher, shop.namespace)
    watcher.start()
    cart.release("shop/cart:2")
    watcher.passes(cart, "shop/cart:2")
    before = state(cart)

    code, rows, told = rehearser.rehearse(cart)
    assert (code, rows) == (1, [])
    assert "is not labelled for rehearsals" in told
    assert cart.image == "shop/cart:2"

    rehearser.label()
    rehearser.ready(cart)
    code, (row,), told = rehearser.rehearse(cart)
    assert (code, row["rung"], row["result"]) == (0, "undo", "passed"), (row, told)
    assert row["differences"] == []
    assert state(cart) == before
    assert replica_sets(cart) == ["shop/cart:1", "shop/cart:2"]
    assert list(row["steps"]) == ["breach", "decided", "undo done", "restored"]
    (kept,) = watcher.get("rehearsals")["items"]
    assert (kept["by"], kept["result"], kept["steps"]) == ("drill", "passed", row["steps"])
    assert watcher.metric("watcher_rehearsal_last_result", cart) == 1.0
    measured(f"rehearsal of undo (Deployment): {steps(row)}")


@alongside
def test_an_abort_is_rehearsed_and_the_rollout_is_as_before(
    control_plane: ControlPlane, shop: Shop, watcher: Daemon, measured: Callable[[str], None]
) -> None:
    cart = shop.deploy(workloads.rollout, "cart", "shop/cart:1", **SOON)
    rehearser = Rehearser(control_plane, watcher, shop.namespace)
    rehearser.label()
    watcher.start()
    cart.release("shop/cart:2")
    cart.promote()
    watcher.passes(cart, "shop/cart:2")
    rehearser.ready(cart)
    before = state(cart)

    code, (row,), told = rehearser.rehearse(cart)
    assert (code, row["rung"], row["result"]) == (0, "abort", "passed"), (row, told)
    assert state(cart) == before
    assert cart.live["status"]["phase"] == "Healthy"
    measured(f"rehearsal of abort (Rollout): {steps(row)}")


@alongside
def test_a_revert_in_git_is_rehearsed_and_the_repository_is_as_before(
    control_plane: ControlPlane, shop_in_git: ShopInGit, git_watcher: Daemon, measured: Callable[[str], None]
) -> None:
    rehearser = Rehearser(control_plane, git_watcher, shop_in_git.namespace)
    rehearser.label()
    control_plane.admin.apply(_binding("ClusterRole", "watcher-git", ARGOCD, f"rehearse-{shop_in_git.namespace}"))
    cart = with_a_good_version(shop_in_git, git_watcher, **SOON)
    rehearser.ready(cart.service)
    repository, before = shop_in_git.repository, state(cart.service)
    head = repository.head()

    code, (row,), told = rehearser.rehearse(cart.service)
    assert (code, row["rung"], row["result"]) == (0, "git", "passed"), (row, told)
    assert repository.read(cart.file, repository.head()) == repository.read(cart.file, head)
    assert repository.head() != head
    assert state(cart.service) == before
    cart.service.serves(GOOD)
    cart.settles(repository.head())
    measured(f"rehearsal of a revert in Git (Argo CD): {steps(row)}")


@alongside
def test_an_abort_is_rehearsed_together_with_the_revert_that_makes_it_last(
    control_plane: ControlPlane, shop_in_git: ShopInGit, git_watcher: Daemon, measured: Callable[[str], None]
) -> None:
    rehearser = Rehearser(control_plane, git_watcher, shop_in_git.namespace)
    rehearser.label()
    control_plane.admin.apply(_binding("ClusterRole", "watcher-git", ARGOCD, f"rehearse-{shop_in_git.namespace}"))
    cart = with_a_good_version(shop_in_git, git_watcher, workloads.rollout, **SOON)
    rehearser.ready(cart.service)
    repository, before = shop_in_git.repository, state(cart.service)
    head = repository.head()

    code, rows, told = rehearser.rehearse(cart.service)
    assert [(row["rung"], row["result"]) for row in rows] == [("abort", "passed"), ("git", "passed")], (rows, told)
    assert code == 0
    assert repository.read(cart.file, repository.head()) == repository.read(cart.file, head)
    assert state(cart.service) == before
    measured(f"rehearsal of abort and revert (Rollout, Argo CD): {steps(rows[0])}")


@alongside
def test_a_flag_is_rehearsed_with_a_fault_switch_and_put_back(
    control_plane: ControlPlane,
    shop: Shop,
    flag: FlagInCluster,
    flag_watcher: Daemon,
    measured: Callable[[str], None],
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    rehearser = Rehearser(control_plane, flag_watcher, shop.namespace)
    rehearser.label()
    flag_watcher.start()
    cart.release("shop/cart:2", flag.annotation)
    flag_watcher.passes(cart, "shop/cart:2")
    rehearser.ready(cart)
    before = state(cart)

    flag.covers("shop/cart:2-err20")
    code, (row,), told = rehearser.rehearse(cart, "--fault", "env:FAULT=err20")
    assert (code, row["rung"], row["result"]) == (0, "flag", "passed"), (row, told)
    assert flag.state == "ENABLED"
    assert state(cart) == before
    measured(f"rehearsal of a flag: {steps(row)}")


@alongside
def test_a_rehearsal_fails_loudly_where_something_is_left_otherwise_or_the_rung_is_switched_off(
    control_plane: ControlPlane, shop: Shop, watcher: Daemon, measured: Callable[[str], None]
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1", **SOON)
    rehearser = Rehearser(control_plane, watcher, shop.namespace)
    rehearser.label()
    watcher.start()
    cart.release("shop/cart:2")
    watcher.passes(cart, "shop/cart:2")
    rehearser.ready(cart)

    begun = rehearser.begin(cart)
    eventually(lambda: "watcher-rehearsal-" in cart.image, WITHIN, "the broken version is released")
    control_plane.kubectl("annotate", "deployment/cart", f"--namespace={shop.namespace}", "left=by-somebody")
    code, (row,), told = ended(begun)
    assert (code, row["result"]) == (1, "failed"), told
    assert row["differences"] == ["annotations.left: was not there, is 'by-somebody'"]
    assert "not as before: annotations.left" in row["message"]
    cart.serves("shop/cart:2")
    assert watcher.metric("watcher_rehearsal_last_result", cart) == 0.0

    thresholds = yaml.safe_load(watcher.config.read_text())
    watcher.configure(thresholds | {"rungs": {"undo": "propose"}})
    eventually(
        lambda: bool(watcher.get(f"rehearsals/{cart.workload}")["obstacles"]), WITHIN, "the rung is switched off"
    )
    code, rows, told = rehearser.rehearse(cart)
    assert (code, rows) == (1, [])
    assert "rung undo is only propose" in told
    assert cart.image == "shop/cart:2"
    measured(f"rehearsal that fails: {row['message']}")


@alongside
def test_a_rehearsal_that_was_killed_is_put_back_later(
    control_plane: ControlPlane, shop: Shop, watcher: Daemon
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1", **SOON)
    rehearser = Rehearser(control_plane, watcher, shop.namespace)
    rehearser.label()
    watcher.start()
    cart.release("shop/cart:2")
    watcher.passes(cart, "shop/cart:2")
    rehearser.ready(cart)
    before = state(cart)

    begun = rehearser.begin(cart)
    eventually(lambda: "watcher-rehearsal-" in cart.image, WITHIN, "the broken version is released")
    begun.kill()
    begun.communicate(timeout=30)
    code, _, told = rehearser.rehearse(cart)
    assert code == 1
    assert "--restore" in told
    code, _, told = ended_plainly(rehearser.begin(cart, "--restore"))
    assert code == 0, told
    assert state(cart) == before
    cart.serves("shop/cart:2")

    rehearser.ready(cart)
    begun = rehearser.begin(cart)
    eventually(lambda: "watcher-rehearsal-" in cart.image, WITHIN, "the broken version is released")
    begun.terminate()
    code, rows, told = ended(begun)
    assert (code, rows) == (1, [])
    assert "everything was put back" in told
    assert state(cart) == before

    rehearser.ready(cart)
    code, (row,), told = rehearser.rehearse(cart)
    assert (code, row["result"]) == (0, "passed"), (row, told)
    assert state(cart) == before


def ended_plainly(begun: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, told = _said(begun)
    return begun.returncode, out, told
