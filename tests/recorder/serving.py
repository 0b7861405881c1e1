"""Web applications on loopback, served by a thread of their own while commands run that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from aiohttp import web


@contextmanager
def served(*applications: web.Application) -> Iterator[list[str]]:
    """The addresses of these applications, without a slash at the end, while they are served."""
    ready, urls = threading.Event(), list[str]()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        over = asyncio.Event()
        async with AsyncExitStack() as stack:
            for each in applications:
                runner = web.AppRunner(each, access_log=None, shutdown_timeout=0.1)
                await runner.setup()
                stack.push_async_callback(runner.cleanup)
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
            stop.append((asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, name="served")
    thread.start()
    assert ready.wait(10)
    try:
        yield urls
    finally:
        loop, over = stop[0]
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
