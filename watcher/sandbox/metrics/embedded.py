"""The metrics source for machines without Prometheus: scrapes for itself, answers the queries of the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import aiohttp
from aiohttp import web

from watcher.ports import Unavailable
from watcher.sandbox.metrics.api import QueryApi
from watcher.sandbox.metrics.scrape import Fetch, Scraper
from watcher.sandbox.metrics.store import Store

LOOPBACK = "127.0.0.1"
_SCRAPE_TIMEOUT = aiohttp.ClientTimeout(total=1.0)


class EmbeddedPrometheus:
    """Scrapes what `discovery` lists every `interval` seconds into memory and serves the query API on loopback.

    `now` tells the time in Unix seconds.  Samples survive a stop, as they would on Prometheus' disk; what a stopped
    source missed it does not mark stale either.
    """

    kind = "embedded"

    def __init__(self, discovery: str, *, now: Callable[[], float] = time.time, interval: float = 1.0) -> None:
        self.store = Store()
        self._discovery = discovery
        self._now = now
        self._interval = interval
        self._port = 0
        self._running = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """Where the API is; known once it was started, the same after every start."""
        return f"http://{LOOPBACK}:{self._port}"

    async def start(self) -> None:
        """Serve the API and begin to scrape.  Raises Unavailable when the port of before is taken by now."""
        async with contextlib.AsyncExitStack() as starting:
            await self._serve(starting)
            session = await starting.enter_async_context(aiohttp.ClientSession())
            scraper = Scraper(self._discovery, self.store, _fetch_with(session))
            task = asyncio.create_task(scraper.run(self._interval, self._now))
            starting.push_async_callback(_end, task)
            self._running = starting.pop_all()

    async def stop(self) -> None:
        """Neither scrape nor answer until the next start."""
        await self._running.aclose()

    async def _serve(self, starting: contextlib.AsyncExitStack) -> None:
        runner = web.AppRunner(QueryApi(self.store, self._now).application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        starting.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, LOOPBACK, self._port).start()
        except OSError as error:
            raise Unavailable(f"the embedded metrics source cannot listen on {self.url}: {error.strerror}") from error
        self._port = runner.addresses[0][1]


def _fetch_with(session: aiohttp.ClientSession) -> Fetch:
    async def fetch(url: str) -> str:
        try:
            async with session.get(url, timeout=_SCRAPE_TIMEOUT, raise_for_status=True) as answer:
                return await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"GET {url}: {error or 'timed out'}") from error

    return fetch


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
