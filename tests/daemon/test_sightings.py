"""What could be seen is recorded: of each workload whether it can be watched, of each source how long it was blind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.daemon.life import THRESHOLDS, Life, alive, configure, living, virtual
from tests.daemon.outside import CART
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.daemon.sightings import COVER_EVERY, WRITE_EVERY
from watcher.ports import API_SERVER, CoverageRow, Unavailable

pytestmark = virtual

LOOKED = COVER_EVERY + 30.0
OTHER = Workload(Kind.DEPLOYMENT, "elsewhere", "batch")


def row(life: Life, workload: Workload = CART) -> CoverageRow:
    return next(each for each in life.outside.store.coverage() if each.workload == str(workload))


def seconds(life: Life, source: str) -> tuple[float, float]:
    """Asked and blind, of all hours."""
    rows = [each for each in life.outside.store.blindness(0.0) if each.source == source]
    return sum(each.asked for each in rows), sum(each.blind for each in rows)


async def test_a_workload_is_unknown_until_a_release_of_it_was_judged(thresholds: Path) -> None:
    async with living(thresholds) as life:
        first = row(life)
        assert (first.sight, first.mode, first.rung) == ("unknown", "act", "undo")
        assert "no release" in first.why
        life.outside.release("v2")
        await life.until_watch(lambda watch: watch.verdict == "pass")
        await asyncio.sleep(LOOKED)
        assert (row(life).sight, row(life).why) == ("watchable", "")
        assert row(life).since > first.since
        kept = row(life)
        await asyncio.sleep(LOOKED)
        assert row(life) == kept, "nothing changed"


async def test_what_runs_is_no_way_back_before_it_is_known_good(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        life.outside.deploy(OTHER)
        await asyncio.sleep(LOOKED)
        assert row(life).rung == "undo", "back on the good version"
        assert (row(life, OTHER).sight, row(life, OTHER).rung) == ("unmatched", "")


async def test_a_workload_that_is_gone_is_covered_no_more_also_after_a_restart(thresholds: Path) -> None:
    async with alive() as outside:
        outside.deploy(OTHER)
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(LOOKED)
        assert row(life, OTHER)
        await life.end()
        outside.delete(OTHER)
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(LOOKED)
        assert [each.workload for each in outside.store.coverage()] == [str(CART)]
        await life.end()


async def test_the_never_list_and_a_kind_that_cannot_be_read_are_told(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS + "never: [{namespace: shop, name: cart}]\n")
    async with living(thresholds) as life:
        assert (row(life).sight, row(life).why) == ("excluded", "it is on the never list")
        life.outside.age = 90.0
        configure(thresholds, THRESHOLDS)
        await asyncio.sleep(LOOKED)
        assert row(life).sight == "blind"
        assert "last confirmed 90 s ago" in row(life).why


async def test_a_source_is_blind_for_as_long_as_it_does_not_answer_while_it_is_asked(thresholds: Path) -> None:
    async with living(thresholds) as life:
        await asyncio.sleep(WRITE_EVERY)
        assert seconds(life, "main") == (0.0, 0.0), "no release is under watch: nothing is asked"
        life.outside.release("v2")
        await asyncio.sleep(60.0)
        life.outside.blind = "connection refused"
        await asyncio.sleep(120.0)
        life.outside.blind = ""
        await life.until_watch(lambda watch: watch.verdict == "pass")
        await asyncio.sleep(WRITE_EVERY)
        asked, blind = seconds(life, "main")
    assert blind == pytest.approx(120.0, abs=15.0)
    assert asked == pytest.approx(180.0, abs=30.0), "and no longer than the watch"


async def test_the_view_of_the_cluster_counts_as_a_source_for_as_long_as_the_daemon_runs(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.age = 61.0
        await asyncio.sleep(300.0)
        life.outside.age = 0.0
        await asyncio.sleep(300.0)
        asked, blind = seconds(life, API_SERVER)
    assert asked == pytest.approx(660.0, abs=WRITE_EVERY + 10.0)
    assert blind == pytest.approx(300.0, abs=15.0)


async def test_what_cannot_be_written_is_written_later(thresholds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with living(thresholds) as life:

        async def refuse(_commit: object) -> None:
            raise Unavailable("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(life.daemon.sightings._journal, "keep", refuse)
            await asyncio.sleep(600.0)
        await asyncio.sleep(WRITE_EVERY + 10.0)
        assert seconds(life, API_SERVER)[0] >= 660.0
        assert life.outside.log_of("sightings_not_written")
