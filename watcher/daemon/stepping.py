"""Steps workloads through the core: observe, decide, make durable, and only then carry out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from watcher.core import machine
from watcher.core.model import Observation, PastRollback, Surroundings, Workload, WorkloadView
from watcher.core.orders import Command
from watcher.core.policy import Policy
from watcher.core.state import Watch, WorkloadState
from watcher.core.words import Phase
from watcher.daemon.inbox import Inbox, Mail
from watcher.daemon.journal import Journal, Taken
from watcher.daemon.telling import Chronicle
from watcher.ports import Clock, Cluster, Unavailable

CHECKPOINT = 30.0
"""Seconds after which an open watch is stored though nothing moved; only an optimisation for the next start."""

log = structlog.get_logger("watcher.stepping")


@dataclass(slots=True)
class Situation:
    """What the whole process knows, beside the workloads."""

    rollbacks: tuple[PastRollback, ...] = ()
    permitted: bool = True


class Stepping:
    """The states of all workloads, and the one place where they change.

    `policy_of` gives the policy of a workload, or None where no entry of the thresholds file matches.
    """

    def __init__(
        self,
        cluster: Cluster,
        journal: Journal,
        chronicle: Chronicle,
        clock: Clock,
        policy_of: Callable[[WorkloadView], Policy | None],
    ) -> None:
        self.states: dict[Workload, WorkloadState] = {}
        self.inbox = Inbox()
        self.situation = Situation()
        self.executing: set[Workload] = set()
        self.configurations: dict[Workload, tuple[tuple[str, str], ...]] = {}
        self._cluster, self._journal, self._chronicle, self._clock = cluster, journal, chronicle, clock
        self._policy_of = policy_of
        self._stored_at: dict[Workload, float] = {}

    def take_up(self, states: Iterable[WorkloadState], rollbacks: tuple[PastRollback, ...]) -> None:
        """Go on from what the decision log holds."""
        self.states = {state.workload: machine.resume(state) for state in states}
        self.situation.rollbacks = rollbacks

    def open_watches(self) -> dict[Workload, Watch]:
        """Releases under watch now."""
        found = ((workload, machine.open_watch(state)) for workload, state in self.states.items())
        return {workload: watch for workload, watch in found if watch is not None}

    def carrying_out(self) -> frozenset[Workload]:
        """Workloads with a rollback under way."""
        return frozenset(name for name, watch in self.open_watches().items() if watch.phase in machine.CARRYING_OUT)

    async def step(self, workloads: Iterable[Workload]) -> tuple[Command, ...]:
        """Step these workloads; what their steps, durable now, ask to be carried out.

        When the log cannot be written nothing changes and nothing is asked: the same mail is there for the next call.
        """
        steps = [taken for taken in map(self._take, sorted(set(workloads))) if taken is not None]
        worth_keeping = [taken for taken, _ in steps if self._is_news(taken)]
        try:
            if worth_keeping:
                await self._journal.write(worth_keeping)
        except Unavailable as error:
            log.error("decision_log_unwritable", error=str(error), held_back=len(worth_keeping))
            return ()
        for taken, mail in steps:
            self._adopt(taken, mail)
        return tuple(command for taken, _ in steps for command in taken.step.commands)

    def _take(self, workload: Workload) -> tuple[Taken, Mail] | None:
        view, before = self._cluster.view(workload), self.states.get(workload)
        policy = self._policy_of(view) if view is not None else Policy()
        if policy is None:
            return None
        now, mail = self._clock.now(), self.inbox.peek(workload)
        observation = Observation(
            view=view,
            blocks=mail.blocks,
            queries=mail.queries,
            sources=mail.sources,
            surroundings=self._surroundings(workload),
            report=mail.report,
            executing=workload in self.executing,
        )
        taken = machine.step(before, observation, now, policy)
        return None if taken is None else (Taken(before, observation, now, policy, taken), mail)

    def _surroundings(self, workload: Workload) -> Surroundings:
        return Surroundings(
            rollbacks=self.situation.rollbacks,
            cache_age=self._cluster.age(),
            configurations=self.configurations.get(workload, ()),
            permitted=self.situation.permitted,
        )

    def _is_news(self, taken: Taken) -> bool:
        if taken.step.moved or taken.observation.view is None:
            return True
        if machine.open_watch(taken.step.state) is None:
            return False
        return taken.now - self._stored_at.get(taken.step.state.workload, 0.0) >= CHECKPOINT

    def _adopt(self, taken: Taken, mail: Mail) -> None:
        state = taken.step.state
        self.states[state.workload] = state
        self.inbox.taken(state.workload, mail)
        if self._is_news(taken):
            self._stored_at[state.workload] = taken.now
        if taken.observation.view is None:
            self._drop(state.workload)
        self._remember_rollback(taken)
        self._chronicle.tell(taken)

    def _remember_rollback(self, taken: Taken) -> None:
        """The breaker counts a rollback from the moment it is intended."""
        watch = taken.step.state.watch
        if watch is None or watch.phase is not Phase.ACTING or "roll_back" not in taken.step.moved:
            return
        past = PastRollback(taken.now, taken.step.state.workload.namespace)
        self.situation.rollbacks = (*self.situation.rollbacks, past)[-1000:]

    def _drop(self, workload: Workload) -> None:
        self.states.pop(workload, None)
        self.inbox.forget(workload)
        self.configurations.pop(workload, None)
