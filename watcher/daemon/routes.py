"""The way of notifications to one channel: in order, again until they arrive or are too old, not too many."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable

import structlog

from watcher.adapters.store.worker import StoreThread
from watcher.config.channels import Channel
from watcher.core.telling.message import Around, summed_up
from watcher.daemon.telemetry import Telemetry
from watcher.ports import (
    DELIVERED,
    LOST,
    SUMMED_UP,
    Clock,
    Commit,
    Courier,
    Notification,
    Rejected,
    Told,
    Unavailable,
    WatcherError,
)

LOOK_EVERY = 5.0
"""Seconds between two looks into the outbox when nothing wakes."""

SHORTEST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
"""Seconds until the next attempt after one that failed; doubled each time."""

LONGEST_ATTEMPT = 90.0
"""Seconds after which an attempt without an end is left."""

MOST_AT_ONCE = 1000
"""Notifications that are looked at together; more wait in the outbox."""

FAILED = "failed"
"""Result of an attempt that is made again."""

log = structlog.get_logger("watcher.notifications")


class Route:
    """Delivers what waits for one channel.  `cluster` is named in messages that sum up others."""

    def __init__(
        self,
        channel: Channel,
        courier: Courier,
        store: StoreThread,
        clock: Clock,
        telemetry: Telemetry,
        permitted: Callable[[], bool],
    ) -> None:
        self.channel = channel
        self._courier, self._store, self._clock = courier, store, clock
        self._telemetry, self._permitted = telemetry, permitted
        self._news = asyncio.Event()
        self._sent: deque[float] = deque()
        self._failures = 0
        self._unmarked: list[Told] = []

    def wake(self) -> None:
        """Look into the outbox soon."""
        self._news.set()

    async def run(self) -> None:
        """For ever.  Whatever fails here is tried again, and concerns nobody else."""
        while True:
            self._news.clear()
            try:
                pause = await self.round()
            except WatcherError as error:
                log.warning("outbox_unusable", channel=self.channel.name, error=str(error))
                pause = LOOK_EVERY
            if self._failures or pause > LOOK_EVERY:
                await self._clock.sleep(pause)
            else:
                await self._wait(pause)

    async def round(self) -> float:
        """Deliver what waits now; seconds until the next look.  Raises WatcherError of the store."""
        if not self._permitted():
            return LOOK_EVERY
        await self._mark()
        waiting = await self._store.read(lambda log: log.outbox(self.channel.name, limit=MOST_AT_ONCE))
        fresh = await self._without_old(waiting)
        free = self._free()
        if not fresh:
            return LOOK_EVERY
        if not free:
            return max(SHORTEST_PAUSE, self._sent[0] + self.channel.window - self._clock.now())
        alone = fresh if len(fresh) <= free else fresh[: free - 1]
        for notification in alone:
            if not self._permitted() or not await self._bring(notification, (notification,), DELIVERED):
                return self._pause()
        rest = fresh[len(alone) :]
        if rest and not await self._bring(self._sum(rest), rest, SUMMED_UP):
            return self._pause()
        return LOOK_EVERY

    async def _bring(self, notification: Notification, meant: Iterable[Notification], result: str) -> bool:
        """Send it once, and note what became of those that are `meant` by it; False: to be tried again."""
        try:
            async with asyncio.timeout(LONGEST_ATTEMPT):
                await self._courier.deliver(notification)
        except Rejected as error:
            await self._lose(meant, str(error))
            return True
        except (Unavailable, TimeoutError) as error:
            self._failed(str(error) or f"no end within {LONGEST_ATTEMPT:.0f} s")
            return False
        except Exception as error:  # noqa: BLE001 - a fault of ours or a library's; its text may hold a token
            self._failed(f"watcher itself failed with {type(error).__name__}; report it")
            return False
        self._arrived()
        await self._note(meant, result)
        return True

    def _arrived(self) -> None:
        self._sent.append(self._clock.now())
        if self._failures:
            log.info("channel_reached_again", channel=self.channel.name, attempts=self._failures)
        self._failures = 0

    def _failed(self, why: str) -> None:
        self._telemetry.notifications.labels(self.channel.name, FAILED).inc()
        if not self._failures:
            log.warning("channel_not_reached", channel=self.channel.name, error=why)
        self._failures += 1

    async def _lose(self, notifications: Iterable[Notification], why: str) -> None:
        lost = list(notifications)
        for each in lost:
            log.error("notification_lost", channel=self.channel.name, title=each.title, id=each.event, why=why)
        await self._note(lost, LOST)

    async def _note(self, notifications: Iterable[Notification], result: str) -> None:
        """Note what became of them.  What cannot be written now is written before anything else is sent."""
        now = self._clock.now()
        told = [Told(each.key, result, now) for each in notifications]
        self._telemetry.notifications.labels(self.channel.name, result).inc(len(told))
        self._unmarked += told
        await self._mark()

    async def _mark(self) -> None:
        if self._unmarked:
            await self._store.commit(Commit(told=tuple(self._unmarked)))
            self._unmarked = []

    async def _without_old(self, waiting: list[Notification]) -> list[Notification]:
        horizon = self._clock.now() - self.channel.expire
        old = [each for each in waiting if each.at < horizon]
        if old:
            await self._lose(old, f"not delivered within {self.channel.expire:.0f} s")
        return [each for each in waiting if each.at >= horizon]

    def _free(self) -> int:
        """How many messages the rate allows now."""
        while self._sent and not 0 <= self._clock.now() - self._sent[0] < self.channel.window:
            self._sent.popleft()
        return max(0, self.channel.most - len(self._sent))

    def _sum(self, rest: list[Notification]) -> Notification:
        """One message that tells what these would."""
        cluster = str(json.loads(rest[0].body).get("cluster") or "")
        told = summed_up(tuple(each.title for each in rest), Around(self._clock.now(), cluster))
        events = [each.event for each in rest]
        name = hashlib.sha256("\n".join(events).encode()).hexdigest()[:12]
        body = json.dumps({"cluster": cluster, "workload": None, "events": events}).encode()
        return Notification(
            key=f"summary/{name}@{self.channel.name}",
            event=f"summary/{name}",
            channel=self.channel.name,
            at=rest[-1].at,
            stage="summary",
            workload="",
            title=told.title,
            text=told.text,
            body=body,
        )

    def _pause(self) -> float:
        return float(min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** min(max(0, self._failures - 1), 10)))

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
