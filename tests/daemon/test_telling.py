"""What operators see: log lines and the daemon's own metrics."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.daemon.life import THRESHOLDS, Life, configure, living, virtual

pytestmark = virtual


def value(life: Life, name: str, **labels: str) -> float | None:
    return life.daemon.telemetry.registry.get_sample_value(name, labels)


async def test_a_rollback_in_metrics(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        await asyncio.sleep(2.0)
        bad = life.watch().decision
        assert bad is not None
        first_bad = bad.findings[0].since
        assert first_bad is not None
        assert value(life, "watcher_decisions_total", action="roll_back", mode="act", rung="undo") == 1
        assert value(life, "watcher_verdicts_total", verdict="breach") == 1
        assert value(life, "watcher_rollback_outcomes_total", outcome="restored") == 1
        assert value(life, "watcher_rung_attempts_total", rung="undo", result="applied") == 1
        assert value(life, "watcher_detection_delay_seconds_sum") == bad.at - first_bad
        assert value(life, "watcher_time_to_restore_seconds_sum") == (life.watch().ended_at or 0) - first_bad
        assert value(life, "watcher_rollbacks_running") == 0
        assert value(life, "watcher_workloads") == 1
        assert value(life, "watcher_releases_watched") == 0


async def test_what_follows_the_end_of_a_watch_is_not_its_end_again(thresholds: Path) -> None:
    """Later the revision it went back to has soaked: a transition, and no second verdict."""
    configure(thresholds, THRESHOLDS.replace("judge:", "knownGood: {soak: 10m}\n    judge:"))
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        before = len(life.outside.log_of("transition"))
        await asyncio.sleep(700.0)
        assert [line["moved"] for line in life.outside.log_of("transition")[before:]] == [["known_good"]]
        assert len(life.outside.log_of("release_ended")) == 1
        assert value(life, "watcher_verdicts_total", verdict="breach") == 1
        assert value(life, "watcher_time_to_restore_seconds_count") == 1


async def test_a_decision_is_one_line_that_holds_all_of_it(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
    (line,) = life.outside.log_of("decision")
    assert line["log_level"] == "warning"
    assert (line["action"], line["mode"], line["rung"]) == ("roll_back", "act", "undo")
    assert line["target"]["revision"] == "hash-v1"
    assert line["verdicts"][0]["check"] == "errors"
    names = [each["event"] for each in life.outside.logged]
    assert list(dict.fromkeys(names)) == [
        "cluster_read",
        "transition",
        "decision",
        "rung_ordered",
        "rung_reported",
        "release_ended",
        "stopping",
        "stopped",
    ]


async def test_a_guard_that_blocks_is_counted(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.workloads[next(iter(life.outside.workloads))].hold = "freeze"
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.decision)
        assert value(life, "watcher_guard_blocks_total", guard="hold") == 1
        assert value(life, "watcher_detection_delay_seconds_count") == 0


async def test_a_blind_source_is_told_while_somebody_needs_it(thresholds: Path) -> None:
    async with living(thresholds) as life:
        assert value(life, "watcher_source_healthy", source="main") is None
        life.outside.release("v2")
        await asyncio.sleep(20.0)
        assert value(life, "watcher_source_healthy", source="main") == 1
        assert value(life, "watcher_blind_seconds_total", source="main") is None
        life.outside.blind = "connection refused"
        await asyncio.sleep(60.0)
        assert value(life, "watcher_source_healthy", source="main") == 0
        blind = value(life, "watcher_blind_seconds_total", source="main")
        assert blind is not None
        assert 50.0 <= blind <= 61.0
        life.outside.delete()
        await asyncio.sleep(3.0)
        gone = value(life, "watcher_blind_seconds_total", source="main")
        await asyncio.sleep(60.0)
        assert value(life, "watcher_blind_seconds_total", source="main") == gone
        assert value(life, "watcher_source_healthy", source="main") is None
        assert life.daemon.status.readiness() == (True, [])
