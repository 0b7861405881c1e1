from __future__ import annotations

from pathlib import Path

import pytest

from watcher.ports import Unavailable
from watcher.sandbox.metrics.embedded import EmbeddedPrometheus
from watcher.sandbox.metrics.process import PrometheusProcess, scrape_configuration
from watcher.sandbox.metrics.server import metrics_server

DISCOVERY = "http://127.0.0.1:1/sd"


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("there", "kind"), [(True, "prometheus"), (False, "embedded")])
def test_a_real_prometheus_is_taken_where_one_is_on_path(
    there: bool, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if there:
        executable(tmp_path / "prometheus", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert metrics_server(DISCOVERY, tmp_path).kind == kind


def test_the_one_that_was_given_is_taken_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert metrics_server(DISCOVERY, tmp_path, tmp_path / "mine").kind == "prometheus"


async def test_a_prometheus_that_ends_at_once_says_why(tmp_path: Path) -> None:
    broken = executable(tmp_path / "prometheus", "echo no such flag >&2; exit 3")
    with pytest.raises(Unavailable, match=r"ended with 3: no such flag"):
        await PrometheusProcess(broken, DISCOVERY, tmp_path).start()


async def test_a_prometheus_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"missing cannot be run: No such file"):
        await PrometheusProcess(tmp_path / "missing", DISCOVERY, tmp_path).start()


async def test_stopping_what_was_never_started_is_nothing(tmp_path: Path) -> None:
    await PrometheusProcess(tmp_path / "missing", DISCOVERY, tmp_path).stop()
    await EmbeddedPrometheus(DISCOVERY).stop()


async def test_a_port_that_somebody_else_took_meanwhile_is_an_error() -> None:
    ours, theirs = EmbeddedPrometheus(DISCOVERY), EmbeddedPrometheus(DISCOVERY)
    await ours.start()
    await ours.stop()
    theirs._port = ours._port
    await theirs.start()
    with pytest.raises(Unavailable, match=r"cannot listen on http://127\.0\.0\.1"):
        await ours.start()
    await theirs.stop()


def test_every_pod_is_scraped_every_second() -> None:
    configuration = scrape_configuration(DISCOVERY)
    assert configuration["global"] == {"scrape_interval": "1s", "scrape_timeout": "1s"}
    assert configuration["scrape_configs"] == [
        {"job_name": "shop", "http_sd_configs": [{"url": DISCOVERY, "refresh_interval": "1s"}]}
    ]
