"""The outside of database migrations: where their notes stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from watcher.core.migrations import DownSeen, MigrationSight
from watcher.core.model import WorkloadView


@dataclass(frozen=True, slots=True)
class MigrationQuestion:
    """What lies between the revisions `target` and `release` of a workload, by their template_ids."""

    view: WorkloadView
    release: str  # id of the release
    template: str
    target: str
    required: bool


class Migrations(Protocol):
    """Migration notes, and the Jobs of down migrations."""

    async def look(self, question: MigrationQuestion) -> MigrationSight:
        """What the notes say.  Never raises for what others answer: the sight's `problem` tells."""

    async def follow(self, view: WorkloadView, decision: str, note: str) -> DownSeen:
        """The Job of this note that this decision has ordered.  Raises Unavailable, Forbidden."""
