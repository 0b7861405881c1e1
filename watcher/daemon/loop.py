"""The loop: wakes on changes of the cluster, polls the sources, steps what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.daemon.executing import Executing
from watcher.daemon.polling import Watched
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.stepping import Stepping
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Clock, Cluster, WatcherError

TICK = 1.0
"""Seconds between two steps of a workload with a rollback under way."""

WATCH_EVERY = 5.0
"""Seconds between two steps of a release under watch when nothing came in."""

SWEEP_EVERY = 60.0
"""Seconds between two steps of every workload: revisions ripen though nothing changes."""

CONFIGURATIONS_EVERY = 30.0
"""Seconds between two readings of the ConfigMaps that releases under watch refer to."""

log = structlog.get_logger("watcher.loop")


class Loop:
    """Drives `Stepping`.  All changes of state happen in `run`, one workload after the other."""

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
        self._clock, self._telemetry, self._policy_of = clock, telemetry, policy_of
        self._due: set[Workload] = set()
        self._wake = asyncio.Event()
        self._looked: dict[Workload, float] = {}
        self._followed: frozenset[Workload] = frozenset()
        self.problems: dict[Workload, tuple[str, ...]] = {}

    def wake(self, workloads: Iterable[Workload]) -> None:
        """Step these soon."""
        self._due.update(workloads)
        self._wake.set()

    async def run(self) -> None:
        """Step what is due, for ever.  The first round steps everything: what began meanwhile is found now."""
        self.wake([*self._stepping.states, *(view.workload for view in self._cluster.workloads())])
        while True:
            due = self._take_due()
            for command in await self._stepping.step(due):
                self._executing.carry_out(command)
            now = self._clock.now()
            self._looked.update(dict.fromkeys(due, now))
            await self._follow()
            if not self._due:
                await self._wait()

    async def follow_changes(self) -> None:
        """Wake for every change of the cluster, for ever."""
        while True:
            self.wake(await self._cluster.changed())

    async def take_reports(self) -> None:
        """Wake for every report of an attempt, for ever."""
        while True:
            workload, report = await self._executing.reports.get()
            self._stepping.inbox.reported(workload, report)
            self.wake([workload])

    async def poll(self) -> None:
        """Poll the sources for all releases under watch, for ever."""
        while True:
            began = self._clock.now()
            with self._telemetry.poll_seconds.time():
                await self._poll_once(began)
            took = self._clock.now() - began
            await self._clock.sleep(max(0.1, self._sourcing.polling.interval - took))

    async def read_configurations(self) -> None:
        """Keep the content hashes of the ConfigMaps that releases under watch refer to, for ever."""
        while True:
            for workload in self._stepping.open_watches():
                await self._read_configuration(workload)
            await self._clock.sleep(CONFIGURATIONS_EVERY)

    async def last_step(self) -> None:
        """One more step for reports that came in while shutting down; nothing new is begun."""
        self._stepping.situation.permitted = False
        while not self._executing.reports.empty():
            self._stepping.inbox.reported(*self._executing.reports.get_nowait())
        await self._stepping.step([name for name, mail in self._stepping.inbox.mail.items() if mail.report])

    def _take_due(self) -> set[Workload]:
        due, self._due = self._due, set()
        self._wake.clear()
        return due

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), TICK)
        except TimeoutError:
            now = self._clock.now()
            carrying_out = self._stepping.carrying_out()
            watched = self._stepping.open_watches()
            self._due |= carrying_out
            self._due |= {name for name in watched if now - self._looked.get(name, 0.0) >= WATCH_EVERY}
            self._due |= {name for name, at in self._looked.items() if now - at >= SWEEP_EVERY}

    async def _follow(self) -> None:
        """Follow the pods of just the releases under watch."""
        wanted = frozenset(self._stepping.open_watches())
        if wanted != self._followed:
            self._followed = wanted
            await self._cluster.follow(wanted)

    async def _poll_once(self, at: float) -> None:
        watched = tuple(self._watched())
        readings = await self._sourcing.polling.poll(watched, at)
        for workload, reading in readings.items():
            self._stepping.inbox.measured(workload, reading.blocks, reading.queries, reading.sources)
            self.problems[workload] = reading.problems
        self.wake(readings)

    def _watched(self) -> Iterable[Watched]:
        for workload, watch in self._stepping.open_watches().items():
            view = self._cluster.view(workload)
            policy = self._policy_of(view) if view is not None else None
            if view is not None and policy is not None:
                yield Watched(view, policy, watch.release.began)

    async def _read_configuration(self, workload: Workload) -> None:
        state, view = self._stepping.states.get(workload), self._cluster.view(workload)
        newest = view.newest() if view is not None else None
        if state is None or newest is None:
            return
        names = {*newest.config_refs, *(name for each in state.known_good for name, _ in each.configurations)}
        try:
            found = await self._cluster.configurations(workload.namespace, names)
        except WatcherError as error:
            log.warning("configurations_unreadable", workload=str(workload), error=str(error))
            return
        self._stepping.configurations[workload] = tuple(sorted(found.items()))
