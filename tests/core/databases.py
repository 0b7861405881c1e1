"""Migrations and the Jobs that take them back, simulated."""

from __future__ import annotations

from dataclasses import dataclass, field

from watcher.core.deciding.commanded import sought
from watcher.core.migrations import Down, DownSeen, MigrationNote, MigrationSight, Safety, When
from watcher.core.model import WorkloadView
from watcher.core.orders import DownOrder
from watcher.core.policy import Policy
from watcher.core.state import WorkloadState


def note(name: str, safety: Safety, down: Down | None = None) -> MigrationNote:
    return MigrationNote(name, safety, "column total was split", "grace", "ConfigMap shop/cart-migrations", down)


def after_down(
    name: str, *, automatic: bool = True, when: When = When.BEFORE, deadline: float = 600.0
) -> MigrationNote:
    return note(name, Safety.AFTER_DOWN, Down(f"{name}-down", when=when, automatic=automatic, deadline=deadline))


@dataclass
class Job:
    """A Job of a down migration: `ends` is when it does, and how."""

    order: DownOrder
    made: float
    ends: float
    state: str = "succeeded"


@dataclass
class Databases:
    """What lies between the good version and the newest; a Job takes `takes` seconds and ends as `ending` says."""

    notes: tuple[MigrationNote, ...] = ()
    unnoted: tuple[str, ...] = ()
    problem: str = ""
    unseen: bool = False  # nobody has looked yet
    takes: float = 20.0
    ending: str = "succeeded"
    deleted: bool = False  # somebody has deleted the Jobs
    hidden: bool = False  # Jobs are not looked at
    jobs: dict[tuple[str, str], Job] = field(default_factory=dict)
    last: tuple[str, str] = ("", "")

    def sight(
        self, state: WorkloadState | None, view: WorkloadView, policy: Policy, now: float
    ) -> MigrationSight | None:
        """What is known of the release under watch."""
        watch = state.watch if state is not None else None
        if state is None or watch is None or self.unseen:
            return None
        target = sought(state, view, policy, watch, now)
        if target is None:
            return None
        return MigrationSight(now, watch.release.id, target.template_id, self.notes, self.unnoted, self.problem)

    def run(self, order: DownOrder, now: float) -> None:
        """The Job is made."""
        self.last = (order.decision, order.note)
        self.jobs[self.last] = Job(order, now, now + self.takes, self.ending)

    def job(self, now: float) -> DownSeen | None:
        """How the last Job is seen."""
        decision, name = self.last
        if self.hidden or not decision:
            return None
        job = self.jobs[self.last]
        if self.deleted:
            return DownSeen(decision, name, now, "", "gone")
        state = job.state if now >= job.ends else "running"
        said = "BackoffLimitExceeded" if state == "failed" else ""
        return DownSeen(decision, name, now, f"watcher-down-{decision}", state, said, f"{name}: {state}")
