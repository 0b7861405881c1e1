"""Each verb of each rule that the chart grants, taken away in turn: the port that needs it says which is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.chart.grants import Grant, asked, grants
from tests.chart.variants import NAMESPACE, VARIANTS
from tests.contract.kubernetes_adapter.acting import bad_release, paused_canary
from tests.contract.kubernetes_adapter.world import WallClock, World, abort_order, manifest, undo_order
from tests.e2e.controlplane import FLAGGER, ControlPlane, Json
from tests.e2e.controlplane.credentials import write_kubeconfig
from tests.e2e.test_kubernetes_adapter import as_user
from watcher.adapters.kubernetes import (
    Client,
    KubernetesActuator,
    KubernetesAnnouncer,
    KubernetesCluster,
    missing,
    needed,
)
from watcher.adapters.kubernetes.lease import KubernetesLease
from watcher.core.election import KeptLease, Lease
from watcher.core.model import Result, Workload
from watcher.core.orders import Announce, ReleaseStuckPodsOrder, RungOrder, UndoOrder
from watcher.core.words import Kind, Stage
from watcher.ports import Forbidden

(ACT,) = [each for each in VARIANTS if each.name == "act"]
NEEDED = needed(act=True, own_namespace=NAMESPACE, planes=None)  # neither Argo CD nor Flux is in this cluster
GRANTED = sorted(grants(ACT.objects()) & asked(NEEDED))
LEASE = "watcher"
RBAC = "rbac.authorization.k8s.io"
WITHIN = 20.0  # seconds until the authorizer knows of a binding, and a port has tried


@dataclass(frozen=True)
class Bad:
    """Bad releases, and what the ports would be asked to do about them."""

    cart: Workload
    undo: dict[str, UndoOrder]  # by plural of the kind
    abort: RungOrder
    stuck: RungOrder
    lease: KeptLease


async def prepared(world: World) -> Bad:
    undo = {}
    for kind in Kind:
        workload, good, bad = await bad_release(world, manifest(kind, f"cart-{kind.lower()}"))
        undo[f"{kind.lower()}s"] = undo_order(world.view(workload), bad, good)
    canary = await paused_canary(world)
    stuck = await world.deploy(manifest(Kind.STATEFUL_SET, "stuck", updateStrategy={"type": "OnDelete"}))
    view = world.view(stuck)
    pods = tuple((pod.name, pod.uid) for pod in view.pods)
    order = ReleaseStuckPodsOrder("d-1", 1, stuck, view.uid, pods)
    lease = KubernetesLease(world.client, NAMESPACE, LEASE)
    kept = await lease.read(WITHIN) or await lease.write(Lease("alice", 10, 1.0, 1.0, 0), "", WITHIN)
    return Bad(undo["deployments"].workload, undo, abort_order(canary), order, kept)


def allow(plane: ControlPlane, account: str, allowed: list[Grant]) -> None:
    """Make a ServiceAccount that may do just this."""
    plane.admin.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": NAMESPACE}}
    )
    for namespace, kind in (("", "ClusterRole"), (NAMESPACE, "Role")):
        meta = {"name": account} | ({"namespace": namespace} if namespace else {})
        subject = {"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}
        role: Json = {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": meta}
        named = {"apiGroup": RBAC, "kind": kind, "name": account}
        plane.admin.apply(role | {"rules": [_rule(each) for each in allowed if each[3] == namespace]})
        plane.admin.apply(role | {"kind": f"{kind}Binding", "roleRef": named, "subjects": [subject]})


def _rule(grant: Grant) -> Json:
    verb, group, resource, _, name = grant
    return {"apiGroups": [group], "resources": [resource], "verbs": [verb]} | (
        {"resourceNames": [name]} if name else {}
    )


@asynccontextmanager
async def without(plane: ControlPlane, grant: Grant) -> AsyncIterator[Client]:
    """A client that may do everything that the chart grants, but for one thing, also where it is granted twice."""
    account = f"without-{GRANTED.index(grant)}"
    taken = {grant, (*grant[:3], "", "")} & set(GRANTED)
    allow(plane, account, [each for each in GRANTED if each not in taken])
    file = plane.directory / f"{account}.kubeconfig"
    write_kubeconfig(file, plane.log_in(NAMESPACE, account), plane.url, plane.ca)
    client = await Client.connect(str(file))
    try:
        async with asyncio.timeout(WITHIN):
            while asked(await missing(client, NEEDED)) != taken:
                continue  # asking takes its time
        yield client
    finally:
        await client.close()


async def complaint(client: Client, grant: Grant, bad: Bad) -> str:
    """What the port says that needs this."""
    verb, _, resource, _, name = grant
    if verb in ("list", "watch"):
        return await _follow(client, bad, lambda said: f"`{verb}` on `{resource}`" in said)
    if resource == "leases":
        with pytest.raises(Forbidden) as refused:
            await _lead(client, verb, bad.lease)
        return str(refused.value)
    if (verb, resource, name) == ("get", "configmaps", ""):
        with pytest.raises(Forbidden) as refused:
            await KubernetesCluster(client, WallClock()).configurations(bad.cart.namespace, ["ConfigMap/app"])
        return str(refused.value)
    if resource == "events":
        said = Announce(bad.cart, "uid", Stage.ROLLING_BACK, "a text")
        with pytest.raises(Forbidden) as refused:
            await KubernetesAnnouncer(client, WallClock(), NAMESPACE).announce(said)
        return str(refused.value)
    order = {"rollouts/status": bad.abort, "pods": bad.stuck}.get(resource) or bad.undo.get(resource)
    report = await KubernetesActuator(client, WallClock(), NAMESPACE).perform(order or bad.undo["deployments"])
    assert report.result == Result.FORBIDDEN, report.message
    return report.message


async def _lead(client: Client, verb: str, kept: KeptLease) -> None:
    lease = KubernetesLease(client, NAMESPACE, LEASE)
    if verb == "get":
        await lease.read(WITHIN)
    else:
        await lease.write(kept.lease, kept.version if verb == "update" else "", WITHIN)


async def _follow(client: Client, bad: Bad, named: Callable[[str], bool]) -> str:
    cluster = KubernetesCluster(client, WallClock(), own_namespace=NAMESPACE)
    running = asyncio.create_task(cluster.run())
    try:
        await cluster.follow(frozenset({bad.cart}))
        while not any(named(said) for said in cluster.problems()):  # noqa: ASYNC110 - no event tells of problems
            await asyncio.sleep(0.05)
        return "; ".join(cluster.problems())
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_each_verb_that_is_taken_away_is_named(control_plane: ControlPlane) -> None:
    control_plane.namespace(NAMESPACE)
    control_plane.define(FLAGGER)  # what is not there cannot be watched
    said = dict[Grant, str]()
    async with as_user(control_plane, "alice") as world:
        bad = await prepared(world)
        for grant in GRANTED:
            async with without(control_plane, grant) as client:
                try:
                    async with asyncio.timeout(WITHIN):
                        said[grant] = await complaint(client, grant, bad)
                except TimeoutError:
                    said[grant] = f"nothing within {WITHIN:g} s"
    silent = {grant: text for grant, text in said.items() if f"the verb `{grant[0]}` on `{grant[2]}`" not in text}
    assert silent == {}
    assert len(said) > 30
