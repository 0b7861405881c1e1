"""From the log on disk to a receiver that listens: what a killed process recorded is delivered by the next."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.adapters.notify.receiver import Receiver, receiving
from tests.config.texts import GOOD
from tests.docs.pages import ROOT
from watcher.adapters.notify import courier
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.adapters.store.worker import StoreThread
from watcher.config import Thresholds, loads
from watcher.daemon.clock import SystemClock
from watcher.daemon.delivering import Delivering
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Courier, Notification, Store


@asynccontextmanager
async def delivering(path: Path, thresholds: Thresholds, by: Courier | None = None) -> AsyncIterator[StoreThread]:
    """As a daemon delivers: in its own task, from the log."""
    clock, store = SystemClock(), StoreThread(SQLiteStore.open(path, reserve=0))
    task = asyncio.create_task(
        Delivering(
            store,
            lambda: thresholds,
            lambda channel: by or courier(channel, clock.now),
            lambda: True,
            Telemetry(),
            clock,
        ).run()
    )
    yield store
    task.cancel()
    await asyncio.wait([task])
    await store.close()


async def backlog(store: StoreThread, wanted: int) -> None:
    """Wait until so many notifications wait."""

    def count(log: Store) -> int:
        return sum(number for number, _ in log.backlog().values())

    async with asyncio.timeout(30):
        while await store.ask(count) != wanted:  # noqa: ASYNC110 - the log wakes nobody
            await asyncio.sleep(0.05)


def killed(path: Path) -> None:
    script = [sys.executable, "-m", "tests.adapters.notify.killed_writer", str(path)]
    assert subprocess.run(script, cwd=ROOT, check=False).returncode == -signal.SIGKILL


def listening(receiver: Receiver, tmp_path: Path) -> Thresholds:
    secret = tmp_path / "secret"
    secret.write_text("correct horse battery staple")
    return loads(f"{GOOD}notifications: {{bus: {{webhook: {{url: '{receiver.url}', secretFile: {secret}}}}}}}\n")


class Dying:
    """Sends, and is gone before it can tell that it has: what a kill between sending and noting it comes to."""

    def __init__(self, real: Courier) -> None:
        self._real = real
        self.sent = asyncio.Event()

    async def deliver(self, notification: Notification) -> None:
        await self._real.deliver(notification)
        self.sent.set()
        await asyncio.Event().wait()


async def test_what_a_killed_process_recorded_is_delivered_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await asyncio.to_thread(killed, path)
    async with receiving() as receiver:
        thresholds = listening(receiver, tmp_path)
        async with delivering(path, thresholds) as store:
            await backlog(store, 0)
        (got,) = receiver.received
        assert json.loads(got.body)["id"] == got.headers["webhook-id"] == "3f9a01c2d4e5/held"
        assert got.headers["webhook-signature"].startswith("v1,")
        async with delivering(path, thresholds) as store:
            await backlog(store, 0)
        assert len(receiver.received) == 1, "not again at the start after"


async def test_a_kill_after_sending_sends_the_same_id_again(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await asyncio.to_thread(killed, path)
    async with receiving() as receiver:
        thresholds = listening(receiver, tmp_path)
        dying = Dying(courier(thresholds.channels["bus"], SystemClock().now))
        async with delivering(path, thresholds, dying) as store:
            await asyncio.wait_for(dying.sent.wait(), 30)
            await backlog(store, 1)
        async with delivering(path, thresholds) as store:
            await backlog(store, 0)
        assert [each.headers["webhook-id"] for each in receiver.received] == ["3f9a01c2d4e5/held"] * 2
