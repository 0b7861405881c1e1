"""A real Prometheus as a child process, scraping the shop every second."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from watcher.ports import Unavailable
from watcher.sandbox.metrics.scrape import JOB

LOOPBACK = "127.0.0.1"
READY_WITHIN = 30.0
"""Seconds until a start counts as failed."""
STOPPED_WITHIN = 10.0
"""Seconds until a stop becomes a kill."""
_BETWEEN_LOOKS = 0.1


class PrometheusProcess:
    """Runs `binary` with configuration, data and log in `directory`, on a free port that stays its own.

    `discovery` is the URL that lists the targets; `flags` are further flags of its command line.
    """

    kind = "prometheus"

    def __init__(self, binary: Path, discovery: str, directory: Path, flags: Sequence[str] = ()) -> None:
        self._binary = binary
        self._discovery = discovery
        self._directory = directory
        self._flags = flags
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where the API is; known once it was started, the same after every start."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def log(self) -> Path:
        """Where the process writes what it has to say."""
        return self._directory / "prometheus.log"

    async def start(self) -> None:
        """Start it and wait until it is ready.  Raises Unavailable with the last lines of its log."""
        self._port = self._port or free_port()
        configuration = self._directory / "prometheus.yml"
        configuration.write_text(json.dumps(scrape_configuration(self._discovery), indent=2))  # JSON is YAML
        with self.log.open("ab") as log:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command(configuration), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
                )
            except OSError as error:
                raise Unavailable(
                    f"{self._binary} cannot be run: {error.strerror}; give the path of prometheus"
                ) from error
        try:
            await self._ready(self._process)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the process; its data stay for the next start."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOPPED_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _command(self, configuration: Path) -> list[str]:
        return [
            str(self._binary),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={self._directory / 'data'}",
            f"--web.listen-address={LOOPBACK}:{self._port}",
            "--scrape.discovery-reload-interval=1s",
            *self._flags,
        ]

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(READY_WITHIN), aiohttp.ClientSession() as session:
                while not await self._answers(session):
                    if process.returncode is not None:
                        raise Unavailable(f"{self._binary} ended with {process.returncode}: {self._last_words()}")
                    await asyncio.sleep(_BETWEEN_LOOKS)
        except TimeoutError:
            raise Unavailable(f"{self._binary} is not ready after {READY_WITHIN:g} s: {self._last_words()}") from None

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])


def scrape_configuration(discovery: str) -> dict[str, object]:
    """Prometheus' configuration: scrape what is discovered every second."""
    job = {"job_name": JOB, "http_sd_configs": [{"url": discovery, "refresh_interval": "1s"}]}
    return {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}


def free_port() -> int:
    """A port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
