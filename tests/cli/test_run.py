"""`watcher run`: settings, mistakes, exit codes, and the process as an operator sees it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.daemon.life import THRESHOLDS
from watcher.cli.application import application
from watcher.cli.exits import Exit
from watcher.daemon.settings import Settings
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.kubernetes.kubeconfig import write_kubeconfig

WATCHER = str(Path(sys.executable).with_name("watcher"))
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WATCHER_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Flags with which the daemon can start; its cluster is not there."""
    (tmp_path / "thresholds.yaml").write_text(THRESHOLDS)
    write_kubeconfig(tmp_path / "kubeconfig", NOBODY, "", "default")
    return ["--kubeconfig", str(tmp_path / "kubeconfig"), "--host", "127.0.0.1", "--port", "0"]


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(application, ["run", *arguments], env=environment)


def test_a_setting_that_makes_no_sense_names_variable_value_and_remedy() -> None:
    result = run("--log-format", "xml", WATCHER_PORT="65536", WATCHER_QUERY_RATE="fast")
    assert result.exit_code == Exit.INVALID
    assert result.output.splitlines() == [
        "WATCHER_PORT=65536: input should be less than or equal to 65535; correct the variable or the flag",
        (
            "WATCHER_QUERY_RATE=fast: input should be a valid number, unable to parse string as a number; "
            "correct the variable or the flag"
        ),
        "WATCHER_LOG_FORMAT=xml: input should be 'auto', 'json' or 'console'; correct the variable or the flag",
    ]


def test_thresholds_that_are_wrong_are_all_told(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "thresholds.yaml").write_text(THRESHOLDS.replace("mode: act", "mode: actt").replace("1%", "1 percent"))
    result = run(*arguments)
    assert result.exit_code == Exit.INVALID
    assert [line.split(" ")[0] for line in result.output.splitlines()] == [
        "thresholds.yaml:3:7",
        "thresholds.yaml:5:67",
    ]
    assert not (tmp_path / "watcher.db").exists()


def test_thresholds_that_are_not_there(arguments: list[str]) -> None:
    result = run(*arguments, "--config", "elsewhere.yaml")
    assert result.exit_code == Exit.INVALID
    assert "elsewhere.yaml:1:1 cannot be read: No such file or directory" in result.output


def test_a_flag_wins_over_its_variable(arguments: list[str], tmp_path: Path) -> None:
    """The variable names a file that is there, the flag one that is not."""
    result = run(*arguments, "--config", "flag.yaml", WATCHER_CONFIG=str(tmp_path / "thresholds.yaml"))
    assert "flag.yaml:1:1" in result.output
    result = run(*arguments, WATCHER_CONFIG="variable.yaml")
    assert "variable.yaml:1:1" in result.output


def test_a_port_that_is_taken(arguments: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(*arguments, "--port", str(port))
    assert result.exit_code == Exit.FAILED
    assert result.output == (
        f"watcher: cannot listen on 127.0.0.1:{port}: address already in use; choose another address with "
        f"--host and --port (WATCHER_HOST, WATCHER_PORT)\n"
    )


def test_a_kubeconfig_that_is_not_there(arguments: list[str], tmp_path: Path) -> None:
    result = run(*arguments, "--kubeconfig", str(tmp_path / "nowhere"))
    assert result.exit_code == Exit.FAILED
    assert "nowhere" in result.output
    assert "Traceback" not in result.output


def test_a_log_that_another_process_writes(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "watcher.db").mkdir()
    result = run(*arguments)
    assert result.exit_code == Exit.FAILED
    assert "watcher.db" in result.output
    assert "Traceback" not in result.output


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        WATCHER, "run", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def lines_until(running: asyncio.subprocess.Process, event: str) -> list[dict[str, Any]]:
    """Log lines up to the first of this name."""
    assert running.stderr is not None
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(30.0):
        while not found or found[-1]["event"] != event:
            found.append(json.loads(await running.stderr.readline()))
    return found


async def test_the_process_logs_json_and_ends_with_0_after_sigterm(arguments: list[str]) -> None:
    async with SandboxCluster(SandboxSettings(namespaces=("watcher",))) as cluster:
        flags = [*arguments, "--kubeconfig", str(cluster.kubeconfig_path), "--log-format", "json"]
        async with process(*flags) as running:
            (*_, line) = await lines_until(running, "cluster_read")
            assert line.keys() >= {"event", "level", "logger", "timestamp", "workloads", "url"}
            assert (line["level"], line["logger"], line["workloads"]) == ("info", "watcher.app", 0)
            assert line["timestamp"].endswith("Z")
            running.send_signal(signal.SIGTERM)
            await lines_until(running, "stopped")
            assert await running.wait() == Exit.OK
