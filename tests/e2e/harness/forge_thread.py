"""The forge of a scenario: scenarios block, so it is served by a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.controlplane import Repository
from tests.e2e.controlplane.forge import ForgeServer

START_SECONDS = 30.0


@contextmanager
def served(repository: Repository) -> Iterator[ForgeServer]:
    """A forge that has one repository, under the name that the repository has at its Git server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"forge of {repository.bare.stem}")
    thread.start()
    serving = ForgeServer.serve(repository, repository.bare.stem)
    try:
        yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(START_SECONDS)
    finally:
        asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(START_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
