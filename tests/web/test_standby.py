"""A process that stands by, as it is asked over HTTP; and two of them on one file, with real sockets and SQLite."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.contract.store.rows import decision
from tests.daemon.life import THRESHOLDS
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.daemon.settings import Settings
from watcher.ports import Commit
from watcher.process import Process
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.wiring import process

WITHIN = 20.0


@dataclass
class Running:
    """One process with an address."""

    process: Process
    url: str
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as http, http.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def until(self, path: str, status: int, text: str) -> None:
        """Ask until the answer has this status and text."""
        async with asyncio.timeout(WITHIN):
            while True:
                found = await self.get(path)
                if found[0] == status and text in found[1]:
                    return
                await asyncio.sleep(0.05)

    async def end(self) -> None:
        self.stop.set()
        await self.task


@asynccontextmanager
async def running(directory: Path, sandbox: SandboxCluster, port: int, **more: Any) -> AsyncIterator[Running]:
    settings = Settings(
        config=directory / "thresholds.yaml",
        store=directory / "watcher.db",
        host="127.0.0.1",
        port=port,
        kubeconfig=sandbox.kubeconfig_path,
        namespace="default",
        **more,
    )
    async with process(settings) as prepared:
        stop = asyncio.Event()
        subject = Running(prepared, f"http://127.0.0.1:{port}", stop, asyncio.create_task(prepared.run(stop)))
        try:
            yield subject
        finally:
            await subject.end()


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxCluster]:
    (tmp_path / "thresholds.yaml").write_text(THRESHOLDS)
    async with SandboxCluster(SandboxSettings()) as cluster:
        yield cluster


async def test_two_processes_on_one_file(tmp_path: Path, sandbox: SandboxCluster, unused_tcp_port_factory: Any) -> None:
    store = SQLiteStore.open(tmp_path / "watcher.db")
    store.commit(Commit(decisions=(replace(decision("abc"), at=time.time()),)))
    store.close()
    ports = unused_tcp_port_factory(), unused_tcp_port_factory()
    async with (
        running(tmp_path, sandbox, ports[0], identity="first") as first,
        running(tmp_path, sandbox, ports[1], identity="second") as second,
    ):
        await first.until("/readyz", 200, "ready")
        await first.until("/metrics", 200, "watcher_leader 1.0")
        await second.until("/readyz", 200, "standby: the Lease is held by first_")
        assert (await second.get("/livez"))[0] == 200
        assert "watcher_leader 0.0" in (await second.get("/metrics"))[1]
        leader, standby = [json.loads((await each.get("/api/v1/status"))[1]) for each in (first, second)]
        assert (leader["role"], standby["role"]) == ("leader", "standby")
        assert leader["leader"] == standby["leader"]
        assert leader.keys() == standby.keys()
        assert '"id": "abc"' in (await second.get("/api/v1/decisions"))[1]
        assert '"id": "abc"' in (await second.get("/api/v1/decisions/abc"))[1]
        assert (await second.get("/api/v1/releases"))[0] == 200
        status, text = await second.get("/api/v1/why/Deployment/shop/cart")
        assert status == 503
        assert "this process stands by; the Lease is held by first_" in text
        assert (await second.get("/nothing"))[0] == 404

        await first.end()
        await second.until("/metrics", 200, "watcher_leader 1.0")
        await second.until("/readyz", 200, "ready")
        assert '"role": "leader"' in (await second.get("/api/v1/status"))[1]
        lease = sandbox.get("Lease", "default", "watcher")
        assert lease is not None
        assert lease["spec"]["holderIdentity"].startswith("second_")
        assert lease["spec"]["leaseTransitions"] == 1
    lease = sandbox.get("Lease", "default", "watcher")
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == ""


async def test_a_log_that_is_not_there_yet_is_said_to_be_so(
    tmp_path: Path, sandbox: SandboxCluster, unused_tcp_port_factory: Any
) -> None:
    async with running(tmp_path, sandbox, unused_tcp_port_factory()) as first:
        await first.until("/readyz", 200, "ready")
        port = unused_tcp_port_factory()
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "thresholds.yaml").write_text(THRESHOLDS)
        async with running(tmp_path / "own", sandbox, port) as second:
            await second.until("/readyz", 200, "standby")
            status, text = await second.get("/api/v1/decisions")
            assert status == 503
            assert "there is no decision log at" in text


async def test_who_only_observes_makes_no_lease(
    tmp_path: Path, sandbox: SandboxCluster, unused_tcp_port_factory: Any
) -> None:
    async with running(tmp_path, sandbox, unused_tcp_port_factory(), read_only=True) as observer:
        await observer.until("/metrics", 200, "watcher_leader 1.0")
        assert '"role": "observer"' in (await observer.get("/api/v1/status"))[1]
    assert sandbox.objects("Lease") == []
