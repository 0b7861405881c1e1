"""Wiring only: builds the daemon from its settings, runs it, and takes it down in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog
from aiohttp import web

from watcher import __version__
from watcher.adapters.kubernetes.actuator import KubernetesActuator
from watcher.adapters.kubernetes.announcer import KubernetesAnnouncer
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.cluster import KubernetesCluster
from watcher.adapters.notify import courier
from watcher.adapters.prometheus.source import PrometheusSource
from watcher.adapters.store.reading import SQLiteReader
from watcher.adapters.store.retention import Retention
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.adapters.store.worker import StoreThread
from watcher.config import Thresholds
from watcher.config.channels import Channel
from watcher.core.model import WorkloadView
from watcher.core.policy import Policy, Subject
from watcher.core.state import WorkloadState
from watcher.core.words import Mode, strictest
from watcher.daemon.clock import SystemClock
from watcher.daemon.configurations import Configurations
from watcher.daemon.delivering import Delivering
from watcher.daemon.executing import Executing
from watcher.daemon.fleets import Lookout
from watcher.daemon.gauges import Gauges
from watcher.daemon.holds import Holds
from watcher.daemon.housekeeping import Housekeeping
from watcher.daemon.journal import Journal, load
from watcher.daemon.loop import Loop
from watcher.daemon.notices import Notices
from watcher.daemon.persons import Persons
from watcher.daemon.preflight import Preflight
from watcher.daemon.reloading import Reloading
from watcher.daemon.settings import Settings
from watcher.daemon.sightings import Sightings
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.status import Status
from watcher.daemon.stepping import Stepping
from watcher.daemon.telemetry import Telemetry
from watcher.daemon.telling import Chronicle
from watcher.daemon.troubles import Troubles
from watcher.doctor.examine import Report, examine
from watcher.doctor.gathering.asked import Asked
from watcher.doctor.gathering.everything import gather
from watcher.ports import Actuator, Announcer, Clock, Cluster, Courier, Rejected
from watcher.web.server import application
from watcher.web.tokens import Tokens

DAY = 86400.0
REMEMBER_ROLLBACKS = 30 * DAY
"""Seconds for which the breaker remembers rollbacks over a restart."""

PREFLIGHT_PAUSE = 2.0
"""Seconds that the preflight waits before each check it asks a source about: judging comes first."""

LAST_WORDS = 3.0
"""Seconds in which Events of the last step may still be sent."""

log = structlog.get_logger("watcher.app")


class FollowedCluster(Cluster, Protocol):
    """A cluster that is followed by a task of its own."""

    async def run(self) -> None:
        """Follow it until cancelled."""

    async def settled(self) -> None:
        """Wait until everything that can be read was read once."""


Examine = Callable[[Cluster, Thresholds, Sequence[WorkloadState]], Awaitable[Report]]
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


@dataclass
class Daemon:
    """The parts of a running daemon.  `url` is where its HTTP server listens."""

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
    preflight: Preflight | None = None
    delivering: Delivering | None = None
    url: str = ""

    @property
    def cluster(self) -> Cluster:
        """The cluster as it is seen."""
        return self.outside.cluster

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set: nothing new is begun then, what is under way is finished or parked.

        Raises ExceptionGroup when a part failed for good; the process should end then, to be started anew.
        """
        parts = [
            _task("cluster", self.outside.cluster.run()),
            _task("housekeeping", self.housekeeping.run()),
            _task("sightings", self.sightings.run()),
            _task("stepping", self._step_when_read()),
            *([_task("preflight", self.preflight.run())] if self.preflight is not None else []),
            *([_task("notifications", self.delivering.run())] if self.delivering is not None else []),
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
            group.create_task(self.loop.run(), name="steps")

    async def _wind_down(self, parts: list[asyncio.Task[Any]]) -> None:
        log.info("stopping", under_way=len(self.executing.running))
        self.executing.close()
        for part in parts:
            part.cancel()
        await asyncio.wait(parts)
        await self.executing.finish(self.grace)
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
) -> Daemon:
    """The parts, wired together, going on from what the decision log holds.  Raises Rejected, Unavailable.

    `read_only`: no mode is laxer than observe, so decisions tell what would have been done.
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
    stepping = Stepping(cluster, journal, Chronicle(telemetry), executing, clock, policy_of, outside.holds)
    outside.holds.take_up(await outside.store.ask(lambda log: log.holds()))
    since = clock.now() - REMEMBER_ROLLBACKS
    stepping.take_up(await outside.store.ask(load), await outside.store.ask(lambda log: log.rollbacks(since)))
    stepping.situation.releases = await journal.pace(clock.now())
    loop = Loop(cluster, stepping, executing, sourcing, clock, telemetry, policy_of)
    sourcing.use(reloading.current)
    reloading.on_change += [sourcing.use, lambda _: loop.sweep()]
    status = Status(cluster, stepping, loop, reloading, clock, policy_of)
    preflight = _preflight(outside, reloading, stepping, status, telemetry)
    troubles = Troubles(executing, journal, notices, status, clock)
    gauges = Gauges(stepping, journal, status, sourcing, telemetry, clock)
    return Daemon(
        outside=outside,
        grace=grace,
        telemetry=telemetry,
        stepping=stepping,
        executing=executing,
        loop=loop,
        lookout=Lookout(cluster, stepping, sourcing, clock, policy_of),
        configurations=Configurations(cluster, stepping, clock),
        status=status,
        sightings=Sightings(cluster, stepping, status, journal, clock, policy_of),
        persons=Persons(loop, outside.store, outside.holds, cluster, clock, read_only=read_only),
        preflight=preflight,
        housekeeping=Housekeeping(reloading, stepping, troubles, journal, gauges, clock),
        delivering=_delivering(outside, journal, reloading, stepping, telemetry),
    )


def _preflight(
    outside: Outside, reloading: Reloading, stepping: Stepping, status: Status, telemetry: Telemetry
) -> Preflight | None:
    examine = outside.examine
    if examine is None:
        return None

    async def examined() -> Report:
        return await examine(outside.cluster, reloading.current, tuple(stepping.states.values()))

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


@contextlib.asynccontextmanager
async def daemon(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Daemon]:
    """A daemon that is ready to run, and everything it holds, closed at the end.  Without `clock`: wall time.

    Raises ConfigError for the thresholds file, Rejected or Unavailable for the decision log, the cluster's address
    and the port.
    """
    async with contextlib.AsyncExitStack() as stack:
        clock, telemetry = clock or SystemClock(), Telemetry()
        telemetry.build_info.labels(__version__).set(1)
        reloading = Reloading(settings.config, telemetry)
        sourcing = Sourcing(lambda source: PrometheusSource(source, rate=settings.query_rate, now=clock.now))
        stack.push_async_callback(sourcing.close)
        outside = await _outside(settings, clock, stack)
        parts = await assemble(
            outside, reloading, sourcing, telemetry, settings.shutdown_grace, read_only=settings.read_only
        )
        tokens = Tokens(settings.tokens, clock)
        app = application(parts.status, outside.store, telemetry.registry, parts.persons, tokens)
        parts.url = await _serve(stack, app, settings)
        yield parts


async def _outside(settings: Settings, clock: Clock, stack: contextlib.AsyncExitStack) -> Outside:
    store = await _store(settings, stack)
    client = await Client.connect(str(settings.kubeconfig or ""), settings.context)
    stack.push_async_callback(client.close)
    namespaces = tuple(each.strip() for each in settings.namespaces.split(",") if each.strip())
    holds = Holds()
    return Outside(
        cluster=KubernetesCluster(client, clock, namespaces, settings.namespace),
        actuator=KubernetesActuator(
            client,
            clock,
            settings.namespace,
            namespaces_readable=not namespaces,
            read_only=settings.read_only,
            kept=lambda workload: holds.on(workload, clock.now()),
        ),
        announcer=KubernetesAnnouncer(client, clock, settings.namespace) if settings.events else None,
        store=store,
        clock=clock,
        holds=holds,
        examine=_examining(settings, client, clock, namespaces) if settings.preflight else None,
        couriers=lambda channel: courier(channel, clock.now),
    )


def _examining(settings: Settings, client: Client, clock: Clock, namespaces: tuple[str, ...]) -> Examine:
    """The preflight over the daemon's own cache, with connections of its own to the sources."""

    async def examined(cluster: Cluster, thresholds: Thresholds, states: Sequence[WorkloadState]) -> Report:
        asked = Asked(
            client=client,
            connect=lambda source: PrometheusSource(source, rate=settings.query_rate, now=clock.now),
            thresholds=thresholds,
            now=clock.now,
            namespaces=namespaces,
            own_namespace=settings.namespace,
            read_only=settings.read_only,
            known_good={state.workload: state.known_good for state in states},
            store=settings.store,
            pause=lambda: clock.sleep(PREFLIGHT_PAUSE),
        )
        return examine(await gather(asked, tuple(cluster.workloads()), cluster.problems()))

    return examined


async def _store(settings: Settings, stack: contextlib.AsyncExitStack) -> StoreThread:
    writer = SQLiteStore.open(settings.store, retention=Retention(decisions=settings.retention_days * DAY))
    try:
        reader = SQLiteReader.open(settings.store)
    except BaseException:
        writer.close()
        raise
    store = StoreThread(writer, reader)
    stack.push_async_callback(store.close)
    return store


async def _serve(stack: contextlib.AsyncExitStack, app: web.Application, settings: Settings) -> str:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        reason = str(error.strerror).rpartition(": ")[2]  # asyncio puts the address before it once more
        raise Rejected(
            f"cannot listen on {settings.host}:{settings.port}: {reason}; choose another address with "
            f"--host and --port (WATCHER_HOST, WATCHER_PORT)"
        ) from error
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


def _task(name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(work, name=name)


def _failure(part: asyncio.Task[Any]) -> BaseException | None:
    return None if part.cancelled() else part.exception()
