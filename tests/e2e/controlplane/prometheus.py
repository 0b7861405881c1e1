"""Prometheus as a process, scraping what the traffic exporter serves for each pod."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import yaml

from tests.e2e.controlplane.api import Json
from tests.e2e.controlplane.ports import free_ports
from tests.e2e.controlplane.process import Part

START_SECONDS = 30.0


class Prometheus:
    """A Prometheus that scrapes every second; may be killed and started again with its data and its port."""

    def __init__(self, tools: Mapping[str, Path], directory: Path, targets: Path, rules: Path | None = None) -> None:
        """``targets`` is a file as ``file_sd_configs`` reads it; changes of it are followed. ``rules``: alert rules."""
        self._port = free_ports(1)[0]
        config = directory / "prometheus.yml"
        config.write_text(yaml.safe_dump(_configuration(targets, rules)))
        argv: list[str | Path] = [
            tools["prometheus"],
            f"--config.file={config}",
            f"--storage.tsdb.path={directory / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--scrape.discovery-reload-interval=1s",  # new pods are scraped soon, as the scrape interval asks
        ]
        self.part = Part("prometheus", argv, directory / "prometheus.log")

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it answers queries. Raises PartError."""
        self.part.start()
        self.part.wait_ready(self._ready, START_SECONDS)

    def stop(self) -> None:
        """End it in an orderly way."""
        self.part.stop()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.part.kill()

    def query(self, expression: str) -> list[Json]:
        """The instant vector of a PromQL expression: ``{"metric": {...}, "value": [time, text]}`` each."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}, trust_env=False, timeout=10)
        answer.raise_for_status()
        found: list[Json] = answer.json()["data"]["result"]
        return found

    def values(self, expression: str, label: str) -> dict[str, float]:
        """The instant vector of an expression as one number for each value of a label."""
        return {each["metric"].get(label, ""): float(each["value"][1]) for each in self.query(expression)}

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", trust_env=False, timeout=2).is_success
        except httpx.TransportError:
            return False


def _configuration(targets: Path, rules: Path | None) -> Json:
    discovery = {"files": [str(targets)]}
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)] if rules is not None else [],
        "scrape_configs": [{"job_name": "pods", "honor_labels": True, "file_sd_configs": [discovery]}],
    }
