from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiohttp.test_utils import TestServer

from watcher.sandbox.metrics.api import QueryApi
from watcher.sandbox.metrics.store import NAME, Store, as_labels

NOW = 1_760_000_100.25


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    store = Store()
    for pod in ("cart-1", "cart-2"):
        for second in range(0, 100, 10):
            store.append(
                as_labels({NAME: "requests", "pod": pod}.items()), round((NOW - 100 + second) * 1000), 0.5 * second
            )
    server = TestServer(QueryApi(store, lambda: NOW).application())
    await server.start_server()
    async with httpx.AsyncClient(base_url=str(server.make_url("/"))) as asking:
        yield asking
    await server.close()


async def data(client: httpx.AsyncClient, verb: str, **parameters: str) -> Any:
    """The same answer to GET and to POST."""
    got = await client.get(f"/api/v1/{verb}", params=parameters)
    posted = await client.post(f"/api/v1/{verb}", data=parameters)
    assert got.status_code == posted.status_code == 200
    assert got.json() == posted.json()
    assert got.json()["status"] == "success"
    return got.json()["data"]


async def test_a_vector_has_the_time_of_evaluation(client: httpx.AsyncClient) -> None:
    assert await data(client, "query", query='requests{pod="cart-1"}') == {
        "resultType": "vector",
        "result": [{"metric": {"__name__": "requests", "pod": "cart-1"}, "value": [NOW, "45"]}],
    }


async def test_a_matrix_has_the_times_of_its_samples(client: httpx.AsyncClient) -> None:
    answer = await data(client, "query", query='requests{pod="cart-1"}[25s]', time="1760000100.25")
    assert answer["resultType"] == "matrix"
    assert answer["result"][0]["values"] == [[NOW - 20, "40"], [NOW - 10, "45"]]


async def test_scalars_and_times_in_rfc_3339(client: httpx.AsyncClient) -> None:
    answer = await data(client, "query", query="time() * 1", time="2025-10-09T08:55:00.5Z")
    assert answer == {"resultType": "scalar", "result": [1760000100.5, "1760000100.5"]}


async def test_a_range_query_takes_durations(client: httpx.AsyncClient) -> None:
    answer = await data(client, "query_range", query="sum(requests)", start="1760000030", end="1760000090", step="30s")
    assert answer["result"] == [{"metric": {}, "values": [[1760000030, "20"], [1760000060, "50"], [1760000090, "80"]]}]


async def test_series_labels_and_their_values(client: httpx.AsyncClient) -> None:
    assert await data(client, "series", **{"match[]": 'requests{pod!="cart-2"}'}) == [
        {"__name__": "requests", "pod": "cart-1"}
    ]
    assert await data(client, "labels") == ["__name__", "pod"]
    assert await data(client, "labels", start="1", end="2") == []
    values = await client.get("/api/v1/label/pod/values", params={"match[]": "requests"})
    assert values.json() == {"status": "success", "data": ["cart-1", "cart-2"]}


@pytest.mark.parametrize(
    ("verb", "parameters", "status", "kind", "words"),
    [
        ("query", {"query": "sum("}, 400, "bad_data", 'invalid parameter "query"'),
        ("query", {"query": "topk(1, requests)"}, 422, "execution", "does not speak the aggregation `topk`"),
        ("query", {"query": "requests", "time": "soon"}, 400, "bad_data", 'cannot parse "soon" to a valid timestamp'),
        ("query", {"query": "requests", "time": "NaN"}, 400, "bad_data", "valid timestamp"),
        ("query", {"query": "requests", "limit": "1"}, 400, "bad_data", 'parameter "limit"'),
        ("query_range", {"query": "1", "start": "1", "end": "2", "step": "x"}, 400, "bad_data", "valid duration"),
        ("query_range", {"query": "1", "start": "2", "end": "1", "step": "1"}, 400, "bad_data", "before start"),
        ("query_range", {"query": "1", "start": "1", "end": "2", "step": "-1"}, 400, "bad_data", "negative"),
        ("query_range", {"query": "1", "start": "1", "end": "99999", "step": "1"}, 400, "bad_data", "11,000"),
        ("query_range", {"query": "up[1m]", "start": "1", "end": "2", "step": "1"}, 400, "bad_data", "range vector"),
        ("series", {}, 400, "bad_data", "match[]"),
        ("series", {"match[]": "sum(up)"}, 400, "bad_data", "not a series selector"),
    ],
)  # fmt: skip
async def test_errors_are_those_of_prometheus(
    verb: str, parameters: dict[str, str], status: int, kind: str, words: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(f"/api/v1/{verb}", params=parameters)
    assert answer.status_code == status
    assert (answer.json()["status"], answer.json()["errorType"]) == ("error", kind)
    assert words in answer.json()["error"]


async def test_it_does_not_pretend_to_be_prometheus(client: httpx.AsyncClient) -> None:
    information = (await client.get("/api/v1/status/buildinfo")).json()["data"]
    assert information["application"] == "rollback-watcher embedded metrics source"
    assert (await client.get("/-/ready")).status_code == 200
    assert (await client.get("/api/v1/targets")).status_code == 404
