"""The trend of each rehearsed rung; releases that were bad on purpose count nowhere else."""

from __future__ import annotations

from tests.reporting.sample import rehearsed
from tests.reporting.story import BEGIN, DAY, Story
from watcher.ports import FAILED, PASSED
from watcher.reporting.rehearsing import TREND

DRILL = "Deployment/shop-drill/cart"


def test_a_rung_has_its_trend_and_its_last_failure() -> None:
    story = Story()
    story.rehearsals = [
        rehearsed(day, at=BEGIN + day * DAY, seconds=30.0 + day, result=FAILED if day in (3, 11) else PASSED)
        for day in range(12)
    ]
    (found,) = story.report().rehearsals
    assert (found.workload, found.rung, found.held, found.failed) == (DRILL, "undo", 12, 2)
    assert (found.last_result, found.last_s) == (FAILED, 41.0)
    assert found.trend_s == tuple(30.0 + day for day in (2, 4, 5, 6, 7, 8, 9, 10))
    assert len(found.trend_s) == TREND
    assert found.median_s == 35.5
    assert "spec.replicas" in found.failure


def test_what_was_held_in_another_time_or_namespace_is_left_out() -> None:
    story = Story()
    story.rehearsals = [rehearsed(1, at=BEGIN - 1.0, seconds=1.0, result=PASSED)]
    assert story.report().rehearsals == ()
    story.rehearsals = [rehearsed(1, at=BEGIN, seconds=1.0, result=PASSED)]
    assert story.report(namespace="shop").rehearsals == ()
    assert len(story.report(namespace="shop-*").rehearsals) == 1


def test_releases_that_were_bad_on_purpose_are_no_rollbacks() -> None:
    story = Story()
    story.decide(story.release("v1", DAY, "breach", workload=DRILL), DAY + 60.0, mode="act", target="v0")
    assert len(story.report().rollbacks) == 1
    story.rehearsals = [rehearsed(1, at=BEGIN + DAY, seconds=1.0, result=PASSED)]
    found = story.report()
    assert (found.rollbacks, found.releases.seen) == ((), 0)
