"""What the replay's own way back does to the picture: every action is accepted and done at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from watcher.core.model import Pod
from watcher.replay.rollout import Entry


@dataclass(frozen=True, slots=True)
class Aborted:
    """A canary of `revision` that the replay aborted at `at` (Unix seconds)."""

    at: float
    decision: str
    revision: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """Only pods of `revision` serve since `at` (Unix seconds)."""

    at: float
    revision: str
    decision: str

    @classmethod
    def of(cls, entry: Entry, aborted: Aborted | None, stable: str) -> WayBack | None:
        """The way back that shows while `entry` is what the spec asks for."""
        if entry.restored:
            return cls(entry.created, entry.revision, entry.restored)
        return None if aborted is None else cls(aborted.at, stable, aborted.decision)

    def applied(self, pods: Sequence[Pod], workload: str, desired: int) -> list[Pod]:
        """Pods of other revisions are gone, and for those that are missing others stand in at once."""
        shown = [pod if pod.revision == self.revision or pod.deleted else replace(pod, deleted=self.at) for pod in pods]
        names = stand_ins(workload, self.revision, desired - sum(pod.ready for pod in shown))
        return shown + [Pod(name, name, self.revision, self.at, ready_since=self.at) for name in names]


def stand_ins(workload: str, revision: str, count: int) -> list[str]:
    """Names of pods that were never recorded."""
    return [f"{workload}-{revision}-stand-in-{number}" for number in range(count)]
