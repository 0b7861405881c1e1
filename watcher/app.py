"""Wiring only: builds the daemon from its settings, runs it, and takes it down in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from aiohttp import web

from watcher import __version__
from watcher.adapters.kubernetes.actuator import KubernetesActuator
from watcher.adapters.kubernetes.announcer import KubernetesAnnouncer
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.cluster import KubernetesCluster
from watcher.adapters.prometheus import PrometheusSource
from watcher.adapters.store.retention import Retention
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.adapters.store.worker import StoreThread
from watcher.core.model import WorkloadView
from watcher.core.policy import Policy, Subject
from watcher.daemon.clock import SystemClock
from watcher.daemon.executing import Executing
from watcher.daemon.housekeeping import Housekeeping
from watcher.daemon.journal import Journal, load
from watcher.daemon.loop import Loop
from watcher.daemon.reloading import Reloading
from watcher.daemon.settings import Settings
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.status import Status
from watcher.daemon.stepping import Stepping
from watcher.daemon.telemetry import Telemetry
from watcher.daemon.telling import Chronicle
from watcher.web.server import application

DAY = 86400.0

log = structlog.get_logger("watcher.app")


@dataclass
class Daemon:
    """The parts of a running daemon.  `url` is where its HTTP server listens."""

    settings: Settings
    cluster: KubernetesCluster
    stepping: Stepping
    loop: Loop
    executing: Executing
    status: Status
    housekeeping: Housekeeping
    url: str

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set: nothing new is begun then, what is under way is finished or parked.

        Raises ExceptionGroup when a part failed for good; the process should end then, to be started anew.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(work, name=name)
                for name, work in (
                    ("cluster", self.cluster.run()),
                    ("housekeeping", self.housekeeping.run()),
                    ("stepping", self._step_when_read()),
                )
            ]
            await stop.wait()
            await self._wind_down(tasks)

    async def _step_when_read(self) -> None:
        """Decide nothing before the cluster was read completely once."""
        await self.cluster.settled()
        self.status.synced = True
        log.info("cluster_read", workloads=sum(1 for _ in self.cluster.workloads()), url=self.url)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.loop.follow_changes(), name="changes")
            group.create_task(self.loop.take_reports(), name="reports")
            group.create_task(self.loop.poll(), name="poll")
            group.create_task(self.loop.read_configurations(), name="configurations")
            group.create_task(self.loop.run(), name="steps")

    async def _wind_down(self, tasks: list[asyncio.Task[None]]) -> None:
        log.info("stopping", under_way=len(self.executing.running))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self.executing.finish(self.settings.shutdown_grace)
        await self.loop.last_step()


@contextlib.asynccontextmanager
async def daemon(settings: Settings) -> AsyncIterator[Daemon]:
    """A daemon that is ready to run, and everything it holds, closed at the end.

    Raises ConfigError for the thresholds file, Rejected or Unavailable for the decision log and the cluster's address.
    """
    async with contextlib.AsyncExitStack() as stack:
        clock, telemetry = SystemClock(), Telemetry()
        telemetry.build_info.labels(__version__).set(1)
        sourcing = Sourcing(lambda source: PrometheusSource(source, rate=settings.query_rate))
        stack.push_async_callback(sourcing.close)
        reloading = Reloading(settings.config, telemetry, sourcing.use)
        sourcing.use(reloading.current)

        store = StoreThread(
            SQLiteStore.open(settings.store, retention=Retention(decisions=settings.retention_days * DAY))
        )
        stack.push_async_callback(store.close)
        client = await Client.connect(str(settings.kubeconfig or ""), settings.context)
        stack.push_async_callback(client.close)
        namespaces = tuple(each.strip() for each in settings.namespaces.split(",") if each.strip())
        cluster = KubernetesCluster(client, clock, namespaces, settings.namespace)
        actuator = KubernetesActuator(
            client, clock, settings.namespace, namespaces_readable=not namespaces, read_only=settings.read_only
        )

        def policy_of(view: WorkloadView) -> Policy | None:
            workload = view.workload
            return reloading.current.policy_for(
                Subject(workload.kind, workload.namespace, workload.name, dict(view.labels))
            )

        announcer = KubernetesAnnouncer(client, clock) if settings.events else None
        executing = Executing(actuator, announcer, telemetry)
        journal = Journal(store)
        stepping = Stepping(cluster, journal, Chronicle(telemetry), clock, policy_of)
        stepping.executing = executing.running
        states = await store.ask(load)
        stepping.take_up(states, await store.ask(lambda log: log.rollbacks(clock.now() - DAY)))
        loop = Loop(cluster, stepping, executing, sourcing, clock, telemetry, policy_of)
        status = Status(cluster, stepping, loop, reloading, clock, policy_of)
        housekeeping = Housekeeping(reloading, stepping, journal, status, telemetry, clock)
        url = await _serve(stack, application(status, store, telemetry.registry), settings)
        yield Daemon(settings, cluster, stepping, loop, executing, status, housekeeping, url)


async def _serve(stack: contextlib.AsyncExitStack, app: web.Application, settings: Settings) -> str:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, settings.host, settings.port).start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"
