"""Delivers notifications, each channel in a task of its own: none delays another, and none a rollback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from watcher.adapters.store.worker import StoreThread
from watcher.config import Thresholds
from watcher.config.channels import Channel
from watcher.daemon.routes import MOST_AT_ONCE, Route
from watcher.daemon.telemetry import Telemetry
from watcher.ports import LOST, Clock, Commit, Courier, Told, WatcherError

LOOK_EVERY = 5.0
"""Seconds between two looks at the channels of the thresholds file, and at what waits for them."""

log = structlog.get_logger("watcher.notifications")


class Delivering:
    """Keeps one `Route` for each channel of the thresholds in force.

    `permitted` tells whether this process is the one that acts: only it delivers.
    """

    def __init__(
        self,
        store: StoreThread,
        thresholds: Callable[[], Thresholds],
        couriers: Callable[[Channel], Courier],
        permitted: Callable[[], bool],
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._store, self._thresholds, self._couriers = store, thresholds, couriers
        self._permitted, self._telemetry, self._clock = permitted, telemetry, clock
        self._routes: dict[str, tuple[Route, asyncio.Task[None]]] = {}

    def wake(self) -> None:
        """There is something new in the outbox."""
        for route, _ in self._routes.values():
            route.wake()

    async def run(self) -> None:
        """For ever."""
        try:
            while True:
                self._follow(self._thresholds().channels.values())
                try:
                    await self._look_at_backlog()
                except WatcherError as error:
                    log.warning("outbox_unusable", channel="", error=str(error))
                await self._clock.sleep(LOOK_EVERY)
        finally:
            await self._end()

    def _follow(self, channels: Iterable[Channel]) -> None:
        """Begin the routes of new channels, and those of changed ones anew."""
        wanted = {each.name: each for each in channels}
        for name, (route, task) in list(self._routes.items()):
            if task.done():
                log.error("route_failed", channel=name, exc_info=None if task.cancelled() else task.exception())
            if task.done() or wanted.get(name) != route.channel:
                task.cancel()
                del self._routes[name]
        for name in wanted.keys() - self._routes.keys():
            route = Route(
                wanted[name], self._couriers(wanted[name]), self._store, self._clock, self._telemetry, self._permitted
            )
            self._routes[name] = route, asyncio.get_running_loop().create_task(route.run(), name=f"channel {name}")

    async def _look_at_backlog(self) -> None:
        backlog, now = await self._store.read(lambda log: log.backlog()), self._clock.now()
        for name in self._routes:
            count, oldest = backlog.get(name, (0, now))
            self._telemetry.notifications_waiting.labels(name).set(count)
            self._telemetry.notifications_oldest.labels(name).set(max(0.0, now - oldest))
        for name in backlog.keys() - self._routes.keys():
            await self._drop(name)

    async def _drop(self, channel: str) -> None:
        """What waits for a channel that the thresholds file names no more."""
        if not self._permitted():
            return
        waiting = await self._store.read(lambda log: log.outbox(channel, limit=MOST_AT_ONCE))
        log.warning("channel_gone", channel=channel, lost=[each.title for each in waiting])
        await self._store.commit(Commit(told=tuple(Told(each.key, LOST, self._clock.now()) for each in waiting)))
        self._telemetry.notifications.labels(channel, LOST).inc(len(waiting))

    async def _end(self) -> None:
        tasks = [task for _, task in self._routes.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
