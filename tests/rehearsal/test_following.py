"""What is made of the daemon's decision on a release that is bad on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from watcher.ports import FAILED, PASSED, Unavailable
from watcher.rehearsal.following import PATIENCE, Following, Unproven
from watcher.rehearsal.outcome import judged

Json = dict[str, Any]
DONE = [{"rung": "undo", "taken": True, "failed": "", "at": 101.0, "took_s": 2.0}]
DECISION: Json = {
    "id": "new",
    "action": "roll_back",
    "mode": "act",
    "why_mode": "",
    "rung": "undo",
    "rungs": DONE,
    "phase": "closed",
    "outcome": "restored",
    "durability": "cluster_only",
    "guard": None,
    "reason": "because",
    "first_bad_at": 99.0,
    "decided_at": 100.5,
    "restored_at": 104.0,
}


class Clock:
    """Virtual time."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


class Api:
    """Stands in for a daemon: answers one after another, the last one for ever."""

    def __init__(self, answers: Sequence[list[Json] | Exception]) -> None:
        self._answers = list(answers)

    def decisions(self, workload: str, limit: int, since: float) -> list[Json]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def prospect(self, workload: str) -> Json:
        raise NotImplementedError(workload)

    def restore_flag(self, decision: str, reason: str) -> Json:
        raise NotImplementedError(decision, reason)

    def rehearsed(self, body: Json) -> Json:
        raise NotImplementedError(body)


async def followed(
    *answers: list[Json] | Exception, durable: bool = False, within: float = 600.0
) -> tuple[Json, float]:
    clock = Clock()
    following = Following(Api(answers), clock, "Deployment/shop/cart", frozenset({"old"}), lambda _: None)
    return await following.ended(within, durable=durable), clock.at


async def refused(*answers: list[Json] | Exception, **how: Any) -> str:
    with pytest.raises(Unproven) as caught:
        await followed(*answers, **how)
    return str(caught.value)


async def test_a_daemon_that_is_away_for_a_while_and_decisions_of_before_are_waited_out() -> None:
    old, acting = {**DECISION, "id": "old"}, {**DECISION, "outcome": None, "phase": "acting"}
    decision, at = await followed([old], Unavailable("connection refused"), [acting, old], [DECISION, old])
    assert decision == DECISION
    assert at == 103.0


async def test_where_git_is_rehearsed_git_must_hold_the_good_version() -> None:
    durable = {**DECISION, "durability": "durable"}
    assert (await followed([DECISION], [DECISION], [durable], durable=True))[0] == durable


async def test_what_the_daemon_did_instead_is_told() -> None:
    assert "decided nothing within 600 s" in await refused([])
    assert "it ended as did_not_help: because" in await refused([{**DECISION, "outcome": "did_not_help"}])
    proposed = {**DECISION, "outcome": None, "mode": "propose", "why_mode": "undo may only propose"}
    assert await refused([proposed]) == "only propose: undo may only propose"
    acting = {**DECISION, "outcome": None, "phase": "confirming"}
    assert "no end within 600 s: phase confirming" in await refused([acting])


async def test_a_guard_that_holds_for_a_moment_is_waited_for_and_no_longer() -> None:
    held = {**DECISION, "outcome": None, "action": "hold", "guard": {"id": "cooldown", "reason": "too soon"}}
    assert (await followed([held], [held], [DECISION]))[0] == DECISION
    assert await refused([held]) == "guard cooldown holds: too soon"
    assert PATIENCE < 600.0


def test_a_rung_has_passed_where_it_led_back_and_all_is_as_before() -> None:
    (row,) = judged(["undo"], DECISION, 100.0, "", ())
    assert (row.result, row.seconds, row.message) == (PASSED, 4.0, "restored 4.0 s after the bad release")
    assert row.steps == {"breach": 0.0, "decided": 0.5, "undo done": 3.0, "restored": 4.0}
    assert row.body("d1", "Deployment/shop/cart")["decision"] == "new"


def test_a_revert_beside_an_abort_has_passed_once_it_is_durable() -> None:
    aborted = {**DECISION, "rungs": [{**DONE[0], "rung": "abort"}], "git": {"revision": "9f"}}
    assert [row.result for row in judged(["abort", "git"], aborted, 100.0, "", ())] == [PASSED, FAILED]
    durable = {**aborted, "durability": "durable"}
    assert [row.result for row in judged(["abort", "git"], durable, 100.0, "", ())] == [PASSED, PASSED]


@pytest.mark.parametrize(
    ("rung", "decision", "problem", "differences", "message"),
    [
        ("git", DECISION, "", (), "rung git was not taken, undo was"),
        ("undo", {**DECISION, "rungs": [{**DONE[0], "failed": "403"}]}, "", (), "rung undo failed: 403"),
        ("undo", DECISION, "", ("spec.replicas: was 4, is 3",), "not as before: spec.replicas: was 4, is 3"),
        ("undo", None, "the daemon decided nothing", (), "the daemon decided nothing"),
    ],
)
def test_else_it_has_failed_and_says_why(
    rung: str, decision: Json | None, problem: str, differences: tuple[str, ...], message: str
) -> None:
    (row,) = judged([rung], decision, 100.0, problem, differences)
    assert (row.result, row.message, row.differences) == (FAILED, message, differences)
