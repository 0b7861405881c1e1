"""/api/v1/status and /api/v1/why: what the daemon knows now, in the shape that the commands print."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner, Result

from tests.daemon.outside import CART
from tests.doctor.of_git import SHOP
from tests.web.conftest import Served
from watcher.adapters.store.documents import status_document, why_document
from watcher.cli.application import application as watcher
from watcher.core.deciding.waiting import FLEET_PATIENCE
from watcher.core.words import Verdict

WHY = f"/api/v1/why/{CART}"


async def breached(served: Served) -> None:
    """A bad release of cart that a hold keeps from being undone."""
    outside = served.outside
    controlled = outside.workloads[CART]
    controlled.hold = "freeze"
    outside.release("v2", errors=0.2)
    await served.step()
    for _ in range(100):
        outside.clock.skew += 5.0
        controlled.tick(outside.clock.now())
        if controlled.view(outside.clock.now()).rolled_out:
            break
    blocks = outside.measure(CART, 8)
    served.life.daemon.stepping.inbox.measured(CART, blocks, [], [])
    await served.step()
    assert served.life.watch().verdict is Verdict.BREACH
    outside.clock.skew += FLEET_PATIENCE
    await served.step()
    assert served.life.watch().decision is not None


async def test_nothing_is_under_watch(served: Served) -> None:
    body = await served.get("/api/v1/status")
    assert (body["ready"], body["reasons"], body["watching"], body["workloads"]) == (True, [], [], 1)
    assert body["cache_age_s"] == 0.0
    assert body["sources"] == []
    assert len(body["config"]["digest"]) == 64


async def test_before_the_cluster_was_read_the_answer_is_json_all_the_same(served: Served) -> None:
    served.outside.age = float("inf")
    body = await served.get("/api/v1/status")
    assert (body["cache_age_s"], body["ready"]) == (None, False)


async def test_a_release_under_watch_with_its_evidence(served: Served) -> None:
    await breached(served)
    body = await served.get("/api/v1/status")
    (release,) = body["watching"]
    assert (release["workload"], release["verdict"], release["guard"]) == (str(CART), "breach", "hold")
    assert [each["check"] for each in release["checks"]] == ["errors", "traffic", "availability"]
    assert body["sources"] == [{"name": "main", "healthy": True, "problem": "", "lag_s": pytest.approx(3.0, abs=1)}]


async def test_status_has_what_the_log_tells_and_more(served: Served) -> None:
    await breached(served)
    live, logged = await served.get("/api/v1/status"), status_document(served.outside.store)
    assert logged.keys() - live.keys() == {"written_at"}
    assert logged["watching"][0].keys() <= live["watching"][0].keys()


async def test_why_it_was_not_rolled_back(served: Served) -> None:
    await breached(served)
    live, logged = await served.get(WHY), why_document(served.outside.store, str(CART))
    assert "held: freeze" in live["why"]
    assert live["mode"] == "act"
    assert [each["provenance"] for each in live["known_good"]] == ["presumed"]
    assert logged.keys() <= live.keys()
    assert live["release"] == logged["release"]
    assert live["decision"].items() <= logged["decision"].items()


async def test_why_of_a_workload_without_release(served: Served) -> None:
    body = await served.get(WHY)
    assert body["why"] == "It had no release since it is watched."
    assert (body["release"], body["decision"]) == (None, None)


async def test_why_of_a_workload_that_is_not_there_names_those_that_are(served: Served) -> None:
    body = await served.get("/api/v1/why/StatefulSet/shop/cart")
    assert body["why"] == "There is no StatefulSet/shop/cart in the cluster."
    assert body["near"] == [str(CART)]


async def test_why_of_a_workload_that_no_entry_matches(served: Served) -> None:
    other = type(CART)(CART.kind, "infra", "agent")
    served.outside.deploy(other)
    body = await served.get(f"/api/v1/why/{other}")
    assert body["why"].startswith("No entry of services matches it")


async def test_why_of_what_is_no_workload(served: Served) -> None:
    assert "not a kind" in (await served.error("/api/v1/why/Pod/shop/cart", 400))["message"]
    assert "characters" in (await served.error(f"/api/v1/why/Deployment/shop/{'x' * 700}", 400))["message"]


async def asked(served: Served, *arguments: str) -> Result:
    """A command that asks this server, in a thread of its own, for the server lives in this one."""
    server = served.http.server
    assert isinstance(server, TestServer)
    command = [*arguments, "--server", str(server.make_url("/"))]
    return await asyncio.to_thread(CliRunner().invoke, watcher, command)


async def test_the_commands_print_what_is_served(served: Served) -> None:
    await breached(served)
    status = await asked(served, "status")
    assert status.exit_code == 0, status.output
    assert "Deployment/shop/cart" in status.output
    assert "main healthy" in status.output
    why = await asked(served, "why", str(CART))
    assert why.exit_code == 0, why.output
    assert "held: freeze" in why.output
    assert "Mode" in why.output
    assert "errors: new version: " in why.output
    assert "errors: errors: " not in why.output
    assert "hash-v1 (presumed)" in why.output
    programs = await asked(served, "why", str(CART), "-o", "json")
    assert json.loads(programs.stdout) == await served.get(WHY)
    decisions = await asked(served, "decisions", "list")
    assert decisions.exit_code == 0, decisions.output
    missing = await asked(served, "decisions", "show", "zz")
    assert missing.exit_code == 2


async def test_the_command_names_what_keeps_a_workload(served: Served) -> None:
    served.outside.applications[CART] = SHOP
    why = await asked(served, "why", str(CART))
    assert why.exit_code == 0, why.output
    assert "argocd argocd/shop, which syncs by itself and puts changes back" in why.output
    assert "git (act): through argocd argocd/shop" in why.output


async def test_a_version_that_lost_its_standing_is_not_shown_as_known_good(served: Served) -> None:
    stepping = served.life.daemon.stepping
    state = stepping.states[CART]
    stepping.states[CART] = replace(state, known_good=(replace(state.known_good[0], revoked="a breach"),))
    why = await asked(served, "why", str(CART))
    assert "hash-v1 (presumed, revoked: a breach)" in why.output
