"""What the guards look at."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.deciding.managed import prospect
from watcher.core.model import Observation, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Finding, KnownGood, Release, WorkloadState
from watcher.core.words import Rung


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a guard may look at."""

    state: WorkloadState
    release: Release
    view: WorkloadView
    observation: Observation
    policy: Policy
    findings: tuple[Finding, ...]
    target: KnownGood | None
    now: float
    rung: Rung | None = None  # the way back that would be taken

    @property
    def whole(self) -> bool:
        """Whether the way back brings all manifests back, configuration included, and not the pod template alone."""
        application = self.view.application
        bridged = self.rung is Rung.BRIDGE and application is not None and application.follows_commits
        return bridged or self.rung in (Rung.GIT, Rung.SYNC)

    @property
    def reverted(self) -> bool:
        """Whether Git has taken the release back already, as for another workload: it only follows."""
        found = prospect(self.release, self.observation)
        return self.rung is Rung.GIT and found is not None and bool(found.reverted_by)

    @property
    def own_revert(self) -> bool:
        """Whether a revert of ours is in Git already: then it is that which is being synced."""
        rollback = self.state.watch.rollback if self.state.watch is not None else None
        return rollback is not None and rollback.revert is not None and bool(rollback.revert.revision)

    @property
    def sick(self) -> dict[str, str]:
        """Sources that are not healthy, with their problems."""
        return {source.name: source.problem for source in self.observation.sources if not source.healthy}

    @property
    def sound(self) -> tuple[Finding, ...]:
        """Findings that can be blamed on the release: from a healthy source and without an excuse."""
        return tuple(each for each in self.findings if not each.excuse and each.source not in self.sick)
