"""The play of `watcher demo` from beginning to end: the daemon as in production, real sockets, virtual time."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from tests.daemon.life import replayed
from watcher.adapters.git.command import NOBODY, Access, Done, Git, environment
from watcher.adapters.store.reading import SQLiteReader
from watcher.cli.application import application
from watcher.core.words import Verdict
from watcher.sandbox.demo import play as plays
from watcher.sandbox.demo.play import Play, PlayFailed, summary
from watcher.sandbox.demo.stage import OWN_NAMESPACE, Stage, stage
from watcher.sandbox.shop.services import SERVICES

virtual = pytest.mark.looptime(noop_cycles=10)  # a few turns for what is on its way through a socket

Json = dict[str, Any]


class LoopClock:
    """Wall time at its making, moved on by the event loop's time, which is virtual here."""

    def __init__(self) -> None:
        self._start = time.time() - asyncio.get_running_loop().time()

    def now(self) -> float:
        return self._start + asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def at_once(git: Git, *arguments: str, stdin: bytes = b"", access: Access = NOBODY, **_: float) -> Done:
    """The real command, in no virtual time: the loop would take the wait for it for idleness, and let hours go by."""
    return _run(arguments, environment(git._home, access), stdin)


def _run(arguments: tuple[str, ...], variables: dict[str, str], stdin: bytes) -> Done:
    done = subprocess.run(["git", *arguments], env=variables, input=stdin, capture_output=True, timeout=60, check=False)
    return Done(done.returncode, done.stdout, done.stderr.decode())


@asynccontextmanager
async def staged(directory: Path) -> AsyncIterator[Stage]:
    with capture_logs(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Git, "run", at_once)
        async with asyncio.timeout(600.0), stage(directory, clock=LoopClock()) as set_up:
            yield set_up


async def ask(set_up: Stage, path: str) -> Json:
    async with aiohttp.ClientSession() as http, http.get(set_up.daemon.url + path) as answer:
        assert answer.status == 200
        body: Json = await answer.json()
        return body


@virtual
async def test_every_release_ends_as_it_must(tmp_path: Path) -> None:
    async with staged(tmp_path) as set_up:
        play = Play(set_up)
        await play.perform()
        result = json.loads(json.dumps(summary(play)))
        decisions = (await ask(set_up, "/api/v1/decisions"))["items"]
        status = await ask(set_up, "/api/v1/status")
        event = await told_of_a_bad_file(set_up)
        assert set_up.configuration is not None
        commits = [line.partition(" ") for line in set_up.configuration.repository.log()]
        now_in_git = set_up.configuration.repository.files("main", "search")

    ends = {each["image"]: each for each in result["releases"]}
    assert {image: each["verdict"] for image, each in ends.items()} == {
        "shop/cart:1.8.1": "pass",
        "shop/checkout:3.0.1": "pass",
        "shop/search:5.1.4": "pass",
        "shop/search:5.2.0-err15": "breach",
        "shop/cart:1.9.0-err20": "breach",
        "shop/checkout:3.1.0-err60": "breach",
    }
    undone = {image: each for image, each in ends.items() if each["rung"]}
    assert {image: (each["action"], each["rung"]) for image, each in undone.items()} == {
        "shop/search:5.2.0-err15": ("roll_back", "git"),
        "shop/cart:1.9.0-err20": ("roll_back", "undo"),
        "shop/checkout:3.1.0-err60": ("roll_back", "abort"),
    }
    assert undone["shop/cart:1.9.0-err20"]["target"] == ends["shop/cart:1.8.1"]["revision"]
    assert {each["durability"] for each in undone.values()} == {"durable"}
    assert [subject for _, _, subject in commits] == [
        'Revert "search 5.2.0-err15"',
        "search 5.2.0-err15",
        "search 5.1.4",
        "search 5.1.3",
    ]
    assert undone["shop/search:5.2.0-err15"]["revert"].startswith(commits[0][0])
    assert b"shop/search:5.1.4" in now_in_git["workload.yaml"]
    assert any(commits[0][0] in text and commits[1][0] in text for _, text in play.story)
    assert all(0 < each["detected_after_s"] < each["restored_after_s"] < 75 for each in undone.values())

    acted = [each for each in decisions if each["action"] == "roll_back"]
    assert len(acted) == 3
    assert {(each["outcome"], each["phase"]) for each in acted} == {("restored", "closed")}
    held = [each["guard"]["id"] for each in decisions if each not in acted]
    assert set(held) <= {"several_releases"}  # two bad releases at the same time: one waits for the other
    assert (status["ready"], status["watching"], status["workloads"]) == (True, [], len(SERVICES))
    assert event["reason"] == "ThresholdsRejected"
    every_record_replays(tmp_path / "watcher.db")
    the_report_tells_of_it(tmp_path / "watcher.db")


async def told_of_a_bad_file(set_up: Stage) -> Json:
    """The Event that tells of a thresholds file which is refused."""
    _spoil(set_up.directory / "thresholds.yaml")

    def found() -> Json | None:
        events = set_up.cluster.objects("Event", OWN_NAMESPACE)
        return next((dict(each) for each in events if each["involvedObject"]["kind"] == "Namespace"), None)

    return await set_up.cluster.until(found)


def _spoil(thresholds: Path) -> None:
    thresholds.write_text(thresholds.read_text().replace("mode: act", "mode: actt"))


def the_report_tells_of_it(log: Path) -> None:
    later = str(time.time() + 3600.0)  # virtual time is ahead
    arguments = ["report", "--store", str(log), "--since", "1d", "--until", later, "-o", "json"]
    answer = CliRunner().invoke(application, arguments)
    assert answer.exit_code == 0, answer.output
    found: Json = json.loads(answer.stdout)
    assert found["releases"]["verdicts"] == {"pass": 3, "breach": 3}
    assert {(each["image"], each["done"], each["outcome"]) for each in found["rollbacks"]} == {
        ("shop/search:5.2.0-err15", True, "restored"),
        ("shop/cart:1.9.0-err20", True, "restored"),
        ("shop/checkout:3.1.0-err60", True, "restored"),
    }
    assert all(0 < each["to_decision_s"] < each["to_restore_s"] for each in found["rollbacks"])
    assert found["bound"]["unlabelled"] == 3
    assert found["coverage"]["matched"] == len(SERVICES)
    (main,) = [each for each in found["blindness"] if each["source"] == "main"]
    assert 0 < main["blind_s"] <= main["asked_s"]


def every_record_replays(log: Path) -> None:
    reader = SQLiteReader.open(log)
    try:
        transitions = list(reader.transitions())
        assert len(transitions) > 20
        for transition in transitions:
            assert replayed(transition, reader.policy(transition.policy_hash)), transition.kind
    finally:
        reader.close()


@virtual
async def test_without_git_its_part_is_left_out_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.sandbox.demo.stage.has_git", lambda: False)
    async with staged(tmp_path) as set_up:
        play = Play(set_up)
        await play.begin()
        assert play.blind == plays.BLIND
        assert await set_up.release(plays.SEARCH, "5.1.4") == ""
        assert set_up.cluster.objects("Application") == []
    assert [text for _, text in play.story][1].startswith("git is not on PATH: ")


@virtual
async def test_a_play_that_goes_wrong_says_which_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = plays.Part(plays.CART, "1.8.1-err20", Verdict.PASS)
    monkeypatch.setattr(plays, "GOOD", (wrong, *plays.GOOD[1:]))
    monkeypatch.setattr(plays, "ACT_SECONDS", 15.0)
    async with staged(tmp_path) as set_up:
        with pytest.raises(PlayFailed, match=r"shop/cart:1\.8\.1-err20 came to no end within 15 s"):
            await Play(set_up).perform()
