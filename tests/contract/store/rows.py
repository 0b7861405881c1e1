"""Rows for tests of the decision log, with only what a test is about given."""

from __future__ import annotations

import json

from watcher.core.deciding.breaker import Closing
from watcher.core.deciding.holding import Hold
from watcher.ports import (
    PASSED,
    BlindnessRow,
    Commit,
    CoverageRow,
    DecisionRow,
    FlagRestore,
    Label,
    Notification,
    RehearsalRow,
    ReleaseRow,
    StoredState,
    Told,
    Transition,
)

CART = "Deployment/shop/cart"
CHECKOUT = "Rollout/shop/checkout"
POLICY = ("p1", b'{"mode":"act"}')


def transition(number: int = 1, *, uid: str = "u1", release: str = "u1/2", at: float = 100.0) -> Transition:
    return Transition(
        at=at,
        workload=CART,
        uid=uid,
        release=release,
        schema=1,
        policy_hash="p1",
        kind="breach",
        state_before=b'{"n":%d}' % (number - 1),
        observation=b'{"seen":%d}' % number,
        state_after=b'{"n":%d}' % number,
        commands=b"[]",
    )


def decision(
    number: str = "d1", *, at: float = 100.0, workload: str = CART, release: str = "u1/2", **columns: str
) -> DecisionRow:
    values = {
        "verdict": "breach",
        "action": "roll_back",
        "mode": "act",
        "guard": "",
        "rung": "undo",
        "target": "7d4f9c",
        "outcome": "",
        "durability": "",
        "reason": "12 % of requests fail on the new version, 0.1 % on the old",
        **columns,
    }
    body = json.dumps({"id": number, "reason": values["reason"]}).encode()
    return DecisionRow(id=number, at=at, workload=workload, release=release, body=body, **values)


def release(
    number: str = "u1/2", *, workload: str = CART, began: float = 90.0, ended: float | None = None, verdict: str = ""
) -> ReleaseRow:
    return ReleaseRow(
        id=number,
        workload=workload,
        revision="5b9e21",
        image="shop/cart:1.9.0",
        began=began,
        verdict=verdict,
        action="",
        outcome="",
        ended=ended,
        body=b"{}",
    )


def state(uid: str = "u1", *, at: float = 50.0, content: bytes = b'{"n":0}') -> StoredState:
    return StoredState(uid=uid, workload=CART, at=at, schema=1, state=content)


def label(decision: str = "d1", *, at: float = 300.0, verdict: str = "right", note: str = "") -> Label:
    return Label(decision, verdict, "ada", at, note)


def covered(workload: str = CART, *, since: float = 100.0, sight: str = "watchable", why: str = "") -> CoverageRow:
    return CoverageRow(workload, since, "observe", sight, why, "undo", "act", "restores the known good pod template")


def blind(hour: float = 3600.0, source: str = "main", *, asked: float = 60.0, blind: float = 5.0) -> BlindnessRow:
    return BlindnessRow(hour, source, asked, blind)


def hold(scope: str = "namespace/shop", *, until: float | None = None, reason: str = "stocktaking") -> Hold:
    return Hold(scope, reason, "ada", 300.0, until)


def rehearsal(
    number: str = "h1", *, at: float = 100.0, workload: str = CART, rung: str = "undo", result: str = PASSED
) -> RehearsalRow:
    body = b'{"steps": {"restored": 41.5}}'
    return RehearsalRow(number, at, workload, rung, result, 41.5, "drill", "restored in 41.5 s", body)


def closed(scope: str = "all", *, at: float = 100.0, reason: str = "the cause is found") -> Closing:
    return Closing(scope, at, "ada", reason)


def put_back(decision: str = "3f9a01", *, at: float = 100.0, result: str = "") -> FlagRestore:
    return FlagRestore(decision, at, "own/new-cart@production", "ada", "the code is mended", "on", result)


def notification(
    event: str = "d1/held", *, channel: str = "oncall", at: float = 100.0, body: bytes = b'{"stage": "held"}'
) -> Notification:
    return Notification(
        key=f"{event}@{channel}",
        event=event,
        channel=channel,
        at=at,
        stage="held",
        workload=CART,
        title="Bad release, rollback held: shop/cart",
        text="Over? No: a guard holds",
        body=body,
    )


def commit(
    *transitions: Transition,
    states: tuple[StoredState, ...] = (),
    decisions: tuple[DecisionRow, ...] = (),
    releases: tuple[ReleaseRow, ...] = (),
    gone: tuple[str, ...] = (),
    labels: tuple[Label, ...] = (),
    coverage: tuple[CoverageRow, ...] = (),
    uncovered: tuple[str, ...] = (),
    blindness: tuple[BlindnessRow, ...] = (),
    holds: tuple[Hold, ...] = (),
    lifted: tuple[str, ...] = (),
    notifications: tuple[Notification, ...] = (),
    told: tuple[Told, ...] = (),
    rehearsals: tuple[RehearsalRow, ...] = (),
    closings: tuple[Closing, ...] = (),
    flag_restores: tuple[FlagRestore, ...] = (),
) -> Commit:
    about = (coverage, uncovered, blindness, holds, lifted, notifications, told, rehearsals, closings, flag_restores)
    return Commit(transitions, states, decisions, releases, (POLICY,), gone, labels, *about)
