"""A stand-in for a Service before several servers: each new connection is passed on to the next one."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from urllib.parse import urlsplit


class Relay:
    """Passes bytes between a client and one of ``urls``, chosen anew for each connection; a thread of its own."""

    def __init__(self, *urls: str) -> None:
        self._next = itertools.cycle([(parts.hostname, parts.port) for parts in map(urlsplit, urls)])
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="relay", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self.url = ""

    def start(self) -> None:
        """Start the thread and wait until it listens. Raises TimeoutError."""
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("the relay did not listen within 10 s")

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _pass_on(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        host, port = next(self._next)
        server, requests = await asyncio.open_connection(host, port)
        await asyncio.gather(_copy(client, requests), _copy(server, answers))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while part := await source.read(65536):
            sink.write(part)
            await sink.drain()
    with contextlib.suppress(ConnectionError):
        sink.close()
        await sink.wait_closed()
