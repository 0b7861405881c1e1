"""A rollback and a word on a revision over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.daemon.outside import CART
from tests.web.conftest import Served
from tests.web.test_writing import allow, call, error
from watcher.core.deciding.holding import Scope

WANTED = {"id": "ada-0001", "workload": str(CART), "reason": "finance calls"}


async def released(served: Served) -> None:
    """`v2` runs, and nothing speaks against it."""
    outside = served.outside
    outside.release("v2")
    controlled = outside.workloads[CART]
    for _ in range(12):
        outside.clock.skew += 5.0
        controlled.tick(outside.clock.now())
        await served.step()


async def test_a_rollback_begins_and_the_same_command_is_answered_alike(served: Served) -> None:
    allow(served, "rollback", "revision")
    await released(served)
    done = await call(served, "POST", "/api/v1/rollbacks", 201, WANTED)
    assert (done["workload"], done["by"]) == (str(CART), "ada")
    assert done["message"].startswith("ada commanded it: finance calls. Rolling back by undo to revision ")
    again = await call(served, "POST", "/api/v1/rollbacks", 201, WANTED)
    assert again == done

    shown = await served.get(f"/api/v1/decisions/{done['decision']}")
    assert shown["request"]["by"] == "ada"
    assert shown["request"]["overrides"] == []
    assert shown["overridden"] == []
    assert len(served.outside.store.decisions()) == 1

    other = await error(served, "POST", "/api/v1/rollbacks", 409, body={**WANTED, "id": "ada-0002"})
    assert f"a rollback is under way already, decision {done['decision']}" in other["message"]


async def test_only_the_revision_that_is_named_is_left(served: Served) -> None:
    allow(served, "rollback", "revision")
    await released(served)
    found = await error(served, "POST", "/api/v1/rollbacks", 409, body={**WANTED, "from": "1"})
    assert "what runs now is revision hash-v2 (number 2, " in found["message"]
    assert found["remedy"] == f"see: watcher why {CART}"

    command = {**WANTED, "id": "ada-0002", "from": "hash-v2"}
    done = await call(served, "POST", "/api/v1/rollbacks", 201, command)
    shown = await served.get(f"/api/v1/decisions/{done['decision']}")
    assert shown["request"]["from"] == "hash-v2"


async def test_guards_are_named_with_the_command_that_passes_them(served: Served) -> None:
    allow(served, "rollback", "revision")
    await released(served)
    await served.life.daemon.persons.hold(Scope("shop"), "stocktaking", None, "brian")
    found = await error(served, "POST", "/api/v1/rollbacks", 409, body=WANTED)
    (guard,) = found["guards"]
    assert (guard["id"], guard["passable"]) == ("hold", True)
    command = f"watcher rollback {CART} --from hash-v2 --reason 'finance calls' --override hold"
    assert found["remedy"] == f"to pass what may be passed: {command}"

    done = await call(served, "POST", "/api/v1/rollbacks", 201, {**WANTED, "id": "ada-0002", "overrides": ["hold"]})
    shown = await served.get(f"/api/v1/decisions/{done['decision']}")
    assert [each["id"] for each in shown["overridden"]] == ["hold"]
    assert shown["guards"] == []


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"workload": "cart"}, 400, "does not name a workload"),
    ({"workload": "Deployment/shop/nothing"}, 404, "there is no Deployment/shop/nothing in the cluster"),
    ({"id": "short"}, 400, "id: "),
    ({"reason": " "}, 400, "reason: "),
    ({"overrides": ["cooldwon"]}, 400, "there is no guard 'cooldwon'; those that may be passed: hold, never"),
    ({"overrides": ["stale_cache"]}, 400, "guard stale_cache cannot be passed"),
    ({"to": "v9"}, 409, "neither the cluster nor the ledger knows a revision v9"),
    ({"from": "v9"}, 409, "what runs now is revision "),
    ({"from": " "}, 400, "from: "),
    ({"leaving": "v9"}, 400, "leaving: "),
    ({"force": True}, 400, "force: "),
]


@pytest.mark.parametrize(("wrong", "status", "message"), WRONG)
async def test_what_is_wrong_says_so_and_nothing_is_done(
    served: Served, wrong: dict[str, Any], status: int, message: str
) -> None:
    allow(served, "rollback", "revision")
    await released(served)
    found = await error(served, "POST", "/api/v1/rollbacks", status, body={**WANTED, **wrong})
    assert message in found["message"]
    assert served.outside.orders == []


async def test_a_revision_is_called_bad_and_good(served: Served) -> None:
    allow(served, "rollback", "revision")
    await released(served)
    state = served.life.daemon.stepping.states[CART]
    (entry,) = state.known_good
    about = {"workload": str(CART), "revision": entry.revision, "reason": "wrong totals"}
    said = await call(served, "POST", "/api/v1/revisions", 200, {**about, "verdict": "bad"})
    assert said["message"].startswith(f"revision {entry.revision} counts as bad")
    why = await served.get(f"/api/v1/why/{CART}")
    assert why["known_good"][0]["revoked"] == "bad version: ada (wrong totals) called it bad"
    assert why["quarantined"][0]["by"] == "ada"

    await call(served, "POST", "/api/v1/revisions", 200, {**about, "verdict": "good"})
    why = await served.get(f"/api/v1/why/{CART}")
    assert (why["known_good"][0]["revoked"], why["known_good"][0]["by"]) == ("", "ada (wrong totals)")
    assert why["quarantined"] == []
    unknown = {**about, "revision": "v9", "verdict": "bad"}
    assert "neither the cluster" in (await error(served, "POST", "/api/v1/revisions", 409, body=unknown))["message"]


async def test_a_command_that_was_refused_shows_in_why(served: Served) -> None:
    allow(served, "rollback", "revision")
    await released(served)
    await served.life.daemon.persons.hold(Scope("shop"), "stocktaking", None, "brian")
    await error(served, "POST", "/api/v1/rollbacks", 409, body=WANTED)
    refused = (await served.get(f"/api/v1/why/{CART}"))["refused"]
    assert (refused["by"], refused["reason"]) == ("ada", "finance calls")
    assert refused["why"].startswith("guards hold: hold: held: stocktaking")
