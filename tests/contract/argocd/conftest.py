"""The two controllers that must pass the same tests: the simulated one in virtual time, and the real Argo CD."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.contract.argocd.kept import Kept
from tests.contract.kubernetes.api import Api, read
from tests.contract.kubernetes.conftest import FAST, connect
from tests.e2e.controlplane.repository import Repository
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.kubernetes.server import ApiSettings

NAMESPACE = "argocd"
TOKEN = "sandbox-token"
VIRTUAL = pytest.mark.looptime(noop_cycles=10)  # a few turns for what is on its way through a socket

Service = Callable[[], AbstractAsyncContextManager[Kept]]


@pytest.fixture(
    params=[pytest.param("simulated", marks=VIRTUAL), pytest.param("real", marks=pytest.mark.e2e)],
)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Service:
    """Makes a service in a namespace of its own; to be entered in the test, where time is virtual."""
    real = request.getfixturevalue("argocd").plane if request.param == "real" else None

    @asynccontextmanager
    async def made() -> AsyncIterator[Kept]:
        async with AsyncExitStack() as stack:
            if real is None:
                settings = SandboxSettings(FAST, ApiSettings(token=TOKEN), ("default", NAMESPACE))
                cluster = await stack.enter_async_context(SandboxCluster(settings))
                client = await stack.enter_async_context(connect(cluster.url, TOKEN))
            else:
                client = await stack.enter_async_context(connect(real.url, real.users["admin"].token, real.ca))
            namespace = f"kept-{uuid4().hex[:8]}"
            read(await client.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}), 201)
            repository = Repository.create(tmp_path / "config.git", "")
            kept = Kept(Api(client, NAMESPACE, ""), Api(client, namespace, ""), repository)
            yield kept
            await client.delete(kept.applications.path("applications", kept.name))  # so that nothing is put back
            await client.delete(f"/api/v1/namespaces/{namespace}")

    return made
