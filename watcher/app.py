"""Wiring only: builds the part of the daemon that watches and acts, runs it, and takes it down in order.

`process.py` is what runs it while this process leads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from watcher.adapters.store.worker import StoreThread
from watcher.config import Thresholds
from watcher.config.channels import Channel
from watcher.core.model import WorkloadView
from watcher.core.policy import Policy, Subject
from watcher.core.state import WorkloadState
from watcher.core.words import Mode, strictest
from watcher.daemon.breakers import Breakers
from watcher.daemon.configurations import Configurations
from watcher.daemon.delivering import Delivering
from watcher.daemon.executing import Executing
from watcher.daemon.flag_restoring import FlagRestores
from watcher.daemon.flags import FlagSights
from watcher.daemon.fleets import Lookout
from watcher.daemon.freezes import Freezes
from watcher.daemon.gauges import Gauges
from watcher.daemon.holds import Holds
from watcher.daemon.housekeeping import Housekeeping
from watcher.daemon.journal import Journal, load
from watcher.daemon.loop import Loop
from watcher.daemon.migrations import MigrationSights
from watcher.daemon.notes import Folder, Notes
from watcher.daemon.notices import Notices
from watcher.daemon.persons import Persons
from watcher.daemon.preflight import Preflight
from watcher.daemon.prospects import GitWay, Prospects
from watcher.daemon.rehearsals import Rehearsals
from watcher.daemon.reloading import Reloading
from watcher.daemon.sightings import Sightings
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.starts import Starts
from watcher.daemon.status import Status
from watcher.daemon.stepping import Stepping
from watcher.daemon.telemetry import Telemetry
from watcher.daemon.telling import Chronicle
from watcher.daemon.troubles import Troubles
from watcher.doctor.examine import Report
from watcher.ports import Actuator, Announcer, Clock, Cluster, Courier, RehearsalRow
from watcher.ports.flags import Flags
from watcher.ports.migrations import Migrations

DAY = 86400.0
REMEMBER_ROLLBACKS = 30 * DAY
"""Seconds for which the breaker remembers rollbacks over a restart."""

LAST_WORDS = 3.0
"""Seconds in which Events of the last step may still be sent."""

DEPOSED_GRACE = 2.0
"""Seconds that attempts under way get when the Lease was lost: they may write nothing more, only report."""

log = structlog.get_logger("watcher.app")


class FollowedCluster(Cluster, Protocol):
    """A cluster that is followed by a task of its own."""

    async def run(self) -> None:
        """Follow it until cancelled."""

    async def settled(self) -> None:
        """Wait until everything that can be read was read once."""


Examine = Callable[[Cluster, Thresholds, Sequence[WorkloadState], Sequence[RehearsalRow]], Awaitable[Report]]
"""Does one preflight, with these thresholds and what is known of workloads."""


@dataclass(frozen=True)
class Outside:
    """Everything that the daemon talks to."""

    cluster: FollowedCluster
    actuator: Actuator
    announcer: Announcer | None
    store: StoreThread
    clock: Clock
    holds: Holds = field(default_factory=Holds)
    examine: Examine | None = None  # None: no preflight
    couriers: Callable[[Channel], Courier] | None = None  # None: nobody is notified
    git: GitWay | None = None  # None: there is no way back through Git
    flags: Flags | None = None  # None: no provider of feature flags can be asked
    migrations: Migrations | None = None  # None: nobody looks at database migrations
    notes: Folder | None = None  # None: no post-incident notes are written


@dataclass
class Daemon:
    """The parts of a daemon that leads.  `url` is where its HTTP server listens; the cluster is followed already."""

    outside: Outside
    grace: float
    telemetry: Telemetry
    stepping: Stepping
    executing: Executing
    loop: Loop
    lookout: Lookout
    configurations: Configurations
    status: Status
    housekeeping: Housekeeping
    sightings: Sightings
    persons: Persons
    rehearsals: Rehearsals
    breakers: Breakers
    starts: Starts
    prospects: Prospects | None = None
    flags: FlagSights | None = None
    flag_restores: FlagRestores | None = None
    migrations: MigrationSights | None = None
    preflight: Preflight | None = None
    delivering: Delivering | None = None
    notes: Notes | None = None
    url: str = ""

    @property
    def cluster(self) -> Cluster:
        """The cluster as it is seen."""
        return self.outside.cluster

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set: nothing new is begun then, what is under way gets `grace` seconds, or is left.

        Raises ExceptionGroup when a part failed for good; the process should end then, to be started anew.
        """
        parts = [
            _task("housekeeping", self.housekeeping.run()),
            _task("sightings", self.sightings.run()),
            _task("stepping", self._step_when_read()),
            *([_task("preflight", self.preflight.run())] if self.preflight is not None else []),
            *([_task("notifications", self.delivering.run())] if self.delivering is not None else []),
            *([_task("notes", self.notes.run())] if self.notes is not None else []),
        ]
        stopped = _task("stop", stop.wait())
        try:
            await asyncio.wait([*parts, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            await self._wind_down(parts)
        failures = [error for part in parts if isinstance(error := _failure(part), Exception)]
        if failures:
            raise ExceptionGroup("a part of the daemon failed", failures)

    async def _step_when_read(self) -> None:
        """Decide nothing before the cluster was read completely once."""
        await self.outside.cluster.settled()
        self.status.synced = True
        log.info("cluster_read", workloads=sum(1 for _ in self.cluster.workloads()), url=self.url)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.loop.follow_changes(), name="changes")
            group.create_task(self.loop.follow_pods(), name="pods")
            group.create_task(self.loop.take_reports(), name="reports")
            group.create_task(self.loop.look_around(self.lookout), name="fleet")
            group.create_task(self.loop.poll(), name="poll")
            group.create_task(self.configurations.run(), name="configurations")
            group.create_task(self.starts.run(), name="starts")
            if self.prospects is not None:
                group.create_task(self.prospects.run(), name="prospects")
            if self.flags is not None:
                group.create_task(self.flags.run(), name="flags")
            if self.migrations is not None:
                group.create_task(self.migrations.run(), name="migrations")
            group.create_task(self.loop.run(), name="steps")

    async def _wind_down(self, parts: list[asyncio.Task[Any]]) -> None:
        log.info("stopping", under_way=len(self.executing.running))
        self.executing.close()
        for part in parts:
            part.cancel()
        await asyncio.wait(parts)
        await self.executing.finish(self.grace if self.stepping.situation.leads() else DEPOSED_GRACE)
        await self.loop.last_step()
        await self.executing.finish(LAST_WORDS)
        log.info("stopped", cut_off=sorted(map(str, self.executing.running)))


async def assemble(
    outside: Outside,
    reloading: Reloading,
    sourcing: Sourcing,
    telemetry: Telemetry,
    grace: float,
    *,
    read_only: bool = False,
    leads: Callable[[], bool] = lambda: True,
) -> Daemon:
    """The parts, wired together, going on from what the decision log holds.  Raises Rejected, Unavailable.

    `read_only`: no mode is laxer than observe, so decisions tell what would have been done.  `leads`: whether this
    process may write at this moment.
    """
    cluster, clock = outside.cluster, outside.clock

    def policy_of(view: WorkloadView) -> Policy | None:
        workload = view.workload
        policy = reloading.current.policy_for(
            Subject(workload.kind, workload.namespace, workload.name, dict(view.labels))
        )
        if policy is None or not read_only:
            return policy
        return replace(policy, mode=strictest(policy.mode, Mode.OBSERVE))

    executing = Executing(outside.actuator, outside.announcer, telemetry, clock)
    notices = Notices(lambda: reloading.current, telemetry) if outside.couriers is not None else None
    journal = Journal(outside.store, notices.of if notices is not None else None)
    chronicle = Chronicle(telemetry)
    stepping = Stepping(cluster, journal, chronicle, executing, clock, policy_of, outside.holds)
    stepping.situation.leads = leads
    stepping.freezes = Freezes(lambda: reloading.current.freezes)
    outside.holds.take_up(await outside.store.ask(lambda log: log.holds()))
    since = clock.now() - REMEMBER_ROLLBACKS
    stepping.take_up(await outside.store.ask(load), await outside.store.ask(lambda log: log.rollbacks(since)))
    stepping.situation.releases = await journal.pace(clock.now())
    stepping.source_clocks = sourcing.clock_offsets
    loop = Loop(cluster, stepping, executing, sourcing, clock, telemetry, policy_of)
    sourcing.use(reloading.current)
    reloading.on_change += [sourcing.use, lambda _: loop.sweep()]
    status = Status(cluster, stepping, loop, reloading, clock, policy_of)
    preflight = _preflight(outside, reloading, stepping, status, telemetry)
    troubles = Troubles(executing, journal, notices, status, clock)
    rehearsals = Rehearsals(cluster, stepping, outside.store, telemetry, clock, policy_of)
    status.rehearsals = rehearsals.troubled
    rehearsals.take_up(await outside.store.ask(lambda log: log.last_rehearsals()))
    breakers = Breakers(stepping, loop, outside.store, clock, lambda: reloading.current.breakers)
    breakers.take_up(await outside.store.ask(lambda log: log.closings(since)))
    gauges = Gauges(stepping, journal, status, sourcing, telemetry, clock, breakers)
    flags = _flags(outside, stepping, loop, policy_of, reloading)
    if flags is not None:
        status.flag_providers = flags.providers
    return Daemon(
        outside=outside,
        grace=grace,
        telemetry=telemetry,
        stepping=stepping,
        executing=executing,
        loop=loop,
        prospects=_prospects(outside, stepping, loop, policy_of),
        flags=flags,
        flag_restores=_flag_restores(outside, flags, stepping, read_only=read_only),
        migrations=_migrations(outside, stepping, loop, policy_of),
        lookout=Lookout(cluster, stepping, sourcing, clock, policy_of),
        configurations=Configurations(cluster, stepping, clock),
        status=status,
        sightings=Sightings(cluster, stepping, status, journal, clock, policy_of),
        persons=Persons(loop, outside.store, outside.holds, cluster, clock, read_only=read_only),
        rehearsals=rehearsals,
        breakers=breakers,
        starts=Starts(cluster, stepping, clock),
        preflight=preflight,
        housekeeping=Housekeeping(reloading, stepping, troubles, journal, gauges, clock),
        delivering=_delivering(outside, journal, reloading, stepping, telemetry),
        notes=_notes(outside, chronicle, telemetry),
    )


def _prospects(
    outside: Outside, stepping: Stepping, loop: Loop, policy_of: Callable[[WorkloadView], Policy | None]
) -> Prospects | None:
    if outside.git is None:
        return None
    return Prospects(outside.git, outside.cluster, stepping, outside.clock, policy_of, loop.wake)


def _flags(
    outside: Outside,
    stepping: Stepping,
    loop: Loop,
    policy_of: Callable[[WorkloadView], Policy | None],
    reloading: Reloading,
) -> FlagSights | None:
    if outside.flags is None:
        return None
    return FlagSights(
        outside.flags,
        outside.cluster,
        stepping,
        outside.clock,
        policy_of,
        loop.wake,
        lambda: reloading.current.flags,
    )


def _flag_restores(
    outside: Outside, flags: FlagSights | None, stepping: Stepping, *, read_only: bool
) -> FlagRestores | None:
    if flags is None:
        return None
    return FlagRestores(flags, outside.actuator, stepping, outside.store, outside.clock, read_only=read_only)


def _migrations(
    outside: Outside, stepping: Stepping, loop: Loop, policy_of: Callable[[WorkloadView], Policy | None]
) -> MigrationSights | None:
    if outside.migrations is None:
        return None
    return MigrationSights(outside.migrations, outside.cluster, stepping, outside.clock, policy_of, loop.wake)


def _preflight(
    outside: Outside, reloading: Reloading, stepping: Stepping, status: Status, telemetry: Telemetry
) -> Preflight | None:
    examine = outside.examine
    if examine is None:
        return None

    async def examined() -> Report:
        rehearsed = await outside.store.read(lambda log: log.last_rehearsals())
        return await examine(outside.cluster, reloading.current, tuple(stepping.states.values()), rehearsed)

    found = Preflight(examined, status, telemetry, outside.clock)
    reloading.on_change.append(lambda _: found.soon())
    return found


def _delivering(
    outside: Outside, journal: Journal, reloading: Reloading, stepping: Stepping, telemetry: Telemetry
) -> Delivering | None:
    """Who delivers what the journal puts into the outbox, where anybody is notified."""
    if outside.couriers is None:
        return None
    delivering = Delivering(
        outside.store,
        lambda: reloading.current,
        outside.couriers,
        lambda: stepping.situation.permitted,
        telemetry,
        outside.clock,
    )
    journal.on_notifications = delivering.wake
    return delivering


def _notes(outside: Outside, chronicle: Chronicle, telemetry: Telemetry) -> Notes | None:
    if outside.notes is None:
        return None
    notes = Notes(outside.notes, outside.store, telemetry, outside.clock)
    chronicle.on_outcome = notes.wake
    return notes


def _task(name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(work, name=name)


def _failure(part: asyncio.Task[Any]) -> BaseException | None:
    return None if part.cancelled() else part.exception()
