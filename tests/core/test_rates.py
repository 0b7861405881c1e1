"""The judge of ratio and histogram checks, told as stories of a release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.story import BEGAN, BLOCK, BOTH, BUDGET, INCREASE, INTERVAL, MAX, Serving, Story, pods
from watcher.core.judging import judge, rates, voices
from watcher.core.judging.dispersion import Windows
from watcher.core.judging.evidence import CounterEvidence, Evidence, Tally
from watcher.core.model import PodCount
from watcher.core.policy import By, HistogramCheck, Identify, RatioCheck, basis
from watcher.core.words import Lane, Mode, Verdict

GOOD = pods(50, 0, 0, 0, 0)
BAD = pods(50, 0.2, 0.2, 0.2, 0.2)
SECOND = replace(BOTH, name="more")
BLIND = replace(BOTH, identify=Identify(By.WORKLOAD, workload="app"))


def young(share: float) -> Serving:
    return pods(50, *[share] * 4, ready=0.0)


def each_of_four(share: float, rate: float = 50.0) -> Serving:
    return pods(rate, *[share] * 4)


# How fast, and by which lane


@pytest.mark.parametrize("good", [0.0, 15.0, 35.0, 600.0, 3000.0])
def test_a_step_of_twenty_percent_on_warm_pods_is_proven_within_a_minute(good: float) -> None:
    story = Story()
    story.see(good, GOOD)

    assert story.until_breach(BAD) <= 60
    assert (story.finding.lane, story.finding.may) == (Lane.SEVERE_5, Mode.ACT)
    assert story.finding.since == BEGAN + good
    assert story.finding.worth >= 1 / BUDGET


@pytest.mark.parametrize(
    ("share", "within", "lane"),
    [(1.0, 45, Lane.SEVERE_40), (0.6, 45, Lane.SEVERE_40), (0.05, 115, Lane.NEW_VS_BEFORE)],
)
def test_the_worse_the_faster(share: float, within: float, lane: Lane) -> None:
    for good in (0.0, 600.0):
        story = Story()
        story.see(good, GOOD)
        assert story.until_breach(each_of_four(share)) <= within
        assert story.finding.lane is lane


def test_evidence_beside_the_old_version_is_shown_first() -> None:
    story = Story()
    story.until_breach(each_of_four(0.05), GOOD)
    assert (story.finding.lane, story.finding.compared) == (Lane.NEW_VS_OLD, True)
    assert story.finding.old.total > 0


def test_two_requests_a_second_are_enough() -> None:
    assert Story().until_breach(each_of_four(0.05, rate=2.0)) <= 240


# What never fires


@pytest.mark.parametrize("share", [0.0, 0.004, 0.0099])
@pytest.mark.parametrize("check", [MAX, BOTH], ids=["max", "max and increase"])
def test_what_is_within_the_bounds_never_fires(check: RatioCheck, share: float) -> None:
    story = Story(check, before=each_of_four(share))
    said = {story.see(60, each_of_four(share, 500)).verdict for _ in range(90)}
    assert said == {None}
    assert list(voices.growing(check, story.counter)) == []
    assert all(story.lane(lane).windows > 170 for lane in (Lane.NEW_VS_MAX, Lane.SEVERE_5, Lane.SEVERE_40))


def burst(share: float, seconds: float, begins: float) -> tuple[Story, set[Verdict | None]]:
    """A burst on all pods; a scrape counts what fell into the 15 s before it."""
    story, said = Story(), set[Verdict | None]()
    while story.at < BEGAN + begins + seconds + 120:
        ends, began = BEGAN + begins + seconds, BEGAN + begins
        hit = max(0.0, min(story.at, ends) - max(story.at - INTERVAL, began)) / INTERVAL
        said.add(story.see(BLOCK, each_of_four(share * hit)).verdict)
    return story, said


@pytest.mark.parametrize("begins", [0.0, 5.0, 290.0, 300.0, 307.0])
@pytest.mark.parametrize(("share", "seconds"), [(0.05, 60), (0.05, 30), (0.2, 20), (1.0, 10)])
def test_a_short_burst_does_not_convince(share: float, seconds: float, begins: float) -> None:
    story, said = burst(share, seconds, begins)
    assert said == {None}
    assert story.counter.new.bad == pytest.approx(50 * share * seconds)


def test_old_pods_that_are_as_bad_clear_the_new_version() -> None:
    for check in (BOTH, MAX, INCREASE):
        story = Story(check)
        assert story.see(1800, BAD, BAD).verdict is None


def test_old_pods_that_have_just_gone_still_count_for_their_window() -> None:
    """A sample of theirs may still come that tells of the same seconds."""
    story = Story()
    story.see(60, GOOD, GOOD)
    before = story.worth(Lane.NEW_VS_MAX)
    story.see(INTERVAL, BAD)
    assert story.worth(Lane.NEW_VS_MAX) == before
    story.see(INTERVAL, BAD)
    assert story.worth(Lane.NEW_VS_MAX) > before


def test_too_few_old_requests_convict_nobody_of_being_worse() -> None:
    """Both may well fail as often: the old version was only asked once in five seconds."""
    story = Story(INCREASE)
    story.see(900, each_of_four(0.05), pods(0.2, 0.0))
    assert story.worth(Lane.NEW_VS_OLD) < 1 / BUDGET


def test_too_few_requests_before_convict_nobody() -> None:
    story = Story(INCREASE, before=pods(0.03, 0.0))
    assert story.see(1800, each_of_four(0.05)).verdict is None


@pytest.mark.parametrize("old", [None, GOOD], ids=["alone", "beside the old version"])
def test_one_odd_pod_of_four_never_convinces(old: Serving | None) -> None:
    story = Story()
    assert story.see(3600, pods(50, 0.8, 0, 0, 0), old).verdict is None
    assert max(story.worth(lane) for lane in (Lane.NEW_VS_MAX, Lane.NEW_VS_OLD)) > 1 / BUDGET  # it is not overlooked


def test_one_pod_that_is_alone_does() -> None:
    story = Story()
    assert story.until_breach(pods(50, 0.2)) <= 60


def test_a_second_pod_that_is_bad_too_makes_the_case() -> None:
    story = Story()
    story.see(600, pods(50, 0.8, 0, 0, 0))
    assert story.until_breach(pods(50, 0.8, 0.8, 0, 0)) <= 60


# Warm-up


@pytest.mark.parametrize("share", [0.1, 0.25, 0.29])
def test_young_pods_are_excused_for_what_a_cold_start_may_cost(share: float) -> None:
    story = Story()
    assert story.see(60, young(share)).verdict is None
    masked = [each for each in story.counter.lanes if each.lane is not Lane.SEVERE_40]
    assert all((each.windows, each.run) == (0, None) for each in masked)


def test_nobody_knows_the_age_of_pods_that_are_not_ready() -> None:
    story = Story()
    for _ in range(60):
        story.fold(*story.told(BLOCK, None, None, pods=(PodCount("p", "new", 100.0, 25.0, None),)))
        story.at += BLOCK
    assert story.finding.verdict is None


def test_nothing_excuses_what_no_cold_start_costs() -> None:
    for ready in (0.0, 600.0):  # Ready only later: its requests came before
        story = Story()
        assert story.until_breach(pods(50, *[0.6] * 4, ready=ready)) <= 45
        assert story.finding.lane is Lane.SEVERE_40
        assert story.finding.limit == BOTH.floor  # to have recovered takes more than to be no longer severe


def test_a_cold_start_that_does_not_end_is_found_after_it() -> None:
    assert 60 < Story().until_breach(young(0.2)) <= 105


# What was before


def test_a_service_that_was_as_bad_before_is_not_blamed_on_the_release() -> None:
    story = Story(before=BAD)
    assert story.see(1800, BAD).verdict is None
    assert story.lane(Lane.NEW_VS_MAX).windows == 0  # a bound that was exceeded before is none


def test_a_service_that_was_bad_before_and_gets_much_worse_is() -> None:
    story = Story(before=each_of_four(0.05))
    story.until_breach(each_of_four(0.15), within=120)
    assert (story.finding.lane, story.finding.excuse) == (Lane.SEVERE_5, "")
    assert story.finding.limit == pytest.approx(0.1)


def told_before(*parts: tuple[float, Serving]) -> Story:
    """What happened before the release, one part after the other."""
    story = Story(before=None, history=0.0)
    story.at = BEGAN - sum(seconds for seconds, _ in parts)
    for seconds, serving in parts:
        story.see(seconds, old=serving)
    return story


def test_a_symptom_that_began_just_before_is_an_excuse() -> None:
    story = told_before((480, GOOD), (120, BAD))
    story.until_breach(BAD)
    assert story.finding.excused_by == "symptom_before"
    assert story.finding.excuse == "it was as bad just before the release"


def test_a_symptom_that_was_over_ten_minutes_before_is_none() -> None:
    story = told_before((300, GOOD), (60, BAD), (3240, GOOD))
    story.until_breach(BAD, within=200)
    assert story.finding.excused_by == ""


def test_a_symptom_that_comes_and_goes_is_an_excuse() -> None:
    story = told_before(*[(60, BAD), (300, GOOD)] * 3, (2520, GOOD))
    story.until_breach(BAD)
    assert story.finding.excused_by == "flapping"
    assert "3 times" in story.finding.excuse


def test_what_the_old_version_suffered_when_it_served_last_is_an_excuse() -> None:
    story = Story()
    story.see(60, BAD, BAD)
    story.until_breach(BAD, within=200)
    assert story.finding.excused_by == "old_equally_bad"


def test_a_few_bad_requests_of_the_old_version_that_may_be_chance_are_none() -> None:
    story = Story(MAX)
    story.see(60, GOOD, pods(1, 0.05))
    story.until_breach(pods(50, 0.06, 0.06, 0.06, 0.06), within=400)
    assert story.finding.excuse == ""


def test_an_excuse_does_not_clear_what_is_worse_than_the_old_pods() -> None:
    story = told_before((480, GOOD), (120, BAD))
    story.until_breach(BAD, GOOD)
    assert (story.finding.lane, story.finding.excuse) == (Lane.NEW_VS_OLD, "")


def test_errors_that_begin_with_far_more_traffic_than_usual_are_blamed_on_it() -> None:
    story = Story()
    story.see(120, each_of_four(0.0, rate=100.0))
    story.until_breach(each_of_four(0.2, rate=100.0))
    assert story.finding.excused_by == "overload"
    assert "2.0 times the usual" in story.finding.excuse


def test_two_bad_requests_before_do_not_make_a_bound_exceeded() -> None:
    story = told_before((60, pods(1, 0.03)))
    assert 0 < story.counter.usual.bad < 3
    story.until_breach(pods(1, 0.6), within=400)
    assert story.finding.excuse == ""


def test_what_was_usual_is_counted_on_the_version_before_only() -> None:
    strangers = (PodCount("n", "new", 900.0, 900.0, 0.0), PodCount("x", "aborted", 900.0, 900.0, 0.0))
    story = told_before((60, GOOD))
    story.at = BEGAN - 60
    story.watch = replace(story.watch, evidence=Evidence())
    story.see(45, pods=strangers)
    story.see(15, old=GOOD)
    story.see(BLOCK, GOOD)  # which closes the window before it
    assert story.counter.usual == Windows().plus(750.0, 0.0)


def test_a_window_in_which_the_release_began_tells_nothing_of_what_was_usual() -> None:
    """Its old pods are those of the rollout, and perhaps of a version that is no measure."""
    release = replace(Story().watch.release, began=BEGAN + 12.0, previous_revision="")
    story = Story(before=None, history=0.0)
    story.watch = replace(story.watch, release=release)
    story.see(45, None, BAD)
    assert story.counter.usual == Windows()


def test_a_check_without_versions_leaves_out_the_block_in_which_the_release_began() -> None:
    story = Story(BLIND)
    story.watch = replace(story.watch, release=replace(story.watch.release, began=BEGAN + 2.0))
    story.see(BLOCK, BAD)
    assert story.counter.window.old == story.counter.new == Tally()
    story.see(60, BAD)
    assert story.counter.usual.bad == 0
    assert story.counter.new.bad == pytest.approx(0.2 * 50 * 60)


# How far it may go


@pytest.mark.parametrize(("rate", "bad"), [(0.1, 4), (0.05, 3)])
def test_three_to_nine_bad_requests_are_only_proposed(rate: float, bad: float) -> None:
    story = Story()
    story.until_breach(pods(rate, 1.0))
    assert bad <= story.finding.new.bad < 10
    assert story.finding.may is Mode.PROPOSE
    assert story.finding.why_may == f"only {story.finding.new.bad:.0f} bad requests; 10 are needed"
    assert story.see(300, pods(rate, 1.0)).may is Mode.ACT


def test_fewer_than_three_are_nothing_whatever_they_prove() -> None:
    story = Story()
    story.see(45, pods(0.05, 1.0))
    story.see(270, pods(0.05, 0.0, 0.0))
    assert story.counter.new.bad < 3
    assert story.finding.verdict is None


def test_a_check_that_sees_no_versions_only_proposes() -> None:
    story = Story(BLIND)
    story.until_breach(BAD)
    assert story.finding.may is Mode.PROPOSE
    assert story.finding.why_may == "check errors cannot tell versions apart"
    assert "since the release" in story.finding.sentence


def test_where_nothing_was_seen_of_the_version_before_it_is_only_proposed() -> None:
    story = Story(MAX, before=None)
    story.until_breach(BAD)
    assert (story.finding.may, story.finding.why_may) == (
        Mode.PROPOSE,
        "nothing was seen of the version before, which may have been as bad",
    )


def test_recovery_is_measured_by_the_bound_where_nothing_was_seen_before() -> None:
    for check, limit in ((MAX, 0.01), (BOTH, 0.01), (INCREASE, 0.4)):
        story = Story(check, before=None)
        story.until_breach(young(0.6))
        assert story.finding.limit == limit


# What moves nothing


def test_blocks_without_requests_move_nothing() -> None:
    story = Story()
    story.see(60, GOOD)
    story.see(15, BAD)
    before, seen = story.counter, [story.worth(each.lane) for each in story.counter.lanes]
    for counts in ((), (PodCount("new-0", "new", 0.0, 0.0, 100.0),)):
        story.see(30, pods=counts)
        assert [story.worth(each.lane) for each in story.counter.lanes] == seen
        assert [each.run for each in story.counter.lanes] == [each.run for each in before.lanes]
        assert (story.counter.new, story.finding.verdict) == (before.new, None)


def test_a_gap_counts_its_requests_and_proves_nothing() -> None:
    story = Story()
    story.see(60, GOOD)
    story.see(15, BAD)
    before = story.counter
    assert story.see(300, each_of_four(1.0), gap=True).verdict is None
    assert [each.worth for each in story.counter.lanes] == [each.worth for each in before.lanes]
    assert story.counter.new.bad > before.new.bad + 10_000
    assert story.counter.sighted == before.sighted


def test_a_broken_contract_is_no_data_until_it_holds_again() -> None:
    story = Story()
    story.until_breach(BAD)
    before = story.counter
    finding = story.see(60, each_of_four(1.0), broken="metric-contract-changed")
    assert (finding.verdict, finding.sentence) == (Verdict.NO_DATA, "errors: metric-contract-changed")
    assert (story.counter.new, story.counter.lanes) == (before.new, before.lanes)
    assert story.see(15, BAD).verdict is Verdict.BREACH


def test_a_block_that_comes_twice_counts_once() -> None:
    story = Story()
    blocks = story.told(60, BAD)
    story.fold(*blocks)
    once = story.evidence
    story.fold(*blocks[3:], *blocks[:3])
    assert story.evidence == once


def test_nothing_seen_is_no_data() -> None:
    assert Story().finding.verdict is Verdict.NO_DATA
    assert Story().finding.sentence == "errors: no requests on the new version seen yet"


def test_a_breach_of_long_ago_is_none_of_now() -> None:
    story = Story()
    story.until_breach(BAD)
    story.see(240)
    assert story.finding.verdict is Verdict.BREACH  # nothing was seen that says otherwise
    story.see(90)
    assert story.finding.verdict is None


def test_a_breach_that_has_ended_is_seen_to_be_over() -> None:
    story = Story()
    story.until_breach(BAD)
    assert story.see(300, GOOD).verdict is None
    assert story.until_breach(BAD) <= 90  # a fault that comes back is found again


def test_time_without_the_new_version_or_beyond_a_scrape_is_no_sight() -> None:
    story = Story()
    story.see(60, None, GOOD)
    assert story.counter.sighted == 0
    story.see(60, pods(50, 0.0), GOOD)  # one pod: one block in three
    assert story.counter.sighted == pytest.approx(60, abs=INTERVAL)
    story.see(600)
    story.see(INTERVAL, pods(50, 0.0))
    assert story.counter.sighted <= 60 + 2 * INTERVAL


# Several checks


def test_a_check_is_begun_with_nothing_seen() -> None:
    assert rates.begin(BOTH) == CounterEvidence("errors", basis(BOTH), lanes=rates.begin(MAX).lanes)
    assert {each.windows for each in rates.begin(BOTH).lanes} == {0}


def test_checks_that_suffer_together_reach_the_budget_together() -> None:
    """Neither has the evidence on its own: the sum of both is what counts."""
    story = Story(BOTH, SECOND)
    alone = Story(BOTH, SECOND)
    took = story.until_breach(each_of_four(0.03, 20.0))
    alone.see(took, each_of_four(0.03, 20.0), only="errors")

    assert [each.verdict for each in story.findings] == [Verdict.BREACH] * 2
    assert story.findings[0].worth == pytest.approx(2 * _proof(alone, "errors"))
    assert alone.finding.verdict is None


def _proof(story: Story, name: str) -> float:
    """What one check's lanes add to the mean."""
    check = next(each for each in story.policy.checks if each.name == name)
    evidence = next(each for each in story.evidence.counters if each.check == name)
    lanes = frozenset(each.lane for each in evidence.lanes)
    assert isinstance(check, RatioCheck)
    spoken = voices.voices(check, evidence, story.watch.release, story.at, lanes, 1 / len(story.policy.checks))
    return sum(each.weight * each.worth for each in spoken)


def test_a_check_that_may_only_propose_adds_up_in_proposing_and_not_in_acting() -> None:
    """Together they propose; alone the one that may act has too little yet, and acts later."""
    story = Story(BOTH, replace(SECOND, may=Mode.PROPOSE))
    proposed = story.until_breach(each_of_four(0.03, 20.0))
    assert [each.may for each in story.findings] == [Mode.PROPOSE, Mode.PROPOSE]
    assert _proof(story, "errors") < 1 / BUDGET <= _proof(story, "errors") + _proof(story, "more")

    acted = proposed
    while story.finding.may is not Mode.ACT:
        story.see(BLOCK, each_of_four(0.03, 20.0))
        acted += BLOCK
        assert acted < 600
    assert _proof(story, "errors") >= 1 / BUDGET
    assert story.findings[1].verdict is None  # it is not what acts


def test_a_check_that_is_well_is_not_named() -> None:
    story = Story(BOTH, SECOND)
    while story.at < BEGAN + 120:
        story.see(BLOCK, GOOD, only="more")
        story.at -= BLOCK
        story.see(BLOCK, BAD, only="errors")
    assert [each.verdict for each in story.findings] == [Verdict.BREACH, None]


# After a restart


def test_a_new_process_keeps_what_was_usual() -> None:
    story = Story()
    story.see(300, GOOD)
    usual = story.counter.usual
    kept = judge.resume(story.evidence)
    (counter,) = kept.counters
    assert (counter.kept, counter.usual, counter.known) == (usual, usual, True)
    assert (counter.new.total, counter.seen_until, counter.before) == (0, 0, Windows())
    assert counter.lanes == rates.begin(BOTH).lanes
    assert kept.budget == story.evidence.budget

    story.watch = replace(story.watch, evidence=kept)
    assert story.until_breach(each_of_four(0.008, rate=500), within=900) > 0
    assert story.finding.lane is Lane.NEW_VS_BEFORE


# In words


def test_a_breach_is_told_with_its_numbers() -> None:
    story = Story()
    story.until_breach(BAD)
    bad, total = story.finding.new.bad, story.finding.new.total
    assert story.finding.sentence == (
        f"errors: new version: {bad:,.0f} of {total:,.0f} requests failed (20 %); allowed is 5 %;"
        " a good release would show this less than once in 10,000"
    )


def test_a_breach_beside_the_old_version_tells_of_both() -> None:
    story = Story(HistogramCheck("latency", "main", "seconds", bound=0.5, max=0.01, increase=2.0))
    story.until_breach(each_of_four(0.05), each_of_four(0.002))
    assert "requests were too slow (5 %), old: " in story.finding.sentence
    assert "(0.2 %); allowed is 0.5 % beside the old version; " in story.finding.sentence
    assert story.finding.sentence.startswith("latency: new version: ")


def test_evidence_that_is_not_enough_is_told_too() -> None:
    story = Story()
    story.see(10, BAD)
    assert story.finding.sentence.startswith("errors: new version: 112 of 562 (20 %) failed; 112 of 562 (20 %) lately")
    assert story.finding.sentence.endswith(": not proven")


def test_nothing_is_said_of_what_is_well() -> None:
    assert Story().see(60, GOOD).sentence == "errors: new version: 0 of 3,000 (0 %) failed"
