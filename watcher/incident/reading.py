"""Reads an incident from the decision log."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TypeVar

from watcher.adapters.kubernetes.residue import LEFT
from watcher.adapters.store.documents import labelled
from watcher.core import record
from watcher.core.model import Observation
from watcher.core.orders import Command
from watcher.core.policy import Policy
from watcher.core.state import Watch, WorkloadState
from watcher.incident.facts import Incident, Notified
from watcher.incident.timeline import Taken, events
from watcher.ports import DecisionRow, Notification, StoreReader, Transition

FIRST, LAST = 100, 400
"""Records of one release that are looked at: of one that is decided on for days on end these tell the most."""

MOST_NOTIFIED = 60

_T = TypeVar("_T")


def incident(log: StoreReader, prefix: str) -> Incident:
    """All that the log holds of the decision of this id, or whose id begins so.

    A record that this version cannot read is left out.  Raises NoSuchDecision, Unavailable, Rejected.
    """
    row = log.decision(prefix)
    records = list(_records(log, row.release))
    steps = [each for each in map(_taken, records) if each is not None]
    watch = _newest(log, row, steps)
    timeline, left_out = events(_until_the_next(steps, row))
    told = log.notified(row.id)
    return Incident(
        document=labelled(log, [row])[0],
        watch=watch,
        decision=watch.decision if watch is not None else None,
        policy=_policy(log, records),
        timeline=timeline,
        left_out=left_out,
        notified=tuple(Notified(each.at, each.channel, each.title, each.result) for each in told[:MOST_NOTIFIED]),
        cluster=_cluster(told),
        residue=tuple(_residue(steps)),
    )


def _records(log: StoreReader, release: str) -> Iterator[Transition]:
    if not release:
        return
    last: deque[Transition] = deque(maxlen=LAST)
    for count, each in enumerate(log.transitions(release)):
        if count < FIRST:
            yield each
        else:
            last.append(each)
    yield from last


def _taken(each: Transition) -> Taken | None:
    observation = _decoded(Observation, each.observation)
    state = _decoded(WorkloadState, each.state_after)
    if observation is None or state is None:
        return None
    commands: tuple[Command, ...] = _decoded_commands(each.commands)
    return Taken(each.at, tuple(each.kind.split()), observation, commands, state.watch)


def _decoded(kind: type[_T], data: bytes) -> _T | None:
    try:
        found: _T = record.decode(kind, data)
    except record.RecordError:
        return None
    return found


def _decoded_commands(data: bytes) -> tuple[Command, ...]:
    try:
        found: tuple[Command, ...] = record.decode(tuple[Command, ...], data)
    except record.RecordError:
        return ()
    return found


def _newest(log: StoreReader, row: DecisionRow, steps: Sequence[Taken]) -> Watch | None:
    """The watch with this decision as it was seen last; while it goes on, the stored state is newer than its record."""
    seen = [each.watch for each in steps if _is_of(each.watch, row)]
    stored = log.state(row.release.rpartition("/")[0])
    state = _decoded(WorkloadState, stored.state) if stored is not None else None
    if state is not None and _is_of(state.watch, row):
        return state.watch
    return seen[-1] if seen else None


def _is_of(watch: Watch | None, row: DecisionRow) -> bool:
    return watch is not None and watch.decision is not None and watch.decision.id == row.id


def _until_the_next(steps: Sequence[Taken], row: DecisionRow) -> Sequence[Taken]:
    """Up to the step in which another decision took its place."""
    last = max((index for index, each in enumerate(steps) if _is_of(each.watch, row)), default=len(steps) - 1)
    return steps[: last + 2]


def _policy(log: StoreReader, records: Sequence[Transition]) -> Policy | None:
    body = log.policy(records[-1].policy_hash) if records else None
    return _decoded(Policy, body) if body is not None else None


def _cluster(told: Sequence[Notification]) -> str:
    """The name of the cluster, which only messages carry."""
    for each in told:
        try:
            body = json.loads(each.body)
        except ValueError:
            continue
        if isinstance(body, dict) and body.get("cluster"):
            return str(body["cluster"])
    return ""


def _residue(steps: Sequence[Taken]) -> Iterator[str]:
    """What attempts told that they leave behind, once each."""
    reports = (each.observation.report for each in steps)
    said = (each.message for each in reports if each is not None and LEFT in each.message)
    yield from dict.fromkeys(said)
