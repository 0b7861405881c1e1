"""What the demo asks of a metrics source, and the choice between the two."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from watcher.sandbox.metrics.embedded import EmbeddedPrometheus
from watcher.sandbox.metrics.process import PrometheusProcess


class MetricsServer(Protocol):
    """Something that scrapes the shop every second and answers the Prometheus HTTP API."""

    @property
    def kind(self) -> str:
        """Which one it is: `prometheus` or `embedded`."""

    @property
    def url(self) -> str:
        """Where its API is, the same after every start; known once it was started."""

    async def start(self) -> None:
        """Begin, or go on after a stop with everything seen before.  Returns when it answers.  Raises Unavailable."""

    async def stop(self) -> None:
        """Neither scrape nor answer any more."""


def metrics_server(
    discovery: str, directory: Path, prometheus: Path | None = None, now: Callable[[], float] = time.time
) -> MetricsServer:
    """A real Prometheus where one is given or on PATH, otherwise the embedded source.

    `discovery` is the URL of the targets (Prometheus' HTTP service discovery); `directory` must exist and outlive
    the server; `now` tells the time to the embedded source.
    """
    found = prometheus or shutil.which("prometheus")
    if found is None:
        return EmbeddedPrometheus(discovery, now=now)
    return PrometheusProcess(Path(found), discovery, directory)
