"""Each section of the report, from logs written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.reporting.story import BEGIN, CART, CHECKOUT, DAY, MINUTE, NOW, Story
from watcher.config import loads
from watcher.core.policy import Subject
from watcher.ports import API_SERVER, BlindnessRow
from watcher.reporting.report import Blindness, Guard, NotReady, Quiet, Report

HOUR = 60 * MINUTE
PAY = "Deployment/pay/api"


def judged(story: Story, count: int = 5, workload: str = CART) -> None:
    for number in range(count):
        story.release(f"v{number}", number * DAY, workload=workload)


def would_be(story: Story, at: float = 6 * DAY, workload: str = CART) -> str:
    return story.decide(story.release("bad", at, "breach", workload=workload), at + MINUTE, target="v4")


def missing(report: Report, workload: str = CART) -> str:
    return "; ".join(text for each in report.not_ready if each.workload == workload for text in each.missing)


def test_an_empty_log_has_an_empty_report() -> None:
    report = Story().report(recorded_from=None)
    assert report.releases.seen == 0
    assert (report.rollbacks, report.misses, report.ready, report.not_ready, report.yaml) == ((), (), (), (), "")
    assert report.bound.at_most is None


def test_releases_are_counted_by_verdict() -> None:
    story = Story()
    for number, verdict in enumerate(("pass", "pass", "breach", "inconclusive", "no_data", "")):
        story.release(f"v{number}", number * HOUR, verdict)
    story.release("v5~1", 7 * HOUR, "", change="restart")
    story.release("v6", 8 * HOUR, "", ended=None)
    found = story.report().releases
    assert (found.seen, found.judged, found.restarts, found.under_watch) == (8, 3, 1, 1)
    assert found.verdicts == {"pass": 2, "breach": 1, "inconclusive": 1, "no_data": 1, "none": 2}


def test_what_is_outside_of_the_span_or_the_namespace_is_left_out() -> None:
    story = Story()
    story.release("old", -HOUR)
    story.release("v1", HOUR)
    story.release("v1", 2 * HOUR, workload=PAY)
    story.cover()
    story.cover(PAY)
    assert story.report().releases.seen == 2
    assert story.report("pay").releases.seen == 1
    assert story.report("p*").coverage.matched == 1
    assert story.report("nobody").releases.seen == 0


def test_coverage_is_summed_up_with_reasons() -> None:
    story = Story()
    story.cover()
    for number in range(12):
        story.cover(f"Deployment/shop/blind{number:02}", "blind", "errors: no series", rung="")
    story.cover(CHECKOUT, "quiet", "too little was seen for a verdict")
    story.cover(PAY, "excluded", "it is on the never list")
    story.cover("Deployment/infra/x", "unmatched", "no entry of services matches it")
    story.cover("Deployment/infra/y", "unknown", "it had no release since it is watched")
    found = story.report().coverage
    assert (found.matched, found.watchable, found.blind, found.quiet) == (16, 1, 12, 1)
    assert (found.excluded, found.unknown, found.unmatched) == (1, 1, 1)
    first = found.gaps[0]
    assert (first.sight, first.why, first.count, len(first.workloads)) == ("blind", "errors: no series", 12, 10)
    assert sum(gap.count for gap in found.gaps) == 16


def test_a_would_be_rollback_has_its_evidence_and_its_label() -> None:
    story = Story()
    decision = would_be(story)
    report = story.report()
    (rollback,) = report.rollbacks
    assert (rollback.decision, rollback.done, rollback.mode, rollback.rung) == (decision, False, "observe", "undo")
    assert (rollback.target, rollback.to_decision_s) == ("cart:v4", MINUTE)
    assert rollback.evidence.startswith("errors: 20 % of"), "what breached, and not what was fine"
    assert "latency" not in rollback.evidence
    assert (rollback.label, report.bound.unlabelled) == ("", 1)
    story.label(decision, "wrong", "it was a load test")
    (rollback,) = story.report().rollbacks
    assert (rollback.label, rollback.author, rollback.note) == ("wrong", "ada", "it was a load test")


def test_several_decisions_on_one_release_are_one_rollback_and_the_newest_word_counts() -> None:
    story = Story()
    release = story.release("bad", HOUR, "breach")
    story.decide(release, HOUR + MINUTE, action="hold", guards=[("cooldown", "lately"), ("hold", "held")])
    first = story.decide(release, HOUR + 2 * MINUTE)
    second = story.decide(release, HOUR + 3 * MINUTE)
    story.label(first, "wrong", at=DAY)
    story.label(second, "right", at=2 * DAY)
    report = story.report()
    (rollback,) = report.rollbacks
    assert (rollback.decision, rollback.label) == (first, "right")
    assert (report.bound.right, report.bound.wrong, report.bound.unlabelled) == (1, 0, 0)
    assert report.guards == (
        Guard("cooldown", 1, 0, f"{CART}: lately"),
        Guard("hold", 1, 0, ""),
    )


def test_the_decision_that_was_carried_out_is_the_one_that_counts() -> None:
    story = Story()
    release = story.release("bad", HOUR, "breach")
    story.decide(release, HOUR + MINUTE)
    acted = story.decide(release, HOUR + 2 * MINUTE, mode="act", outcome="restored", restored=HOUR + 4 * MINUTE)
    (rollback,) = story.report().rollbacks
    assert (rollback.decision, rollback.done, rollback.outcome) == (acted, True, "restored")


def test_labels_bound_how_many_are_wrong_and_what_is_not_labelled_is_not_right() -> None:
    story = Story()
    for number in range(3):
        story.label(would_be(story, number * HOUR, f"Deployment/shop/{number}"), "right")
    would_be(story, DAY)
    report = story.report()
    assert (report.bound.right, report.bound.unlabelled) == (3, 1)
    assert report.bound.at_most == pytest.approx(1 - 0.05 ** (1 / 3))


def test_guards_are_counted_once_for_a_release() -> None:
    story = Story()
    for number in range(3):
        release = story.release(f"bad{number}", number * DAY, "breach")
        for attempt in range(4):
            guards = [("fleet_veto", f"{number} others suffer")]
            story.decide(release, number * DAY + attempt * MINUTE, action="hold", guards=guards)
    assert story.report().guards == (Guard("fleet_veto", 3, 0, f"{CART}: 0 others suffer"),)


def test_blind_minutes_are_told_by_source_and_day() -> None:
    story = Story()
    noon = BEGIN // DAY * DAY + DAY + 12 * HOUR
    story.blindness = [
        BlindnessRow(noon, "main", 3600.0, 60.0),
        BlindnessRow(noon + HOUR, "main", 1800.0, 30.0),
        BlindnessRow(noon + DAY, "main", 3600.0, 0.0),
        BlindnessRow(noon + 2 * DAY, "main", 3600.0, 600.0),
        BlindnessRow(noon, API_SERVER, 3600.0, 0.0),
        BlindnessRow(NOW + HOUR, "main", 3600.0, 3600.0),
    ]
    assert story.report().blindness == (
        Blindness(API_SERVER, 3600.0, 0.0, ()),
        Blindness("main", 12600.0, 690.0, (("2026-02-16", 90.0), ("2026-02-18", 600.0))),
    )


def test_watches_without_a_verdict_are_told_by_workload() -> None:
    story = Story()
    story.release("v1", 0.0, "inconclusive", reason="too little was seen for a verdict")
    story.release("v2", DAY)
    story.release("v3", 2 * DAY, "no_data", reason="errors: no series")
    story.release("v4", 3 * DAY, "")
    assert story.report().quiet == (Quiet(CART, undecided=2, watched=3, why="errors: no series"),)


def ready(**covered: str) -> Story:
    story = Story()
    judged(story)
    story.cover(**covered)
    return story


def test_a_service_is_ready_when_nothing_is_missing() -> None:
    story = ready()
    story.label(would_be(story), "right")
    report = story.report()
    (found,) = report.ready
    assert (found.workload, report.not_ready, report.acting) == (CART, (), ())
    assert found.because == "6 releases judged, 1 found bad, all rightly; way back: undo"


def test_the_snippet_for_what_is_ready_can_be_put_at_the_end_of_the_thresholds() -> None:
    story = ready()
    judged(story, workload="Rollout/shop/0815")
    story.cover("Rollout/shop/0815", rung="abort")
    thresholds = """
version: 1
mode: observe
sources: {main: {url: "http://127.0.0.1:9"}}
checks: {errors: {total: requests_total, bad: {code: "5.."}, max: 1%}}
services:
  - match: {namespace: shop}
    checks: {errors: {}}
"""
    loaded = loads(thresholds + story.report().yaml)
    for kind, name, mode in (("Deployment", "cart", "act"), ("Rollout", "0815", "act"), ("Deployment", "x", "observe")):
        policy = loaded.policy_for(Subject(kind, "shop", name))
        assert policy is not None
        assert (policy.mode, len(policy.checks)) == (mode, 1)


def test_too_few_releases() -> None:
    story = Story()
    judged(story, 4)
    story.cover()
    assert missing(story.report()) == "4 of 5 releases judged"


def test_too_many_watches_without_a_verdict() -> None:
    story = ready()
    for number in range(2):
        story.release(f"u{number}", 6 * DAY + number * HOUR, "inconclusive", reason="too little was seen")
    assert missing(story.report()) == "only 5 of 7 watches came to a verdict: too little was seen"


def test_a_wrong_or_an_unlabelled_rollback() -> None:
    story = ready()
    first, second = would_be(story), would_be(story, 7 * DAY)
    assert f"{first} and 1 more decisions wait" in missing(story.report())
    story.label(first, "wrong")
    assert f"decision {first} was wrong" in missing(story.report())
    assert f"decision {second} waits" in missing(story.report())


def test_a_release_that_passed_and_was_taken_back() -> None:
    story = ready()
    story.release("v3", 5 * DAY, returns=True)
    assert missing(story.report()) == "people went back from cart:v4, which had passed"


@pytest.mark.parametrize(
    ("covered", "text"),
    [
        ({"sight": "blind", "why": "errors: no series"}, "blind: errors: no series"),
        ({"sight": "quiet", "why": "too little was seen"}, "quiet: too little was seen"),
        ({"rung": ""}, "no way back: what runs is not known good yet"),
        ({"rung_mode": "propose"}, "undo may only propose: restores the known good pod template"),
    ],
)
def test_what_the_cluster_lacks(covered: dict[str, str], text: str) -> None:
    assert missing(ready(**covered).report()) == text


def test_a_workload_of_which_nothing_is_recorded() -> None:
    story = Story()
    judged(story)
    assert missing(story.report()).startswith("the log does not say whether it can be watched")


def test_a_workload_without_a_release_says_so_once() -> None:
    story = Story()
    story.cover(CART, "unknown", "it had no release since it is watched")
    assert story.report().not_ready == (NotReady(CART, ("0 of 5 releases judged",)),)


def test_what_acts_already_and_what_is_not_meant_to() -> None:
    story = ready(mode="act")
    story.cover(PAY, "excluded", "it is on the never list")
    story.cover(CHECKOUT, "unmatched", "no entry of services matches it")
    report = story.report()
    assert (report.acting, report.ready, report.not_ready) == ((CART,), (), ())


def test_damaged_documents_count_as_far_as_their_columns_go() -> None:
    story = Story()
    would_be(story)
    story.releases = [replace(each, body=b"{") for each in story.releases]
    story.decisions = [replace(each, body=b"[]") for each in story.decisions]
    (rollback,) = story.report().rollbacks
    assert (rollback.evidence, rollback.target, rollback.to_decision_s) == ("because", "v4", None)
