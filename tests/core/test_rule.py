"""The rule for ratio and histogram checks, block by block."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watcher.core import rule
from watcher.core.model import Block, PodCount, Workload
from watcher.core.policy import By, CounterCheck, HistogramCheck, Identify, JudgeRules, RatioCheck, basis
from watcher.core.state import CounterEvidence, Finding, Release
from watcher.core.words import Change, Kind, Lane, Mode, Verdict

RELEASE = Release(
    id="uid/2",
    workload=Workload(Kind.DEPLOYMENT, "shop", "cart"),
    uid="uid",
    number=2,
    revision="new",
    template_id="id-new",
    images=("cart:2",),
    change=Change.VERSION,
    began=1000.0,
    previous="id-old",
    previous_revision="old",
)
RULES = JudgeRules()
BOTH = RatioCheck("errors", "main", "requests_total", max=0.01, increase=2.0)
MAX = replace(BOTH, increase=None)
INCREASE = replace(BOTH, max=None)
FLOOR = INCREASE.floor

Counts = tuple[float, float]  # total, bad


class Story:
    """Blocks of 15 s, one after the other, told as (total, bad) of the new and the old version."""

    def __init__(self, check: CounterCheck = BOTH, before: Counts = (10_000, 0), rules: JudgeRules = RULES) -> None:
        self.check, self.rules = check, rules
        self.evidence = rule.begin(check)
        self.at = RELEASE.began - 15.0
        self.see(old=before)

    def see(
        self, new: Counts | None = None, old: Counts | None = None, times: int = 1, age: float | None = 100.0
    ) -> Finding:
        for _ in range(times):
            pods = [PodCount("p-new", "new", *new, age)] if new else []
            pods += [PodCount("p-old", "old", *old, 9999.0)] if old else []
            self.fold(pods=tuple(pods))
        return self.finding

    def fold(self, **fields: object) -> Finding:
        block = Block(self.check.name, self.at, 15.0, **fields)  # type: ignore[arg-type]
        self.evidence = rule.fold(self.check, self.evidence, block, RELEASE, self.rules)
        self.at += 15.0
        return self.finding

    @property
    def finding(self) -> Finding:
        return rule.read(self.check, self.evidence, self.at)

    def streak(self, lane: Lane) -> int:
        return next(each.streak for each in self.evidence.lanes if each.lane is lane)


def test_three_blocks_in_a_row_prove_a_breach_and_two_do_not() -> None:
    story = Story()
    assert story.see((100, 10), times=2).verdict is None
    finding = story.see((100, 10))
    assert finding.verdict is Verdict.BREACH
    assert (finding.lane, finding.since, finding.may) == (Lane.NEW_VS_BEFORE, 1000.0, Mode.ACT)
    assert finding.sentence == (
        "errors: new version: 30 of 300 requests failed (10 %); allowed is 0.5 % after what was usual before"
    )


def test_one_good_block_ends_a_streak() -> None:
    story = Story()
    story.see((100, 10), times=2)
    story.see((100, 0))
    assert story.see((100, 10), times=2).verdict is None


@pytest.mark.parametrize("nothing", [{"pods": ()}, {"pods": (PodCount("p", "new", 0.0, 0.0, 100.0),)}])
def test_blocks_without_requests_move_nothing(nothing: dict[str, object]) -> None:
    story = Story()
    story.see((100, 10), times=2)
    before = story.evidence
    for _ in range(5):
        story.fold(**nothing)
    assert story.evidence.lanes == before.lanes
    assert story.evidence.new == before.new
    assert story.see((100, 10)).verdict is Verdict.BREACH


def test_a_gap_counts_its_requests_and_proves_nothing() -> None:
    story = Story()
    story.see((100, 10), times=2)
    for _ in range(3):
        story.fold(pods=(PodCount("p", "new", 100.0, 100.0, 100.0),), gap=True)
    assert story.finding.verdict is None
    assert story.evidence.new.total == 500
    assert rule.suspicious(story.evidence)


def test_a_broken_contract_is_no_data_until_it_holds_again() -> None:
    story = Story()
    story.see((100, 10), times=3)
    finding = story.fold(pods=(PodCount("p", "new", 100.0, 100.0, 100.0),), broken="metric-contract-changed")
    assert finding.verdict is Verdict.NO_DATA
    assert finding.sentence == "errors: metric-contract-changed"
    assert story.evidence.new.total == 300
    assert story.see((100, 10)).verdict is Verdict.BREACH


def test_a_block_seen_twice_counts_once() -> None:
    story = Story()
    story.see((100, 10))
    before = story.evidence
    story.at -= 15.0
    story.see((100, 10))
    assert story.evidence == before


def test_nothing_seen_is_no_data() -> None:
    assert Story().finding.verdict is Verdict.NO_DATA


def test_old_pods_that_are_as_bad_clear_the_new_version() -> None:
    assert Story().see((100, 10), (1000, 100), times=5).verdict is None


def test_old_pods_that_are_fine_convict_it() -> None:
    finding = Story().see((300, 30), (1000, 1), times=3)
    assert (finding.lane, finding.compared) == (Lane.NEW_VS_OLD, True)
    assert finding.sentence.endswith("old: 3 of 3,000 (0.1 %); allowed is 0.5 % beside the old version")


def test_too_few_old_requests_convict_nobody() -> None:
    """Both versions may well fail as often: the old one was only asked five times a block."""
    story = Story(INCREASE)
    assert story.see((1000, 50), (5, 0), times=10).verdict is None
    assert story.streak(Lane.NEW_VS_OLD) == 0


def test_too_few_requests_before_convict_nobody() -> None:
    story = Story(INCREASE, before=(20, 0))
    assert story.see((1000, 50), times=10).verdict is None


def test_a_lane_that_has_nothing_to_compare_with_any_more_forgets_what_has_ended() -> None:
    """Bad beside the old version, then promoted and healthy: nothing of it may stay."""
    story = Story(INCREASE)
    assert story.see((300, 30), (1000, 1), times=3).verdict is Verdict.BREACH
    assert story.see((1300, 1)).verdict is None
    assert not rule.suspicious(story.evidence)


def test_a_lane_that_has_nothing_to_compare_with_keeps_what_has_not_ended() -> None:
    story = Story(INCREASE, before=(0, 0))
    story.see((300, 30), (1000, 1), times=2)
    story.see((300, 30))
    assert story.streak(Lane.NEW_VS_OLD) == 2


def test_a_breach_of_long_ago_is_none_of_now() -> None:
    story = Story()
    story.see((100, 10), times=3)
    for _ in range(21):
        story.fold(pods=())
    assert story.finding.verdict is None
    assert "not proven yet" not in story.finding.sentence
    assert rule.suspicious(story.evidence)


def test_a_bound_that_was_broken_before_blames_nobody() -> None:
    assert Story(MAX, before=(1000, 30)).see((100, 20), times=10).verdict is None
    assert Story(MAX, before=(1000, 500)).see((100, 90), times=10).verdict is None
    assert Story(MAX, before=(1000, 30)).see((100, 90), times=3).lane is Lane.SEVERE_40


def test_two_bad_requests_before_do_not_make_a_bound_broken() -> None:
    assert Story(MAX, before=(100, 2)).see((100, 10), times=3).verdict is Verdict.BREACH


def test_what_was_usual_is_counted_on_the_version_before_only() -> None:
    story = Story(MAX)
    story.at = RELEASE.began - 5.0
    story.fold(pods=(PodCount("p-new", "new", 50.0, 25.0, 0.0), PodCount("p-x", "aborted", 50.0, 25.0, 0.0)))
    assert story.evidence.before.total == 10_000
    assert story.see((100, 10), times=3).verdict is Verdict.BREACH


def test_a_check_without_versions_leaves_out_the_block_in_which_the_release_began() -> None:
    story = Story(replace(MAX, identify=Identify(By.FIXED)))
    story.at = RELEASE.began - 5.0
    story.fold(pods=(PodCount("", "", 50.0, 25.0),))
    assert story.evidence.before.total == 10_000


def test_young_pods_are_excused_for_what_a_cold_start_may_cost() -> None:
    assert Story().see((100, 30), times=5, age=59.0).verdict is None
    assert Story().see((100, 30), times=5, age=None).verdict is None
    assert Story().see((100, 30), times=3, age=60.0).verdict is Verdict.BREACH


@pytest.mark.parametrize("age", [-20.0, 0.0, None])
def test_nothing_excuses_what_no_cold_start_costs(age: float | None) -> None:
    finding = Story().see((100, 60), times=3, age=age)
    assert (finding.lane, finding.verdict) == (Lane.SEVERE_40, Verdict.BREACH)
    assert finding.limit == FLOOR  # to have recovered takes more than to be no longer severe


def test_recovery_from_a_severe_breach_is_measured_by_the_bound_where_nothing_was_seen_before() -> None:
    assert Story(MAX).see((100, 60), times=3, age=0.0).limit == 0.01
    assert Story(MAX, before=(0, 0)).see((100, 60), times=3, age=0.0).limit == 0.01
    assert Story(INCREASE, before=(0, 0)).see((100, 60), times=3, age=0.0).limit == 0.4


def test_a_bound_above_forty_percent_is_its_own_severe_bound() -> None:
    check = HistogramCheck("latency", "main", "seconds", bound=0.5, max=0.6)
    assert Story(check).see((100, 55), times=5).verdict is None
    finding = Story(check).see((100, 70), times=3)
    assert finding.sentence == "latency: new version: 210 of 300 requests were too slow (70 %); allowed is 60 %"


def test_only_the_lanes_that_are_asked_for_speak() -> None:
    story = Story()
    story.see((100, 10), times=3)
    assert rule.read(BOTH, story.evidence, story.at, (Lane.SEVERE_40,)).verdict is None
    story.see((100, 60), times=3)
    assert rule.read(BOTH, story.evidence, story.at, (Lane.SEVERE_40,)).lane is Lane.SEVERE_40


def test_the_lane_that_may_act_is_shown_before_one_that_may_not() -> None:
    story = Story(MAX)
    story.see((100, 2), times=3)
    assert story.finding.may is Mode.PROPOSE
    story.see((100, 60), times=3)
    assert (story.finding.lane, story.finding.may) == (Lane.NEW_VS_MAX, Mode.ACT)


def test_only_blocks_that_looked_at_the_new_version_count_as_sight() -> None:
    story = Story()
    story.see(None, (100, 0))
    story.see((0, 0), (100, 0))
    story.see((100, 0))
    assert story.evidence.sighted == 30.0


def test_evidence_of_another_kind_of_check_begins_empty() -> None:
    assert rule.begin(BOTH) == CounterEvidence("errors", basis(BOTH), lanes=rule.begin(MAX).lanes)
