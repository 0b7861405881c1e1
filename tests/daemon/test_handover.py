"""What a poll brings while the step that replaces a release is being written belongs to the release before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.daemon.life import living, virtual
from tests.daemon.outside import CART, requests_before

pytestmark = virtual


@pytest.mark.parametrize("pause", [40.0, 43.0, 46.0])
async def test_blocks_that_come_while_a_release_is_replaced_do_not_enter_the_next(
    thresholds: Path, pause: float
) -> None:
    """The disk takes longer than the time between two polls, so each commit has a poll within."""
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.005)
        await asyncio.sleep(60.0 + pause)
        life.store.seconds = 16.0
        life.outside.release("v3")
        await asyncio.sleep(90.0)
        life.store.seconds = 0.0
        await asyncio.sleep(10.0)
        release, seen = life.watch().release, life.watch().evidence.counters[0]
        assert release.revision == "hash-v3"
        usual = requests_before(life.outside.blocks[CART], release)
    assert seen.before.total == usual > 0
