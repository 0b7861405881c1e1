"""A real Prometheus beside the embedded source."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.promql.remote_write import load
from tests.contract.promql.samples import samples
from tests.e2e.build_tools import installed_tools
from watcher.sandbox.metrics.process import PrometheusProcess
from watcher.sandbox.metrics.store import Store

NOWHERE = "http://127.0.0.1:1/sd"
ABSENT = "no Prometheus 3 on PATH, and it is not built; run: make e2e-tools"


def _major_version(binary: Path) -> int:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\d+)\.", said.stdout + said.stderr)
    return int(found[1]) if found else 0


@pytest.fixture(scope="session")
def prometheus_binary() -> Path:
    """Prometheus 3: in version 2 windows were closed on the left and extrapolated otherwise."""
    on_path = shutil.which("prometheus")
    built = (installed_tools() or {}).get("prometheus")
    for binary in (Path(on_path) if on_path else None, built):
        if binary is not None and _major_version(binary) >= 3:
            return binary
    if os.environ.get("WATCHER_E2E") == "require":
        pytest.fail(ABSENT)
    pytest.skip(ABSENT)


@pytest.fixture(scope="session")
def prometheus_url(prometheus_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that holds the samples and scrapes nothing."""
    directory = tmp_path_factory.mktemp("prometheus")
    server = PrometheusProcess(prometheus_binary, NOWHERE, directory, flags=["--web.enable-remote-write-receiver"])
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            load(server.url, samples())
            yield server.url
        finally:
            runner.run(server.stop())


@pytest.fixture(scope="session")
def store() -> Store:
    """The same samples in the embedded store."""
    filled = Store()
    for labels, points in samples().items():
        for at, value in points:
            filled.append(labels, at, value)
    return filled
