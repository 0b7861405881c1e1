"""The two API servers that must pass the same tests: the embedded sandbox, and the real one where it is built."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.contract.kubernetes.api import Api, read
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.controllers.world import Timings
from watcher.sandbox.kubernetes.server import ApiSettings

FAST = Timings(
    pod_start=0.02, pod_ready=0.02, pod_stop=0.02, crash_after=0.02, crash_backoff=0.1, traffic_scale_down=0.2
)
TOKEN = "sandbox-token"


@pytest.fixture(params=["sandbox", pytest.param("real", marks=pytest.mark.e2e)])
async def api(request: pytest.FixtureRequest) -> AsyncIterator[Api]:
    """One of the API servers, with an empty namespace."""
    async with AsyncExitStack() as stack:
        if request.param == "sandbox":
            settings = SandboxSettings(timings=FAST, api=ApiSettings(token=TOKEN))
            cluster = await stack.enter_async_context(SandboxCluster(settings))
            client = await stack.enter_async_context(connect(cluster.url, TOKEN))
        else:
            plane = request.getfixturevalue("control_plane")
            client = await stack.enter_async_context(connect(plane.url, plane.users["admin"].token, plane.ca))
        namespace = f"contract-{uuid4().hex[:8]}"
        read(await client.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}), 201)
        yield Api(client, namespace, request.param)
        await client.delete(f"/api/v1/namespaces/{namespace}")


def connect(url: str, token: str, authority: Path | None = None) -> httpx.AsyncClient:
    """A client of that server. `authority` is a PEM file."""
    verify = ssl.create_default_context(cafile=authority) if authority else False  # False: plain HTTP
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "contract/1.0"}
    return httpx.AsyncClient(base_url=url, headers=headers, verify=verify, timeout=30.0)
