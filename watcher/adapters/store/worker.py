"""The log used from asyncio: a disk that stalls must not stall the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from watcher.adapters.store.reading import SQLiteReader
from watcher.ports import Commit, Store, StoreReader

T = TypeVar("T")


class LogReader(Protocol):
    """The log, to be read from asyncio."""

    async def read(self, question: Callable[[StoreReader], T]) -> T:
        """The result of a function that only reads.  Raises what the store raises."""


class ForeignLog:
    """The log that another process writes: opened for each question anew, so it may come, go, and be migrated."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self, question: Callable[[StoreReader], T]) -> T:
        """As LogReader says."""
        return await asyncio.to_thread(self._answer, question)

    def _answer(self, question: Callable[[StoreReader], T]) -> T:
        reader = SQLiteReader.open(self._path)
        try:
            return question(reader)
        finally:
            reader.close()


class StoreThread:
    """Runs every call to the store in one thread of its own, in the order they were made.

    A `reader` has a thread of its own beside it: whoever reads does not wait for what is being written.  Without one,
    the store is read in turn.  A caller that is cancelled while it waits does not undo its call: what was begun is
    written.
    """

    def __init__(self, store: Store, reader: StoreReader | None = None) -> None:
        self._store, self._reader = store, reader
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-reader")

    async def commit(self, commit: Commit) -> tuple[int, ...]:
        """As Store.commit; returns when it is on disk."""
        return await self.ask(lambda store: store.commit(commit))

    async def ask(self, question: Callable[[Store], T]) -> T:
        """The result of a function of the store, called in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, question, self._store)

    async def read(self, question: Callable[[StoreReader], T]) -> T:
        """The result of a function that only reads; it may see the log as before a write that is under way."""
        if self._reader is None:
            return await self.ask(question)
        return await asyncio.get_running_loop().run_in_executor(self._reading, question, self._reader)

    async def close(self) -> None:
        """Finish what was begun, then let go of the log; the writer last, who tidies up the file."""
        if self._reader is not None:
            await self.read(lambda reader: reader.close())
        await self.ask(lambda store: store.close())
        self._reading.shutdown()
        self._executor.shutdown()
