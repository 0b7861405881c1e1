"""Freeze windows in a daemon: seen at each step, also those that open or close while it runs, or change in the file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from tests.daemon.life import THRESHOLDS, Life, configure, living, virtual
from tests.daemon.outside import START

pytestmark = virtual


def minute(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M")


def window(begin: float, end: float, more: str = "") -> str:
    """Thresholds with a window from then till then, seconds after the start."""
    times = f"from: {minute(START + begin)}, until: {minute(START + end)}"
    return THRESHOLDS + f"freezes: {{deploys: {{{times}, reason: stocktaking{more}}}}}\n"


def open_windows(life: Life) -> float | None:
    registry = life.daemon.telemetry.registry
    return registry.get_sample_value("watcher_freeze_open", {"freeze": "deploys"})


async def test_what_is_held_follows_when_the_window_closes(thresholds: Path) -> None:
    configure(thresholds, window(-3600, 1200))
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.decision is not None)
        guard = life.watch().decision.guard  # type: ignore[union-attr]
        assert guard is not None
        assert guard.id == "freeze"
        assert "frozen by deploys until" in guard.reason
        assert open_windows(life) == 1
        status = life.daemon.status.status()
        assert [each["name"] for each in status["freezes"]] == ["deploys"]  # type: ignore[attr-defined]
        await life.until_outcome("restored", within=2400)
        assert life.outside.clock.now() >= START + 1140
        await asyncio.sleep(2)
        assert open_windows(life) is None
        assert life.daemon.status.status()["freezes"] == []


async def test_of_another_workload_it_holds_nothing(thresholds: Path) -> None:
    configure(thresholds, window(-3600, 7200, ", match: {name: search}"))
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        assert open_windows(life) == 1


async def test_a_window_that_is_written_while_the_daemon_runs(thresholds: Path) -> None:
    async with living(thresholds) as life:
        configure(thresholds, window(-3600, 7200))
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.decision is not None)
        assert life.watch().decision.guard.id == "freeze"  # type: ignore[union-attr]
        configure(thresholds, window(-3600, 7200, ", except: {rungs: [undo]}"))
        await life.until_outcome("restored")
