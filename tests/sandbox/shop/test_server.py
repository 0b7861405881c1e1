from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.sandbox.shop.cart import BAD, CART, T0, pod
from watcher.sandbox.shop import ShopPod, ShopServer


class World:
    """The pods and the time, both to be changed by a test."""

    def __init__(self) -> None:
        self.pods: list[ShopPod] = [
            pod("cart-1"),
            pod("cart-2", started=5.0, ready=None),
            pod("cart-3", started=None, ready=None),
        ]
        self.time = T0


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def shop(world: World) -> AsyncIterator[ShopServer]:
    server = ShopServer(lambda: world.pods, {CART: 100.0}, lambda: world.time)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(shop: ShopServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shop.url) as asking:
        yield asking


async def value(client: httpx.AsyncClient, name: str, pod_name: str) -> float | None:
    """Sum of all samples of one name of one pod; None when there is none."""
    answer = await client.get(f"/metrics/shop/{pod_name}")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.raise_for_status().text)
    values = [sample.value for family in families for sample in family.samples if sample.name == name]
    return sum(values) if values else None


async def targets(client: httpx.AsyncClient) -> list[str]:
    return [group["labels"]["pod"] for group in (await client.get("/sd")).json()]


async def test_it_lists_pods_whose_container_runs(world: World, client: httpx.AsyncClient, shop: ShopServer) -> None:
    assert await targets(client) == ["cart-1"]
    world.time = T0 + 5
    assert await targets(client) == ["cart-1", "cart-2"]
    assert (await client.get("/sd")).json()[0] == {
        "targets": [shop.url.removeprefix("http://")],
        "labels": {
            "__metrics_path__": "/metrics/shop/cart-1",
            "namespace": "shop",
            "pod": "cart-1",
            "container": "cart",
        },
    }


async def test_it_serves_what_a_scrape_of_each_would_show(world: World, client: httpx.AsyncClient) -> None:
    world.time = T0 + 10
    assert await value(client, "http_requests_total", "cart-1") == pytest.approx(1000, abs=6)
    assert await value(client, "process_start_time_seconds", "cart-1") == T0 - 2
    assert await value(client, "process_start_time_seconds", "cart-2") == T0 + 5
    assert await value(client, "http_requests_total", "cart-2") is None


@pytest.mark.parametrize("path", ["shop/cart-3", "shop/cart-4", "other/cart-1"])
async def test_a_pod_that_does_not_run_is_not_found(path: str, world: World, client: httpx.AsyncClient) -> None:
    world.time = T0 + 10
    answer = await client.get(f"/metrics/{path}")
    assert answer.status_code == 404
    assert path in answer.text


async def test_a_pod_that_is_gone_is_not_found_and_the_others_take_over(
    world: World, client: httpx.AsyncClient
) -> None:
    world.pods = [pod("cart-1"), pod("cart-2", BAD)]
    world.time = T0 + 10
    assert await targets(client) == ["cart-1", "cart-2"]
    del world.pods[1]
    world.time = T0 + 20
    assert (await client.get("/metrics/shop/cart-2")).status_code == 404
    assert await value(client, "http_request_duration_seconds_count", "cart-1") == pytest.approx(1500, abs=6)


async def test_it_remembers_the_first_bad_request(world: World, client: httpx.AsyncClient, shop: ShopServer) -> None:
    world.pods = [pod("cart-1"), pod("cart-2", BAD)]
    world.time = T0 + 10
    await client.get("/sd")
    assert shop.first_bad == {(CART, BAD): pytest.approx(T0 + 0.1)}
