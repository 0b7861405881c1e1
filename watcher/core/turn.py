"""One step in the making: the state so far, the commands it gives, and the transitions it made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from watcher.core.model import Observation, WorkloadView
from watcher.core.orders import Announce, Command
from watcher.core.policy import Policy
from watcher.core.state import Decision, Rollback, Watch, WorkloadState
from watcher.core.words import Outcome, Phase, Stage


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one step.

    `moved` names the transitions, in order; a step that moved nothing need not be recorded.  Commands are carried out
    after the new state is durable, never before.  `ended` are watches that a newer release replaced in the state.
    """

    state: WorkloadState
    commands: tuple[Command, ...] = ()
    moved: tuple[str, ...] = ()
    ended: tuple[Watch, ...] = ()


@dataclass(slots=True)
class Turn:
    """The step being taken.  Lives within one call and never leaves the core."""

    state: WorkloadState
    view: WorkloadView
    observation: Observation
    policy: Policy
    now: float
    commands: list[Command] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    ended: list[Watch] = field(default_factory=list)

    def done(self) -> Step:
        """The finished step."""
        return Step(
            replace(self.state, stepped_at=self.now), tuple(self.commands), tuple(self.moved), tuple(self.ended)
        )

    @property
    def watch(self) -> Watch:
        """The watch of this turn.  Only to be asked for where there is one."""
        if self.state.watch is None:
            raise LookupError(f"{self.state.workload} has no release under watch")
        return self.state.watch

    @property
    def decision(self) -> Decision:
        """The decision of this turn's watch.  Only to be asked for where there is one."""
        if self.watch.decision is None:
            raise LookupError(f"{self.watch.release.id} has no decision")
        return self.watch.decision

    @property
    def rollback(self) -> Rollback:
        """The rollback under way.  Only to be asked for where there is one."""
        if self.watch.rollback is None:
            raise LookupError(f"{self.watch.release.id} has no rollback under way")
        return self.watch.rollback

    def update(self, watch: Watch) -> None:
        """Go on with this watch."""
        self.state = replace(self.state, watch=watch)

    def move(self, what: str) -> None:
        """Name a transition that this step made."""
        self.moved.append(what)

    def announce(self, stage: Stage, text: str, rung: str = "") -> None:
        """Tell people that this stage was reached, with this `rung` where a decision may reach it with several."""
        decision = self.state.watch.decision if self.state.watch is not None else None
        name = decision.id if decision is not None else ""
        self.commands.append(Announce(self.state.workload, self.state.uid, stage, text, name, rung))

    def close(self, reason: str, outcome: Outcome | None = None) -> None:
        """End the watch."""
        closed = replace(self.watch, phase=Phase.CLOSED, ended_at=self.now, end_reason=reason, outcome=outcome)
        self.update(closed if closed.decision is not None else replace(closed, courses=()))
        self.move(str(outcome) if outcome is not None else "closed")

    def passed_seconds(self) -> float:
        """Seconds since the step before."""
        return max(0.0, self.now - self.state.stepped_at) if self.state.stepped_at is not None else 0.0
