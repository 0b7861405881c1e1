"""Cost of one poll for 10, 100 and 1000 services under watch, beside asking for each service by itself.

Starts a Prometheus on loopback, fills it with a synthetic past, polls it in virtual time and prints a Markdown table.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.poll.history import AFTER, INTERVAL, history, release
from tests.contract.promql.remote_write import load
from tests.e2e.build_tools import installed_tools
from watcher.adapters.prometheus.source import PrometheusSource
from watcher.core.policy import Source
from watcher.daemon.polling import Polling, Watched
from watcher.sandbox.metrics.process import PrometheusProcess
from watcher.sandbox.metrics.store import as_labels

SIZES = (10, 100, 1000)
CYCLES = 5
AT_ONCE = 4  # services asked for at the same time, one by one
NOWHERE = "http://127.0.0.1:1/sd"  # nothing to scrape
ABSENT = "prometheus is neither on PATH nor built; run: make e2e-tools"

Poll = Callable[[float], Awaitable[object]]


@dataclass(frozen=True)
class Cost:
    """Sums over some polls."""

    queries: float
    kilobytes: float
    wall: float
    own_cpu: float
    server_cpu: float

    def row(self, services: int, what: str, polls: int) -> str:
        """One line of the table, for one poll."""
        queries, size, *seconds = (
            each / polls for each in (self.queries, self.kilobytes, self.wall, self.own_cpu, self.server_cpu)
        )
        times = " | ".join(f"{1000 * each:,.0f} ms" for each in seconds)
        return f"| {services} | {what} | {queries:,.0f} | {size:,.0f} kB | {times} |"


def server_figures(url: str) -> dict[str, float]:
    """Prometheus about itself: queries answered, bytes sent, CPU seconds."""
    wanted = {
        'prometheus_http_response_size_bytes_count{handler="/api/v1/query"}': "queries",
        'prometheus_http_response_size_bytes_sum{handler="/api/v1/query"}': "bytes",
        "process_cpu_seconds_total": "cpu",
    }
    lines = (line.rsplit(" ", 1) for line in httpx.get(f"{url}/metrics").text.splitlines())
    return {"queries": 0.0, "bytes": 0.0} | {wanted[name]: float(value) for name, value in lines if name in wanted}


async def measure(url: str, poll: Poll, times: Sequence[float]) -> Cost:
    """Poll at these times of the recorded past."""
    before, wall, cpu = server_figures(url), time.perf_counter(), time.process_time()
    for at in times:
        await poll(at)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    after = server_figures(url)
    cost = {name: after[name] - before[name] for name in after}
    return Cost(cost["queries"], cost["bytes"] / 1000, wall, cpu, cost["cpu"])


async def compare(url: str, services: int, began: float) -> None:
    """Print the lines for one number of services."""
    source = PrometheusSource(Source("main", url), rate=1e6)
    watched = [release(number, began) for number in range(services)]
    together = Polling([source])
    alone = [(Polling([source]), each) for each in watched]

    few = asyncio.Semaphore(AT_ONCE)

    async def grouped(at: float) -> None:
        readings = await together.poll(watched, at)
        if not all(reading.blocks for reading in readings.values()):
            sys.exit(f"nothing was counted: {readings[watched[0].view.workload].sources}")

    async def each_by_itself(at: float) -> None:
        await asyncio.gather(*(by_itself(polling, one, at) for polling, one in alone))

    async def by_itself(polling: Polling, one: Watched, at: float) -> None:
        async with few:
            reading = (await polling.poll([one], at))[one.view.workload]
        if not reading.blocks:
            sys.exit(f"nothing was counted: {reading.sources}")

    first = began + AFTER - INTERVAL * (CYCLES + 2)
    steady = [first + INTERVAL * (n + 1) for n in range(CYCLES)]
    for what, poll in (("grouped", grouped), ("one by one", each_by_itself)):
        start = await measure(url, poll, [first])
        usual = await measure(url, poll, steady)
        print(usual.row(services, what, CYCLES))
        print(start.row(services, f"{what}, first poll (13 min of past)", 1))
    await source.close()


def fill(url: str, watched: Sequence[Watched]) -> None:
    """Write the past of all services, some services a request."""
    for place in range(0, len(watched), 20):
        found = (series for one in watched[place : place + 20] for series in history(one))
        load(url, {as_labels(each.labels.items()): [(round(at * 1000), v) for at, v in each.samples] for each in found})


async def main(binary: Path) -> None:
    """Start Prometheus, fill it, print the table."""
    began = time.time() // 60 * 60 - AFTER
    with tempfile.TemporaryDirectory() as directory:
        server = PrometheusProcess(binary, NOWHERE, Path(directory), ["--web.enable-remote-write-receiver"])
        await server.start()
        try:
            fill(server.url, [release(number, began) for number in range(max(SIZES))])
            print("| services | reading | queries | answers | wall | CPU, ours | CPU, Prometheus |")
            print("|---:|---|---:|---:|---:|---:|---:|")
            for services in SIZES:
                await compare(server.url, services, began)
        finally:
            await server.stop()


if __name__ == "__main__":
    on_path = shutil.which("prometheus") or (installed_tools() or {}).get("prometheus")
    if on_path is None:
        sys.exit(ABSENT)
    asyncio.run(main(Path(on_path)))
