"""A person calls a revision good, or bad: that counts until a person says otherwise."""

from __future__ import annotations

import pytest

from tests.core.test_requested import passed
from tests.core.world import World
from watcher.core.telling import report
from watcher.core.words import Mode, Provenance


def test_a_bad_one_is_no_target_any_more() -> None:
    world = passed()
    told = world.call("hash-v1", "bad")
    assert told.accepted
    assert told.text == "revision hash-v1 counts as bad: it is gone back to no more, and its return is an alarm"
    assert world.known_good["v1"].revoked == "bad version: ada (the numbers of finance) called it bad"
    world.release("v3", errors=0.3)
    world.run_until("roll_back")
    assert world.decision.target is not None
    assert world.decision.target.revision == "hash-v2"


def test_its_return_is_an_alarm() -> None:
    world = passed()
    world.call("1", "bad")
    world.release("v1")
    world.run_until("bad_version_back")


def test_what_a_person_calls_bad_no_pass_makes_good() -> None:
    world = World.of()
    world.release("v2")
    world.run(60)
    assert world.call("hash-v2", "bad").accepted
    world.run_until("pass")
    assert "v2" not in {name for name, entry in world.known_good.items() if not entry.revoked}
    world.run(7 * 86400.0 / 100)
    assert world.state is not None
    assert [each.by for each in world.state.quarantined] == ["ada"]


def test_a_good_one_is_a_target_again() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("restored")
    world.run(60)
    told = world.call("hash-v2", "good")
    assert told.text == "revision hash-v2 is known good, and may be gone back to"
    entry = world.known_good["v2"]
    assert (entry.revoked, entry.provenance, entry.by) == ("", Provenance.PASSED, "ada (the numbers of finance)")
    assert world.state is not None
    assert world.state.quarantined == ()


def test_one_that_nobody_has_seen_work() -> None:
    world = World.of()
    world.set(mode=Mode.OBSERVE)
    world.release("v2", errors=0.02)
    world.run(120)
    world.release("v3")
    world.run_until("pass")
    assert world.call("hash-v2", "good").accepted
    (older,) = [each.created for each in world.view.revisions if each.name == "hash-v3"]
    assert world.known_good["v2"].last_ran == older


def test_what_runs_is_known_good_at_once() -> None:
    world = World.of()
    world.release("v2")
    world.run(60)
    assert world.call("2", "good").accepted
    assert world.known_good["v2"].last_ran is None
    called = report.release_body(world.watch)["called"]
    assert isinstance(called, dict)
    assert (called["verdict"], called["by"]) == ("good", "ada")
    world.run(3600)
    world.release("v3", errors=0.3)
    world.run_until("roll_back")
    assert world.decision.target is not None
    assert world.decision.target.revision == "hash-v2"


def test_a_good_one_that_ran_too_long_ago_is_said_to_be_no_target() -> None:
    world = passed()
    world.now += 20 * 86400.0
    told = world.call("hash-v1", "good")
    assert told.text.endswith("ago: it may not be gone back to any more")


@pytest.mark.parametrize("verdict", ["good", "bad"])
def test_a_revision_that_nobody_knows(verdict: str) -> None:
    told = passed().call("v7", verdict)
    assert not told.accepted
    assert told.text.startswith("neither the cluster nor the ledger knows a revision v7; there is hash-v1 (1), ")


def test_what_stands_at_breach_is_not_called_good() -> None:
    world = World.of()
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.3)
    world.run_until("roll_back")
    told = world.call("hash-v2", "good")
    assert not told.accepted
    assert "stands at breach just now" in told.text


def test_nor_what_is_being_rolled_back() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("roll_back")
    assert "is being rolled back just now" in world.call("hash-v2", "good").text


def test_a_word_survives_a_crash() -> None:
    world = passed()
    world.call("1", "bad")
    world.crash()
    assert world.state is not None
    assert [each.by for each in world.state.quarantined] == ["ada"]
