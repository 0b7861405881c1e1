"""What a person who was woken reads of a decision."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.documents import NOW, decision_body
from watcher.adapters.store.documents import decision_document
from watcher.core.moments import ago, moment, span
from watcher.core.telling.facts import facts, is_acting, is_over
from watcher.ports import DecisionRow


def page(**changes: Any) -> dict[str, str]:
    return dict(facts(decision_body(**changes), NOW))


def test_a_rollback_that_helped() -> None:
    assert page() == {
        "Over?": "Yes: the service has recovered, in the cluster only, its source still holds the bad version, "
        "since 2026-03-01 10:16:40Z after 3 min 20 s",
        "You must": "Put the good version into its source too",
        "Acting?": "no",
        "Evidence": "12 % fail, [old] 0.1 %",
        "Changed": "Deployment/shop/cart, revision 5b9e21, shop/cart:1.9.0\n"
        "back to revision 7d4f9c (shop/cart:1.8.0, passed)",
        "Rungs": "abort skipped: not a Rollout\nundo taken, took 35 s: nobody manages it",
        "Data": "decided 2026-03-01 10:15:00Z, 5 min ago; mode act",
    }


UNDER_WAY = {"outcome": None, "durability": None, "restored_at": None, "phase": "confirming", "remedy": ""}


def test_a_rollback_under_way_says_how_to_stop_it() -> None:
    found = page(**UNDER_WAY)
    assert found["Over?"] == "No: it is still acting, bad since 2026-03-01 10:13:20Z"
    assert found["Acting?"] == (
        "yes, undo is under way (confirming); to stop it: "
        "kubectl -n shop annotate deployment cart watcher.dev/hold='REASON'"
    )
    assert found["You must"] == "do nothing"


@pytest.mark.parametrize(
    ("changes", "over"),
    [
        ({**UNDER_WAY, "mode": "propose"}, "No: it is proposed, and waits for a person"),
        ({**UNDER_WAY, "mode": "observe"}, "No: mode is observe, so nothing was done"),
        ({**UNDER_WAY, "action": "hold"}, "No: a guard holds"),
        ({**UNDER_WAY, "action": "roll_forward"}, "No: there is no safe way back, roll forward"),
        ({"outcome": "did_not_help", "restored_at": None}, "No: going back worked, the metrics are still bad"),
        ({"outcome": "failed", "restored_at": None}, "No: going back failed"),
        ({"outcome": "waiting_for_person", "restored_at": None}, "No: it waits for a person"),
        ({"outcome": "superseded"}, "For this decision: a newer release took its place"),
        ({**UNDER_WAY, "action": "none"}, "There was nothing to do"),
    ],
)
def test_over_or_not(changes: dict[str, Any], over: str) -> None:
    assert page(**changes)["Over?"].startswith(over)
    assert is_over(decision_body(**changes)) == (not over.startswith("No"))
    assert not is_acting(decision_body(**changes))


def test_every_guard_with_its_reason() -> None:
    guards = [{"id": "cooldown", "reason": "went back 5 min ago"}, {"id": "never", "reason": "kube-system"}]
    assert page(guards=guards, guard=guards[0])["Guards"] == "cooldown: went back 5 min ago\nnever: kube-system"
    assert page(guard=guards[0])["Guards"] == "cooldown: went back 5 min ago"


@pytest.mark.parametrize("body", [b"{}", b"{not json", b"[]"])
def test_a_record_that_lacks_everything_but_its_columns_is_still_shown(body: bytes) -> None:
    row = DecisionRow(
        "d1", NOW, "Deployment/shop/cart", "u1/2", "breach", "hold", "act", "never", "", "7d4f9c", "", "", "bad", body
    )
    found = dict(facts(decision_document(row), NOW))
    assert found["Guards"] == "never: no reason was recorded"
    assert found["Evidence"] == "bad"
    assert found["Changed"] == "Deployment/shop/cart, release u1/2\nback to revision 7d4f9c"
    assert ("Record" in found) == (body != b"{}")


def test_nothing_at_all_is_shown_without_failing() -> None:
    assert dict(facts({}, NOW))["Over?"] == "There was nothing to do"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min"), (125, "2 min 5 s"), (3600, "1 h"), (90061, "1 d 1 h"), (-5, "0 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_times_that_are_not_known() -> None:
    assert (moment(None), ago(None, NOW)) == ("-", "-")


def test_a_flag_tells_who_put_it_back_and_what_came_of_it() -> None:
    flag = {"name": "own/new-cart@production", "before": "on", "after": "off"}
    asked = {"at": NOW, "by": "ada", "reason": "mended", "state": "on", "result": "restored"}
    found = page(flag=flag, flag_restores=[asked, asked | {"result": ""}])["Flag"].splitlines()
    assert found[0] == "own/new-cart@production: on -> off"
    assert [each.rpartition(": ")[2] for each in found[1:]] == ["restored", "nobody knows what came of it"]
    assert "asked for by ada" in found[1]
