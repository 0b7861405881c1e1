"""What people did about a release is read from the releases after it."""

from __future__ import annotations

import pytest

from tests.reporting.story import BEGIN, CHECKOUT, DAY, MINUTE, NOW, Story
from watcher.core.machine import DELETED
from watcher.reporting.report import Answer, Missed, Report

HOUR = 60 * MINUTE


def bad_release(mode: str = "observe", **decided: object) -> Story:
    """v1 passed; v2 would have been undone five minutes after it began, at 65 minutes."""
    story = Story()
    story.release("v1", 0.0)
    release = story.release("v2", HOUR, "breach", ended=None)
    story.decide(release, HOUR + 5 * MINUTE, mode=mode, **decided)  # type: ignore[arg-type]
    return story


def answer(report: Report) -> tuple[Answer, float | None, str]:
    (rollback,) = report.rollbacks
    return rollback.answer, rollback.answer_after_s, rollback.answer_image


def test_going_back_is_recognised_by_the_revision_of_the_target() -> None:
    story = bad_release()
    story.release("v1", HOUR + 17 * MINUTE)
    assert answer(story.report()) == (Answer.WENT_BACK, 12 * MINUTE, "cart:v1")
    assert story.report().lead.median_s == 12 * MINUTE


def test_going_back_is_recognised_by_the_image_though_the_template_is_another() -> None:
    story = bad_release(target="v0")
    story.release("stamped-anew", HOUR + 17 * MINUTE, image="cart:v0")
    assert answer(story.report())[0] is Answer.WENT_BACK


def test_going_back_further_is_recognised_by_the_words_of_the_release_or_by_what_ran_before() -> None:
    named = bad_release()
    named.release("v0", HOUR + 17 * MINUTE, returns=True)
    assert answer(named.report())[0] is Answer.WENT_BACK
    story = Story()
    for number, revision in enumerate(("v0", "v1")):
        story.release(revision, number * MINUTE)
    story.decide(story.release("v2", HOUR, "breach"), HOUR + MINUTE, target="v1")
    story.release("v0", 2 * HOUR)
    assert answer(story.report())[0] is Answer.WENT_BACK


def test_another_version_within_a_day_is_a_fix_and_later_on_it_is_the_next_release() -> None:
    story = bad_release()
    story.release("v3", HOUR + 35 * MINUTE)
    assert answer(story.report()) == (Answer.WENT_FORWARD, 30 * MINUTE, "cart:v3")
    late = bad_release()
    late.release("v3", 2 * DAY)
    assert answer(late.report()) == (Answer.NOTHING, None, "")
    assert late.report().lead.count == 0


def test_nobody_does_anything() -> None:
    assert answer(bad_release().report())[0] is Answer.NOTHING
    early = bad_release().report(made_at=BEGIN + HOUR + 10 * MINUTE)
    assert answer(early)[0] is Answer.NOT_YET


def test_a_deleted_workload() -> None:
    story = Story()
    release = story.release("v2", HOUR, "breach", ended=2 * HOUR, reason=DELETED)
    story.decide(release, HOUR + MINUTE)
    assert answer(story.report())[:2] == (Answer.DELETED, HOUR - MINUTE)


def test_an_aborted_rollout_and_its_retry() -> None:
    story = Story()
    release = story.aborted("v2", HOUR, HOUR + 9 * MINUTE, verdict="breach", workload=CHECKOUT)
    story.decide(release, HOUR + 5 * MINUTE)
    story.release("v2", 3 * HOUR, workload=CHECKOUT)
    (rollback,) = story.report().rollbacks
    assert (rollback.answer, rollback.answer_after_s) == (Answer.ABORTED, 4 * MINUTE)


def test_what_watcher_undid_and_people_brought_back() -> None:
    story = bad_release(mode="act", outcome="restored", restored=HOUR + 7 * MINUTE)
    story.release("v2", 3 * HOUR)
    (rollback,) = story.report().rollbacks
    assert (rollback.done, rollback.answer) == (True, Answer.BROUGHT_BACK)
    assert (rollback.to_decision_s, rollback.to_restore_s) == (MINUTE, 3 * MINUTE)
    assert story.report().lead.count == 0, "it did not wait for people"


def test_a_restart_is_no_answer() -> None:
    story = bad_release()
    story.release("v2~1", HOUR + 8 * MINUTE, change="restart")
    story.release("v1", HOUR + 17 * MINUTE)
    assert answer(story.report())[:2] == (Answer.WENT_BACK, 12 * MINUTE)


@pytest.mark.parametrize(
    ("verdict", "missed"),
    [
        ("pass", Missed.PASSED),
        ("inconclusive", Missed.UNDECIDED),
        ("no_data", Missed.UNDECIDED),
        ("", Missed.FASTER),
    ],
)
def test_people_go_back_from_what_watcher_would_have_left(verdict: str, missed: Missed) -> None:
    story = Story()
    story.release("v1", 0.0)
    story.release("v2", HOUR, verdict)
    story.release("v1", 2 * HOUR, returns=True)
    (miss,) = story.report().misses
    assert (miss.image, miss.missed, miss.after_s) == ("cart:v2", missed, HOUR)
    assert miss.answer is Answer.WENT_BACK


def test_a_rollback_that_a_person_commanded_is_what_people_did() -> None:
    story = Story()
    story.release("v1", 0.0)
    release = story.release("v2", HOUR, "pass")
    story.decide(release, 2 * HOUR, mode="act", outcome="restored", commanded=True)
    report = story.report()
    assert report.rollbacks == ()
    (miss,) = report.misses
    assert (miss.image, miss.missed, miss.answer, miss.after_s) == ("cart:v2", Missed.PASSED, Answer.WENT_BACK, HOUR)


def test_a_guard_that_held_while_people_went_back() -> None:
    story = Story()
    story.release("v1", 0.0)
    story.decide(story.release("v2", HOUR, "breach"), HOUR, action="hold", guards=[("cooldown", "rolled back lately")])
    story.release("v1", 2 * HOUR)
    report = story.report()
    (miss,), (guard,) = report.misses, report.guards
    assert (miss.missed, miss.why) == (Missed.HELD, "rolled back lately (cooldown)")
    assert (guard.guard, guard.held, guard.people_went_back) == ("cooldown", 1, 1)
    assert not report.rollbacks


def test_a_version_that_was_taken_back_before_is_no_way_back() -> None:
    story = Story()
    for number, revision in enumerate(("v1", "v2", "v1", "v3", "v2")):
        story.release(revision, number * HOUR)
    assert [miss.image for miss in story.report().misses] == ["cart:v2"]


def test_people_may_go_back_further() -> None:
    story = Story()
    for number, revision in enumerate(("v0", "v1", "v2", "v1", "v0")):
        story.release(revision, number * HOUR)
    assert [miss.image for miss in story.report().misses] == ["cart:v2", "cart:v1"]


def test_whoever_leaves_a_way_back_goes_forward_again() -> None:
    story = Story()
    for number, revision in enumerate(("v1", "v2", "v1", "v2", "v1")):
        story.release(revision, number * HOUR)
    assert [(miss.image, miss.at - BEGIN) for miss in story.report().misses] == [
        ("cart:v2", 2 * HOUR),
        ("cart:v2", 4 * HOUR),
    ]


def test_an_abort_before_a_verdict_is_a_miss_too() -> None:
    story = Story()
    story.aborted("v2", HOUR, HOUR + MINUTE, workload=CHECKOUT)
    (miss,) = story.report().misses
    assert (miss.missed, miss.answer, miss.after_s) == (Missed.FASTER, Answer.ABORTED, MINUTE)


def test_going_forward_is_no_miss() -> None:
    story = Story()
    for number in range(5):
        story.release(f"v{number}", number * HOUR)
    assert story.report().misses == ()


def test_answers_after_the_end_of_the_report_count_and_their_releases_do_not() -> None:
    story = bad_release()
    story.release("v1", HOUR + 17 * MINUTE)
    report = story.report(until=BEGIN + HOUR + 10 * MINUTE)
    assert answer(report)[0] is Answer.WENT_BACK
    assert report.releases.seen == 2
    assert story.report(until=NOW).releases.seen == 3
