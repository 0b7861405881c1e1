"""A proxy before the API server: it holds back chosen writes, and can make the server look busy.

Clients speak plain HTTP to it, on loopback; it speaks TLS to the API server and passes credentials on. Watches are
passed on as they come. A request whose client is gone is dropped, as it is when a node dies.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from tests.e2e.connections import cut_off
from tests.e2e.controlplane import eventually

LARGEST_BODY = 16 * 1024 * 1024
OF_THE_CONNECTION = ("Connection", "Host", "Keep-Alive", "Transfer-Encoding")  # headers that are not passed on
READS = ("GET", "HEAD")


class Moment(Enum):
    """When a write is held back."""

    BEFORE = "before"  # the API server has not seen it
    AFTER = "after"  # the API server has carried it out, and the client does not know it


@dataclass(frozen=True)
class Write:
    """A request that would change something; ``body`` is the decoded JSON."""

    method: str
    path: str
    body: Any = field(hash=False)


class Hold:
    """The first write that fits, held back until ``let_go`` or until its client is gone. Later ones pass.

    One that is to be held after the API server has carried it out is not held if that refuses it.
    """

    def __init__(self, fits: Callable[[Write], bool], moment: Moment) -> None:
        self._fits, self._moment = fits, moment
        self._passage: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop
        self.write: Write | None = None
        self.dropped = False

    @property
    def holding(self) -> bool:
        """Whether the write is there, at its moment."""
        return self._passage is not None

    def wait(self, within: float = 120.0) -> Write:
        """Wait until the write is held, and return it."""
        eventually(lambda: self.holding, within, f"a write is held {self._moment.value} it reaches the API server")
        assert self.write is not None
        return self.write

    def wait_dropped(self, within: float = 10.0) -> None:
        """Wait until its client is gone, so that nothing comes of it any more."""
        eventually(lambda: self.dropped, within, "the held write is dropped")

    def let_go(self) -> None:
        """Pass it on."""
        assert self._passage is not None, "nothing is held"
        self._loop.call_soon_threadsafe(self._passage.set)

    def takes(self, write: Write) -> bool:
        """Whether this is the write to hold; it is the only one then."""
        if self.write is not None or not self._fits(write):
            return False
        self.write = write
        return True

    async def before(self) -> None:
        """The write goes to the API server now."""
        if self._moment is Moment.BEFORE:
            await self._stand()

    async def after(self, *, carried_out: bool) -> None:
        """The API server has answered the write."""
        if self._moment is Moment.AFTER:
            if carried_out:
                await self._stand()
            else:
                self.write = None

    async def _stand(self) -> None:
        """Stand here until let go. Cancelled when the client goes away."""
        self._loop, self._passage = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self._passage.wait()
        except asyncio.CancelledError:
            self.dropped = True
            raise


class Proxy:
    """The proxy, in a thread of its own. ``server`` is the API server, ``ca`` the authority of its certificate.

    ``writes`` are all that came by, in their order. While ``busy`` every request is answered 429, to be tried again
    after a second; ``refused`` counts these. Leases are spared, as by a FlowSchema of their own.
    """

    def __init__(self, server: str, ca: Path) -> None:
        self.writes: list[Write] = []
        self.busy = False
        self.refused = 0
        self.url = ""
        self._server = server
        self._tls = ssl.create_default_context(cafile=str(ca))
        self._holds: list[Hold] = []
        self._listening = threading.Event()
        self._stop: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._upstream: aiohttp.ClientSession
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="proxy", daemon=True)

    def start(self) -> None:
        """Start it and wait until it listens. Raises TimeoutError."""
        self._thread.start()
        if not self._listening.wait(10):
            raise TimeoutError("the proxy did not listen within 10 s")

    def stop(self) -> None:
        """Drop all connections and end the thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def hold(self, fits: Callable[[Write], bool], moment: Moment = Moment.BEFORE) -> Hold:
        """Hold the next write that fits at this moment."""
        hold = Hold(fits, moment)
        self._holds.append(hold)
        return hold

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._pass)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as self._upstream:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._listening.set()
            await self._stop.wait()
            await runner.cleanup()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        if self.busy and "/leases/" not in request.path:
            self.refused += 1
            return web.Response(status=429, headers={"Retry-After": "1"}, text="too many requests")
        body = await request.read()
        hold = self._noted(request, body)
        if hold is not None:
            await hold.before()
        return await self._forward(request, body, hold)

    def _noted(self, request: web.Request, body: bytes) -> Hold | None:
        """Note a write; the hold that takes it, if there is one."""
        if request.method in READS:
            return None
        write = Write(request.method, request.path, json.loads(body) if body else None)
        self.writes.append(write)
        return next((hold for hold in self._holds if hold.takes(write)), None)

    async def _forward(self, request: web.Request, body: bytes, hold: Hold | None) -> web.StreamResponse:
        response = web.StreamResponse()
        with suppress(aiohttp.ClientError, ConnectionError):
            async with self._upstream.request(
                request.method, self._server + request.raw_path, headers=_passed_on(request.headers), data=body
            ) as answer:
                with cut_off(answer):
                    if hold is not None:
                        await answer.read()
                        await hold.after(carried_out=answer.ok)
                    response = web.StreamResponse(status=answer.status, headers=_passed_on(answer.headers))
                    await response.prepare(request)
                    await _copy(answer, response)
                    return response
        _hang_up(request)
        return response


async def _copy(answer: aiohttp.ClientResponse, response: web.StreamResponse) -> None:
    if answer.content.is_eof():
        await response.write(await answer.read())
    async for part in answer.content.iter_any():
        await response.write(part)
    await response.write_eof()


def _passed_on(headers: Any) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    for name in OF_THE_CONNECTION:
        kept.popall(name, None)
    return kept


def _hang_up(request: web.Request) -> None:
    """The API server is away, or went away amid an answer: the client sees just that."""
    if request.transport is not None:
        request.transport.abort()
