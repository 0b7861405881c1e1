"""The adapter against the sandbox's API server.  `tests/e2e` does the same against a real one."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.contract.kubernetes_adapter.acting import ActingContract
from tests.contract.kubernetes_adapter.seeing import SeeingContract
from tests.contract.kubernetes_adapter.world import OWN_NAMESPACE, Person, World
from watcher.adapters.kubernetes import Client
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.controllers.world import Timings

FAST = Timings(pod_start=0.02, pod_ready=0.05, pod_stop=0.02, traffic_scale_down=0.1)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with SandboxCluster(SandboxSettings(timings=FAST, namespaces=(OWN_NAMESPACE,))) as sandbox:
        plain_http = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares loading the system's certificates
        person = Person(httpx.AsyncClient(base_url=sandbox.url, verify=plain_http, trust_env=False))
        client = await Client.connect(str(sandbox.kubeconfig_path))
        async with World(person, client).entered() as subject:
            yield subject


class TestSeeing(SeeingContract):
    pass


class TestActing(ActingContract):
    pass
