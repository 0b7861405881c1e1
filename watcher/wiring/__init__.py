"""Wiring only: builds one process of the daemon from its settings."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from aiohttp import web

from watcher.adapters.kubernetes.actuator import KubernetesActuator
from watcher.adapters.kubernetes.announcer import KubernetesAnnouncer
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.cluster import KubernetesCluster
from watcher.adapters.kubernetes.keeping import ControlPlanes
from watcher.adapters.kubernetes.lease import KubernetesLease
from watcher.adapters.kubernetes.migrations import KubernetesMigrations
from watcher.adapters.notify import courier
from watcher.adapters.prometheus.source import PrometheusSource
from watcher.adapters.store.files import refuse_unwritable
from watcher.adapters.store.reading import SQLiteReader
from watcher.adapters.store.retention import Retention
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.adapters.store.worker import ForeignLog, StoreThread
from watcher.app import DAY, Examine, Outside
from watcher.config import Thresholds
from watcher.config.gitops import ArgoApi
from watcher.core.orders import FlagOrder
from watcher.core.state import WorkloadState
from watcher.daemon.clock import SystemClock, steady
from watcher.daemon.holds import Holds
from watcher.daemon.leading import ByLease, Leading, Observing
from watcher.daemon.notes import Folder
from watcher.daemon.reloading import Reloading
from watcher.daemon.settings import Settings
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.telemetry import Telemetry
from watcher.doctor.examine import Report, examine
from watcher.doctor.gathering.asked import Asked
from watcher.doctor.gathering.branches import Branches
from watcher.doctor.gathering.everything import gather
from watcher.doctor.gathering.flags import without_flag
from watcher.gitops.migrations import MigrationNotes
from watcher.gitops.performing import LadderActuator, by_way_of_git
from watcher.gitops.switching import FlagsActuator
from watcher.ports import Clock, Cluster, RehearsalRow, Rejected
from watcher.ports.git import Applications
from watcher.process import Means, Process
from watcher.web.tokens import Tokens
from watcher.wiring.flags import flags
from watcher.wiring.git import Reach, git_way, hub_of
from watcher.wiring.holding import holding

PREFLIGHT_PAUSE = 2.0
"""Seconds that the preflight waits before each check it asks a source about: judging comes first."""

CLOSING = 2.0
"""Seconds that requests under way get when the server closes, be it only to answer as something else."""


@contextlib.asynccontextmanager
async def process(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Process]:
    """A process that is ready to run, and everything it holds, closed at the end.  Without `clock`: wall time.

    Raises ConfigError for the thresholds file, Rejected for the cluster's address and the port, Unavailable for a
    decision log that is no file to write.
    """
    async with contextlib.AsyncExitStack() as stack:
        running_forward = steady if clock is None else asyncio.get_running_loop().time
        clock = clock or SystemClock()
        reloading = Reloading(settings.config, Telemetry())
        refuse_unwritable(settings.store)  # now rather than when it takes over
        client = await Client.connect(str(settings.kubeconfig or ""), settings.context)
        stack.push_async_callback(client.close)
        leading: Leading = Observing()
        if not settings.read_only:
            lock = KubernetesLease(client, settings.namespace, settings.lease)
            leading = ByLease(lock, identity(settings.identity), clock, running_forward)
        client.fence(leading.left)
        sockets = await _bound(settings)
        for each in sockets:
            stack.callback(each.close)
        yield Process(_means(settings, clock, client, reloading, leading, sockets), leading, reloading)


def identity(name: str = "") -> str:
    """What this process is called in the Lease: never as another one, be it an earlier one of the same pod."""
    return f"{name or socket.gethostname()}_{uuid4().hex[:8]}"


@dataclass(frozen=True)
class _Shared:
    """What one process has once, whether it leads or stands by."""

    settings: Settings
    clock: Clock
    client: Client
    reloading: Reloading
    leading: Leading
    cluster: KubernetesCluster
    hub: Mapping[str, Applications]


def _means(
    settings: Settings,
    clock: Clock,
    client: Client,
    reloading: Reloading,
    leading: Leading,
    sockets: list[socket.socket],
) -> Means:
    api = reloading.current.gitops.argocd  # where Argo CD is, counts from the start of the process on
    planes = _planes(settings, api)
    cluster = KubernetesCluster(client, clock, _namespaces(settings), settings.namespace, planes)
    shared = _Shared(settings, clock, client, reloading, leading, cluster, hub_of(cluster, api, clock))
    return Means(
        cluster=cluster,
        outside=partial(_outside, shared),
        open_log=partial(asyncio.to_thread, _opened, settings),
        log=ForeignLog(settings.store),
        sourcing=lambda: Sourcing(
            lambda source: PrometheusSource(source, rate=settings.query_rate, now=clock.now),
        ),
        tokens=Tokens(settings.tokens, clock),
        serve=partial(_serving, sockets),
        clock=clock,
        grace=settings.shutdown_grace,
        read_only=settings.read_only,
    )


def _outside(shared: _Shared, store: StoreThread) -> Outside:
    settings, clock, client = shared.settings, shared.clock, shared.client
    holds = Holds()
    on_cluster = KubernetesActuator(
        client,
        clock,
        settings.namespace,
        namespaces_readable=not _namespaces(settings),
        read_only=settings.read_only,
        kept=lambda workload: holds.on(workload, clock.now()),
    )
    left, held = shared.leading.left, holding(on_cluster.held, shared.leading.left)
    reach = Reach(lambda: shared.reloading.current.gitops, settings.git_cache, shared.hub)
    by_git, git, branches, notes = git_way(client, held, reach, clock, read_only=settings.read_only)
    providers = flags(client, lambda: shared.reloading.current.flags, clock, left)
    switching = FlagsActuator(providers, held, clock, read_only=settings.read_only)
    return Outside(
        cluster=shared.cluster,
        actuator=LadderActuator(on_cluster, {**by_way_of_git(by_git), FlagOrder: switching}),
        git=git,
        flags=providers,
        migrations=MigrationNotes(KubernetesMigrations(client, clock), notes, clock),
        announcer=KubernetesAnnouncer(client, clock, settings.namespace) if settings.events else None,
        store=store,
        clock=clock,
        holds=holds,
        examine=_examining(settings, client, clock, branches) if settings.preflight else None,
        couriers=lambda channel: courier(channel, clock.now),
        notes=Folder(settings.notes or settings.store.parent / "notes", settings.retention_days * DAY),
    )


def _namespaces(settings: Settings) -> tuple[str, ...]:
    """The ones to watch; empty: all."""
    return tuple(each.strip() for each in settings.namespaces.split(",") if each.strip())


def _planes(settings: Settings, api: ArgoApi | None) -> ControlPlanes:
    return ControlPlanes(settings.argocd_namespace, settings.flux_namespace, applications_here=api is None)


def _examining(settings: Settings, client: Client, clock: Clock, branches: Branches) -> Examine:
    """The preflight over the daemon's own cache, with connections of its own to the sources."""

    async def examined(
        cluster: Cluster, thresholds: Thresholds, states: Sequence[WorkloadState], rehearsed: Sequence[RehearsalRow]
    ) -> Report:
        asked = Asked(
            client=client,
            connect=lambda source: PrometheusSource(source, rate=settings.query_rate, now=clock.now),
            thresholds=thresholds,
            now=clock.now,
            namespaces=_namespaces(settings),
            own_namespace=settings.namespace,
            read_only=settings.read_only,
            known_good={state.workload: state.known_good for state in states},
            store=settings.store,
            git=branches,
            flags=flags(client, lambda: thresholds.flags, clock),
            without_flag=without_flag(rehearsed, states),
            planes=_planes(settings, thresholds.gitops.argocd),
            pause=lambda: clock.sleep(PREFLIGHT_PAUSE),
        )
        facts = await gather(asked, tuple(cluster.workloads()), cluster.problems())
        return await asyncio.to_thread(examine, facts)  # seconds for thousands of workloads: polls and the Lease go on

    return examined


def _opened(settings: Settings) -> StoreThread:
    writer = SQLiteStore.open(settings.store, retention=Retention(decisions=settings.retention_days * DAY))
    try:
        reader = SQLiteReader.open(settings.store)
    except BaseException:
        writer.close()
        raise
    return StoreThread(writer, reader)


async def _bound(settings: Settings) -> list[socket.socket]:
    """The sockets of the HTTP server, which outlive each of its applications.  Raises Rejected."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(asyncio.Protocol, settings.host, settings.port, start_serving=False)
    except OSError as error:
        reason = str(error.strerror).rpartition(": ")[2]  # asyncio puts the address before it once more
        raise Rejected(
            f"cannot listen on {settings.host}:{settings.port}: {reason}; choose another address with "
            f"--host and --port (WATCHER_HOST, WATCHER_PORT)"
        ) from error
    try:
        sockets = [each.dup() for each in server.sockets]
    finally:
        server.close()
    for each in sockets:
        each.listen()  # whoever asks while one application gives way to the next waits for the latter
    return sockets


@contextlib.asynccontextmanager
async def _serving(sockets: list[socket.socket], app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSING)
    await runner.setup()
    try:
        for each in sockets:
            await web.SockSite(runner, each.dup()).start()
        host, port = sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
