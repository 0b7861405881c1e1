"""`watcher notify test`."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.adapters.notify.receiver import Receiver, receiving
from tests.config.texts import GOOD
from watcher.cli.application import application
from watcher.cli.exits import Exit


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver in a thread: the command has a loop of its own."""
    found: list[Receiver] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with receiving() as serving:
            found.append(serving)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(20)
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


@pytest.fixture
def config(tmp_path: Path, receiver: Receiver) -> Path:
    (tmp_path / "secret").write_text("correct horse battery staple")
    path = tmp_path / "thresholds.yaml"
    hook = f"bus: {{webhook: {{url: '{receiver.url}/hook', secretFile: secret}}, stages: [held]}}"
    path.write_text(f"{GOOD}cluster: c1\nnotifications:\n  {hook}\n  oncall: {{apprise: {{urlsFile: none}}}}\n")
    return path


def run(config: Path, channel: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(application, ["notify", "test", channel, "-c", str(config)])
    return result.exit_code, result.stdout, result.stderr


def test_a_test_message_is_delivered(config: Path, receiver: Receiver) -> None:
    assert run(config, "bus") == (Exit.OK, "bus: delivered\n", "")
    (got,) = receiver.received
    event = json.loads(got.body)
    assert (event["type"], event["data"]["title"]) == ("dev.watcher.test.v1", "Test of channel bus of cluster c1")
    assert event["data"]["text"] == "Nothing happened. This channel is told of: held."


@pytest.mark.parametrize(("status", "code"), [(400, Exit.FAILED), (503, Exit.UNREACHABLE)])
def test_what_the_receiver_says_is_the_exit_code(config: Path, receiver: Receiver, status: int, code: Exit) -> None:
    receiver.statuses = [status]
    exit_code, _, error = run(config, "bus")
    assert exit_code == code
    assert f"status {status}" in error


def test_mistakes(config: Path, tmp_path: Path) -> None:
    assert run(config, "bsu")[::2] == (Exit.INVALID, f"watcher: {config} has no channel bsu; it has: bus, oncall\n")
    code, _, error = run(config, "oncall")
    assert code == Exit.UNREACHABLE
    assert f"file of apprise URLs {tmp_path / 'none'} cannot be read" in error
    config.write_text("version: 2\n")
    code, _, error = run(config, "bus")
    assert code == Exit.INVALID
    assert "version cannot be the number 2" in error
