"""The log used from asyncio: a disk that stalls must not stall the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from watcher.ports import Commit, Store

T = TypeVar("T")


class StoreThread:
    """Runs every call to the store in one thread of its own, in the order they were made.

    A caller that is cancelled while it waits does not undo its call: what was begun is written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def commit(self, commit: Commit) -> tuple[int, ...]:
        """As Store.commit; returns when it is on disk."""
        return await self.ask(lambda store: store.commit(commit))

    async def ask(self, question: Callable[[Store], T]) -> T:
        """The result of a function of the store, called in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, question, self._store)

    async def close(self) -> None:
        """Finish what was begun, then let go of the log."""
        await self.ask(lambda store: store.close())
        self._executor.shutdown()
