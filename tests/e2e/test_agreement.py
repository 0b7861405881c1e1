"""The recordings of `examples/recordings`, loaded into a real Prometheus and judged over HTTP, come to what `watcher
replay` makes of the files.

The same driver runs both; time is virtual and stands still while a query is under way.  Only the source differs: here
the daemon's own adapter asks a Prometheus whose blocks `promtool` made of the recording.
"""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.docs.pages import ROOT
from tests.e2e.controlplane import Part
from tests.e2e.controlplane.ports import free_ports
from tests.e2e.harness.fixtures import MEASURED
from watcher.adapters.prometheus.source import PrometheusSource
from watcher.config import load
from watcher.core.policy import Source
from watcher.ports import Clock, RawSeries, Sample, Unavailable
from watcher.replay import recording
from watcher.replay.finals import Row
from watcher.replay.recording import Recording
from watcher.replay.run import replay
from watcher.replay.source import READ_LAG

EXAMPLES = ROOT / "examples" / "recordings"
DIRECTORIES = sorted(each.parent for each in EXAMPLES.glob("*/recording.yaml"))
NO_THROTTLE = 1e6
START_SECONDS = 30.0


def test_there_are_twenty() -> None:
    assert len(DIRECTORIES) >= 20


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda each: each.name)
def test_a_real_prometheus_and_the_files_come_to_the_same(
    directory: Path, tools: Mapping[str, Path], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    found, thresholds = recording.load(directory), load(EXAMPLES / "thresholds.yaml")
    from_files = replay(found, thresholds)
    with loaded(tools, directory, tmp_path) as url:
        over_http = replay(found, thresholds, lambda source, clock: Delayed(source, url, clock, found))
    assert [_told(each) for each in over_http] == [_told(each) for each in from_files]
    apart = max((abs((one.at or 0) - (other.at or 0)) for one, other in zip(over_http, from_files, strict=True)))
    pytestconfig.stash[MEASURED].append(f"agreement: {directory.name}, {len(from_files)} releases, {apart:.0f} s apart")


def _told(row: Row) -> Row:
    """What was decided, and when.

    Whether a rollback was proven to the end is left out: the pods that come back then were never scraped, so they are
    in no Prometheus; the replay of files puts stand-ins there.  The sentence's last digits follow those of a counter.
    """
    return replace(row, reason="", complete=row.complete or row.action == "roll_back")


class Delayed:
    """The adapter, asked as of the virtual time: a sample can be read once its scrape is over.

    In the outages of the recording queries fail, as they would with a server that is down.
    """

    def __init__(self, source: Source, url: str, clock: Clock, of: Recording) -> None:
        self.name = source.name
        self.clock_offset: float | None = None
        self._inner = PrometheusSource(replace(source, url=url), rate=NO_THROTTLE)
        self._clock, self._outages = clock, of.outages

    async def raw(self, selector: str, window: float, at: float) -> list[RawSeries]:
        readable = self._readable(at)
        return await self._inner.raw(selector, window - (at - readable), readable)

    async def instant(self, query: str, at: float) -> list[Sample]:
        return await self._inner.instant(query, self._readable(at))

    async def range(self, query: str, start: float, end: float, step: float) -> list[RawSeries]:
        self._readable(end)
        return await self._inner.range(query, start, end, step)

    async def close(self) -> None:
        await self._inner.close()

    def _readable(self, at: float) -> float:
        now = self._clock.now()
        if any(each.begin <= now < each.end for each in self._outages):
            raise Unavailable(f"{self.name}: the recording says that it was down at this time")
        return min(at, now - READ_LAG)


@contextmanager
def loaded(tools: Mapping[str, Path], directory: Path, home: Path) -> Iterator[str]:
    """A Prometheus that holds the recording's samples; yields its address."""
    openmetrics, data, port = home / "metrics.om", home / "data", free_ports(1)[0]
    openmetrics.write_bytes(gzip.decompress((directory / "metrics.om.gz").read_bytes()))
    made = [str(tools["promtool"]), "tsdb", "create-blocks-from", "openmetrics", str(openmetrics), str(data)]
    subprocess.run(made, check=True, capture_output=True)
    (home / "prometheus.yml").write_text("{}")
    argv: list[str | Path] = [
        tools["prometheus"],
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",  # the samples are of another year
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    part, url = Part("archive", argv, home / "archive.log"), f"http://127.0.0.1:{port}"
    part.start()
    try:
        part.wait_ready(lambda: _ready(url), START_SECONDS)
        yield url
    finally:
        part.kill()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False
