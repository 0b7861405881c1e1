"""The decision log in memory: for demonstrations and tests.  It is gone when the process ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from watcher.adapters.store.lookup import commanded, resolve
from watcher.adapters.store.retention import Retention
from watcher.adapters.store.rows import state_after
from watcher.adapters.store.validity import check_policies
from watcher.core.deciding.breaker import Closing
from watcher.core.deciding.holding import Hold
from watcher.core.model import PastRollback, Workload
from watcher.core.words import Action, Mode
from watcher.ports import (
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
    Transition,
)


class MemoryStore:
    """Keeps everything in dictionaries; survives nothing."""

    def __init__(self, *, retention: Retention | None = None) -> None:
        self._retention = retention or Retention()
        self._last_id = 0
        self._transitions: dict[int, Transition] = {}
        self._states: dict[str, StoredState] = {}
        self._decisions: dict[str, DecisionRow] = {}
        self._releases: dict[str, ReleaseRow] = {}
        self._policies: dict[str, bytes] = {}
        self._labels: dict[str, Label] = {}
        self._holds: dict[str, Hold] = {}
        self._coverage: dict[str, CoverageRow] = {}
        self._blindness: dict[tuple[float, str], BlindnessRow] = {}
        self._outbox: dict[str, Notification] = {}
        self._rehearsals: dict[str, RehearsalRow] = {}
        self._closings: dict[tuple[float, str], Closing] = {}
        self._flag_restores: dict[tuple[float, str], FlagRestore] = {}

    def commit(self, commit: Commit) -> tuple[int, ...]:
        """As Store says; nothing here is durable."""
        check_policies(commit)
        for digest, body in commit.policies:
            self._policies.setdefault(digest, body)
        ids = tuple(self._append(transition) for transition in commit.transitions)
        for state in (*map(state_after, commit.transitions), *commit.states):
            self._states[state.uid] = state
        self._decisions.update((row.id, row) for row in commit.decisions)
        self._releases.update((row.id, row) for row in commit.releases)
        self._labels.update((label.decision, label) for label in commit.labels)
        self._holds.update((hold.scope, replace(hold, where="")) for hold in commit.holds)
        for scope in commit.lifted:
            self._holds.pop(scope, None)
        self._coverage.update((row.workload, row) for row in commit.coverage)
        for name in commit.uncovered:
            self._coverage.pop(name, None)
        for row in commit.blindness:
            self._add(row)
        self._rehearsals.update((row.id, row) for row in commit.rehearsals)
        for closing in commit.closings:
            self._closings.setdefault((closing.at, closing.scope), closing)
        self._flag_restores.update(((each.at, each.decision), each) for each in commit.flag_restores)
        for uid in commit.gone:
            self._states.pop(uid, None)
        self._notify(commit)
        return ids

    def _notify(self, commit: Commit) -> None:
        for each in commit.notifications:
            self._outbox.setdefault(each.key, each)
        for told in commit.told:
            waiting = self._outbox.get(told.key)
            if waiting is not None and waiting.done is None:
                self._outbox[told.key] = replace(waiting, result=told.result, done=told.at)

    def states(self) -> list[StoredState]:
        """As StoreReader says."""
        return [self._states[uid] for uid in sorted(self._states)]

    def state(self, uid: str) -> StoredState | None:
        """As StoreReader says."""
        return self._states.get(uid)

    def decisions(self, workload: str = "", *, limit: int = 100, since: float = 0.0) -> list[DecisionRow]:
        """As StoreReader says."""
        newest_first = sorted(self._decisions.values(), key=lambda row: (row.at, row.id), reverse=True)
        found = [row for row in newest_first if row.at >= since and workload in ("", row.workload)]
        return found[:limit]

    def decision(self, prefix: str) -> DecisionRow:
        """As StoreReader says."""
        ids = [row.id for row in self.decisions(limit=len(self._decisions))]
        return self._decisions[resolve(prefix, [each for each in ids if prefix and each.startswith(prefix)], ids)]

    def releases(
        self, workload: str = "", *, limit: int = 100, since: float = 0.0, unfinished: bool = False
    ) -> list[ReleaseRow]:
        """As StoreReader says."""
        newest_first = sorted(self._releases.values(), key=lambda row: (row.began, row.id), reverse=True)
        found = [row for row in newest_first if row.began >= since and workload in ("", row.workload)]
        return [row for row in found if row.ended is None or not unfinished][:limit]

    def transitions(self, release: str = "", *, after: int = 0) -> Iterator[Transition]:
        """As StoreReader says."""
        for number, transition in list(self._transitions.items()):
            if number > after and release in ("", transition.release):
                yield transition

    def policy(self, digest: str) -> bytes | None:
        """As StoreReader says."""
        return self._policies.get(digest)

    def rollbacks(self, since: float) -> tuple[PastRollback, ...]:
        """As StoreReader says."""
        oldest_first = sorted(self._decisions.values(), key=lambda row: (row.at, row.id))
        return tuple(
            PastRollback(row.at, Workload.parse(row.workload).namespace, row.release)
            for row in oldest_first
            if row.at >= since and row.mode == Mode.ACT and row.action in (Action.ROLL_BACK, Action.FLAG_OFF)
            if not commanded(row.body)
        )

    def begun(self, since: float) -> tuple[int, float | None]:
        """As StoreReader says."""
        oldest = min((each.at for each in self._transitions.values()), default=None)
        return sum(row.began >= since for row in self._releases.values()), oldest

    def holds(self) -> list[Hold]:
        """As StoreReader says."""
        return [self._holds[scope] for scope in sorted(self._holds)]

    def labels(self, since: float = 0.0) -> list[Label]:
        """As StoreReader says."""
        oldest_first = sorted(self._labels.values(), key=lambda label: (label.at, label.decision))
        return [label for label in oldest_first if label.at >= since]

    def decided(self, since: float) -> Iterator[DecisionRow]:
        """As StoreReader says."""
        return reversed(self.decisions(since=since, limit=len(self._decisions)))

    def history(self, since: float) -> Iterator[ReleaseRow]:
        """As StoreReader says."""
        return reversed(self.releases(since=since, limit=len(self._releases)))

    def coverage(self) -> list[CoverageRow]:
        """As StoreReader says."""
        return [self._coverage[name] for name in sorted(self._coverage)]

    def blindness(self, since: float) -> list[BlindnessRow]:
        """As StoreReader says."""
        return [self._blindness[key] for key in sorted(self._blindness) if key[0] >= since]

    def expire(self, now: float) -> int:
        """As Store says; the batch is everything."""
        under_watch = {row.id for row in self._releases.values() if row.ended is None}
        old_transitions = [
            number
            for number, each in self._transitions.items()
            if each.at < now - self._retention.transitions and each.release not in under_watch
        ]
        old = now - self._retention.decisions
        old_decisions = [row.id for row in self._decisions.values() if row.at < old and row.release not in under_watch]
        removed = _drop(self._transitions, old_transitions) + _drop(self._decisions, old_decisions)
        removed += _drop(self._holds, [scope for scope, each in self._holds.items() if not each.in_force(now)])
        removed += _drop(self._labels, [each for each in self._labels if each not in self._decisions])
        removed += _drop(self._blindness, [key for key in self._blindness if key[0] < old])
        removed += _drop(self._rehearsals, [row.id for row in self._rehearsals.values() if row.at < old])
        removed += _drop(self._closings, [key for key in self._closings if key[0] < old])
        removed += _drop(self._flag_restores, [key for key in self._flag_restores if key[0] < old])
        decided = {row.release for row in self._decisions.values()}
        ended = [row.id for row in self._releases.values() if row.ended is not None and row.ended < old]
        removed += _drop(self._releases, [release for release in ended if release not in decided])
        horizon = now - self._retention.transitions
        told = [each.key for each in self._outbox.values() if each.done is not None and each.done < horizon]
        removed += _drop(self._outbox, told)
        needed = {each.policy_hash for each in self._transitions.values()}
        return removed + _drop(self._policies, [digest for digest in self._policies if digest not in needed])

    def outbox(self, channel: str, *, limit: int = 100) -> list[Notification]:
        """As StoreReader says."""
        return sorted(self._waiting(channel), key=lambda each: each.at)[:limit]

    def notified(self, decision: str) -> list[Notification]:
        """As StoreReader says."""
        found = (each for key, each in self._outbox.items() if key.startswith(f"{decision}/"))
        return sorted(found, key=lambda each: each.at)

    def backlog(self) -> dict[str, tuple[int, float]]:
        """As StoreReader says."""
        channels = sorted({each.channel for each in self._outbox.values() if each.done is None})
        waiting = {channel: self._waiting(channel) for channel in channels}
        return {channel: (len(found), min(each.at for each in found)) for channel, found in waiting.items()}

    def rehearsals(self, workload: str = "", *, limit: int = 100, since: float = 0.0) -> list[RehearsalRow]:
        """As StoreReader says."""
        newest_first = sorted(self._rehearsals.values(), key=lambda row: (row.at, row.id), reverse=True)
        return [row for row in newest_first if row.at >= since and workload in ("", row.workload)][:limit]

    def last_rehearsals(self) -> list[RehearsalRow]:
        """As StoreReader says."""
        oldest_first = sorted(self._rehearsals.values(), key=lambda row: (row.at, row.id))
        newest = {(row.workload, row.rung): row for row in oldest_first}
        return [newest[key] for key in sorted(newest)]

    def closings(self, since: float) -> list[Closing]:
        """As StoreReader says."""
        return [self._closings[key] for key in sorted(self._closings) if key[0] >= since]

    def flag_restores(self, decision: str) -> list[FlagRestore]:
        """As StoreReader says."""
        return [self._flag_restores[key] for key in sorted(self._flag_restores) if key[1] == decision]

    def _waiting(self, channel: str) -> list[Notification]:
        return [each for each in self._outbox.values() if each.channel == channel and each.done is None]

    def degraded(self) -> str:
        """As Store says: never."""
        return ""

    def close(self) -> None:
        """As StoreReader says."""

    def _add(self, row: BlindnessRow) -> None:
        key = (row.hour, row.source)
        before = self._blindness.get(key, replace(row, asked=0.0, blind=0.0))
        self._blindness[key] = replace(row, asked=before.asked + row.asked, blind=before.blind + row.blind)

    def _append(self, transition: Transition) -> int:
        self._last_id += 1
        self._transitions[self._last_id] = replace(transition, id=self._last_id)
        return self._last_id


K = TypeVar("K")
V = TypeVar("V")


def _drop(rows: dict[K, V], keys: list[K]) -> int:
    for key in keys:
        del rows[key]
    return len(keys)
