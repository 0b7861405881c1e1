"""The outside of database migrations: where their notes stand, and the Jobs that take migrations back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from watcher.core.migrations import DownSeen, MigrationSight
from watcher.core.model import Workload, WorkloadView


@dataclass(frozen=True, slots=True)
class MigrationQuestion:
    """What lies between the revisions `target` and `release` of a workload, by their template_ids.

    `began` is when the release did, Unix seconds; `known` are the commits at which the target ran, one for each source
    of the workload's application (empty: not noted).
    """

    view: WorkloadView
    release: str  # id of the release
    template: str
    target: str
    required: bool
    began: float = 0.0
    known: tuple[str, ...] = ()


class Migrations(Protocol):
    """Migration notes, and the Jobs of down migrations."""

    async def look(self, question: MigrationQuestion) -> MigrationSight:
        """What the notes say.  Never raises for what others answer: the sight's `problem` tells."""

    async def follow(self, view: WorkloadView, decision: str, note: str) -> DownSeen:
        """The Job that this decision has ordered for this note.  Raises Unavailable, Forbidden, Rejected."""


@dataclass(frozen=True, slots=True)
class KeptNotes:
    """A ConfigMap with notes: its `data`, and when it was last `written`, Unix seconds (0: not known).

    `immutable`: it cannot have been changed since it was made.
    """

    data: Mapping[str, str]
    written: float = 0.0
    immutable: bool = False


class ClusterMigrations(Protocol):
    """What the cluster holds of migrations."""

    async def notes(self, namespace: str, name: str) -> KeptNotes | None:
        """The ConfigMap of this name; None where there is none.  Raises Unavailable, Forbidden, Rejected."""

    async def follow(self, workload: Workload, decision: str, note: str) -> DownSeen:
        """The Job that this decision has ordered for this note.  Raises Unavailable, Forbidden, Rejected."""
