"""Steps workloads through the core: observe, decide, make durable, and only then carry out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import structlog

from watcher.core import machine, requested
from watcher.core.deciding import freezes
from watcher.core.deciding.breaker import Closing
from watcher.core.deciding.siblings import known_origins
from watcher.core.flags import FlagSight
from watcher.core.gitops import Followed, Prospect
from watcher.core.judging import judge
from watcher.core.migrations import DownSeen, MigrationSight
from watcher.core.model import (
    Fleet,
    Frozen,
    Observation,
    PastRollback,
    PodStarts,
    Surroundings,
    Suspect,
    Workload,
    WorkloadView,
)
from watcher.core.policy import Policy
from watcher.core.state import Watch, WorkloadState
from watcher.core.turn import Step
from watcher.core.words import GOING_BACK, Rung
from watcher.daemon.executing import Executing
from watcher.daemon.freezes import Freezes
from watcher.daemon.holds import Holds
from watcher.daemon.inbox import Inbox, Mail
from watcher.daemon.journal import Journal, Taken
from watcher.daemon.telling import Chronicle
from watcher.ports import Clock, Cluster, Unavailable

CHECKPOINT = 30.0
"""Seconds after which an open watch is stored though nothing moved; only an optimisation for the next start."""

REMEMBERED = 1000
"""Rollbacks that the breaker remembers, at the most."""

NOTICEABLE = 5.0
"""Seconds by which a clock must differ from ours to be told of."""

UNWATCHED = Policy(watched=False)
"""What holds for a workload that no entry of the thresholds file matches (any more)."""

log = structlog.get_logger("watcher.stepping")


@dataclass(slots=True)
class Situation:
    """What the whole process knows, beside the workloads."""

    rollbacks: tuple[PastRollback, ...] = ()
    stopping: bool = False
    leads: Callable[[], bool] = lambda: True
    releases: float = 0.0  # in a quarter of a year
    closings: tuple[Closing, ...] = ()  # of breakers, by hand

    @property
    def permitted(self) -> bool:
        """Whether this process may write at this very moment."""
        return not self.stopping and self.leads()


class Stepping:
    """The states of all workloads, and the one place where they change.

    `suspects` are releases with evidence against them; `suspicion` is set whenever one is met.
    `policy_of` gives the policy of a workload, or None where no entry of the thresholds file matches.  `unwritable`
    says why the decision log could not be written at the last attempt, or is empty; `failed` are workloads whose
    last step failed by a fault of ours.  `freezes` are the windows of the thresholds file,
    `starts` tells whether other workloads' pods start, `source_clocks` how far the clocks of sources are ahead of ours.
    """

    def __init__(
        self,
        cluster: Cluster,
        journal: Journal,
        chronicle: Chronicle,
        executing: Executing,
        clock: Clock,
        policy_of: Callable[[WorkloadView], Policy | None],
        holds: Holds | None = None,
    ) -> None:
        self.states: dict[Workload, WorkloadState] = {}
        self.inbox = Inbox()
        self.situation = Situation()
        self.configurations: dict[Workload, tuple[tuple[str, str], ...]] = {}
        self.prospects: dict[Workload, Prospect] = {}
        self.followed: dict[Workload, Followed] = {}
        self.flags: dict[Workload, FlagSight] = {}
        self.migrations: dict[Workload, MigrationSight] = {}
        self.downs: dict[Workload, DownSeen] = {}
        self.suspects: dict[Workload, Suspect] = {}
        self.suspicion = asyncio.Event()
        self.unwritable = ""
        self.failed: dict[Workload, str] = {}
        self.holds = holds if holds is not None else Holds()
        self.freezes = Freezes(lambda: ())
        self.starts: Callable[[Workload], PodStarts | None] = lambda _: None
        self.source_clocks: Callable[[], Mapping[str, float]] = dict
        self._cluster, self._journal, self._chronicle, self._clock = cluster, journal, chronicle, clock
        self._executing, self._policy_of = executing, policy_of
        self._open: dict[Workload, Watch] = {}
        self._commanded: dict[Workload, Watch] = {}
        self._stored_at: dict[Workload, float] = {}
        self._one_at_a_time = asyncio.Lock()

    def take_up(self, states: Iterable[WorkloadState], rollbacks: tuple[PastRollback, ...]) -> None:
        """Go on from what the decision log holds."""
        for state in states:
            self._keep(machine.resume(state))
        self.situation.rollbacks = _newest_of_each(rollbacks)

    def open_watches(self) -> dict[Workload, Watch]:
        """Releases under watch now."""
        return dict(self._open)

    def commanded(self) -> frozenset[Workload]:
        """Workloads with a command of a person that waits for what was not looked at yet."""
        return frozenset(self._commanded)

    def looked_into(self) -> dict[Workload, Watch]:
        """Releases of which it is to be known what would lead back: those under watch, and those that a person wants
        undone."""
        return {**self._commanded, **self._open}

    def carrying_out(self) -> frozenset[Workload]:
        """Workloads with a rollback under way."""
        return frozenset(name for name, watch in self._open.items() if watch.carrying_out)

    async def step(self, workloads: Iterable[Workload]) -> bool:
        """Step these workloads, and carry out what their steps ask for once they are durable.

        False when the log could not be written: then nothing has changed and nothing was carried out, and the same
        mail is there for the next call.  A caller that is cancelled does not interrupt the step.
        """
        return await asyncio.shield(asyncio.ensure_future(self._step_together(sorted(set(workloads)))))

    async def _step_together(self, workloads: list[Workload]) -> bool:
        async with self._one_at_a_time:
            steps = self._take_all(workloads)
            left_out = await self._recorded([taken for taken, _ in steps if self._is_news(taken)])
            if left_out is None:
                return False
            for taken, mail in steps:
                if taken.step.state.workload in left_out:
                    self._fails(taken.step.state.workload, f"cannot be recorded: {left_out[taken.step.state.workload]}")
                else:
                    self._adopt(taken, mail)
            return True

    async def _recorded(self, worth_keeping: list[Taken]) -> Mapping[Workload, str] | None:
        """Workloads whose step cannot be recorded, so that nothing of it may be done; None: nothing was written."""
        try:
            left_out = await self._journal.write(worth_keeping) if worth_keeping else {}
        except Unavailable as error:
            self.unwritable = str(error)
            log.error("decision_log_unwritable", error=str(error), held_back=len(worth_keeping))
            return None
        if worth_keeping:
            self.unwritable = ""
        return left_out

    def _fails(self, workload: Workload, why: str) -> None:
        """A fault of ours with one release: it stays as it was, no order is carried out; all others go on."""
        if workload not in self.failed:
            log.error("step_not_recorded", workload=str(workload), error=why)
        self.failed[workload] = why

    def _take_all(self, workloads: Iterable[Workload]) -> list[tuple[Taken, Mail]]:
        """Each step sees the rollbacks that the ones before it intend; they are remembered once all is durable."""
        steps: list[tuple[Taken, Mail]] = []
        intended: list[PastRollback] = []
        for workload in workloads:
            found = self._take(workload, intended)
            if found is not None:
                steps.append(found)
                intended += _intended(found[0])
        return steps

    def _take(self, workload: Workload, intended: Iterable[PastRollback]) -> tuple[Taken, Mail] | None:
        view, before = self._cluster.view(workload), self.states.get(workload)
        if view is None and not self._cluster.knows(workload):
            return None  # it may well be there: its kind cannot be read now
        policy = self._policy_of(view) if view is not None else UNWATCHED
        if policy is None and workload not in self._open:
            return None
        policy = policy or UNWATCHED
        now, mail = self._clock.now(), self.inbox.peek(workload)
        view = self._held(view, now)
        observation = Observation(
            view=view,
            blocks=mail.blocks,
            queries=mail.queries,
            sources=mail.sources,
            surroundings=self._surroundings(workload, policy, now, intended, mail.fleet),
            report=mail.report,
            executing=workload in self._executing.running,
            approval=mail.approval,
            request=mail.request,
            word=mail.word,
        )
        step = self._stepped(workload, before, observation, now, policy)
        return None if step is None else (Taken(before, observation, now, policy, step), mail)

    def _held(self, view: WorkloadView | None, now: float) -> WorkloadView | None:
        """The view with a hold that people have placed past the cluster."""
        kept = self.holds.on(view.workload, now) if view is not None and not view.hold else ""
        return replace(view, hold=kept) if view is not None and kept else view

    def _stepped(
        self, workload: Workload, before: WorkloadState | None, observation: Observation, now: float, policy: Policy
    ) -> Step | None:
        """The step that the core takes.  A fault of ours with one workload must not leave all others unwatched."""
        try:
            step = machine.step(before, observation, now, policy)
        except Exception as error:
            if workload not in self.failed:
                log.exception("step_failed", workload=str(workload))
            self.failed[workload] = f"{type(error).__name__}: {error}"
            return None
        if step is None:
            self.failed.pop(workload, None)
        return step

    def _surroundings(
        self, workload: Workload, policy: Policy, now: float, intended: Iterable[PastRollback], fleet: Fleet | None
    ) -> Surroundings:
        horizon = now - max(policy.breaker.window, policy.namespace_breaker.window)
        rollbacks = (each for each in (*self.situation.rollbacks, *intended) if each.at > horizon)
        return Surroundings(
            rollbacks=tuple(self.in_earnest(rollbacks)),
            cache_age=self._cluster.age_of(workload),
            configurations=self.configurations.get(workload, ()),
            permitted=self.situation.permitted,
            fleet=fleet,
            suspects=tuple(each for name, each in sorted(self.suspects.items()) if self._explains(name, workload)),
            releases=self.situation.releases,
            prospect=self.prospects.get(workload),
            followed=self.followed.get(workload),
            flag=self.flags.get(workload),
            migrations=self.migrations.get(workload),
            down=self.downs.get(workload),
            frozen=self._frozen(workload, now),
            starts=self.starts(workload),
            skews=tuple(self._skews()),
            breakers_closed=tuple((each.scope, each.at) for each in self.situation.closings if each.at > horizon),
        )

    def _skews(self) -> Iterator[tuple[str, float]]:
        """Clocks that differ from ours by more than what an answer takes."""
        api = self._cluster.clock_offset()
        clocks = {"the API server": api or 0.0}
        clocks |= {f"metrics source {name}": ahead for name, ahead in sorted(self.source_clocks().items())}
        return ((whose, round(ahead, 1)) for whose, ahead in clocks.items() if abs(ahead) > NOTICEABLE)

    def _frozen(self, workload: Workload, now: float) -> tuple[Frozen, ...]:
        view = self._cluster.view(workload)
        return self.freezes.on(view, now) if view is not None else ()

    def frozen(self, workload: Workload, rung: Rung) -> str:
        """Why a freeze window does not let this rung be taken now, or an empty string."""
        view = self._cluster.view(workload)
        return freezes.frozen(self._frozen(workload, self._clock.now()), rung, view) if view is not None else ""

    def around(self, workload: Workload, policy: Policy) -> Surroundings:
        """What is not the workload's own, as its next step would see it."""
        return self._surroundings(workload, policy, self._clock.now(), (), None)

    def seen(self, view: WorkloadView) -> WorkloadView:
        """The view with a hold that people have placed past the cluster."""
        return self._held(view, self._clock.now()) or view

    def in_earnest(self, rollbacks: Iterable[PastRollback]) -> Iterator[PastRollback]:
        """What is rehearsed must use up no breaker."""
        return (each for each in rollbacks if not self._cluster.rehearses(each.namespace))

    def _explains(self, suspect: Workload, workload: Workload) -> bool:
        """Whether one may be why another suffers: what is rehearsed in a namespace explains nothing outside of it."""
        apart = suspect.namespace != workload.namespace and self._cluster.rehearses(suspect.namespace)
        return suspect != workload and not apart

    def _is_news(self, taken: Taken) -> bool:
        if taken.step.moved or taken.observation.view is None:
            return True
        if machine.open_watch(taken.step.state) is None:
            return False
        return taken.now - self._stored_at.get(taken.step.state.workload, 0.0) >= CHECKPOINT

    def _adopt(self, taken: Taken, mail: Mail) -> None:
        state = taken.step.state
        self.failed.pop(state.workload, None)
        if self._is_news(taken):
            self._stored_at[state.workload] = taken.now
        self.inbox.taken(state.workload, mail)
        self._keep(state)
        self._keep_commanded(state, taken)
        self._suspect(state, taken.policy)
        if taken.observation.view is None:
            self._drop(state.workload)
        for past in _intended(taken):
            self.situation.rollbacks = _newest_of_each((*self.situation.rollbacks, past))
        self._chronicle.tell(taken)
        for command in taken.step.commands:
            self._executing.carry_out(command)

    def _keep(self, state: WorkloadState) -> None:
        self.states[state.workload] = state
        watch = machine.open_watch(state)
        if watch is not None:
            self._open[state.workload] = watch
            self.inbox.only_of(state.workload, watch.measured_from)
        else:
            self._close(state.workload)

    def _keep_commanded(self, state: WorkloadState, taken: Taken) -> None:
        view = taken.observation.view
        wanted = requested.release_wanted(state, view, taken.policy) if view is not None else None
        if wanted is None:
            self._commanded.pop(state.workload, None)
        else:
            self._commanded[state.workload] = Watch(wanted)

    def _suspect(self, state: WorkloadState, policy: Policy) -> None:
        """Keep in mind which releases have evidence against them.

        One that is being undone stays suspected; so does one whose watch ended at a breach that nobody undid, until a
        newer release comes: it goes on explaining what others suffer.
        """
        watch = state.open_watch or _standing(state)
        if watch is not None and watch.carrying_out and state.workload in self.suspects:
            return
        found = judge.suspected(watch, policy) if watch is not None else None
        if watch is None or found is None:
            self.suspects.pop(state.workload, None)
            return
        origins = known_origins(watch.release, self.prospects.get(state.workload))
        self.suspects[state.workload] = Suspect(state.workload, origins, *found)
        if watch is state.open_watch:
            self.suspicion.set()

    def _close(self, workload: Workload) -> None:
        self._open.pop(workload, None)
        self.suspects.pop(workload, None)
        self._stored_at.pop(workload, None)
        self.inbox.forget(workload)

    def _drop(self, workload: Workload) -> None:
        self.states.pop(workload, None)
        self.configurations.pop(workload, None)
        self.prospects.pop(workload, None)
        self.followed.pop(workload, None)
        self.flags.pop(workload, None)
        self.migrations.pop(workload, None)
        self.downs.pop(workload, None)
        self._commanded.pop(workload, None)
        self._close(workload)


def _standing(state: WorkloadState) -> Watch | None:
    """A watch that ended at a breach that was not undone, or None."""
    watch = state.watch
    return watch if watch is not None and watch.breached_at is not None and watch.rollback is None else None


def _intended(taken: Taken) -> Iterator[PastRollback]:
    """The rollback that this step intends by itself, if any: the breaker counts it from that moment."""
    watch = taken.step.state.watch
    if watch is None or watch.decision is None or watch.decision.request is not None:
        return
    if watch.rollback is not None and any(each in taken.step.moved for each in GOING_BACK):
        yield PastRollback(taken.now, taken.step.state.workload.namespace, watch.release.id)


def _newest_of_each(rollbacks: Iterable[PastRollback]) -> tuple[PastRollback, ...]:
    """The newest of each release: a release that is decided on again and again pushes no other one out."""
    newest: dict[str | float, PastRollback] = {}
    for each in rollbacks:
        key = each.release or each.at
        newest.pop(key, None)
        newest[key] = each
    return tuple(newest.values())[-REMEMBERED:]
