"""A process that may not write decides as in mode observe."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.daemon.life import Life, alive, check_log, virtual
from tests.daemon.outside import Listening, Measuring
from watcher import app
from watcher.daemon.reloading import Reloading
from watcher.daemon.telemetry import Telemetry

pytestmark = virtual


async def test_read_only_says_what_would_have_been_done_and_orders_nothing(thresholds: Path) -> None:
    """The thresholds file says act."""
    async with alive() as outside:
        life = await Life.prepare(outside, thresholds)
        parts = app.Outside(life.cluster, life.acting, Listening(outside), life.store, outside.clock)
        telemetry, sourcing = Telemetry(), Measuring(outside)
        life.daemon = await app.assemble(
            parts, Reloading(thresholds, telemetry), sourcing, telemetry, grace=20.0, read_only=True
        )
        life.running = asyncio.create_task(life.daemon.run(life.stop))
        await asyncio.sleep(60.0)
        outside.release("v2", errors=0.2)
        await life.until(outside.store.decisions)
        await asyncio.sleep(60.0)
        (row,) = outside.store.decisions()
        assert (row.mode, row.outcome) == ("observe", "")
        assert row.target == "hash-v1"
        assert outside.orders == []
        await life.end()
        check_log(outside)
