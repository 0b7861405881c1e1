"""A real Prometheus that holds the samples of several releases, each told by a label."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.e2e.controlplane import Part
from tests.e2e.controlplane.ports import free_ports
from tests.e2e.rivals.releases import Release

LABEL = "release"
START_SECONDS = 30.0


@contextmanager
def archive(tools: Mapping[str, Path], directory: Path, releases: Mapping[str, Release]) -> Iterator[str]:
    """Run a Prometheus with the samples of these releases, by name; yields its address."""
    openmetrics, data, port = directory / "samples.om", directory / "data", free_ports(1)[0]
    openmetrics.write_text("".join(_lines(releases.items())) + "# EOF\n")
    made = [str(tools["promtool"]), "tsdb", "create-blocks-from", "openmetrics", str(openmetrics), str(data)]
    subprocess.run(made, check=True, capture_output=True)
    (directory / "prometheus.yml").write_text("{}")
    argv: list[str | Path] = [
        tools["prometheus"],
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",  # the samples are of another year
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    part, url = Part("archive", argv, directory / "archive.log"), f"http://127.0.0.1:{port}"
    part.start()
    try:
        part.wait_ready(lambda: _ready(url), START_SECONDS)
        yield url
    finally:
        part.kill()


def _lines(releases: Iterable[tuple[str, Release]]) -> Iterator[str]:
    for name, release in releases:
        for series in release.series():
            for time, count in series.samples:
                yield f"{series.name(**{LABEL: name})} {count} {time}\n"


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False
