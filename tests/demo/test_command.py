"""`watcher demo` as a person or a pipeline types it, in real time."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from watcher.cli.application import application

WATCHER = str(Path(sys.executable).with_name("watcher"))


@pytest.mark.e2e
def test_once_as_json(tmp_path: Path) -> None:
    command = [WATCHER, "demo", "--once", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["metrics_source"] == ("prometheus" if shutil.which("prometheus") else "embedded")
    assert [each["rung"] for each in result["releases"]] == [None, None, None, "git", "undo", "abort"]
    assert all(each["restored_after_s"] for each in result["releases"][3:])
    assert [each["durability"] for each in result["releases"][3:]] == ["durable"] * 3
    assert result["releases"][3]["revert"]


def test_a_prometheus_that_is_not_there() -> None:
    result = CliRunner().invoke(application, ["demo", "--prometheus", "/nowhere/prometheus"])
    assert result.exit_code == 2
    assert "there is no such file" in result.output


@pytest.mark.e2e
def test_a_demo_that_is_cut_off_ends_soon_and_not_with_0(tmp_path: Path) -> None:
    command = [WATCHER, "demo", "--once"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline().startswith("The shop runs")
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 1
