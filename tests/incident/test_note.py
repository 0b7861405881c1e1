"""The post-incident note, made of the log that the core's steps leave behind."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from tests.core.argo import LINK
from tests.core.cluster import Cluster
from tests.core.rollouts import SimulatedRollout
from tests.incident.played import Recorded, RecordedManaged
from watcher.adapters.store.memory import MemoryStore
from watcher.core.flags import Flag, FlagSight
from watcher.core.gitops import Route
from watcher.core.migrations import Down, MigrationNote, MigrationSight, Safety
from watcher.core.model import Request, Result
from watcher.core.state import DownRun, GuardFinding, SwitchedOff
from watcher.core.telling.report import decision_body
from watcher.core.words import Kind, Mode, Outcome
from watcher.incident import reading
from watcher.incident.facts import Incident
from watcher.incident.note import LARGEST, composed, file_name, note, written_at
from watcher.incident.reading import incident
from watcher.ports import Commit, Label, NoSuchDecision

SVG = "{http://www.w3.org/2000/svg}"


def undone() -> Recorded:
    world = Recorded.of()
    world.run(600.0)
    world.release("v2", errors=0.2)
    world.run_until(Outcome.RESTORED)
    return world


def made(log: MemoryStore) -> Incident:
    return incident(log, log.decisions()[0].id)


def sections(text: str) -> list[str]:
    return re.findall(r"^## (.*)$", text, re.MULTILINE)


def test_a_rollback_that_helped_tells_everything_in_order() -> None:
    world = undone()
    found = note(world.log, world.decision.id)
    assert sections(found.markdown) == [
        "What broke",
        "Evidence",
        "Which way, and why",
        "Timeline",
        "Who was told",
        "What is left to do",
        "Replay it",
        "Open questions",
    ]
    assert "The service has recovered; it was bad for" in found.markdown
    assert f"]({found.name}.svg)" in found.markdown
    assert "| `undo` | done in " in found.markdown
    assert "| `abort` | not taken | not an Argo Rollout |" in found.markdown
    assert "| `oncall` | Rolling back shop/cart (prod-eu-1) | delivered |" in found.markdown
    assert "watcher replay incidents/" in found.markdown


def test_the_same_log_gives_the_same_note() -> None:
    world = undone()
    assert note(world.log, world.decision.id) == note(world.log, world.decision.id[:6])


def test_the_picture_is_a_whole_svg_with_title_description_and_marks() -> None:
    world = undone()
    found = note(world.log, world.decision.id)
    root = ET.fromstring(found.picture)  # noqa: S314 - our own
    assert root.attrib["role"] == "img"
    described = {root.find(f"{SVG}title"), root.find(f"{SVG}desc")}
    assert all(each is not None and each.text for each in described)
    texts = ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]
    for mark in ("release began", "decided", "undo done", "restored", "max 1 %", "new (hash-v2)", "old (hash-v1)"):
        assert mark in texts
    assert "prefers-color-scheme" in found.picture
    assert "script" not in found.picture
    assert len(found.picture) < 20_000


def test_what_the_picture_shows_is_said_for_those_who_do_not_see_it() -> None:
    world = undone()
    text = note(world.log, world.decision.id).markdown
    (said,) = re.findall(r"!\[(.*?)\]\(", text)
    assert "20 % at worst" in said
    assert "max 1 %" in said


def test_replicas_are_drawn_where_they_are_the_evidence() -> None:
    world = Recorded.of()
    world.cluster.never_ready.add("v2")
    world.release("v2")
    world.run_until(Outcome.RESTORED)
    found = note(world.log, world.decision.id)
    assert "Share of replicas that do not serve" in found.picture
    assert "in the new version: 100 % at worst, 0 % at last" in found.markdown


def test_a_canary_that_was_aborted() -> None:
    world = Recorded.of(Kind.ROLLOUT)
    world.run(600.0)
    world.release("v2", errors=0.9)
    world.run_until(Outcome.RESTORED)
    found = note(world.log, world.decision.id)
    assert isinstance(world.cluster, SimulatedRollout)
    assert "| `abort` | done in " in found.markdown
    assert "abort done" in found.picture


def test_what_a_guard_held_has_a_note_too_while_it_goes_on() -> None:
    world = Recorded.of()
    world.run(600.0)
    world.around(fleet=None)
    world.release("v2", errors=0.3)
    world.run(400.0)
    text = note(world.log, world.decision.id).markdown
    assert "**Not rolled back**: `fleet_unknown` held." in text
    assert "- Guard `fleet_unknown` held:" in text
    assert "go back by hand: kubectl -n shop rollout undo deployment/cart --to-revision=1" in text
    assert "Should it have been, and what kept it?" in text


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.PROPOSE])
def test_what_was_only_said(mode: Mode) -> None:
    world = Recorded.of()
    world.set(mode=mode)
    world.release("v2", errors=0.3)
    world.run(300.0)
    text = note(world.log, world.decision.id).markdown
    assert ("mode is observe" if mode is Mode.OBSERVE else "Proposed, and not approved") in text


def test_one_that_did_not_help_names_the_likely_causes() -> None:
    world = Recorded.of()
    world.release("v2", errors=0.3)
    world.run_until("on_target")
    world.errors["v1"] = 0.3
    world.run_until(Outcome.DID_NOT_HELP)
    found = made(world.log)
    causes = ["old pods are bad too", "ledger began at the same time"]
    told = replace(found, document={**found.document, "causes": causes})
    text = composed(told).markdown
    assert "**Going back did not help**" in text
    assert "1. old pods are bad too\n2. ledger began at the same time" in text
    assert "did not end it. Which step" in text


def test_git_tells_commits_the_revert_and_whether_it_lasts() -> None:
    world = RecordedManaged.under(Cluster())
    world.ship("v2", errors=0.3)
    world.run_until(Outcome.RESTORED)
    text = note(world.log, world.decision.id).markdown
    assert "Git and cluster agree" in text
    assert "- Brought by `000000000000` cart: v2 (ada)" in text
    assert "The revert was pushed" in text


def test_a_pull_request_that_waits_is_left_to_do() -> None:
    world = RecordedManaged.under(Cluster(), route=Route.PULL_REQUEST, why="protected", self_heal=False)
    world.ship("v2", errors=0.3)
    world.run_until(Outcome.RESTORED)
    text = note(world.log, world.decision.id).markdown
    assert f"- [ ] Git: merge <{LINK}>; until then the branch holds the bad version." in text
    world.argo.merge()
    world.run_until("durable")
    text = note(world.log, world.decision.id).markdown
    assert "Git: merge" not in text
    assert "| Git holds" in text


def test_flag_data_and_a_person_who_passed_a_guard() -> None:
    found = made(undone().log)
    assert found.watch is not None
    assert found.decision is not None
    at, flag = found.decided_at, Flag("unleash", "shop.cart", "prod")
    lost = MigrationNote("0042", Safety.UNSAFE, "drops a column", "ada", "ConfigMap/cart")
    decision = replace(
        found.decision,
        flag=FlagSight(flag, at=at, on=True, state="on for all"),
        migrations=MigrationSight(at, "r", "t", (lost,), ("0043 has no note",)),
        request=Request("ada", at, "customers call", way="http"),
        overridden=(GuardFinding("freeze", "no releases on Friday"),),
    )
    run = DownRun("0041", Down("migrate"), decision.id, ordered=at, ended=at + 9, job="down-0041", failed="exit code 1")
    watch = replace(found.watch, switched=SwitchedOff(flag, decision.id, at), downs=(run,))
    text = composed(replace(found, document=decision_body(watch, decision))).markdown
    again = f"`watcher flags restore {decision.id}`"
    assert "Flag: `unleash/shop.cart@prod` was switched off (it was `on for all`). Put it back" in text
    assert again in text
    assert "Data: migration `0042` (unsafe: drops a column) lay in the range; see `ConfigMap/cart`." in text
    assert "Data: 0043 has no note" in text
    assert "Data: the down migration of `0041` by Job `down-0041` **failed**: exit code 1." in text
    assert "- At the command of ada (http)" in text
    assert "- Guard `freeze` was overridden by that person: no releases on Friday" in text


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (Result.NOT_LEADING, "Nothing was sent, for this process did not lead any more: whoever leads goes on |"),
        (Result.UNAVAILABLE, "The other side could not be asked, and nothing was sent: unavailable, says the test |"),
    ],
)
def test_why_an_order_was_not_sent(result: str, line: str) -> None:
    world = Recorded.of()
    world.run(600.0)
    world.react(result)
    world.release("v2", errors=0.2)
    world.run_until(Outcome.RESTORED)
    text = note(world.log, world.decision.id).markdown
    assert line in text
    assert "held" not in text


def test_what_people_said_of_it() -> None:
    world = undone()
    world.log.commit(Commit(labels=(Label(world.decision.id, "wrong", "ada", 1.0, "it was the load test"),)))
    assert "| Called | wrong by ada: it was the load test |" in note(world.log, world.decision.id).markdown


HOSTILE = "x | y\n# z <script>alert(1)</script> [a](http://evil.example) ![b](//e) @everyone `c` \u202e"


def test_texts_of_others_are_no_markup() -> None:
    found = made(undone().log)
    assert found.decision is not None
    document = {**found.document, "reason": HOSTILE, "guards": [{"id": "hold", "reason": HOSTILE}]}
    text = composed(replace(found, document=document, cluster=HOSTILE)).markdown
    assert "<script>" not in text.replace("\\<", "")
    assert not re.search(r"(?<!\\)\[a\]", text)
    assert "http://evil" not in text
    assert "@everyone" not in text
    assert "\u202e" not in text
    assert "\n# z" not in text
    assert f"# Post-incident note: {found.workload}" in text


def test_of_very_many_records_the_first_and_the_last_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world = undone()
    whole = incident(world.log, world.decision.id)
    monkeypatch.setattr(reading, "FIRST", 1)
    monkeypatch.setattr(reading, "LAST", 1)
    few = incident(world.log, world.decision.id)
    assert (few.watch, few.timeline[-1]) == (whole.watch, whole.timeline[-1])
    assert len(few.timeline) < len(whole.timeline)


def test_a_note_is_bounded() -> None:
    found = made(undone().log)
    many = tuple(replace(found.timeline[0], text="a" * 100_000) for _ in range(1000))
    assert len(composed(replace(found, timeline=many)).markdown) <= LARGEST + 1


def test_without_records_the_decision_alone_is_told() -> None:
    world = undone()
    (row,) = world.log.decisions()
    only = MemoryStore()
    only.commit(Commit(decisions=(row,)))
    found = note(only, row.id)
    assert found.picture == ""
    assert "keeps no records of this release any more" in found.markdown
    assert "requests failed (20 %)" in found.markdown
    assert json.loads(row.body)["id"] in found.markdown


def test_names_of_files_sort_by_time_and_tell_it() -> None:
    found = made(undone().log)
    assert file_name(found).endswith(f"-deployment-shop-cart-{found.id}")
    assert written_at(f"{file_name(found)}.md") == int(found.decided_at)
    assert written_at("README.md") is None
    assert written_at("99999999-999999-x-y.md") is None


def test_there_is_no_such_decision() -> None:
    with pytest.raises(NoSuchDecision):
        note(undone().log, "nothing")
