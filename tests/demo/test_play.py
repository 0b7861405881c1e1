"""The play of `watcher demo` from beginning to end, on real sockets and in virtual time."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from watcher.sandbox.demo.play import Play, summary
from watcher.sandbox.demo.stage import stage


class LoopClock:
    """Wall time at its making, moved on by the event loop's time, which is virtual here."""

    def __init__(self) -> None:
        self._start = time.time() - asyncio.get_running_loop().time()

    def now(self) -> float:
        return self._start + asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@pytest.mark.looptime(noop_cycles=42)
async def test_every_release_ends_as_it_must(tmp_path: Path) -> None:
    async with stage(tmp_path, clock=LoopClock()) as set_up:
        play = Play(set_up)
        await play.perform()
        result = json.loads(json.dumps(summary(play)))

    print(result)
