"""/livez, /readyz and /metrics."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.conftest import Served
from watcher.core.words import Kind
from watcher.ports import Unavailable

NAMES = {
    "watcher_approvals": "counter",
    "watcher_build_info": "gauge",
    "watcher_notifications": "counter",
    "watcher_notifications_waiting": "gauge",
    "watcher_notifications_oldest_seconds": "gauge",
    "watcher_leader": "gauge",
    "watcher_workloads": "gauge",
    "watcher_releases_watched": "gauge",
    "watcher_breach": "gauge",
    "watcher_rollbacks_not_durable": "gauge",
    "watcher_bad_versions_back": "gauge",
    "watcher_bridges": "gauge",
    "watcher_breakers_open": "gauge",
    "watcher_freeze_open": "gauge",
    "watcher_kinds_not_followed": "gauge",
    "watcher_source_clock_offset_seconds": "gauge",
    "watcher_store_unwritable": "gauge",
    "watcher_rollbacks_running": "gauge",
    "watcher_workloads_failing": "gauge",
    "watcher_verdicts": "counter",
    "watcher_decisions": "counter",
    "watcher_guard_blocks": "counter",
    "watcher_rollback_outcomes": "counter",
    "watcher_detection_delay_seconds": "histogram",
    "watcher_time_to_restore_seconds": "histogram",
    "watcher_poll_duration_seconds": "histogram",
    "watcher_source_lag_seconds": "gauge",
    "watcher_source_healthy": "gauge",
    "watcher_flag_provider_healthy": "gauge",
    "watcher_migration_notes_unreadable": "gauge",
    "watcher_blind_seconds": "counter",
    "watcher_cache_age_seconds": "gauge",
    "watcher_config_reloads": "counter",
    "watcher_config_rejected": "gauge",
    "watcher_rung_attempts": "counter",
    "watcher_events_lost": "counter",
    "watcher_notes": "counter",
    "watcher_commands": "counter",
    "watcher_rehearsal_last_timestamp_seconds": "gauge",
    "watcher_rehearsal_duration_seconds": "gauge",
    "watcher_rehearsal_last_result": "gauge",
    "watcher_store_degraded": "gauge",
    "watcher_doctor_findings": "gauge",
    "watcher_doctor_timestamp_seconds": "gauge",
}


async def test_it_is_alive(served: Served) -> None:
    assert await served.text("/livez") == "ok\n"


async def test_it_is_not_ready_before_the_cluster_was_read(served: Served) -> None:
    served.life.daemon.status.synced = False
    served.outside.age = float("inf")
    assert await served.text("/readyz", 503) == "not ready\nthe cluster was not read completely yet\n"
    served.life.daemon.status.synced = True
    served.outside.age = 0.0
    assert await served.text("/readyz") == "ready\n"


async def test_it_is_not_ready_while_the_cluster_cannot_be_seen(served: Served) -> None:
    served.outside.age = 75.0
    text = await served.text("/readyz", 503)
    assert "the view of the cluster is 75 s old" in text


async def test_it_is_not_ready_while_the_log_cannot_be_written(served: Served) -> None:
    served.life.store.failing = Unavailable("disk I/O error")
    served.outside.release("v2")
    assert not await served.life.daemon.stepping.step([*served.outside.workloads])
    assert "not ready\nnothing is decided while this cannot be recorded: disk I/O error" in await served.text(
        "/readyz", 503
    )
    served.life.store.failing = None
    await served.step()
    assert await served.text("/readyz") == "ready\n"


async def test_a_prometheus_that_is_down_is_told_and_no_reason_to_be_unready(served: Served) -> None:
    served.outside.blind = "connection refused"
    served.outside.release("v2")
    await served.step()
    await served.step()
    assert await served.text("/readyz") == "ready\nmetrics source main: connection refused\n"


async def test_what_cannot_be_followed_and_a_log_in_danger_are_told(served: Served) -> None:
    served.outside.unreadable = frozenset({Kind.ROLLOUT})
    served.life.daemon.status.store_problem = "the disk of the decision log is full"
    assert await served.text("/readyz") == (
        "ready\nthe disk of the decision log is full\ncannot follow: list Rollout: 403\n"
    )


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0"])
async def test_the_metrics_are_all_there(served: Served, accept: str) -> None:
    async with served.http.get("/metrics", headers={"Accept": accept}) as answer:
        text = await answer.text()
        assert ("openmetrics" in answer.headers["Content-Type"]) == bool(accept)
    found = {each.name: each for each in text_string_to_metric_families(text.replace("# EOF\n", ""))}
    ours = {name: each.type for name, each in found.items() if not name.endswith("_created")}
    if not accept:
        assert ours == NAMES
        assert all(each.documentation for each in found.values())
    assert {name.removesuffix("_total") for name in ours} >= NAMES.keys()


async def test_every_metric_speaks_of_watcher(served: Served) -> None:
    text = await served.text("/metrics")
    assert all(line.startswith(("#", "watcher_")) for line in text.splitlines())
