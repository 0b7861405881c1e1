"""When a fault began, as far as its bad requests tell, and whether the old version served beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.counted import ERRORS
from watcher.core.judging import runs
from watcher.core.judging.dispersion import Windows
from watcher.core.judging.evidence import CounterEvidence, LaneEvidence, Run, Tally, Window
from watcher.core.words import Lane

BEGAN = 10_000.0
NOTHING = Tally()
RUN = Run(BEGAN, BEGAN + 60, 0.01, 8.0, Tally(100, 9), NOTHING, ())


def evidence(*lanes: LaneEvidence, served_at: float = BEGAN - 1000) -> CounterEvidence:
    window = Window(length=30.0)
    return CounterEvidence("errors", before=Windows(), window=window, lanes=lanes, served_at=served_at)


def lane(run: Run, name: Lane = Lane.NEW_VS_MAX, *, old: Tally = NOTHING) -> LaneEvidence:
    return LaneEvidence(name, run=run, old=old)


def test_few_bad_requests_tell_little_of_when_the_fault_began() -> None:
    few, many = replace(RUN, new=Tally(100, 9)), replace(RUN, new=Tally(10_000, 900))

    # nine that were seen may be a lucky three above what the fault brings in that time: one each 20 s
    assert runs.onset(evidence(lane(few)), few)[0] == pytest.approx(BEGAN - 5 * 20)
    assert runs.onset(evidence(lane(many)), many)[0] == pytest.approx(BEGAN - 5 * 60 / 840)


def test_it_may_never_have_been_there_unseen_for_longer_than_the_most() -> None:
    single = replace(RUN, new=Tally(3, 1), until=BEGAN + 900)

    assert runs.onset(evidence(lane(single)), single)[0] == BEGAN - runs.MOST_UNSEEN


def test_the_run_of_a_stricter_lane_tells_better_and_leaves_the_time_between_two_bad_requests() -> None:
    stricter = replace(RUN, since=BEGAN + 30, limit=0.05, new=Tally(50, 8))
    found = evidence(lane(RUN), lane(stricter, Lane.SEVERE_5))

    assert runs.onset(found, RUN) == pytest.approx((BEGAN - 100, BEGAN + 30, BEGAN + 30 + 20))
    assert runs.onset(evidence(lane(RUN)), RUN)[1:] == (BEGAN, RUN.until)


def test_a_stricter_lane_with_few_of_the_bad_requests_tells_nothing() -> None:
    burst = replace(RUN, since=BEGAN + 50, limit=0.05, new=Tally(10, 3))

    assert runs.onset(evidence(lane(RUN), lane(burst, Lane.SEVERE_5)), RUN)[1:] == (BEGAN, RUN.until)


def test_what_is_seen_soon_after_the_new_version_began_to_serve_may_have_been_there_from_the_start() -> None:
    found = evidence(lane(RUN), served_at=BEGAN - 60)

    assert runs.onset(found, RUN)[0] == pytest.approx(BEGAN - 60 - 100)


def test_it_may_have_been_there_before_if_the_old_version_had_bad_requests_too() -> None:
    suffered, healthy = lane(RUN, old=Tally(100, 2)), lane(RUN, old=Tally(500, 2))

    assert runs.onset(evidence(suffered, served_at=BEGAN - 60), RUN)[0] == BEGAN - 60 - runs.MOST_UNSEEN
    assert runs.onset(evidence(healthy, served_at=BEGAN - 60), RUN)[0] == pytest.approx(BEGAN - 160), "chance"
    assert runs.onset(evidence(suffered), RUN)[0] == pytest.approx(BEGAN - 100), "long after: the release began well"


@pytest.mark.parametrize(
    ("old_at", "total", "bad", "beside"),
    [
        (BEGAN + 60, 100, 0, True),
        (BEGAN + 16, 100, 0, True),
        (BEGAN + 14, 100, 0, False),  # less than a scrape
        (BEGAN + 60, 50, 0, False),  # too few to have shown it
        (BEGAN + 60, 100, 9, False),  # as bad
    ],
)
def test_the_old_version_stood_beside_if_it_served_well_for_a_scrape_at_least(
    old_at: float, total: float, bad: float, beside: bool
) -> None:
    run = replace(RUN, old=Tally(total, bad), old_at=old_at)

    assert runs.compared(ERRORS, evidence(lane(run)), run) is beside


def test_an_old_version_that_has_long_gone_stands_beside_no_more() -> None:
    run = replace(RUN, until=BEGAN + 200, old=Tally(100, 0), old_at=BEGAN + 60)

    assert not runs.compared(ERRORS, evidence(lane(run)), run)
