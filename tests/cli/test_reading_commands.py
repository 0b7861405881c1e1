"""The commands that read the log, from its file and from a running daemon."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner, Result

from tests.cli.documents import CART, decision_body, history
from watcher.adapters.store.memory import MemoryStore
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.adapters.store.worker import StoreThread
from watcher.cli.application import application
from watcher.cli.exits import Exit
from watcher.daemon.status import Status
from watcher.web.server import application as web_application

NO_SOURCES = {"WATCHER_SERVER": None, "WATCHER_STORE": None}


def watcher(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(application, arguments, env={**NO_SOURCES, **environment})


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "log.db"
    with closing(SQLiteStore.open(path, reserve=0)) as store:
        store.commit(history())
    return str(path)


class LiveStatus:
    """The part of a daemon's status that the API asks for."""

    def status(self) -> dict[str, Any]:
        return {
            "ready": False,
            "reasons": ["metrics source main: connection refused"],
            "cluster": "prod",
            "cache_age_s": 2.5,
            "sources": [{"name": "main", "healthy": False, "problem": "connection refused", "lag_s": 31.0}],
            "watching": [],
            "workloads": 7,
        }

    def why(self, workload: object) -> dict[str, Any]:
        return {"workload": str(workload), "why": f"there is no {workload} in the cluster"}


@pytest_asyncio.fixture
async def daemon() -> AsyncIterator[str]:
    store = MemoryStore()
    store.commit(history())
    log = StoreThread(store)
    server = TestServer(web_application(cast("Status", LiveStatus()), log, CollectorRegistry()))
    await server.start_server()
    yield str(server.make_url("/"))
    await server.close()
    await log.close()


async def ask(*arguments: str) -> Result:
    return await asyncio.to_thread(watcher, *arguments)


@pytest.mark.parametrize("command", [["decisions", "list"], ["decisions", "show", "3f9a"], ["releases"]])
async def test_file_and_daemon_give_the_same(log: str, daemon: str, command: list[str]) -> None:
    from_file = json.loads((await ask(*command, "--store", log, "-o", "json")).stdout)
    from_daemon = json.loads((await ask(*command, "--server", daemon, "-o", "json")).stdout)
    unfilled = json.loads(json.dumps(from_file), object_hook=lambda each: {**each, "verdict": None})
    assert json.loads(json.dumps(from_daemon), object_hook=lambda each: {**each, "verdict": None}) == unfilled


def test_decisions_as_a_table(log: str) -> None:
    result = watcher("decisions", "list", "--store", log)
    assert result.exit_code == Exit.OK
    heading, newest, older = result.stdout.rstrip().splitlines()
    assert heading.split() == ["ID", "DECIDED", "WORKLOAD", "ACTION", "RUNG", "OUTCOME", "REASON"]
    assert newest.startswith("3f77aa00  2026-03-01 10:18:20Z  Rollout/pay/api")
    assert "roll_back (act)" in older
    assert "restored" in older


def test_decisions_of_one_workload(log: str) -> None:
    found = json.loads(watcher("decisions", "list", "-w", CART, "--store", log, "-o", "json").stdout)
    assert [each["id"] for each in found["items"]] == ["3f9a01c2"]


def test_decisions_of_the_last_hour_are_none(log: str) -> None:
    assert watcher("decisions", "list", "--since", "1h", "--store", log).stdout == "no decisions\n"
    assert watcher("releases", "--since", "1h", "--store", log).stdout == "no releases\n"


def test_yaml_holds_what_json_holds(log: str) -> None:
    as_yaml = watcher("decisions", "show", "3f9a", "--store", log, "-o", "yaml").stdout
    as_json = watcher("decisions", "show", "3f9a", "--store", log, "-o", "json").stdout
    assert yaml.safe_load(as_yaml) == json.loads(as_json)


def test_a_decision_is_shown_in_the_order_of_a_page(log: str) -> None:
    result = watcher("decisions", "show", "3f9a", "--store", log)
    lines = result.stdout.splitlines()
    assert lines[0] == f"3f9a01c2  {CART}"
    names = ["Over?", "You must", "Acting?", "Evidence", "Changed", "Rungs", "Data"]
    starts = [next(n for n, line in enumerate(lines) if line.startswith(name)) for name in names]
    assert starts == sorted(starts)
    assert "12 % fail, [old] 0.1 %" in result.stdout, "brackets are text"


@pytest.mark.parametrize(("prefix", "near"), [("3f9b", "3f9a01c2"), ("3f", "3f77aa00 or 3f9a01c2")])
async def test_an_id_that_names_no_decision(log: str, daemon: str, prefix: str, near: str) -> None:
    for source in (("--store", log), ("--server", daemon)):
        result = await ask("decisions", "show", prefix, *source)
        assert result.exit_code == Exit.INVALID
        assert all(each in result.stderr for each in near.split(" or "))


def test_releases_as_a_table(log: str) -> None:
    result = watcher("releases", "--store", log)
    assert result.exit_code == Exit.OK
    assert "no, watching" in result.stdout
    assert "pass" in result.stdout


def test_status_from_the_file_shows_what_needs_a_person_first(log: str) -> None:
    result = watcher("status", "--store", log)
    assert result.exit_code == Exit.OK
    assert result.stdout.startswith("3f77aa00  Rollout/pay/api")
    assert "3f9a01c2" not in result.stdout, "that one is over"
    assert "DaemonSet/infra/agent" in result.stdout


async def test_status_of_a_daemon(daemon: str) -> None:
    result = await ask("status", "--server", daemon)
    assert result.exit_code == Exit.OK
    assert "main unhealthy, newest sample 31.0 s ago: connection refused" in result.stdout
    assert "prod, seen 2.5 s ago" in result.stdout
    found = json.loads((await ask("status", "--server", daemon, "-o", "json")).stdout)
    assert [each["id"] for each in found["open_decisions"]] == ["3f77aa00"]


@pytest.mark.parametrize(
    ("workload", "answer"),
    [
        (CART, "12 % of requests fail on the new version. It ended as restored."),
        ("DaemonSet/infra/agent", "under watch, no breach"),
        ("Deployment/shop/agent", "DaemonSet/infra/agent"),
    ],
)
def test_why_from_the_file(log: str, workload: str, answer: str) -> None:
    result = watcher("why", workload, "--store", log)
    assert result.exit_code == Exit.OK
    assert answer in result.stdout
    assert "Never undone" not in result.stdout, "facts without a text are left out"


@pytest.mark.parametrize("command", [["show"], ["note"]])
@pytest.mark.parametrize("empty", ["", " "])
async def test_an_id_that_is_empty_says_what_to_name(daemon: str, log: str, command: list[str], empty: str) -> None:
    for where in (("--server", daemon), ("--store", log)):
        result = await ask("decisions", *command, empty, *where)
        assert result.exit_code == Exit.INVALID
        wanted = "name the decision by its id, or the beginning of it; `watcher decisions list` shows them"
        assert result.stderr == f"watcher: {wanted}\n"


def test_no_workload_is_none_to_tell_why_of(log: str) -> None:
    result = watcher("why", "", "--store", log)
    assert (result.exit_code, "'' does not name a workload" in result.stderr) == (Exit.INVALID, True)


def test_why_of_a_workload_that_the_log_has_never_heard_of_is_an_answer(log: str) -> None:
    result = watcher("why", "Deployment/elsewhere/nobody", "--store", log)
    assert (result.exit_code, result.stderr) == (Exit.OK, "")
    assert "Deployment/elsewhere/nobody" in result.stdout


async def test_why_from_a_daemon(daemon: str) -> None:
    result = await ask("why", "Deployment/shop/nobody", "--server", daemon)
    assert result.exit_code == Exit.OK
    assert "there is no Deployment/shop/nobody in the cluster" in result.stdout


@pytest.mark.parametrize(
    "command",
    [["runbook", CART], ["doctor", "--config", "config/thresholds.yaml"], ["hold", "all", "--reason", "drill"]],
)
def test_without_a_kubeconfig_it_is_said_where_it_was_looked_for(command: list[str], tmp_path: Path) -> None:
    nowhere = str(tmp_path / "config")
    result = watcher(*command, KUBECONFIG=nowhere, WATCHER_KUBECONFIG="")
    assert result.exit_code == Exit.FAILED
    assert f"{nowhere}: there is no such file; give --kubeconfig" in result.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_daemon_that_is_not_there() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    result = watcher("status", WATCHER_SERVER=url)
    assert result.exit_code == Exit.UNREACHABLE
    assert url in result.stderr
    assert "--store PATH" in result.stderr


@pytest.mark.parametrize("command", [("flags", "list"), ("breaker", "show")])
def test_a_command_that_reads_no_file_does_not_propose_one(command: tuple[str, str]) -> None:
    result = watcher(*command, WATCHER_SERVER=f"http://127.0.0.1:{free_port()}")
    assert result.exit_code == Exit.UNREACHABLE
    assert "--server URL" in result.stderr
    assert "--store" not in result.stderr


async def test_a_server_that_is_no_daemon(daemon: str) -> None:
    result = await ask("status", "--server", f"{daemon}livez")
    assert result.exit_code == Exit.FAILED


@pytest_asyncio.fixture
async def stranger() -> AsyncIterator[str]:
    """A server that is no daemon, and one that is in trouble."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="[]" if request.path.endswith("status") else "<html>")

    async def trouble(request: web.Request) -> web.Response:
        body = {"error": {"code": 503, "message": "the log cannot be read now", "remedy": "try again later"}}
        return web.json_response(body, status=503)

    async def denied(request: web.Request) -> web.Response:
        return web.Response(status=403, text="no")

    app = web.Application()
    app.router.add_get("/trouble/{rest:.*}", trouble)
    app.router.add_get("/denied/{rest:.*}", denied)
    app.router.add_get("/{rest:.*}", page)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("/"))
    await server.close()


@pytest.mark.parametrize(
    ("path", "command", "code", "words"),
    [
        ("", ["status"], Exit.FAILED, "did not answer with a JSON object"),
        ("", ["releases"], Exit.FAILED, "did not answer in JSON"),
        ("trouble", ["releases"], Exit.UNREACHABLE, "the log cannot be read now. Try again later"),
        ("denied", ["releases"], Exit.FAILED, "answered 403 Forbidden. Is this a watcher daemon?"),
    ],
)
async def test_answers_that_make_no_sense(stranger: str, path: str, command: list[str], code: Exit, words: str) -> None:
    result = await ask(*command, "--server", f"{stranger}{path}")
    assert result.exit_code == code
    assert words in result.stderr


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    result = watcher("releases", WATCHER_STORE=str(tmp_path / "log.db"))
    assert result.exit_code == Exit.UNREACHABLE
    assert "there is no decision log at" in result.stderr


def test_a_flag_counts_more_than_the_environment(log: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    assert watcher("releases", "--store", log, WATCHER_SERVER=nobody).exit_code == Exit.OK
    assert watcher("releases", WATCHER_STORE=log).exit_code == Exit.OK
    assert watcher("releases", WATCHER_STORE=log, WATCHER_SERVER=nobody).exit_code == Exit.UNREACHABLE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["releases", "--server", "http://x", "--store", "y"], "two sources"),
        (["releases", "--server", "localhost:8080"], "http://127.0.0.1:8080"),
        (["why", "cart"], "Kind/namespace/name"),
        (["decisions", "list", "-w", "Pod/shop/cart"], "use one of Deployment"),
        (["decisions", "list", "--since", "yesterday"], "--since"),
    ],
)
def test_a_command_line_that_makes_no_sense(log: str, arguments: list[str], words: str) -> None:
    result = watcher(*arguments, WATCHER_STORE=log)
    assert result.exit_code == Exit.INVALID
    assert words in result.stderr


def test_the_documents_of_the_file_are_the_bodies(log: str) -> None:
    found = json.loads(watcher("decisions", "show", "3f9a01c2", "--store", log, "-o", "json").stdout)
    assert found == {**decision_body(), "verdict": "breach", "label": None}
