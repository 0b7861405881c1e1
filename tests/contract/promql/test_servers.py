"""What the demo relies on, of the embedded source and of a real Prometheus alike: both scrape the same shop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.sandbox.metrics.embedded import EmbeddedPrometheus
from watcher.sandbox.metrics.process import PrometheusProcess
from watcher.sandbox.metrics.server import MetricsServer
from watcher.sandbox.shop import ShopPod, ShopServer

CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
WITHIN = 20.0


def pod(name: str) -> ShopPod:
    began = time.time() - 100
    return ShopPod("shop", name, CART, "cart", "shop/cart:1.9.0-err20", started=began, ready=began)


@pytest.fixture
def pods() -> list[ShopPod]:
    return [pod("cart-1"), pod("cart-2")]


@pytest.fixture
async def shop(pods: list[ShopPod]) -> AsyncIterator[ShopServer]:
    server = ShopServer(lambda: pods, {CART: 100.0}, time.time)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(params=["embedded", "prometheus"])
async def server(request: pytest.FixtureRequest, shop: ShopServer, tmp_path: Path) -> AsyncIterator[MetricsServer]:
    started: MetricsServer = EmbeddedPrometheus(shop.discovery)
    if request.param == "prometheus":
        started = PrometheusProcess(request.getfixturevalue("prometheus_binary"), shop.discovery, tmp_path)
    await started.start()
    yield started
    await started.stop()


async def result(server: MetricsServer, query: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.post("/api/v1/query", data={"query": query})
    found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["result"]
    return found


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN):
        while not await look():  # noqa: ASYNC110 - another process cannot set an event
            await asyncio.sleep(0.1)


async def pods_up(server: MetricsServer) -> set[str]:
    return {entry["metric"]["pod"] for entry in await result(server, "up == 1")}


async def test_it_says_which_one_it_is(server: MetricsServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        information = (await client.get("/api/v1/status/buildinfo")).json()["data"]
        assert (await client.get("/-/ready")).status_code == 200
    assert server.kind in {"embedded", "prometheus"}
    assert ("embedded" in information.get("application", "")) is (server.kind == "embedded")


async def test_it_follows_pods_that_come_and_go(server: MetricsServer, pods: list[ShopPod]) -> None:
    async def sees(*names: str) -> bool:
        return await pods_up(server) == set(names)

    await eventually(lambda: sees("cart-1", "cart-2"))
    pods.append(pod("cart-3"))
    await eventually(lambda: sees("cart-1", "cart-2", "cart-3"))
    del pods[0]
    await eventually(lambda: sees("cart-2", "cart-3"))
    counted = await result(server, 'http_requests_total{pod="cart-1"}')
    assert counted == [], "a pod that is gone has no value any more"


async def test_it_has_what_the_pods_expose(server: MetricsServer, shop: ShopServer) -> None:
    async def sees_both() -> bool:
        return len(await pods_up(server)) == 2

    await eventually(sees_both)
    errors = await result(server, 'http_requests_total{code="500",method="GET",pod="cart-1"}')
    assert errors[0]["metric"] == {
        "__name__": "http_requests_total",
        "code": "500",
        "container": "cart",
        "instance": shop.url.removeprefix("http://"),
        "job": "shop",
        "method": "GET",
        "namespace": "shop",
        "pod": "cart-1",
    }
    assert float(errors[0]["value"][1]) >= 100 * 50 * 0.2 * 0.8
    bounds = await result(server, 'count by (le) (http_request_duration_seconds_bucket{le=~"0.5|1.0|[+]Inf"})')
    assert {(entry["metric"]["le"], entry["value"][1]) for entry in bounds} == {
        ("0.5", "2"),
        ("1.0", "2"),
        ("+Inf", "2"),
    }


async def test_after_an_outage_it_goes_on_where_it_was(server: MetricsServer) -> None:
    async def first_samples() -> list[Any]:
        found = await result(server, 'up{pod="cart-1"}[5m]')
        return found[0]["values"] if found else []

    async def sampled() -> bool:
        return bool(await first_samples())

    await eventually(sampled)
    url, before = server.url, await first_samples()
    await server.stop()
    with pytest.raises(httpx.ConnectError):
        await result(server, "up")
    await server.start()
    assert server.url == url

    async def sampled_again() -> bool:
        return len(await first_samples()) > len(before)

    await eventually(sampled_again)
    assert (await first_samples())[: len(before)] == before
