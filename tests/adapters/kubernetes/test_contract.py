"""The adapter against the sandbox's API server.  `tests/e2e` does the same against a real one."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.contract.kubernetes_adapter.acting import ActingContract
from tests.contract.kubernetes_adapter.migrating import MigratingContract, down_order, ended, ready
from tests.contract.kubernetes_adapter.seeing import SeeingContract
from tests.contract.kubernetes_adapter.world import OWN_NAMESPACE, Person, World
from watcher.adapters.kubernetes import Client
from watcher.adapters.kubernetes.migrations import end_of
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


class TestMigrating(MigratingContract):
    async def test_the_end_of_a_log_is_kept(self, world: World) -> None:
        workload = await ready(world, image="shop:1-fails")
        await world.actuator.perform(down_order(world, workload))
        seen = await ended(world, workload)
        assert seen.logs == "running shop:1-fails alembic downgrade base\nerror: it failed"


def test_what_looks_like_a_credential_is_not_kept() -> None:
    said = "postgres://shop:pa55@db/shop\nDB_PASSWORD=pa55 user=shop token: pa55, api_key=pa55\x1b[0m\n"
    assert "pa55" not in end_of(said)
    assert end_of(said).startswith("postgres://***@db/shop\n")
    assert end_of("".join(f"{line}\n" for line in range(100))).splitlines() == [str(each) for each in range(70, 100)]
    assert len(end_of("x" * 10_000)) == 4000


@pytest.mark.parametrize(
    "said",
    [
        '{"password": "pa55 word", "user": "shop"}',
        "{'api_key': 'pa55'}",
        "PGPASSWORD=pa55 psql",
        "psql --password pa55 shop",
        "Authorization: Bearer pa55.pa55",
        "postgres://shop:pa@55@db/shop",
        "AWS_ACCESS_KEY_ID=pa55",
    ],
)
def test_however_it_is_written(said: str) -> None:
    kept = end_of(said)
    assert "***" in kept
    assert "pa55" not in kept
    assert "55@" not in kept


def test_a_long_line_is_looked_through_at_once() -> None:
    began = time.process_time()
    for line in ("password" * 8000, "password-" * 8000, "a://" * 16_000):
        end_of(line)
    assert time.process_time() - began < 5.0
