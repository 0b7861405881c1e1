"""Every route has its heading, and the examples have the keys that the code gives."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.web import RouteDef

from tests.docs.pages import page
from tests.doctor.pairs import PAIRS
from watcher.adapters.store.documents import rehearsal_document
from watcher.core.deciding.breaker import Breaker
from watcher.core.model import Workload
from watcher.core.policy import Limit, Policy
from watcher.core.state import Decision, Finding, Release, RungStep, Target, Watch
from watcher.core.telling.report import breaker_body, decision_body, release_body
from watcher.core.words import Action, Change, Kind, Mode, Provenance, Rung
from watcher.doctor.examine import examine
from watcher.ports import RehearsalRow
from watcher.web import breaking, commanding, flags, notes, rehearsing, server, writing
from watcher.web.errors import failure

PAGE = page("docs/http-api.md")
ROUTES = {
    f"{route.method} {route.path}"
    for route in (
        *server.routes,
        *notes.routes,
        *writing.routes,
        *commanding.routes,
        *rehearsing.routes,
        *breaking.routes,
        *flags.routes,
    )
    if isinstance(route, RouteDef)
}

RELEASE = Release(
    id="uid/2",
    workload=Workload(Kind.DEPLOYMENT, "shop", "cart"),
    uid="uid",
    number=2,
    revision="b",
    template_id="bad",
    images=("cart:2",),
    change=Change.VERSION,
    began=1.0,
)
DECISION = Decision(
    id="0123456789ab",
    attempt=1,
    at=2.0,
    action=Action.ROLL_BACK,
    mode=Policy().mode,
    reason="because",
    findings=(Finding("errors", None, "errors: fine"),),
    rungs=(RungStep(Rung.UNDO, Mode.ACT, taken=True, reason="fits"),),
    target=Target("good", "a", ("cart:1",), Provenance.PASSED, releases_back=1),
)
FOUND = examine(replace(PAIRS["no-readiness-probe"][0], unasked=("canaries: this account may not list them",)))
REHEARSED = RehearsalRow("h-undo", 1.0, "Deployment/shop/cart", "undo", "passed", 1.0, "drill", "", b"{}")
BODIES = {
    "breaker": breaker_body(Breaker("all", Limit(3, 3600.0), 3)),
    "rehearsal": rehearsal_document(REHEARSED)
    | {"decision": "", "steps": {"breach": 1.0, "decided": 1.0, "undo done": 1.0, "restored": 1.0}, "differences": []},
    "decision": decision_body(Watch(RELEASE), DECISION),
    "release": release_body(Watch(RELEASE)),
    "doctor": FOUND.body(),
}


def _example(kind: str) -> Any:
    (fence,) = [fence for fence in PAGE.fences() if fence.info == ("json", kind)]
    return json.loads(fence.text)


def test_every_route_has_its_heading_and_its_line_in_the_overview() -> None:
    assert len(ROUTES) >= 8
    assert {
        heading.strip("`") for heading in PAGE.headings() if heading.startswith(("`GET ", "`POST ", "`DELETE "))
    } == ROUTES
    assert set(PAGE.table("HTTP API")) == ROUTES


@pytest.mark.parametrize("kind", BODIES)
def test_the_examples_have_the_keys_of_the_code(kind: str) -> None:
    example, body = _example(kind), json.loads(json.dumps(BODIES[kind]))
    assert _keys(example) == _keys(body)


def test_the_example_of_an_error_has_the_one_shape() -> None:
    shape = failure(400, "message", "remedy").text
    assert shape is not None
    assert _keys(_example("error")) == _keys(json.loads(shape))


def _keys(value: Any) -> Any:
    """Keys of nested objects, of a list those of its first element."""
    if isinstance(value, dict):
        return {key: _keys(each) for key, each in value.items()}
    return [_keys(value[0])] if isinstance(value, list) and value else None
