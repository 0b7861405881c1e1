"""Incidents of the sandbox, in which the daemon acts, recorded and replayed: it decides the same at the same time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.demo.test_play import staged, virtual
from tests.recorder.serving import served
from watcher.cli.application import application
from watcher.sandbox.demo.play import BAD, Play
from watcher.sandbox.demo.stage import Stage
from watcher.sandbox.kubernetes.kubeconfig import write_kubeconfig
from watcher.sandbox.kubernetes.server import ApiServer, ApiSettings
from watcher.sandbox.metrics.api import QueryApi
from watcher.sandbox.metrics.embedded import EmbeddedPrometheus

Json = dict[str, Any]
POLL = 1.0  # seconds; pods are scraped every second
LAG = 1.0  # seconds for which a replay cannot read a sample
BLOCK = 5.0  # seconds; since when pods were Ready is known to a scrape only, so a block more may be needed


class Incidents(Play):
    """Good releases, then a bad Deployment and a bad canary, one after the other."""

    async def perform(self) -> None:
        await self.begin()
        await self._good_releases()
        for part in BAD:
            await self.stage.release(part.service, part.tag)
            await self._ended(part)


@dataclass
class Over:
    """The sandbox after the play: its cluster and metrics as they were `now`, the log of its daemon."""

    now: float
    directory: Path

    def record(self, decision: Json, name: str, *options: object) -> Result:
        begun = next(each["began"] for each in self.items("releases") if each["id"] == decision["release"])
        period = ("--from", begun - 2, "--to", self.now)
        files = ("--config", self.directory / "thresholds.yaml", "--kubeconfig", self.directory / "kubeconfig")
        return watcher("record", decision["workload"], self.directory / name, *period, *files, *options)

    @property
    def log(self) -> Path:
        return self.directory / "watcher.db"

    def items(self, what: str, *command: str) -> list[Json]:
        found: list[Json] = json.loads(watcher(what, *command, "--store", self.log, "-o", "json").stdout)["items"]
        return found

    def decisions(self) -> list[Json]:
        return [each for each in self.items("decisions", "list") if each["action"] == "roll_back"]

    def replayed(self, name: str) -> Json:
        (line,) = watcher("replay", self.directory / name, "-o", "json").stdout.splitlines()
        row: Json = json.loads(line)
        return row


def watcher(*arguments: object) -> Result:
    result = CliRunner().invoke(application, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return result


@contextmanager
def still(set_up: Stage, over: Over) -> Iterator[None]:
    """The sandbox's API server and metrics source, served on after its time has ended."""
    assert isinstance(set_up.metrics, EmbeddedPrometheus)
    api = ApiServer(set_up.cluster.registry, set_up.cluster.clock, ApiSettings())
    queries = QueryApi(set_up.metrics.store, lambda: over.now)
    thresholds = over.directory / "thresholds.yaml"
    with served(api.application(), queries.application()) as (cluster, prometheus):
        write_kubeconfig(over.directory / "kubeconfig", cluster, None, "default")
        thresholds.write_text(thresholds.read_text().replace(set_up.metrics.url, prometheus))
        yield


@virtual
async def test_what_the_daemon_decided_is_decided_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(tmp_path) as set_up:
        await Incidents(set_up).perform()
        over = Over(set_up.now(), tmp_path)
    monkeypatch.setattr("watcher.cli.record.present", lambda: over.now)
    with still(set_up, over):
        await asyncio.to_thread(is_decided_again, over)
        await asyncio.to_thread(is_seen_again_without_the_log, over)


def is_decided_again(over: Over) -> None:
    cart, checkout = sorted(over.decisions(), key=lambda each: str(each["workload"]))
    for decision, name, returned in ((cart, "cart", True), (checkout, "checkout", False)):
        said = over.record(decision, name, "--store", over.log)
        row = over.replayed(name)
        assert (row["verdict"], row["action"], row["rung"]) == ("breach", "roll_back", decision["rung"])
        assert row["target"] == decision["target"]["revision"]
        assert row["revision"] == decision["revision"]
        assert abs(row["at"] - decision["at"]) <= POLL + LAG
        assert ("the return of revision" in said.stderr) is returned
        assert "1 release; see: watcher replay" in said.stdout


def is_seen_again_without_the_log(over: Over) -> None:
    """The same breach at the same time; but what ran for a minute is not known good without the log."""
    for decision in over.decisions():
        name = f"bare-{decision['rung']}"
        said = over.record(decision, name)
        row = over.replayed(name)
        assert (row["verdict"], row["action"], row["guard"]) == ("breach", "hold", "no_target")
        assert abs(row["at"] - decision["at"]) <= BLOCK + POLL + LAG
        assert "derived: from the samples of pods that are gone" in said.stderr
        assert "derived: the number of replicas, 4, is that of now" in said.stderr
