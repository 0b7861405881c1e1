"""The adapter against the embedded API server, and against the real one where it is built."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.lease.suite import FIRST, SECOND, WITHIN, LeaseContract
from watcher.adapters.kubernetes import Client
from watcher.adapters.kubernetes.lease import KubernetesLease
from watcher.adapters.kubernetes.resources import LEASES, NAMESPACES
from watcher.ports import Forbidden, LeaseChanged, Rejected, Unavailable
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.kubernetes.authorization import AccessRule
from watcher.sandbox.kubernetes.server import ApiSettings


@dataclass
class Place:
    """A namespace of an API server, and somebody who may do everything in it."""

    person: Client
    namespace: str

    @property
    def path(self) -> str:
        return LEASES.path(self.namespace, "watcher")

    async def delete(self) -> None:
        raw = await self.person.get(self.path)
        await self.person.delete(self.path, raw["metadata"]["uid"])


@pytest.fixture(params=["sandbox", pytest.param("real", marks=pytest.mark.e2e)])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        if request.param == "sandbox":
            sandbox = await stack.enter_async_context(SandboxCluster(SandboxSettings()))
            kubeconfig = sandbox.kubeconfig_path
        else:
            kubeconfig = request.getfixturevalue("control_plane").kubeconfig("admin")
        person = await Client.connect(str(kubeconfig))
        stack.push_async_callback(person.close)
        namespace = f"lease-{uuid4().hex[:8]}"
        made = await person.post(NAMESPACES.path(), {"metadata": {"name": namespace}})
        yield Place(person, namespace)
        await person.delete(NAMESPACES.path(name=namespace), made["metadata"]["uid"])


@pytest.fixture
def lock(place: Place) -> KubernetesLease:
    return KubernetesLease(place.person, place.namespace, "watcher")


class TestKubernetesLease(LeaseContract):
    async def test_one_that_was_deleted_cannot_be_renewed(self, place: Place, lock: KubernetesLease) -> None:
        made = await lock.write(FIRST, "", WITHIN)
        await place.delete()
        with pytest.raises(LeaseChanged):
            await lock.write(FIRST, made.version, WITHIN)
        assert await lock.read(WITHIN) is None

    async def test_it_is_spelled_as_client_go_does(self, place: Place, lock: KubernetesLease) -> None:
        await lock.write(FIRST, "", WITHIN)
        spec = (await place.person.get(place.path))["spec"]
        assert spec == {
            "holderIdentity": "first_1",
            "leaseDurationSeconds": 10,
            "acquireTime": "2023-11-14T22:13:20.250000Z",
            "renewTime": "2023-11-14T22:13:20.250000Z",
            "leaseTransitions": 0,
        }

    async def test_what_others_wrote_on_it_stays(self, place: Place, lock: KubernetesLease) -> None:
        await lock.write(FIRST, "", WITHIN)
        add: list[dict[str, Any]] = [{"op": "add", "path": "/metadata/labels", "value": {"team": "sre"}}]
        await place.person.patch(place.path, add)
        found = await lock.read(WITHIN)
        assert found is not None
        await lock.write(SECOND, found.version, WITHIN)
        assert (await place.person.get(place.path))["metadata"]["labels"] == {"team": "sre"}

    async def test_a_lease_that_somebody_else_made_need_not_be_complete(
        self, place: Place, lock: KubernetesLease
    ) -> None:
        bare = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": {"name": "watcher"}, "spec": {}}
        await place.person.post(LEASES.path(place.namespace), bare)
        found = await lock.read(WITHIN)
        assert found is not None
        assert (found.lease.holder, found.lease.duration) == ("", 0)
        assert (await lock.write(FIRST, found.version, WITHIN)).lease == FIRST


@pytest.mark.parametrize(("granted", "named"), [((), "get"), (("get",), "create"), (("get", "create"), "update")])
async def test_a_missing_permission_is_named(granted: tuple[str, ...], named: str) -> None:
    rules = (AccessRule(granted, ("coordination.k8s.io",), ("leases",)),)
    async with SandboxCluster(SandboxSettings(api=ApiSettings(rules=rules))) as sandbox:
        client = await Client.connect(str(sandbox.kubeconfig_path))
        lock = KubernetesLease(client, "default", "watcher")
        try:
            with pytest.raises(Forbidden, match=rf"grant the verb `{named}` on `leases`"):
                await _use(lock)
        finally:
            await client.close()


async def _use(lock: KubernetesLease) -> None:
    found = await lock.read(WITHIN)
    made = await lock.write(FIRST, found.version if found else "", WITHIN)
    await lock.write(FIRST, made.version, WITHIN)


async def test_a_namespace_that_is_not_there_is_said_to_be_so() -> None:
    async with SandboxCluster(SandboxSettings()) as sandbox:
        client = await Client.connect(str(sandbox.kubeconfig_path))
        with pytest.raises(Rejected, match="create the namespace nowhere, or name another one with WATCHER_NAMESPACE"):
            await KubernetesLease(client, "nowhere", "watcher").write(FIRST, "", WITHIN)
        await client.close()


async def test_an_api_server_that_is_away_is_unavailable() -> None:
    async with SandboxCluster(SandboxSettings()) as sandbox:
        client = await Client.connect(str(sandbox.kubeconfig_path))
    lock = KubernetesLease(client, "default", "watcher")
    with pytest.raises(Unavailable):
        await lock.read(1.0)
    await client.close()
