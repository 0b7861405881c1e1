"""Writes steps into the decision log: first durable, then acted upon."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from watcher.adapters.store.worker import StoreThread
from watcher.core import record, report
from watcher.core.model import Observation
from watcher.core.policy import Policy
from watcher.core.state import Decision, Watch, WorkloadState
from watcher.core.turn import Step
from watcher.ports import Commit, DecisionRow, Rejected, ReleaseRow, StoredState, StoreReader, Transition


@dataclass(frozen=True, slots=True)
class Taken:
    """One step with everything that went into it."""

    before: WorkloadState | None
    observation: Observation
    now: float
    policy: Policy
    step: Step


class Journal:
    """The decision log as the daemon writes it; a thread of its own does the writing."""

    def __init__(self, store: StoreThread) -> None:
        self.store = store

    async def write(self, taken: Iterable[Taken]) -> None:
        """Write these steps in one durable transaction.  Raises Unavailable when nothing could be written."""
        await self.store.commit(as_commit(list(taken)))

    async def expire(self, now: float) -> None:
        """Remove what is too old, in small batches."""
        while await self.store.ask(lambda store: store.expire(now)):
            pass

    async def degraded(self) -> str:
        """Why the log is in danger, or an empty string."""
        return await self.store.ask(lambda store: store.degraded())


def load(store: StoreReader) -> list[WorkloadState]:
    """The stored states, the newest last.  Raises Rejected for a state that this version cannot read."""
    return [_read(each) for each in sorted(store.states(), key=lambda each: each.at)]


def _read(stored: StoredState) -> WorkloadState:
    try:
        state: WorkloadState = record.decode(WorkloadState, stored.state)
    except record.RecordError as error:
        raise Rejected(
            f"the decision log holds a state of {stored.workload} (schema {stored.schema}) that this version, which "
            f"writes schema {record.SCHEMA}, cannot read: {error}. Start the version that wrote it, or give this one "
            f"a log of its own with --store"
        ) from error
    return state


def as_commit(taken: list[Taken]) -> Commit:
    """One transaction for these steps: transitions, newest states, and the rows that people search."""
    moved = [each for each in taken if each.step.moved]
    gone = set(_gone(taken))
    quiet = [each for each in taken if not each.step.moved and each.step.state.uid not in gone]
    watches = list(_watches(moved))
    return Commit(
        transitions=tuple(_transition(each) for each in moved),
        states=tuple(_stored(each) for each in quiet),
        decisions=tuple(_decision_row(watch, watch.decision) for watch in watches if watch.decision is not None),
        releases=tuple(_release_row(watch) for watch in watches),
        policies=tuple({record.digest(each.policy): record.encode(each.policy) for each in moved}.items()),
        gone=tuple(sorted(gone)),
    )


def _gone(taken: list[Taken]) -> Iterator[str]:
    """Uids of workloads that were deleted, be it that another of the same name took their place."""
    for each in taken:
        if each.observation.view is None:
            yield each.step.state.uid
        if each.before is not None and each.before.uid != each.step.state.uid:
            yield each.before.uid


def _watches(moved: list[Taken]) -> Iterator[Watch]:
    """Every watch that these steps changed: those that ended in them, and those that are the newest now."""
    for each in moved:
        yield from each.step.ended
        if each.step.state.watch is not None:
            yield each.step.state.watch


def _transition(taken: Taken) -> Transition:
    kept = record.keep(taken.before, taken.observation, taken.now, taken.policy, taken.step)
    state = taken.step.state
    return Transition(
        at=taken.now,
        workload=str(state.workload),
        uid=state.uid,
        release=state.watch.release.id if state.watch is not None else "",
        schema=record.SCHEMA,
        policy_hash=record.digest(taken.policy),
        kind=" ".join(taken.step.moved),
        state_before=kept.state_before,
        observation=kept.observation,
        state_after=kept.state_after,
        commands=kept.commands,
    )


def _stored(taken: Taken) -> StoredState:
    state = taken.step.state
    return StoredState(state.uid, str(state.workload), taken.now, record.SCHEMA, record.encode(state))


def _decision_row(watch: Watch, decision: Decision) -> DecisionRow:
    return DecisionRow(
        id=decision.id,
        at=decision.at,
        workload=str(watch.release.workload),
        release=watch.release.id,
        verdict=watch.verdict.value if watch.verdict is not None else "",
        action=decision.action.value,
        mode=decision.mode.value,
        guard=decision.guard.id if decision.guard is not None else "",
        rung=watch.rollback.rung.value if watch.rollback is not None else "",
        target=decision.target.revision if decision.target is not None else "",
        outcome=watch.outcome.value if watch.outcome is not None else "",
        durability=watch.durability.value if watch.durability is not None else "",
        reason=decision.reason,
        body=json.dumps(report.decision_body(watch, decision)).encode(),
    )


def _release_row(watch: Watch) -> ReleaseRow:
    release, decision = watch.release, watch.decision
    return ReleaseRow(
        id=release.id,
        workload=str(release.workload),
        revision=release.revision,
        image=", ".join(release.images),
        began=release.began,
        verdict=watch.verdict.value if watch.verdict is not None else "",
        action=decision.action.value if decision is not None else "none",
        outcome=watch.outcome.value if watch.outcome is not None else "",
        ended=watch.ended_at,
        body=json.dumps(report.release_body(watch)).encode(),
    )
