"""The documented RBAC, as the real authorizer understands it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import yaml

from tests.e2e.controlplane import ControlPlane
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.permissions import Permission, missing, needed

FILE = Path(__file__).parents[2] / "config" / "rbac.yaml"
OWN_NAMESPACE = "watcher"
ACCOUNT = "watcher-readonly"  # which no other test ever lets act
OBSERVING = needed(act=False, own_namespace=OWN_NAMESPACE)
ACTING = needed(act=True, own_namespace=OWN_NAMESPACE)
WITHIN = 10.0  # seconds until the authorizer knows of a new binding


async def test_the_file_grants_observing_and_acting_only_when_bound(control_plane: ControlPlane) -> None:
    control_plane.namespace(OWN_NAMESPACE)
    for each in yaml.safe_load_all(FILE.read_text()):
        for subject in each.get("subjects", ()):
            subject["name"] = ACCOUNT
            each["metadata"]["name"] += "-of-permissions"
        control_plane.admin.apply(each)

    await _comes_to_lack(control_plane, OBSERVING, set())
    await _comes_to_lack(control_plane, ACTING, set(ACTING) - set(OBSERVING))

    account = f"--serviceaccount={OWN_NAMESPACE}:{ACCOUNT}"
    own = f"--namespace={OWN_NAMESPACE}"
    control_plane.kubectl("create", "clusterrolebinding", "acting", "--clusterrole=watcher-act", account)
    control_plane.kubectl("create", "rolebinding", "leading", "--role=watcher-lead", account, own)
    try:
        await _comes_to_lack(control_plane, ACTING, set())
    finally:
        control_plane.kubectl("delete", "clusterrolebinding", "acting")
        control_plane.kubectl("delete", "rolebinding", "leading", own)


async def _comes_to_lack(control_plane: ControlPlane, wanted: tuple[Permission, ...], lacking: set[Permission]) -> None:
    client = await Client.connect(str(control_plane.kubeconfig(ACCOUNT)))
    try:
        async with asyncio.timeout(WITHIN):
            while set(await missing(client, wanted)) != lacking:
                continue  # asking takes its time
    finally:
        await client.close()
