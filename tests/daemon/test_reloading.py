"""The thresholds file changes while the daemon runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.daemon.life import THRESHOLDS, configure, living, virtual
from watcher.config import ConfigError, Thresholds
from watcher.daemon.reloading import Reloading
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Forbidden

OTHER = THRESHOLDS.replace("max: 1%", "max: 2%")
BAD = THRESHOLDS.replace("mode: act", "mode: actt").replace("namespace: shop", "namspace: shop")


class Reloads:
    """A file that is watched, and what came of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.telemetry = Telemetry()
        self.taken: list[Thresholds] = []
        self.reloading = Reloading(path, self.telemetry)
        self.reloading.on_change.append(self.taken.append)

    def count(self, result: str) -> float:
        name = "watcher_config_reloads_total"
        return self.telemetry.registry.get_sample_value(name, {"result": result}) or 0.0

    @property
    def rejected(self) -> float | None:
        return self.telemetry.registry.get_sample_value("watcher_config_rejected")


@pytest.fixture
def reloads(thresholds: Path) -> Iterator[Reloads]:
    with capture_logs():
        yield Reloads(thresholds)


def test_a_good_file_comes_into_force(reloads: Reloads) -> None:
    before = reloads.reloading.current.digest
    reloads.path.write_text(OTHER)
    assert not reloads.reloading.look()
    assert reloads.reloading.current.digest != before
    assert [each.digest for each in reloads.taken] == [reloads.reloading.current.digest]
    assert (reloads.count("accepted"), reloads.count("rejected"), reloads.rejected) == (1, 0, 0)


def test_a_file_that_did_not_change_is_left_alone(reloads: Reloads) -> None:
    assert not reloads.reloading.look()
    reloads.path.touch()
    assert not reloads.reloading.look()
    assert reloads.taken == []


def test_a_bad_file_keeps_the_running_thresholds_until_it_is_mended(reloads: Reloads) -> None:
    before = reloads.reloading.current
    reloads.path.write_text(BAD)
    assert reloads.reloading.look()
    assert not reloads.reloading.look(), "told once"
    assert reloads.reloading.current is before
    assert len(reloads.reloading.rejected.splitlines()) == 2
    assert (reloads.count("rejected"), reloads.rejected, reloads.taken) == (1, 1, [])

    reloads.path.write_text(THRESHOLDS)
    assert not reloads.reloading.look()
    assert (reloads.reloading.rejected, reloads.rejected) == ("", 0)


def test_a_file_that_vanishes_keeps_the_running_thresholds(reloads: Reloads) -> None:
    reloads.path.unlink()
    assert reloads.reloading.look()
    assert "No such file" in reloads.reloading.rejected
    reloads.path.write_text(THRESHOLDS)
    assert not reloads.reloading.look()
    assert reloads.reloading.rejected == ""


def test_a_config_map_that_kubelet_swaps_is_seen(tmp_path: Path) -> None:
    """kubelet writes a new folder and renames a symbolic link `..data` onto the old one."""
    for number, text in enumerate((THRESHOLDS, OTHER, BAD)):
        folder = tmp_path / f"..2026_{number}"
        folder.mkdir()
        (folder / "thresholds.yaml").write_text(text)
    (tmp_path / "..data").symlink_to("..2026_0")
    (tmp_path / "thresholds.yaml").symlink_to("..data/thresholds.yaml")

    def swap(number: int) -> None:
        (tmp_path / "..data_tmp").symlink_to(f"..2026_{number}")
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    with capture_logs():
        reloads = Reloads(tmp_path / "thresholds.yaml")
        swap(1)
        assert not reloads.reloading.look()
        assert len(reloads.taken) == 1
        swap(2)
        assert reloads.reloading.look()
        swap(1)
        assert not reloads.reloading.look()
    assert (reloads.count("accepted"), reloads.count("rejected")) == (2, 1)


def test_a_bad_file_at_the_start_is_refused_with_all_its_problems(thresholds: Path) -> None:
    thresholds.write_text(BAD)
    with pytest.raises(ConfigError) as caught:
        Reloads(thresholds)
    assert len(caught.value.problems) == 2


@virtual
async def test_a_rejected_file_is_told_in_log_metric_event_readyz_and_status(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside, status = life.outside, life.daemon.status
        configure(thresholds, BAD)
        await asyncio.sleep(30.0)
        ((reason, text),) = outside.warned
        assert reason == "ThresholdsRejected"
        assert "the running one is kept; 2 problem(s)" in text
        assert f"{thresholds}:3:7" in text
        (line,) = outside.log_of("config_rejected")
        assert len(line["problems"]) == 2
        ready, reasons = status.readiness()
        assert ready
        assert reasons[0].startswith("the thresholds file on disk is refused, the running one is kept: ")
        assert life.daemon.telemetry.registry.get_sample_value("watcher_config_rejected") == 1
        config = status.status()["config"]
        assert isinstance(config, dict)
        assert len(config["rejected"]) == 2

        outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        configure(thresholds, THRESHOLDS)
        await asyncio.sleep(3.0)
        assert status.readiness() == (True, [])


@virtual
async def test_an_event_that_cannot_be_created_stops_nothing(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside = life.outside
        outside.forbidden = Forbidden("create events in watcher: missing")
        configure(thresholds, BAD)
        outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        assert len(outside.writes) == 1
        assert [line["reason"] for line in outside.log_of("event_lost")] == [
            "ThresholdsRejected",
            "RollingBack",
            "RungDone",
            "RolledBack",
        ]
        assert life.daemon.telemetry.registry.get_sample_value("watcher_events_lost_total") == 4
