"""`watcher report`, from a file and from a running daemon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner, Result

from tests.reporting.sample import sample
from tests.reporting.story import BEGIN, NOW
from watcher.adapters.store.memory import MemoryStore
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.adapters.store.worker import StoreThread
from watcher.cli import report as command
from watcher.cli.application import application
from watcher.cli.exits import Exit
from watcher.daemon.status import Status
from watcher.web.server import application as web_application


class Now:
    """The part of a daemon's status that the API asks for."""

    def now(self) -> float:
        return NOW


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "present", lambda: NOW)


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "log.db"
    with closing(SQLiteStore.open(path, reserve=0)) as store:
        store.commit(sample().commit())
    return str(path)


@pytest_asyncio.fixture
async def daemon() -> AsyncIterator[str]:
    store = MemoryStore()
    store.commit(sample().commit())
    thread = StoreThread(store)
    app: web.Application = web_application(cast("Status", Now()), thread, CollectorRegistry())
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("/"))
    await server.close()
    await thread.close()


def watcher(*arguments: str) -> Result:
    environment = {"WATCHER_SERVER": None, "WATCHER_STORE": None, "COLUMNS": "200"}
    return CliRunner().invoke(application, ["report", *arguments], env=environment)


async def test_file_and_daemon_give_the_same(log: str, daemon: str) -> None:
    for form in ("text", "markdown", "json"):
        read = await asyncio.to_thread(watcher, "--store", log, "-o", form)
        asked = await asyncio.to_thread(watcher, "--server", daemon, "-o", form)
        assert read.exit_code == asked.exit_code == Exit.OK, read.output + asked.output
        assert read.stdout == asked.stdout


def test_for_people_it_is_tables(log: str) -> None:
    out = watcher("--store", log).stdout
    assert out.startswith("watcher report: 2026-02-15 10:20Z to 2026-03-01 10:20Z\n")
    assert "  - match: {kind: Deployment" in out
    assert "Would have been undone" in out


def test_for_programs_it_is_json(log: str) -> None:
    found: dict[str, Any] = json.loads(watcher("--store", log, "-o", "json").stdout)
    assert (found["since"], found["until"]) == (BEGIN, NOW)
    assert found["releases"]["seen"] == 15
    assert [each["workload"] for each in found["ready"]] == ["Deployment/shop/cart"]


def test_time_and_namespace_can_be_chosen(log: str) -> None:
    def seen(*arguments: str) -> int:
        found = json.loads(watcher("--store", log, "-o", "json", *arguments).stdout)
        return int(found["releases"]["seen"])

    assert seen("--since", "1d") == 1
    assert seen("--since", "2026-02-15T10:20:00Z", "--until", "2026-02-16T10:00:00Z") == 2
    assert seen("--since", str(BEGIN), "--until", "13d") == 2
    assert seen("--namespace", "sho*") == 15
    assert seen("--namespace", "pay") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "yesterday"), "--since: yesterday is not a time"),
        (("--until", "soon"), "--until: "),
        (("--since", "5x"), "--since: "),
        (("--since", "2026-02-15T10:20:00"), "names no zone"),
        (("--since", "1d", "--until", "2d"), "--until is not after --since"),
    ],
)
def test_a_wrong_time_is_named(log: str, arguments: tuple[str, ...], message: str) -> None:
    answer = watcher("--store", log, *arguments)
    assert answer.exit_code == Exit.INVALID
    assert message in answer.stderr


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    answer = watcher("--store", str(tmp_path / "none.db"))
    assert answer.exit_code == Exit.UNREACHABLE


def test_an_empty_log_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    SQLiteStore.open(path, reserve=0).close()
    answer = watcher("--store", str(path))
    assert answer.exit_code == Exit.OK
    assert "The decision log is empty. Start `watcher run`" in answer.stdout


@pytest.mark.parametrize("query", ["since=x", "until=nan", "limit=3", f"namespace={'n' * 700}"])
async def test_the_api_refuses_what_makes_no_sense(daemon: str, query: str) -> None:
    async with ClientSession() as http, http.get(f"{daemon}api/v1/report?{query}") as answer:
        assert answer.status == 400


async def test_the_api_reports_on_two_weeks_unless_told_otherwise(daemon: str) -> None:
    async with ClientSession() as http, http.get(f"{daemon}api/v1/report") as answer:
        found = await answer.json()
    assert (found["since"], found["until"], found["made_at"]) == (BEGIN, NOW, NOW)
