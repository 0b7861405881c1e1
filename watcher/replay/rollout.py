"""How far a recorded release has come: revisions in their order, the stable one, progress and its deadline."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from watcher.core.words import Kind
from watcher.replay.pods import RecordedPod
from watcher.replay.spec import WorkloadSpec

DEADLINE = 600.0
"""Seconds that Kubernetes gives a Deployment to make progress where nothing else is written."""


@dataclass(slots=True, eq=False)
class Entry:
    """One revision that the workload's spec asked for, from `created` on.

    `restored`: the id of the replay's own decision that put it there; empty for what was recorded.
    """

    revision: str
    image: str
    created: float
    rolled_out: float | None
    restored: str = ""
    commit: str = ""


def entries_of(spec: WorkloadSpec) -> list[Entry]:
    """The recorded revisions, oldest first."""
    return [
        Entry(each.revision, each.image, each.created, each.rolled_out, commit=each.commit) for each in spec.revisions
    ]


def current(entries: Sequence[Entry], now: float) -> int:
    """Number (from 1) of the revision that the spec asks for at `now`; 0 before the first."""
    return bisect_right(entries, now, key=lambda entry: entry.created)


def finished(kind: Kind, entry: Entry, start: float, now: float) -> bool | None:
    """Whether the recording says that the entry is rolled out; None where its pods tell."""
    if entry.rolled_out is not None:
        return entry.rolled_out <= now
    if kind is not Kind.ROLLOUT:
        return None
    return entry.created <= start  # of old revisions nobody wrote down when; a canary is in progress until then


def stable(entries: Sequence[Entry], start: float, now: float) -> str:
    """Pod hash of a Rollout's stable revision: the newest one that was rolled out; empty before the first."""
    begun = entries[: current(entries, now)]
    return next((each.revision for each in reversed(begun) if finished(Kind.ROLLOUT, each, start, now)), "")


class Progress:
    """When a release last got on: pods of the new revision made or Ready, pods of others told to go."""

    def __init__(self, spec: WorkloadSpec, pods: Sequence[RecordedPod]) -> None:
        self._pods = pods
        self._allowed = DEADLINE if spec.progress_deadline is None else float(spec.progress_deadline)
        self._times = {each.created: self._of(each.revision, each.created) for each in spec.revisions}

    def _of(self, revision: str, created: float) -> list[float]:
        times = [created]
        for pod in self._pods:
            if pod.spec.revision == revision:
                times += [pod.spec.created, *pod.ready_times]
            else:
                times += [at for at in (pod.spec.terminating, pod.spec.deleted) if at is not None]
        return sorted(at for at in times if at >= created)

    @property
    def deadlines(self) -> list[float]:
        """Every time at which a deadline may be exceeded."""
        return [at + self._allowed for times in self._times.values() for at in times]

    def exceeded(self, entry: Entry, now: float) -> bool:
        """Whether nothing has got on for too long."""
        times = self._times.get(entry.created, [])
        last = bisect_right(times, now)
        return bool(last) and now >= times[last - 1] + self._allowed
