"""The log from asyncio."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from tests.contract.store.rows import commit, decision, transition
from watcher.adapters.store.memory import MemoryStore
from watcher.adapters.store.reading import SQLiteReader
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.adapters.store.worker import StoreThread
from watcher.ports import Commit, Store


async def test_calls_are_made_in_order_in_one_thread_that_is_not_the_loops() -> None:
    log = StoreThread(MemoryStore())
    threads = set()

    def note(store: Store) -> int:
        threads.add(threading.get_ident())
        return len(list(store.transitions()))

    answers = await asyncio.gather(
        log.commit(commit(transition(1))), log.ask(note), log.commit(commit(transition(2))), log.ask(note)
    )
    await log.close()
    assert tuple(answers) == ((1,), 1, (2,), 2)
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_the_loop_goes_on_while_the_disk_stalls() -> None:
    disk = threading.Event()
    log = StoreThread(MemoryStore())
    stalled = asyncio.ensure_future(log.ask(lambda store: disk.wait()))
    await asyncio.sleep(0)
    assert not stalled.done()
    disk.set()
    assert await stalled
    await log.close()


async def test_who_reads_does_not_wait_for_what_is_written(tmp_path: Path) -> None:
    path, disk = tmp_path / "log.db", threading.Event()
    writer = SQLiteStore.open(path, reserve=0)
    log = StoreThread(writer, SQLiteReader.open(path))
    await log.commit(commit(decisions=(decision("d1"),)))
    stalled = asyncio.ensure_future(log.ask(lambda store: disk.wait()))
    assert (await log.read(lambda reader: reader.decision("d"))).id == "d1"
    assert not stalled.done()
    disk.set()
    await stalled
    await log.commit(commit(decisions=(decision("d2"),)))
    assert [row.id for row in await log.read(lambda reader: reader.decisions())] == ["d2", "d1"]
    await log.close()
    assert not path.with_name("log.db-wal").exists(), "the writer is the last, and tidies up"


async def test_without_a_reader_the_store_is_read_in_turn() -> None:
    log = StoreThread(MemoryStore())
    await log.commit(commit(decisions=(decision("d1"),)))
    assert (await log.read(lambda reader: reader.decision("d1"))).id == "d1"
    await log.close()


async def test_errors_reach_the_caller() -> None:
    log = StoreThread(MemoryStore())
    with pytest.raises(ValueError, match="policy"):
        await log.commit(Commit(transitions=(transition(),)))
    await log.close()


async def test_a_cancelled_caller_does_not_undo_what_was_begun() -> None:
    disk = threading.Event()
    store = MemoryStore()
    log = StoreThread(store)
    stalled = asyncio.ensure_future(log.ask(lambda store: disk.wait()))
    writing = asyncio.ensure_future(log.ask(lambda store: store.commit(commit(transition()))))
    await asyncio.sleep(0)
    stalled.cancel()
    disk.set()
    await writing
    await log.close()
    assert len(list(store.transitions())) == 1
