"""What people may do over HTTP: each needs a token of the right scope, and says who did it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.daemon.outside import CART
from tests.web.conftest import Json, Served
from watcher.core import record
from watcher.core.model import Fleet, Observation
from watcher.core.words import Mode
from watcher.ports import NoSuchDecision, Unavailable
from watcher.web.tokens import WRONG_ALLOWED, Token, read

SECRET = "wtk_ada"


def allow(served: Served, *scopes: str, secret: str = SECRET, name: str = "ada") -> None:
    entry = {"name": name, "sha256": hashlib.sha256(secret.encode()).hexdigest(), "scopes": list(scopes)}
    served.tokens.write_text(yaml.safe_dump([entry]))


async def call(
    served: Served, method: str, path: str, status: int, body: object = None, token: str | None = SECRET
) -> Json:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    async with served.http.request(method, path, data=data, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        assert answer.content_type == "application/json"
        found: Json = await answer.json()
        return found


async def error(served: Served, method: str, path: str, status: int, **call_with: Any) -> Json:
    found: Json = (await call(served, method, path, status, **call_with))["error"]
    assert found["remedy"]
    return found


async def propose(served: Served) -> str:
    """A rollback that waits for a person; the id of its decision."""
    served.life.thresholds.write_text(served.life.thresholds.read_text().replace("mode: act", "mode: propose"))
    assert not served.life.daemon.housekeeping._reloading.look()
    outside = served.outside
    outside.release("v2", errors=0.3)
    await served.step()
    controlled = outside.workloads[CART]
    for _ in range(60):
        outside.clock.skew += 5.0
        controlled.tick(outside.clock.now())
        await served.step()
    for block in outside.measure(CART, 8):
        served.life.daemon.stepping.inbox.measured(CART, [block], [], [])
    for _ in range(6):
        served.life.daemon.stepping.inbox.looked(CART, Fleet(outside.clock.now(), services=20))
        await served.step()
        outside.clock.skew += 5.0
    (row,) = outside.store.decisions()
    assert (row.action, row.mode) == ("roll_back", "propose"), row
    return row.id


WRITES = [
    ("POST", "/api/v1/decisions/0123/approve", "approve"),
    ("POST", "/api/v1/decisions/0123/label", "label"),
    ("POST", "/api/v1/holds", "hold"),
    ("DELETE", "/api/v1/holds?scope=all", "hold"),
    ("POST", "/api/v1/breakers/close", "breaker"),
    ("POST", "/api/v1/rollbacks", "rollback"),
    ("POST", "/api/v1/revisions", "revision"),
]


@pytest.mark.parametrize(("method", "path", "scope"), WRITES)
async def test_without_a_file_of_tokens_nobody_may_write(served: Served, method: str, path: str, scope: str) -> None:
    found = await error(served, method, path, 403)
    assert "watcher token new" in found["remedy"]
    assert scope


@pytest.mark.parametrize(("method", "path", "scope"), WRITES)
@pytest.mark.parametrize("token", [None, "", "wtk_eve", "wtk_ada2", "Bearer wtk_ada"])
async def test_without_a_known_token_nothing_is_done(
    served: Served, method: str, path: str, scope: str, token: str | None
) -> None:
    allow(served, scope)
    assert "token" in (await error(served, method, path, 401, token=token))["message"]


@pytest.mark.parametrize(("method", "path", "scope"), WRITES)
async def test_a_token_is_good_for_its_scopes_only(served: Served, method: str, path: str, scope: str) -> None:
    allow(served, *({"approve", "hold", "label"} - {scope}))
    found = await error(served, method, path, 403)
    assert f"not {scope}" in found["message"]
    assert found["remedy"] == f"add {scope} to its scopes"


async def test_wrong_tokens_are_turned_away_for_a_while_and_right_ones_are_not(served: Served) -> None:
    allow(served, "hold")
    path = "/api/v1/holds?scope=all"
    for _ in range(WRONG_ALLOWED):
        await error(served, "DELETE", path, 401, token="wtk_eve")
    await error(served, "DELETE", path, 429, token="wtk_eve")
    await error(served, "DELETE", path, 404)
    served.outside.clock.skew += 61.0
    await error(served, "DELETE", path, 401, token="wtk_eve")


async def test_a_token_counts_from_when_it_is_in_the_file_until_it_is_out(served: Served) -> None:
    allow(served, "hold", secret="wtk_old")
    await error(served, "DELETE", "/api/v1/holds?scope=all", 401)
    allow(served, "hold")
    await error(served, "DELETE", "/api/v1/holds?scope=all", 404)
    await error(served, "DELETE", "/api/v1/holds?scope=all", 401, token="wtk_old")
    served.tokens.unlink()
    await error(served, "DELETE", "/api/v1/holds?scope=all", 403)


@pytest.mark.parametrize(
    "text",
    ["- {name: ada", "ada", "- {name: ada, sha256: wtk_secret, scopes: [hold]}", "- {name: ada, scopes: [hold]}"],
)
async def test_a_file_that_is_wrong_gives_nobody_a_right_and_is_not_repeated(served: Served, text: str) -> None:
    served.tokens.write_text(text)
    found = await error(served, "DELETE", "/api/v1/holds?scope=all", 403)
    assert "secret" not in json.dumps(found)


async def test_an_approval_is_carried_out_and_in_the_log(served: Served) -> None:
    allow(served, "approve")
    proposed = await propose(served)
    (waiting,) = (await served.get("/api/v1/status"))["waiting"]
    assert waiting["decision"] == proposed
    assert waiting["approve"][0] == f"watcher approve {proposed}"
    assert (await served.get(f"/api/v1/decisions/{proposed}"))["waiting"]["until"] == waiting["until"]

    found = await call(served, "POST", f"/api/v1/decisions/{proposed[:6]}/approve", 200)
    assert found == {
        "decision": proposed,
        "workload": str(CART),
        "by": "ada",
        "message": f"decision {proposed} is being carried out, approved by ada",
    }
    shown = await served.get(f"/api/v1/decisions/{proposed}")
    assert (shown["mode"], shown["waiting"], shown["rung"]) == ("act", None, "undo")
    assert (shown["approval"]["by"], shown["approval"]["way"]) == ("ada", "http")
    recorded = [record.decode(Observation, each.observation) for each in served.outside.store.transitions()]
    assert [each.approval.by for each in recorded if each.approval] == ["ada"]
    assert (await served.get("/api/v1/status"))["waiting"] == []

    again = await call(served, "POST", f"/api/v1/decisions/{proposed}/approve", 200)
    assert again["message"].endswith("approved by ada")
    assert served.life.watch().carrying_out


async def test_what_does_not_wait_cannot_be_approved(served: Served) -> None:
    allow(served, "approve")
    proposed = await propose(served)
    served.outside.workloads[CART].hold = "load test"
    refused = await error(served, "POST", f"/api/v1/decisions/{proposed}/approve", 409)
    assert "took its place" in refused["message"]
    assert "held: load test" in refused["message"]
    held = served.life.watch().decision
    assert held is not None
    refused = await error(served, "POST", f"/api/v1/decisions/{held.id}/approve", 409)
    assert "guard hold holds: held: load test" in refused["message"]
    assert (await served.get(f"/api/v1/decisions/{proposed}"))["replaced_by"] == held.id


async def test_an_approval_of_an_earlier_release_is_refused(served: Served) -> None:
    allow(served, "approve")
    proposed = await propose(served)
    served.outside.release("v3")
    refused = await error(served, "POST", f"/api/v1/decisions/{proposed}/approve", 409)
    assert "its release is not the current one any more" in refused["message"]


async def test_a_decision_that_is_not_known_cannot_be_approved(served: Served) -> None:
    allow(served, "approve", "label")
    await error(served, "POST", "/api/v1/decisions/ffff/approve", 404)
    await error(served, "POST", "/api/v1/decisions/ffff/label", 404, body={"verdict": "right"})
    await error(served, "POST", f"/api/v1/decisions/{'f' * 65}/approve", 400)


async def test_an_approval_that_cannot_be_recorded_was_not_given(served: Served) -> None:
    allow(served, "approve")
    proposed = await propose(served)
    served.life.store.failing = Unavailable("the disk is full")
    refused = await error(served, "POST", f"/api/v1/decisions/{proposed}/approve", 503)
    assert "the disk is full" in refused["message"]
    served.life.store.failing = None
    await served.step()
    decision = served.life.watch().decision
    assert decision is not None
    assert decision.mode is Mode.PROPOSE
    assert served.outside.orders == []
    await call(served, "POST", f"/api/v1/decisions/{proposed}/approve", 200)


async def test_a_process_that_only_observes_refuses(served: Served) -> None:
    allow(served, "approve")
    proposed = await propose(served)
    served.life.daemon.persons._read_only = True
    await error(served, "POST", f"/api/v1/decisions/{proposed}/approve", 403)


async def test_a_decision_is_called_right_or_wrong(served: Served) -> None:
    allow(served, "label")
    proposed = await propose(served)
    path = f"/api/v1/decisions/{proposed}/label"
    said = await call(served, "POST", path, 200, body={"verdict": "wrong", "note": " a load test "})
    at = served.outside.clock.now()
    assert said == {"decision": proposed, "verdict": "wrong", "by": "ada", "at": said["at"], "note": "a load test"}
    assert said["at"] == pytest.approx(at, abs=5.0)
    shown = (await served.get(f"/api/v1/decisions/{proposed}"))["label"]
    assert shown == {"verdict": "wrong", "by": "ada", "at": said["at"], "note": "a load test"}
    await call(served, "POST", path, 200, body={"verdict": "right"})
    (listed,) = (await served.get("/api/v1/decisions"))["items"]
    assert listed["label"]["verdict"] == "right"


BAD_LABELS: list[object] = [
    {},
    {"verdict": "fine"},
    {"verdict": "right", "more": 1},
    {"verdict": "right", "note": "x" * 501},
    {"verdict": "right", "note": "two\nlines"},
    {"verdict": "right", "note": 7},
    ["right"],
    b"{",
    b'{"verdict": "right", "note": "\\ud800"}',
    b"[" * 3000,
    b'{"note": "' + b"x" * 5000 + b'"}',
]


@pytest.mark.parametrize("body", BAD_LABELS)
async def test_a_body_that_makes_no_sense_is_refused(served: Served, body: object) -> None:
    allow(served, "label")
    with pytest.raises(NoSuchDecision):
        served.outside.store.decision("0123")
    await error(served, "POST", "/api/v1/decisions/0123/label", 400, body=body)


async def test_a_hold_stands_until_it_ends_or_is_lifted(served: Served) -> None:
    allow(served, "hold")
    wanted = {"scope": "namespace/shop", "reason": "stocktaking", "for": "2h"}
    held = await call(served, "POST", "/api/v1/holds", 201, body=wanted)
    now = served.outside.clock.now()
    assert held == {
        "scope": "namespace/shop",
        "reason": "stocktaking",
        "by": "ada",
        "since": pytest.approx(now, abs=5.0),
        "until": held["since"] + 7200.0,
        "where": "decision log",
    }
    assert (await served.get("/api/v1/holds"))["items"] == [held]
    assert (await served.get("/api/v1/status"))["holds"] == [held]
    assert [each.scope for each in served.outside.store.holds()] == ["namespace/shop"]

    await error(served, "DELETE", "/api/v1/holds?scope=all", 404)
    await call(served, "DELETE", "/api/v1/holds?scope=namespace/shop", 200)
    assert (await served.get("/api/v1/holds"))["items"] == []
    assert served.outside.store.holds() == []


async def test_a_hold_keeps_a_rollback_from_being_done(served: Served) -> None:
    allow(served, "hold", "approve")
    proposed = await propose(served)
    await call(served, "POST", "/api/v1/holds", 201, body={"scope": str(CART), "reason": "look at it", "for": "10m"})
    refused = await error(served, "POST", f"/api/v1/decisions/{proposed}/approve", 409)
    assert "held: look at it (held over HTTP: Deployment/shop/cart, by ada, until " in refused["message"]
    served.outside.clock.skew += 601.0
    assert (await served.get("/api/v1/holds"))["items"] == []
    assert served.life.daemon.stepping.holds.on(CART, served.outside.clock.now()) == ""
    assert served.outside.orders == []


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "all"},
        {"scope": "all", "reason": " "},
        {"scope": "everything", "reason": "x"},
        {"scope": "namespace/", "reason": "x"},
        {"scope": "Pod/shop/cart", "reason": "x"},
        {"scope": "all", "reason": "x", "for": "soon"},
        {"scope": "all", "reason": "x", "until": 5},
    ],
)
async def test_a_hold_that_makes_no_sense_is_refused(served: Served, body: object) -> None:
    allow(served, "hold")
    await error(served, "POST", "/api/v1/holds", 400, body=body)
    assert (await served.get("/api/v1/holds"))["items"] == []


async def test_what_to_resume_has_to_be_named(served: Served) -> None:
    allow(served, "hold")
    for query in ("", "?scope=", "?scope=all&more=1", "?what=all"):
        await error(served, "DELETE", f"/api/v1/holds{query}", 400)


async def test_holds_survive_the_process(served: Served) -> None:
    allow(served, "hold")
    await call(served, "POST", "/api/v1/holds", 201, body={"scope": "all", "reason": "fire drill"})
    again = await type(served.life).prepare(served.outside, served.life.thresholds)
    assert again.daemon.stepping.holds.on(CART, served.outside.clock.now()).startswith("fire drill")


async def test_the_file_of_tokens_is_read_once_for_each_change(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[Path] = []

    def counted(path: Path) -> tuple[Token, ...]:
        times.append(path)
        return read(path)

    monkeypatch.setattr("watcher.web.tokens.read", counted)
    allow(served, "label")
    for _ in range(3):
        await call(served, "POST", "/api/v1/decisions/0123/label", 401, {"verdict": "right"}, token="wtk_nobody")
    assert len(times) == 1
    allow(served, "hold", name="grace")
    await call(served, "POST", "/api/v1/holds", 201, {"scope": "all", "reason": "fire drill"})
    await call(served, "POST", "/api/v1/decisions/0123/label", 403, {"verdict": "right"})
    assert len(times) == 2
    served.tokens.write_text("- {name: ada}")
    await call(served, "POST", "/api/v1/holds", 403, {"scope": "all", "reason": "fire drill"})
    served.tokens.unlink()
    await call(served, "POST", "/api/v1/holds", 403, {"scope": "all", "reason": "fire drill"})
