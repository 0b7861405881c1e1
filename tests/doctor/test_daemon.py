"""The daemon as it is wired in production examines the embedded cluster by itself, and serves what it found."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.doctor.world import world
from watcher.daemon.settings import Settings
from watcher.wiring import process

pytestmark = pytest.mark.looptime(noop_cycles=10)  # a few turns for what is on its way through a socket


async def test_the_daemon_serves_its_preflight(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("cart", revisionHistoryLimit=0))
        here.fill()
        settings = Settings(
            config=here.write(),
            store=tmp_path / "watcher.db",
            host="127.0.0.1",
            port=0,
            kubeconfig=here.cluster.kubeconfig_path,
            namespaces="shop",
            query_rate=1000,
        )
        stop = asyncio.Event()
        async with process(settings, here.clock) as prepared:
            task = asyncio.create_task(prepared.run(stop))
            url = (await prepared.at_work()).url
            await served(url)
            stop.set()
            await task


async def served(url: str) -> None:
    async with aiohttp.ClientSession(url) as http:
        body = await until_examined(http)
        ids = {each["id"] for each in body["findings"]}
        assert "no-history" in ids
        assert not ids & {"cluster-unreadable", "kind-unreadable", "permission-missing", "blind"}
        assert [each["workload"] for each in body["workloads"]] == ["Deployment/shop/cart"]
        async with http.get("/readyz") as answer:
            assert answer.status == 200
            assert "preflight: Deployment/shop/cart keeps no earlier revision" in await answer.text()
        async with http.get("/metrics") as answer:
            wanted = 'watcher_doctor_findings{id="no-history",severity="critical"} 1.0'
            assert wanted in await answer.text()


async def until_examined(http: aiohttp.ClientSession) -> dict[str, Any]:
    async with asyncio.timeout(600):
        while True:
            async with http.get("/api/v1/doctor") as answer:
                body: dict[str, Any] = await answer.json()
                if answer.status == 200:
                    return body
                assert answer.status == 503
                assert "no preflight yet" in body["error"]["message"]
            await asyncio.sleep(1.0)
