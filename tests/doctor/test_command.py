"""`watcher doctor` as a command: its exit codes, its forms, and that it works whatever is away."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.doctor.world import world
from watcher.cli.application import application
from watcher.sandbox.kubernetes.kubeconfig import write_kubeconfig

THRESHOLDS = """\
version: 1
sources:
  main: {{url: {url}, interval: 15s}}
checks:
  errors: {{total: http_requests_total, bad: {{code: "5.."}}, max: 1%}}
services:
  - match: {{namespace: shop}}
    checks: {{errors: {{}}}}
"""


class Here:
    """Files of a command that is run against what is served."""

    def __init__(self, directory: Path, cluster: str, prometheus: str) -> None:
        self.directory = directory
        self.config, self.kubeconfig = directory / "thresholds.yaml", directory / "kubeconfig"
        self.config.write_text(THRESHOLDS.format(url=prometheus))
        write_kubeconfig(self.kubeconfig, cluster, None, "default")

    def doctor(self, *arguments: object) -> Result:
        files = ["--config", str(self.config), "--kubeconfig", str(self.kubeconfig)]
        environment = {"WATCHER_STORE": None, "WATCHER_CONFIG": None, "WATCHER_NAMESPACES": None}
        return CliRunner().invoke(application, ["doctor", *files, *map(str, arguments)], env=environment)

    def body(self, *arguments: object) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.doctor("-o", "json", *arguments).stdout)
        return body


@contextmanager
def playing(directory: Path) -> Iterator[tuple[str, str]]:
    """The embedded cluster with one Deployment without a probe, and a source that counts for it, in their own thread.

    Their addresses.
    """
    ready, urls = threading.Event(), list[str]()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def play() -> None:
        over = asyncio.Event()
        async with world(directory) as here:
            here.counts(await here.deploy("cart", container={"readinessProbe": None}))
            here.fill()
            urls.extend([here.cluster.url, here.prometheus])
            stop.append((asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(play(),), name="world")
    thread.start()
    assert ready.wait(60)
    try:
        yield urls[0], urls[1]
    finally:
        loop, over = stop[0]
        loop.call_soon_threadsafe(over.set)
        thread.join(20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with playing(tmp_path_factory.mktemp("world")) as urls:
        yield urls


@pytest.fixture
def here(served: tuple[str, str], tmp_path: Path) -> Here:
    return Here(tmp_path, *served)


def test_a_page_for_people(here: Here) -> None:
    result = here.doctor("--since", "30m")
    assert result.exit_code == 1, result.output
    assert "Deployment/shop/cart" in result.stdout
    assert "warning: no-readiness-probe" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1 watched workloads; ")


def test_a_document_for_programs(here: Here) -> None:
    body = here.body("--since", "30m")
    (cart,) = body["workloads"]
    assert (cart["workload"], cart["watchable"]) == ("Deployment/shop/cart", True)
    (finding,) = [each for each in body["findings"] if each["id"] == "no-readiness-probe"]
    assert finding.keys() == {"id", "severity", "subject", "what", "why", "mend"}
    assert body["counts"]["warning"] >= 1


def test_a_cluster_and_a_source_that_are_away_are_findings(here: Here) -> None:
    here.config.write_text(THRESHOLDS.format(url="http://127.0.0.1:1"))
    write_kubeconfig(here.kubeconfig, "http://127.0.0.1:1", None, "default")
    result = here.doctor("-o", "json")
    assert result.exit_code == 6, result.output
    assert {each["id"] for each in json.loads(result.stdout)["findings"]} == {
        "cluster-unreadable",
        "source-unreachable",
    }


def test_a_decision_log_that_cannot_be_written_is_critical(here: Here) -> None:
    (here.directory / "file").write_text("")
    body = here.body("--store", here.directory / "file" / "watcher.db", "--since", "30m")
    assert "store-unwritable" in {each["id"] for each in body["findings"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--workload", "Deployment/cart"), "does not name a workload"),
        (("--account", "watcher"), "write namespace/name"),
        (("--since", "soon"), "--since:"),
        (("--config", "/nowhere.yaml"), "/nowhere.yaml:1:1 cannot be read"),
    ],
)
def test_what_makes_no_sense_is_said(here: Here, arguments: tuple[str, ...], said: str) -> None:
    result = here.doctor(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
