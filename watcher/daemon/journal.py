"""Writes steps into the decision log: first durable, then acted upon."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace

from watcher.adapters.store.worker import StoreThread
from watcher.core import record
from watcher.core.deciding import approving
from watcher.core.model import Observation, Workload
from watcher.core.policy import QUARTER, Policy, pace
from watcher.core.state import Decision, Watch, WorkloadState
from watcher.core.telling import report
from watcher.core.turn import Step
from watcher.ports import Commit, DecisionRow, Notification, Rejected, ReleaseRow, StoredState, StoreReader, Transition

POLICIES_KEPT = 1000
"""Policies whose bytes are kept, at the most."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One step with everything that went into it."""

    before: WorkloadState | None
    observation: Observation
    now: float
    policy: Policy
    step: Step


class Journal:
    """The decision log as the daemon writes it; a thread of its own does the writing, and makes the records too."""

    def __init__(self, store: StoreThread, notices: Callable[[Taken], tuple[Notification, ...]] | None = None) -> None:
        """`notices` makes the notifications of a step, which are recorded with it; None: nobody is told."""
        self.store = store
        self.on_notifications: Callable[[], None] | None = None
        self._policies, self._notices = Policies(), notices

    async def write(self, taken: Iterable[Taken]) -> dict[Workload, str]:
        """Write these steps in one durable transaction.  Raises Unavailable when nothing could be written.

        Returns the workloads whose step is left out, and why: it cannot be recorded at all, as where the API server
        gave text that is no Unicode.  Such a step must not count as taken; all others are written.
        """
        steps = list(taken)
        commit, left_out = await self.store.ask(lambda _: recordable(steps, self._policies, self._notices))
        if len(left_out) < len(steps):
            await self.store.commit(commit)
        self._announce(commit.notifications)
        return left_out

    async def tell(self, notifications: tuple[Notification, ...]) -> None:
        """Put notifications that belong to no step into the outbox.  Raises Unavailable, Rejected."""
        if notifications:
            await self.store.commit(Commit(notifications=notifications))
        self._announce(notifications)

    def _announce(self, notifications: tuple[Notification, ...]) -> None:
        """Called with what is durable now: whoever delivers need not look again and again."""
        if notifications and self.on_notifications is not None:
            self.on_notifications()

    async def expire(self, now: float) -> None:
        """Remove what is too old, in small batches."""
        while await self.store.ask(lambda store: store.expire(now)):
            pass

    async def keep(self, commit: Commit) -> None:
        """Write what nothing is decided on.  Raises Unavailable when nothing could be written."""
        await self.store.ask(lambda store: store.commit(commit))

    async def pace(self, now: float) -> float:
        """Releases in a quarter of a year, of all workloads, as this log has seen them of late."""
        begun, oldest = await self.store.read(lambda store: store.begun(now - QUARTER))
        return pace(begun, 0.0 if oldest is None else now - oldest)

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


class Policies:
    """Policies as they are recorded, each encoded once: many workloads share one, which is large."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Policy, str, bytes]] = {}  # by id; while it is here, no other has this id

    def of(self, policy: Policy) -> tuple[str, bytes]:
        """Digest and bytes."""
        if id(policy) not in self._known:
            if len(self._known) >= POLICIES_KEPT:
                self._known.clear()
            body = record.encode(policy)
            self._known[id(policy)] = (policy, record.digest_of(body), body)
        _, digest, body = self._known[id(policy)]
        return digest, body


def recordable(
    taken: list[Taken], policies: Policies, notices: Callable[[Taken], tuple[Notification, ...]] | None = None
) -> tuple[Commit, dict[Workload, str]]:
    """One transaction for those of these steps that can be recorded; the workloads of the others, and why not."""
    commits, left_out = list[Commit](), dict[Workload, str]()
    for each in taken:
        try:
            commit = _commit(each, policies)
            commits.append(commit if notices is None else replace(commit, notifications=notices(each)))
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            left_out[each.step.state.workload] = f"{type(error).__name__}: {error}"
    return _joined(commits), left_out


def as_commit(taken: list[Taken]) -> Commit:
    """One transaction for these steps: transitions, newest states, and the rows that people search.

    Raises TypeError or ValueError for a step that cannot be recorded.
    """
    policies = Policies()
    return _joined([_commit(each, policies) for each in taken])


def _joined(commits: list[Commit]) -> Commit:
    return Commit(
        transitions=tuple(row for each in commits for row in each.transitions),
        states=tuple(row for each in commits for row in each.states),
        decisions=tuple(row for each in commits for row in each.decisions),
        releases=tuple(row for each in commits for row in each.releases),
        policies=tuple(dict(pair for each in commits for pair in each.policies).items()),
        gone=tuple(sorted({uid for each in commits for uid in each.gone})),
        notifications=tuple(row for each in commits for row in each.notifications),
    )


def _commit(taken: Taken, policies: Policies) -> Commit:
    """What one step adds.  Raises TypeError or ValueError where it cannot be recorded."""
    gone = tuple(_gone(taken))
    if not taken.step.moved:
        states = () if taken.step.state.uid in gone else (_stored(taken),)
        return _storable(Commit(states=states, gone=gone))
    digest, policy = policies.of(taken.policy)
    watches = list(_watches(taken))
    return _storable(
        Commit(
            transitions=(_transition(taken, digest),),
            decisions=(*_replaced(taken), *_decision_rows(watches, taken.policy)),
            releases=tuple(_release_row(watch) for watch in watches),
            policies=((digest, policy),),
            gone=gone,
        )
    )


def _storable(commit: Commit) -> Commit:
    """This commit, when the columns of its rows can be written: one that cannot would fail all of a transaction."""
    rows: tuple[Transition | StoredState | DecisionRow | ReleaseRow, ...]
    rows = (*commit.transitions, *commit.states, *commit.decisions, *commit.releases)
    for row in rows:
        for column in fields(row):
            value = getattr(row, column.name)
            if isinstance(value, str):
                value.encode()
            elif isinstance(value, float) and math.isnan(value):
                raise ValueError(f"{column.name} is not a number")
    return commit


def _gone(taken: Taken) -> Iterator[str]:
    """Uids of workloads that were deleted, be it that another of the same name took their place."""
    if taken.observation.view is None:
        yield taken.step.state.uid
    if taken.before is not None and taken.before.uid != taken.step.state.uid:
        yield taken.before.uid


def _watches(taken: Taken) -> Iterator[Watch]:
    """Every watch that this step changed: those that ended in it, and the one that is the newest now."""
    yield from taken.step.ended
    if taken.step.state.watch is not None:
        yield taken.step.state.watch


def _transition(taken: Taken, policy: str) -> Transition:
    state = taken.step.state
    return Transition(
        at=taken.now,
        workload=str(state.workload),
        uid=state.uid,
        release=state.watch.release.id if state.watch is not None else "",
        schema=record.SCHEMA,
        policy_hash=policy,
        kind=" ".join(taken.step.moved),
        state_before=record.encode(taken.before),
        observation=record.encode(taken.observation),
        state_after=record.encode(state),
        commands=record.encode(taken.step.commands),
    )


def _stored(taken: Taken) -> StoredState:
    state = taken.step.state
    return StoredState(state.uid, str(state.workload), taken.now, record.SCHEMA, record.encode(state))


def _decision_rows(watches: list[Watch], policy: Policy) -> Iterator[DecisionRow]:
    for watch in watches:
        if watch.decision is not None:
            yield _decision_row(watch, watch.decision, until=approving.until(watch, policy))


def _replaced(taken: Taken) -> Iterator[DecisionRow]:
    """The decision whose place another one took in this step: it waits for nobody any more."""
    before, after = (taken.before.watch if taken.before is not None else None), taken.step.state.watch
    if before is None or before.decision is None or after is None or after.decision is None:
        return
    if before.release.id == after.release.id and before.decision.id != after.decision.id:
        yield _decision_row(before, before.decision, replaced_by=after.decision.id)


def _decision_row(
    watch: Watch, decision: Decision, *, until: float | None = None, replaced_by: str = ""
) -> DecisionRow:
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
        body=json.dumps(report.decision_body(watch, decision, until=until, replaced_by=replaced_by)).encode(),
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
