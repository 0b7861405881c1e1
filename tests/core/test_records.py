"""Records: canonical bytes, there and back, and steps that come to the same again."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import POLICY, World
from watcher.core import record
from watcher.core.judging.evidence import Tally
from watcher.core.machine import step
from watcher.core.model import Observation, QueryValue
from watcher.core.orders import Command
from watcher.core.policy import Policy, QueryCheck
from watcher.core.state import Mark, WorkloadState
from watcher.core.words import Kind

LAG = QueryCheck("lag", "main", "lag", max=10.0)


def test_everything_that_happens_in_a_rollback_comes_back_from_its_bytes() -> None:
    world = World.of(Kind.ROLLOUT)
    world.set(checks=(*POLICY.checks, LAG))
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    view = world.cluster.view(world.now)

    for kind, value in (
        (WorkloadState, world.state),
        (WorkloadState | None, None),
        (Policy, world.policy),
        (Observation, Observation(view, blocks=tuple(world.blocks), queries=(QueryValue("lag", 1.0, None),))),
        (tuple[Command, ...], (*world.orders, *world.told)),
    ):
        data = record.encode(value)
        again = record.decode(kind, data)
        assert again == value
        assert record.encode(again) == data


def test_bytes_are_canonical() -> None:
    mark = Mark(1, "ü", "t", "c", ("a", "b"), 0.1)
    assert record.encode(mark).decode() == (
        '{"_":"Mark","number":1,"revision":"ü","template_id":"t","code_id":"c","images":["a","b"],"since":0.1}'
    )
    assert record.digest(mark) == record.digest(replace(mark))
    assert record.digest(mark) != record.digest(replace(mark, since=0.2))


@given(st.floats(), st.floats())
def test_every_number_comes_back(total: float, bad: float) -> None:
    again = record.decode(Tally, record.encode(Tally(total, bad)))
    assert all(
        one == other or (math.isnan(one) and math.isnan(other))
        for one, other in ((total, again.total), (bad, again.bad))
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"_":"Tally"}',
        b'{"_":"Mark","total":1,"bad":1}',
        b'{"_":"Tally","total":"much","bad":1}',
        b'{"_":"Tally","total":true,"bad":1}',
        b'{"total":1.0,"bad":1.0}',
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(record.RecordError, match="not a record of"):
        record.decode(Tally, data)


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", "1"), ("images", [1]), ("revision", None)],
)
def test_a_field_of_another_type_is_refused(field: str, value: object) -> None:
    body = json.loads(record.encode(Mark(1, "r", "t", "c", ("a",), 0.1)))
    with pytest.raises(record.RecordError):
        record.decode(Mark, json.dumps({**body, field: value}).encode())


def test_what_is_no_value_of_the_core_is_refused() -> None:
    with pytest.raises(TypeError, match="list is no value of the core"):
        record.encode([1])


def test_a_step_taken_otherwise_is_noticed() -> None:
    world = World.of()
    world.release("v2")
    observation = Observation(world.cluster.view(world.now))
    taken = step(world.state, observation, world.now, world.policy)
    assert taken is not None
    kept = record.keep(world.state, observation, world.now, world.policy, taken)

    assert record.replay(kept)
    assert not record.replay(replace(kept, at=kept.at + 1.0))
    assert not record.replay(replace(kept, commands=b"[null]"))
    assert not record.replay(replace(kept, state_before=b"null", observation=record.encode(Observation(None))))
