"""The documented permissions, ``config/rbac.yaml``, for the accounts of the daemons under test."""

from __future__ import annotations

import copy
from pathlib import Path

import yaml

from tests.e2e.controlplane import ControlPlane, Json
from tests.e2e.controlplane.credentials import NAMESPACE

FILE = Path(__file__).parents[3] / "config" / "rbac.yaml"
READER = "watcher-readonly"  # an account that is never let act
HUB = "watcher-hub"  # an account to whom Applications are not shown


def documented() -> list[Json]:
    """The documents of the file, to be changed by whoever asks."""
    return list(yaml.safe_load_all(FILE.read_text()))


def grant_documented(plane: ControlPlane) -> None:
    """Apply the file as it is; the account that only reads gets the same bindings.

    The file lets nobody act: ``watcher-act`` is bound in the namespace of each scenario, as it says.
    """
    plane.admin.apply_all(documented())
    for each in documented():
        if each["kind"].endswith("Binding"):
            each["metadata"]["name"] += "-readonly"
            plane.admin.apply(_bound_to(READER, each))


def reads_but_applications(account: str) -> list[Json]:
    """The documented roles of the whole cluster, without Argo CD's Applications, and their bindings to an account."""
    found = [copy.deepcopy(each) for each in documented() if each["kind"] in ("ClusterRole", "ClusterRoleBinding")]
    bound = {each["roleRef"]["name"] for each in found if "subjects" in each}
    found = [each for each in found if "subjects" in each or each["metadata"]["name"] in bound]
    for each in found:
        each["metadata"]["name"] += f"-{account}"
        if "subjects" in each:
            each["roleRef"]["name"] += f"-{account}"
        else:
            each["rules"] = [rule for rule in each["rules"] if "applications" not in rule.get("resources", ())]
    return [_bound_to(account, each) if "subjects" in each else each for each in found]


def reads_holds(account: str, namespace: str) -> list[Json]:
    """The role and binding by which an account reads the hold on everything, for another own namespace than usual."""
    found = [each for each in documented() if each["kind"] in ("Role", "RoleBinding")]
    for each in found:
        each["metadata"]["namespace"] = namespace
    return [_bound_to(account, each) if "subjects" in each else each for each in found]


def leads(account: str, namespace: str) -> Json:
    """The binding by which an account may use the Lease, where `reads_holds` has put the roles."""
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "watcher-lead", "namespace": namespace},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "watcher-lead"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
    }


def lets_act(account: str, namespace: str) -> Json:
    """The binding that lets an account act in one namespace."""
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "watcher-act", "namespace": namespace},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "watcher-act"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
    }


def _bound_to(account: str, binding: Json) -> Json:
    bound = copy.deepcopy(binding)
    for subject in bound["subjects"]:
        subject["name"] = account
    return bound
