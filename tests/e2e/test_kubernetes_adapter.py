"""The adapter against a real API server with real controllers: the same contract as against the sandbox's.

And what only a real API server can show: server-side apply after an undo, and that the permissions which the adapter
names are enough.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.contract.kubernetes_adapter.acting import ActingContract, bad_release
from tests.contract.kubernetes_adapter.migrating import MigratingContract, down_order, ended, ready
from tests.contract.kubernetes_adapter.seeing import SeeingContract
from tests.contract.kubernetes_adapter.world import OWN_NAMESPACE, Person, World, manifest, undo_order
from tests.e2e.controlplane import ControlPlane
from tests.e2e.controlplane.api import ApiError, Json
from tests.e2e.controlplane.commands import LOG
from watcher.adapters.kubernetes import Client, Permission, missing, needed
from watcher.adapters.kubernetes.migrations import LINES
from watcher.adapters.kubernetes.ownership import hand_over
from watcher.core.model import Result
from watcher.core.words import Kind

NEWEST_ROLLOUTS = "1.10.2"  # 1.9.3 overlooks changes beside its own writes, a person's as well


@pytest.fixture(scope="module", autouse=True)
def _rollouts_that_overlook_nothing(control_plane: ControlPlane) -> Iterator[None]:
    before = control_plane.rollouts_version
    control_plane.use_rollouts(NEWEST_ROLLOUTS)
    yield
    control_plane.use_rollouts(before)


@pytest.fixture
async def world(control_plane: ControlPlane) -> AsyncIterator[World]:
    async with as_user(control_plane, "alice") as subject:
        yield subject


@asynccontextmanager
async def as_user(control_plane: ControlPlane, user: str) -> AsyncIterator[World]:
    """The adapter with this user's token; the person beside it is alice."""
    http = httpx.AsyncClient(
        base_url=control_plane.url,
        headers={"Authorization": f"Bearer {control_plane.users['alice'].token}"},
        verify=ssl.create_default_context(cafile=str(control_plane.ca)),
        trust_env=False,
    )
    client = await Client.connect(str(control_plane.kubeconfig(user)))
    async with World(Person(http), client).entered() as subject:
        yield subject


def grant(control_plane: ControlPlane, user: str, wanted: tuple[Permission, ...]) -> None:
    """Allow a user just this."""
    rules = [
        {
            "apiGroups": [each.resource.group],
            "resources": [f"{each.resource.plural}/{each.subresource}" if each.subresource else each.resource.plural],
            "verbs": [each.verb],
            **({"resourceNames": [each.name]} if each.name else {}),
        }
        for each in wanted
    ]
    kind = "rbac.authorization.k8s.io/v1"
    name = f"adapter-{user}"
    role: Json = {"apiVersion": kind, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}
    binding: Json = {
        "apiVersion": kind,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "User", "name": control_plane.users[user].username}],
    }
    control_plane.admin.apply_all([role, binding])


class TestSeeing(SeeingContract):
    pass


class TestActing(ActingContract):
    pass


class TestMigrating(MigratingContract):
    async def test_the_end_of_a_log_is_kept(self, world: World) -> None:
        workload = await ready(world, image="shop:1-fails")
        await world.actuator.perform(down_order(world, workload))
        seen = await ended(world, workload)
        assert seen.logs.splitlines() == LOG.splitlines()[-LINES:]


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_fix_by_server_side_apply_meets_no_conflict(
    world: World, control_plane: ControlPlane, kind: Kind
) -> None:
    applied = manifest(kind, "cart")
    applied["metadata"]["namespace"] = world.namespace
    control_plane.admin.apply(applied, manager="helm")
    workload = await world.deployed(applied)
    (good,) = world.view(workload).revisions
    container = applied["spec"]["template"]["spec"]["containers"][0]
    container |= {"image": "shop:v2", "env": [{"name": "NEW", "value": "1"}]}
    applied["spec"]["template"]["metadata"]["labels"]["extra"] = "1"
    control_plane.admin.apply(applied, manager="helm")
    bad = await world.revision_after(workload, 1)
    report = await world.actuator.perform(undo_order(world.view(workload), bad, good, skip_steps=True))
    assert (report.result, "stay owned" in report.message) == (Result.APPLIED, False)
    await world.rolled_out(workload, good.template_id)
    container["image"] = "shop:v3"
    fixed = control_plane.admin.apply(applied, manager="helm", force=False)
    (live,) = fixed["spec"]["template"]["spec"]["containers"]
    assert (live["image"], live["env"]) == ("shop:v3", [{"name": "NEW", "value": "1"}])
    assert (await world.revision_after(workload, 3)).images == ("shop:v3",)


async def test_without_the_hand_over_it_would(world: World, control_plane: ControlPlane) -> None:
    applied = manifest(Kind.DEPLOYMENT, "cart")
    applied["metadata"]["namespace"] = world.namespace
    control_plane.admin.apply(applied, manager="helm")
    workload = await world.deployed(applied)
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "shop:v0"}]
    live = await world.client.patch(world.path(workload), change)
    with pytest.raises(ApiError, match='conflict with \\\\"watcher\\\\"'):
        control_plane.admin.apply(applied, manager="helm", force=False)
    assert hand_over(live["metadata"]["managedFields"])


async def test_the_permissions_it_names_are_enough(control_plane: ControlPlane) -> None:
    wanted = needed(act=True, own_namespace=OWN_NAMESPACE)
    grant(control_plane, "watcher", wanted)
    async with as_user(control_plane, "watcher") as world:
        assert await missing(world.client, wanted) == ()
        assert world.cluster.problems() == ()
        for kind in Kind:
            workload, good, bad = await bad_release(world, manifest(kind, f"cart-{kind.lower()}"))
            report = await world.actuator.perform(undo_order(world.view(workload), bad, good, skip_steps=True))
            assert report.result == Result.APPLIED, report.message
            await world.rolled_out(workload, good.template_id)


async def test_a_missing_permission_is_named(control_plane: ControlPlane) -> None:
    grant(control_plane, "watcher-readonly", needed(act=False, own_namespace=OWN_NAMESPACE))
    async with as_user(control_plane, "watcher-readonly") as world:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        order = undo_order(world.view(workload), bad, good)
        report = await world.actuator.perform(order)
        assert report.result == Result.FORBIDDEN
        assert "grant the verb `get` on `deployments`" in report.message
        lacking = {(each.verb, each.resource.plural) for each in await missing(world.client, needed(act=True))}
        assert {("get", "deployments"), ("patch", "deployments"), ("delete", "pods")} <= lacking
