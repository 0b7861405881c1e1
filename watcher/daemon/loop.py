"""The loop: wakes on changes of the cluster, polls the sources, steps what is due."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping

import structlog

from watcher.core.model import Approval, Request, Word, Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import WorkloadState
from watcher.daemon.executing import Executing
from watcher.daemon.fleets import Lookout
from watcher.daemon.polling import Reading, Watched
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.stepping import Stepping
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Clock, Cluster, Unavailable

TICK = 1.0
"""Seconds between two steps of a workload with a rollback under way."""

WATCH_EVERY = 5.0
"""Seconds between two steps of a release under watch when nothing came in."""

SWEEP_EVERY = 60.0
"""Seconds between two steps of every workload: revisions ripen though nothing changes."""

BATCH = 200
"""Workloads that are stepped together, in one transaction."""

SHORTEST_PAUSE = 0.1
"""Seconds between two polls at the least, when polling takes longer than its interval."""

log = structlog.get_logger("watcher.loop")


class Loop:
    """Drives `Stepping`.  All changes of state happen in `run`, one batch of workloads after the other.

    `problems` are sentences on the numbers of each release under watch, as of the last poll.
    """

    def __init__(
        self,
        cluster: Cluster,
        stepping: Stepping,
        executing: Executing,
        sourcing: Sourcing,
        clock: Clock,
        telemetry: Telemetry,
        policy_of: Callable[[WorkloadView], Policy | None],
    ) -> None:
        self._cluster, self._stepping, self._executing, self._sourcing = cluster, stepping, executing, sourcing
        self._clock, self._telemetry, self.policy_of = clock, telemetry, policy_of
        self._due: set[Workload] = set()
        self._wake = asyncio.Event()
        self._watches_changed = asyncio.Event()
        self._looked: dict[Workload, float] = {}
        self._swept = -SWEEP_EVERY
        self.problems: dict[Workload, tuple[str, ...]] = {}

    def wake(self, workloads: Iterable[Workload]) -> None:
        """Step these soon."""
        self._due.update(workloads)
        self._wake.set()

    def sweep(self) -> None:
        """Step every workload soon: what holds for them may have changed."""
        self._swept = self._clock.now()
        self.wake([*self._stepping.states, *(view.workload for view in self._cluster.workloads())])

    async def run(self) -> None:
        """Step what is due, for ever.  The first round steps everything: what began meanwhile is found now."""
        self.sweep()
        while True:
            await self.step_due()
            await self._pause()

    async def step_due(self) -> None:
        """Step what is due now, once."""
        for batch in _batches(self._take_due()):
            if not await self._step(batch):
                self._due.update(batch)

    async def approve(self, workload: Workload, approval: Approval) -> WorkloadState | None:
        """Step a workload at once with the approval of a person; its state after that.

        Raises Unavailable when that could not be recorded: then the approval was never given.
        """
        self._stepping.inbox.approved(workload, approval)
        return await self._given(workload, approval, "the approval")

    async def command(self, workload: Workload, request: Request) -> WorkloadState | None:
        """Step a workload at once with the command of a person; its state after that.  Raises as `approve`."""
        self._stepping.inbox.commanded(workload, request)
        return await self._given(workload, request, "the command")

    async def hear(self, workload: Workload, word: Word) -> WorkloadState | None:
        """Step a workload at once with a person's word on a revision; its state after that.  Raises as `approve`."""
        self._stepping.inbox.told(workload, word)
        return await self._given(workload, word, "the word")

    def state(self, workload: Workload) -> WorkloadState | None:
        """Its state as of its last step, or None."""
        return self._stepping.states.get(workload)

    async def _given(self, workload: Workload, given: Approval | Request | Word, what: str) -> WorkloadState | None:
        await self._step([workload])
        if self._stepping.inbox.withdraw(workload, given):
            why = self._stepping.unwritable or self._stepping.failed.get(workload) or "it cannot be read now"
            raise Unavailable(f"{what} could not be recorded, so it does not count ({workload}: {why})")
        self.wake([workload])
        return self._stepping.states.get(workload)

    async def _step(self, batch: list[Workload]) -> bool:
        watched = self._stepping.open_watches().keys()
        stepped = await self._stepping.step(batch)
        if watched != self._stepping.open_watches().keys():
            self._watches_changed.set()
        return stepped

    async def follow_changes(self) -> None:
        """Wake for every change of the cluster, for ever."""
        while True:
            self.wake(await self._cluster.changed())

    async def follow_pods(self) -> None:
        """Follow the pods of just the releases under watch, for ever."""
        followed: frozenset[Workload] | None = None
        while True:
            self._watches_changed.clear()
            wanted = frozenset(self._stepping.open_watches())
            if wanted != followed:
                await self._cluster.follow(wanted)
                followed = wanted
                self.wake(wanted)
            await self._watches_changed.wait()

    async def look_around(self, lookout: Lookout) -> None:
        """Look at the fleet whenever a release is suspected, for ever."""
        while True:
            await self._stepping.suspicion.wait()
            self._stepping.suspicion.clear()
            self.wake(await lookout.once())

    async def take_reports(self) -> None:
        """Wake for every report of an attempt, for ever."""
        while True:
            await self._take_report()

    async def poll(self) -> None:
        """Poll the sources for all releases under watch, for ever."""
        while True:
            began = self._clock.now()
            with self._telemetry.poll_seconds.time():
                await self.poll_once(began)
            took = self._clock.now() - began
            await self._clock.sleep(max(SHORTEST_PAUSE, self._sourcing.polling.interval - max(0.0, took)))

    async def poll_once(self, at: float) -> None:
        """Poll the sources once, as of `at` (Unix seconds), and hand over what they brought."""
        watched = tuple(self._watched())
        began = {each.view.workload: each.since for each in watched}
        self._deliver(await self._sourcing.polling.poll(watched, at), began)

    async def last_step(self) -> None:
        """One more step for reports that came in while shutting down; nothing new is begun."""
        self._stepping.situation.stopping = True
        while self._executing.has_reports:
            await self._take_report()
        await self._stepping.step([name for name, mail in self._stepping.inbox.mail.items() if mail.report])

    async def _take_report(self) -> None:
        workload, report = await self._executing.report()
        self._stepping.inbox.reported(workload, report)
        self.wake([workload])

    def _take_due(self) -> set[Workload]:
        """What was woken, and what was not looked at for too long.  A clock that is set back makes all of it due."""
        now = self._clock.now()
        if not 0 <= now - self._swept < SWEEP_EVERY:
            self.sweep()
        watches = self._stepping.open_watches()
        due, self._due = self._due, set()
        self._wake.clear()
        for name, watch in watches.items():
            every = TICK if watch.carrying_out else WATCH_EVERY
            if not 0 <= now - self._looked.get(name, 0.0) < every:
                due.add(name)
        due |= self._stepping.commanded()
        self._looked = {name: now if name in due else self._looked[name] for name in watches}
        return due

    async def _pause(self) -> None:
        """Until something wakes, or a tick has passed.  (Before Python 3.12 `wait_for` can swallow a cancellation.)"""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK):
                await self._wake.wait()

    def _deliver(self, readings: Mapping[Workload, Reading], began: Mapping[Workload, float]) -> None:
        """Hand over what a poll brought, but for releases that another one replaced while it was asked for."""
        watches = self._stepping.open_watches()
        self.problems = {}
        for workload, reading in readings.items():
            if workload in watches and watches[workload].measured_from == began[workload]:
                self._stepping.inbox.measured(
                    workload, reading.blocks, reading.queries, reading.sources, began[workload]
                )
                self.problems[workload] = reading.problems
        self.wake(readings)

    def _watched(self) -> Iterable[Watched]:
        for workload, watch in self._stepping.open_watches().items():
            view = self._cluster.view(workload)
            policy = self.policy_of(view) if view is not None else None
            if view is not None and policy is not None:
                release = watch.release
                yield Watched(view, policy, watch.measured_from, release.revision, release.previous_revision)


def _batches(workloads: Iterable[Workload]) -> Iterator[list[Workload]]:
    ordered = sorted(workloads)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]
