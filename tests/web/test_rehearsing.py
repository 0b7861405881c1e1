"""Rehearsals over HTTP: whether one can be held now, and the results of those that were."""

from __future__ import annotations

import pytest

from tests.daemon.outside import CART
from tests.web.conftest import Json, Served
from tests.web.test_writing import allow, call, error
from watcher.daemon.rehearsals import OVERDUE
from watcher.rehearsal.outcome import Rehearsed

DRILL = {
    "id": "9c41d0e2",
    "workload": str(CART),
    "rung": "undo",
    "result": "passed",
    "seconds": 41.5,
    "message": "restored",
    "decision": "0cd3054454a5",
    "steps": {"decided": 33.2, "restored": 41.5},
    "differences": [],
}
PATH = "/api/v1/rehearsals"


def label_namespace(served: Served) -> None:
    served.outside.rehearsing = frozenset({CART.namespace})


async def obstacles(served: Served) -> list[str]:
    answer = await served.get(f"{PATH}/{CART}")
    assert all(each["remedy"] for each in answer["obstacles"])
    return [each["what"] for each in answer["obstacles"]]


async def kept(served: Served, body: Json, status: int = 201) -> Json:
    return await call(served, "POST", PATH, status, body=body)


async def test_a_result_is_kept_listed_and_measured(served: Served) -> None:
    label_namespace(served)
    allow(served, "rehearse", name="drill")
    told = await kept(served, DRILL)
    assert (told["id"], told["by"]) == ("9c41d0e2-undo", "drill")
    assert (await served.get(PATH))["items"] == [told]
    metrics = await served.text("/metrics")
    labels = f'rung="undo",workload="{CART}"'
    assert f"watcher_rehearsal_duration_seconds{{{labels}}} 41.5" in metrics
    assert f"watcher_rehearsal_last_result{{{labels}}} 1.0" in metrics
    await kept(served, DRILL | {"id": "9c41d0e3", "result": "failed"})
    assert f"watcher_rehearsal_last_result{{{labels}}} 0.0" in await served.text("/metrics")
    assert [each["result"] for each in (await served.get(PATH))["items"]] == ["failed", "passed"]
    (failed,) = (await served.get("/api/v1/status"))["rehearsals"]
    assert (failed["workload"], failed["rung"], failed["result"]) == (str(CART), "undo", "failed")
    await kept(served, DRILL | {"id": "9c41d0e4"})
    assert (await served.get("/api/v1/status"))["rehearsals"] == []
    served.outside.clock.skew += OVERDUE + 1.0
    (overdue,) = (await served.get("/api/v1/status"))["rehearsals"]
    assert overdue["result"] == "passed"


async def test_a_token_of_another_scope_may_not(served: Served) -> None:
    label_namespace(served)
    allow(served, "hold", "approve", "label")
    await error(served, "POST", PATH, 403, body=DRILL)


async def test_of_a_namespace_that_is_not_labelled_no_result_is_taken(served: Served) -> None:
    allow(served, "rehearse")
    assert "for rehearsals only" in (await error(served, "POST", PATH, 409, body=DRILL))["message"]


@pytest.mark.parametrize(
    "wrong",
    [{"id": "../1"}, {"rung": "ladder"}, {"result": "fine"}, {"seconds": -1.0}, {"steps": {"a": "b"}}, {"more": 1}],
)
async def test_a_result_that_makes_no_sense_is_refused(served: Served, wrong: Json) -> None:
    label_namespace(served)
    allow(served, "rehearse")
    await error(served, "POST", PATH, 400, body=DRILL | wrong)


async def test_what_keeps_a_rehearsal_from_being_held_is_told_with_what_mends_it(served: Served) -> None:
    (unlabelled,) = await obstacles(served)
    assert "for rehearsals only" in unlabelled
    label_namespace(served)
    assert await obstacles(served) == []
    assert (await served.get(f"{PATH}/{CART}"))["rungs"] == ["undo"]
    assert (await served.get(f"{PATH}/{CART}"))["flag"] == ""
    served.outside.release("v2")
    await served.step()
    assert "a release of it is under watch" in await obstacles(served)
    unknown = await served.get(f"{PATH}/Deployment/{CART.namespace}/kart")
    assert "sees no Deployment" in unknown["obstacles"][0]["what"]


async def test_a_result_with_many_differences_is_kept_whole(served: Served) -> None:
    label_namespace(served)
    allow(served, "rehearse", name="drill")
    left = tuple(f"{number:02d}: " + "\N{EM DASH}" * 290 for number in range(40))
    body = Rehearsed("undo", "failed", 41.5, "not as before", "", {}, left).body("9c41d0e2", str(CART))
    told = await kept(served, body)
    assert told["differences"] == list(left[:30])
