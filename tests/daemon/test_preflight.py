"""The preflight beside the daemon: when it is done, where its findings are told, and that it disturbs nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from structlog.testing import capture_logs

from tests.daemon.life import THRESHOLDS, Life, configure, virtual
from tests.daemon.outside import Outside
from tests.doctor.healthy import facts, workload
from tests.doctor.pairs import PAIRS
from watcher.daemon.preflight import EXAMINE_EVERY, LOOK_EVERY, Preflight
from watcher.doctor.examine import Report, examine
from watcher.doctor.facts import Facts

HEALTHY = facts()
BROKEN = facts(workload(history_limit=0))

pytestmark = virtual


@dataclass
class Doctor:
    """Examines what it is given; counts."""

    facts: Facts = field(default_factory=lambda: BROKEN)
    done: int = 0
    fails: bool = False

    async def __call__(self) -> Report:
        self.done += 1
        if self.fails:
            raise RuntimeError("a mistake in a rule")
        return examine(self.facts)


@contextlib.asynccontextmanager
async def examining(tmp_path: Path, doctor: Doctor) -> AsyncIterator[tuple[Life, Preflight]]:
    thresholds = tmp_path / "thresholds.yaml"
    configure(thresholds, THRESHOLDS)
    outside = Outside()
    outside.deploy()
    life = await Life.prepare(outside, thresholds)
    preflight = Preflight(doctor, life.daemon.status, life.daemon.telemetry, outside.clock)
    task = asyncio.create_task(preflight.run())
    try:
        yield life, preflight
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def value(life: Life, name: str, **labels: str) -> float | None:
    return life.daemon.telemetry.registry.get_sample_value(name, labels)


async def test_it_is_done_once_the_cluster_was_read_and_hourly_from_then_on(tmp_path: Path) -> None:
    doctor = Doctor()
    async with examining(tmp_path, doctor) as (life, preflight):
        await asyncio.sleep(10 * LOOK_EVERY)
        assert doctor.done == 0
        life.daemon.status.synced = True
        await asyncio.sleep(LOOK_EVERY + 1)
        assert doctor.done == 1
        await asyncio.sleep(EXAMINE_EVERY - 3 * LOOK_EVERY)
        assert doctor.done == 1
        await asyncio.sleep(4 * LOOK_EVERY)
        assert doctor.done == 2
        preflight.soon()
        await asyncio.sleep(LOOK_EVERY + 1)
        assert doctor.done == 3


async def test_findings_are_told_by_metrics_log_probe_and_api(tmp_path: Path) -> None:
    doctor = Doctor()
    async with examining(tmp_path, doctor) as (life, preflight):
        status = life.daemon.status
        status.synced = True
        with capture_logs() as logs:
            await asyncio.sleep(LOOK_EVERY + 1)
        assert value(life, "watcher_doctor_findings", id="no-history", severity="critical") == 1
        assert value(life, "watcher_doctor_findings", id="paused", severity="warning") == 0
        assert value(life, "watcher_doctor_timestamp_seconds") == BROKEN.now
        (line,) = [each for each in logs if each["event"] == "finding"]
        assert (line["id"], line["severity"]) == ("no-history", "critical")
        notes = "\n".join(status.readiness()[1])
        assert "preflight: Deployment/shop/cart keeps no earlier revision" in notes
        assert [each["id"] for each in status.doctor()["findings"]] == ["no-history"]  # type: ignore[attr-defined]
        doctor.facts = HEALTHY
        preflight.soon()
        await asyncio.sleep(LOOK_EVERY + 1)
        assert value(life, "watcher_doctor_findings", id="no-history", severity="critical") == 0
        assert "preflight" not in "\n".join(status.readiness()[1])


async def test_warnings_are_no_matter_for_the_probe(tmp_path: Path) -> None:
    async with examining(tmp_path, Doctor(PAIRS["paused"][0])) as (life, _):
        life.daemon.status.synced = True
        await asyncio.sleep(LOOK_EVERY + 1)
        assert value(life, "watcher_doctor_findings", id="paused", severity="warning") == 1
        assert "preflight" not in "\n".join(life.daemon.status.readiness()[1])


async def test_a_mistake_of_its_own_is_logged_and_tried_again_later(tmp_path: Path) -> None:
    doctor = Doctor(fails=True)
    async with examining(tmp_path, doctor) as (life, _):
        life.daemon.status.synced = True
        with capture_logs() as logs:
            await asyncio.sleep(LOOK_EVERY + 1)
        assert [each["event"] for each in logs] == ["preflight_failed"]
        doctor.fails = False
        await asyncio.sleep(EXAMINE_EVERY + LOOK_EVERY)
        assert doctor.done == 2
        assert life.daemon.status.preflight is not None
