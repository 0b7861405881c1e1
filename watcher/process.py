"""One process of the daemon: stands by until it may write, is the daemon while it may, and stands by again.

Each time it leads, everything that watches and acts is made anew from the decision log, as after a restart, and taken
down before it stands by: nothing of an earlier time can act in a later one.  The followed cluster, the thresholds in
force and the address of the HTTP server stay.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web

from watcher import __version__
from watcher.adapters.store.errors import StoreInUse
from watcher.adapters.store.worker import LogReader, StoreThread
from watcher.app import Daemon, FollowedCluster, Outside, assemble
from watcher.daemon.leading import Leading
from watcher.daemon.reloading import Reloading
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.standby import Standby
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Clock
from watcher.web.server import People, application
from watcher.web.standby import standby_application
from watcher.web.tokens import Tokens

LOCK_EVERY = 0.5
"""Seconds between two tries to open a decision log that another process still writes."""

log = structlog.get_logger("watcher.process")


@dataclass(frozen=True)
class Means:
    """What a process works with, whether it leads or not.

    `open_log` raises StoreInUse while another process writes the decision log; `log` reads it meanwhile.  `serve` is
    an HTTP server for as long as it is entered, and gives its URL.
    """

    cluster: FollowedCluster
    outside: Callable[[StoreThread], Outside]
    open_log: Callable[[], Awaitable[StoreThread]]
    log: LogReader
    sourcing: Callable[[], Sourcing]
    serve: Callable[[web.Application], AbstractAsyncContextManager[str]]
    clock: Clock
    grace: float
    tokens: Tokens | None = None
    read_only: bool = False


class Process:
    """Runs until it is stopped, in turn as a standby and as the daemon.

    `daemon` is the daemon while this process leads, else None.
    """

    def __init__(self, means: Means, leading: Leading, reloading: Reloading) -> None:
        self._means, self._leading, self._reloading = means, leading, reloading
        self.daemon: Daemon | None = None
        self._at_work = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set.

        Raises WatcherError when the decision log cannot be used, ExceptionGroup when a part failed for good; the
        process should end then, to be started anew.
        """
        following, terms = _task("cluster", self._means.cluster.run()), _task("terms", self._terms(stop))
        try:
            await asyncio.wait([following, terms], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.set()
            await asyncio.wait([terms])
            following.cancel()
            await asyncio.wait([following])
        terms.result()
        if not following.cancelled():
            following.result()

    async def at_work(self) -> Daemon:
        """Wait until this process leads; the daemon that it is then."""
        while self.daemon is None:
            await self._at_work.wait()
        return self.daemon

    async def _terms(self, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                await self._term(stop)
        finally:
            await self._leading.release()

    async def _term(self, stop: asyncio.Event) -> None:
        """Stand by until this process may write, then be the daemon, until stopped or until it may not any more."""
        over = asyncio.Event()
        async with contextlib.AsyncExitStack() as stack:
            async with self._standing_by() as standby:
                if not await _unless(stop, self._leading.acquire()):
                    return
                stack.push_async_callback(_ended, _task("lease", _then(self._leading.keep(), over)))
                stack.push_async_callback(_ended, _task("stop", _then(stop.wait(), over)))
                store = await self._opened_log(standby, over)
            if store is not None:
                await self._lead(store, over)

    async def _opened_log(self, standby: Standby, over: asyncio.Event) -> StoreThread | None:
        """The decision log, once nobody else writes it.  Not to be interrupted, or it would stay locked."""
        while not over.is_set():
            try:
                return await self._means.open_log()
            except StoreInUse as error:
                if not standby.waits_for_log:
                    log.warning("decision_log_in_use", why=str(error))
                standby.waits_for_log = str(error)
            await self._means.clock.sleep(LOCK_EVERY)
        return None

    @contextlib.asynccontextmanager
    async def _standing_by(self) -> AsyncIterator[Standby]:
        means, telemetry = self._means, _telemetry()
        self._reloading.hand_over(telemetry)
        standby = Standby(means.cluster, self._reloading, self._leading, telemetry, means.clock)
        running = _task("standby", standby.run())
        try:
            async with means.serve(standby_application(standby, means.log, telemetry.registry)):
                yield standby
        finally:
            await _ended(running)

    async def _lead(self, store: StoreThread, over: asyncio.Event) -> None:
        means, telemetry = self._means, _telemetry()
        telemetry.leader.set_function(self._leading.leads)
        self._reloading.hand_over(telemetry)
        sourcing = means.sourcing()
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(store.close)
            stack.push_async_callback(sourcing.close)
            daemon = await assemble(
                means.outside(store),
                self._reloading,
                sourcing,
                telemetry,
                means.grace,
                read_only=means.read_only,
                leads=self._leading.leads,
            )
            daemon.status.role, daemon.status.identity = self._leading.role, self._leading.identity
            app = application(daemon.status, store, telemetry.registry, self._people(daemon))
            daemon.url = await stack.enter_async_context(means.serve(app))
            stack.callback(self._leave)
            self.daemon = daemon
            self._at_work.set()
            await daemon.run(over)

    def _people(self, daemon: Daemon) -> People | None:
        """Without tokens nobody may do anything."""
        tokens = self._means.tokens
        if tokens is None:
            return None
        return People(daemon.persons, tokens, daemon.rehearsals, daemon.breakers, daemon.flag_restores)

    def _leave(self) -> None:
        self.daemon = None
        self._at_work.clear()


def _telemetry() -> Telemetry:
    """New for each time: no gauge of an earlier one is left standing."""
    telemetry = Telemetry()
    telemetry.build_info.labels(__version__).set(1)
    return telemetry


async def _then(work: Coroutine[Any, Any, object], over: asyncio.Event) -> None:
    try:
        await work
    finally:
        over.set()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Whether this was done before it was time to stop."""
    working, stopped = _task("work", work), _task("stop", stop.wait())
    try:
        await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
        return working.done()
    finally:
        await _ended(stopped)
        await _ended(working)


async def _ended(task: asyncio.Task[Any]) -> None:
    """End a task.  Raises what it failed with."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def _task(name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(work, name=name)
