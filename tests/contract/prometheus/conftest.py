"""A query API that holds recorded samples: the embedded source's, and a real Prometheus where there is one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from tests.contract.prometheus.shop import shop
from tests.contract.promql import conftest as promql
from tests.contract.promql.remote_write import load
from watcher.adapters.prometheus.source import PrometheusSource
from watcher.core.policy import Source
from watcher.ports import RawSeries
from watcher.sandbox.metrics.api import QueryApi
from watcher.sandbox.metrics.process import PrometheusProcess
from watcher.sandbox.metrics.store import Labels, Point, Store, as_labels

prometheus_binary = promql.prometheus_binary


def points(found: Sequence[RawSeries]) -> dict[Labels, list[Point]]:
    """Series as the store and remote write want them: times in milliseconds."""
    return {as_labels(each.labels.items()): [(round(at * 1000), value) for at, value in each.samples] for each in found}


@pytest.fixture(scope="session")
def real_url(prometheus_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that holds the shop's samples and scrapes nothing."""
    flags = ["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=20y"]
    server = PrometheusProcess(prometheus_binary, promql.NOWHERE, tmp_path_factory.mktemp("prometheus"), flags)
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            load(server.url, points(shop()[1]))
            yield server.url
        finally:
            runner.run(server.stop())


@pytest.fixture
async def embedded_url() -> AsyncIterator[str]:
    store = Store()
    for labels, samples in points(shop()[1]).items():
        for at, value in samples:
            store.append(labels, at, value)
    async with TestServer(QueryApi(store, time.time).application()) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture(params=["embedded", "real"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
async def source(url: str) -> AsyncIterator[PrometheusSource]:
    made = PrometheusSource(Source("main", url), rate=1000.0)
    yield made
    await made.close()
