from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.core.counted import (
    ERRORS,
    LATENCY,
    T0,
    blocks,
    by_scrape,
    counts,
    fold,
    gaps,
    pod,
    scraped,
    series,
    steps,
    up,
)
from watcher.core.measuring.podtable import PodTable
from watcher.core.measuring.presence import Presence
from watcher.core.model import Block
from watcher.core.policy import By, Identify, RatioCheck


def test_a_difference_belongs_to_the_block_of_its_later_sample() -> None:
    found = blocks(ERRORS, [series("requests", steps(-10, [100, 110, 130, 160, 200]), code="200")])

    nothing = (0, 0)
    assert counts(found) == [
        *(nothing, (10, 0), nothing),
        *(nothing, (20, 0), nothing),
        *(nothing, (30, 0), nothing),
        *(nothing, (40, 0), nothing),
    ]
    assert [(each.start - T0, each.length, each.interval) for each in found] == [(5 * n, 5, 15) for n in range(12)]
    assert not any(gaps(found))


def test_bad_requests_are_those_whose_labels_match_in_full() -> None:
    found = [series("requests", steps(-10, [0, 0, 10]), code=code) for code in ("200", "500", "503", "1500")]

    assert counts(scraped(ERRORS, found, until=30)) == [(0, 0), (40, 20)]


def test_any_of_several_alternatives_makes_a_request_bad() -> None:
    check = RatioCheck("errors", "main", "requests", bad=((("code", "5.."),), (("code", "200"), ("grpc", "1."))))
    found = [
        series("requests", steps(-10, [0, 1]), code="200", grpc="14"),
        series("requests", steps(-10, [0, 2]), code="200", grpc="0"),
        series("requests", steps(-10, [0, 4]), code="500", grpc="0"),
    ]

    assert counts(scraped(check, found, until=15)) == [(7, 5)]


def test_a_pattern_that_cannot_be_read_is_refused_by_name() -> None:
    check = RatioCheck("errors", "main", "requests", bad=((("code", "5(."),),))

    with pytest.raises(ValueError, match=r"check errors: pattern '5\(\.'"):
        fold(check, [])


def test_requests_are_counted_by_pod_with_revision_and_age() -> None:
    old, new = pod("a"), pod("b", "new", T0 - 30)
    found = [
        series("requests", steps(-10, [0, 7]), code="200"),
        series("requests", steps(-10, [0, 9]), "b", code="200"),
    ]

    (block,) = scraped(ERRORS, found, old, new, until=15)

    assert [(each.pod, each.revision, each.total, each.age) for each in block.pods] == [
        ("a", "old", 7, 86385),
        ("b", "new", 9, 15),
    ]


def test_a_lower_value_after_a_restart_counts_from_zero() -> None:
    found = [series("requests", steps(-10, [100, 110, 4, 9]), code="200")]

    assert counts(scraped(ERRORS, found, pod(started=(T0 + 10,)), until=45)) == [(10, 0), (4, 0), (5, 0)]


def test_a_lower_value_after_the_process_says_it_began_anew_counts_from_zero() -> None:
    found = [
        series("requests", steps(-10, [100, 110, 4, 9]), code="200"),
        series("process_start_time_seconds", steps(-10, [5.0, 5.0, 900.0, 900.0])),
    ]

    assert counts(scraped(ERRORS, found, until=45)) == [(10, 0), (4, 0), (5, 0)]


def test_a_lower_value_without_a_restart_adds_nothing_until_it_is_passed() -> None:
    found = [series("requests", steps(-10, [100, 110, 104, 109, 115]), code="200")]
    counting, presence = fold(ERRORS, found)
    table = PodTable()
    table.update([pod()])

    closed = by_scrape(counting.close(T0 + 60, table, presence))

    assert counts(closed) == [(10, 0), (0, 0), (0, 0), (5, 0)]
    assert counting.oddities.regressions == 2


def test_a_restart_that_is_known_late_is_counted_when_it_is_known() -> None:
    found = [series("requests", steps(-10, [100, 110, 4, 9, 12]), code="200")]
    counting, presence = fold(ERRORS, found)
    table = PodTable()
    table.update([pod()])

    before = counting.close(T0 + 30, table, presence)
    table.update([pod(started=(T0 + 10,))])
    after = counting.close(T0 + 60, table, presence)

    assert counts(by_scrape([*before, *after])) == [(10, 0), (0, 0), (9, 0), (3, 0)]


def test_one_restart_explains_one_reset() -> None:
    found = [series("requests", steps(-2, [100, 10, 30, 25, 31], 4), code="200")]

    assert counts(scraped(ERRORS, found, pod(started=(T0 + 1,)), until=15)) == [(31, 0)]


def test_an_error_series_that_begins_while_its_pod_is_scraped_counts_from_zero() -> None:
    found = [
        series("requests", steps(-10, [100, 110, 120]), code="200"),
        series("requests", steps(5, [3, 5]), code="500"),
    ]

    closed = scraped(ERRORS, found, until=30)

    assert counts(closed) == [(13, 3), (12, 2)]
    assert not any(gaps(closed))


def test_a_series_that_begins_after_scrapes_without_it_counts_from_zero() -> None:
    found = [up(-10, 3), series("requests", steps(20, [3]), code="500")]

    assert counts(scraped(ERRORS, found, until=30)) == [(0, 0), (3, 3)]


def test_failed_scrapes_say_nothing_about_what_was_not_there() -> None:
    found = [up(-10, 2, value=0.0), series("requests", steps(20, [3]), code="500")]

    closed = scraped(ERRORS, found, until=30)

    assert counts(closed) == [(0, 0), (0, 0)]
    assert gaps(closed) == [False, True]


def test_the_first_value_of_a_pod_born_under_watch_counts_from_zero() -> None:
    found = [series("requests", steps(20, [8, 9]), "b", code="200")]

    closed = scraped(ERRORS, found, pod("b", "new", T0 + 2), until=45)

    assert counts(closed) == [(0, 0), (8, 0), (1, 0)]
    assert not any(gaps(closed))


def test_the_first_value_of_a_series_of_unknown_age_is_a_gap() -> None:
    found = [series("requests", steps(20, [8, 9]), code="200")]

    closed = scraped(ERRORS, found, until=45)

    assert counts(closed) == [(0, 0), (0, 0), (1, 0)]
    assert gaps(closed) == [False, True, False]


def test_a_pod_that_is_scraped_at_another_address_does_not_count_its_history_again() -> None:
    found = [
        series("requests", steps(-10, [100, 110]), code="200"),
        series("requests", steps(20, [120, 130]), code="200", instance="a:81"),
    ]

    closed = scraped(ERRORS, found, pod(created=T0 - 20), until=45)

    assert counts(closed) == [(10, 0), (0, 0), (10, 0)]
    assert gaps(closed) == [False, True, False]


def test_a_difference_that_reaches_too_far_back_is_a_gap() -> None:
    samples = [(T0 - 10, 100.0), (T0 + 5, 110.0), (T0 + 50, 150.0)]

    closed = scraped(ERRORS, [series("requests", samples, code="200")])

    assert counts(closed) == [(10, 0), (0, 0), (0, 0), (40, 0)]
    assert gaps(closed) == [False, False, False, True]


def test_one_missed_scrape_is_no_gap() -> None:
    samples = [(T0 - 10, 100.0), (T0 + 5, 110.0), (T0 + 35, 150.0)]

    closed = scraped(ERRORS, [series("requests", samples, code="200")], until=45)

    assert counts(closed) == [(10, 0), (0, 0), (40, 0)]
    assert not any(gaps(closed))


def test_not_a_number_ends_a_series_and_a_lower_value_begins_it_anew() -> None:
    found = [series("requests", steps(-10, [100, math.nan, 7, 9]), code="200")]

    assert counts(scraped(ERRORS, found, until=45)) == [(0, 0), (7, 0), (2, 0)]


def test_not_a_number_before_the_old_value_counts_nothing_twice() -> None:
    found = [series("requests", steps(-10, [100, math.nan, 101]), code="200")]

    assert counts(scraped(ERRORS, found, until=30)) == [(0, 0), (1, 0)]


def test_two_jobs_that_read_one_counter_are_joined() -> None:
    found = [
        series("requests", steps(-10, [100, 110, 120]), code="200"),
        series("requests", steps(-6, [104, 114, 124]), code="200", job="canary"),
    ]
    counting, presence = fold(ERRORS, found)
    table = PodTable()
    table.update([pod()])

    assert counts(by_scrape(counting.close(T0 + 30, table, presence))) == [(10, 0), (10, 0)]
    assert counting.oddities.joined == 1


def test_labels_of_the_target_are_no_labels_of_the_metric() -> None:
    """At promotion Prometheus Operator finds the same pod through another Service."""
    found = [
        up(-10, 2, service="canary", endpoint="http"),
        up(20, 2, service="stable", endpoint="http"),
        series("requests", steps(-10, [100, 110]), code="200", service="canary", endpoint="http"),
        series("requests", steps(20, [120, 130]), code="200", service="stable", endpoint="http"),
    ]

    assert counts(scraped(ERRORS, found, until=45)) == [(10, 0), (10, 0), (10, 0)]


def test_a_label_of_the_metric_is_kept_though_its_name_is_often_the_targets() -> None:
    found = [up(-10, 3), *(series("requests", steps(-10, [0, 5]), code="200", endpoint=path) for path in ("/", "/a"))]

    assert counts(scraped(ERRORS, found, until=15)) == [(10, 0)]


def test_a_name_that_is_used_again_is_another_pod() -> None:
    """A StatefulSet's pod is replaced under the same name, with a counter that already is higher."""
    first = pod("db-0", "old", T0 - 900, "first", deleted=T0 + 8)
    second = pod("db-0", "new", T0 + 9, "second")
    found = [series("requests", steps(-10, [10, 12, 40, 45]), "db-0", code="200")]

    closed = scraped(ERRORS, found, first, second, until=45)

    assert [[(each.revision, each.total) for each in block.pods] for block in closed] == [
        [("old", 2)],
        [("new", 40)],
        [("new", 5)],
    ]


def test_series_of_unknown_pods_are_named_and_not_counted() -> None:
    found = [series("requests", steps(-10, [0, 5]), "stranger", code="200")]
    counting, presence = fold(ERRORS, found)

    assert counts(by_scrape(counting.close(T0 + 15, PodTable(), presence))) == [(0, 0)]
    assert counting.unresolved == {"pod shop/stranger"}


def test_series_without_pods_are_summed() -> None:
    check = RatioCheck("errors", "main", "requests", (((("code", "5..")),),), identify=Identify(By.WORKLOAD))
    found = [
        series("requests", steps(-10, [0, 5]), "gateway-1", code="200"),
        series("requests", steps(-10, [0, 3]), "gateway-2", code="500"),
    ]

    (block,) = scraped(check, found, until=15)

    assert [(each.pod, each.revision, each.total, each.bad) for each in block.pods] == [("", "", 8, 3)]


def test_slow_requests_are_those_above_the_bound_in_one_scrape() -> None:
    found = [
        series("seconds_bucket", steps(-10, [10, 15, 24]), le="0.5"),
        series("seconds_bucket", steps(-10, [20, 30, 40]), le="+Inf"),
        series("seconds_bucket", steps(-10, [1, 1, 1]), le="0.1"),
    ]

    assert counts(scraped(LATENCY, found, until=30)) == [(10, 5), (10, 1)]


def test_buckets_of_which_a_scrape_shows_only_one_wait_for_the_next() -> None:
    within = [(T0 - 10, 10.0), (T0 + 20, 24.0)]
    found = [
        series("seconds_bucket", within, le="0.50"),
        series("seconds_bucket", steps(-10, [20, 30, 40]), le="+Inf"),
    ]

    assert counts(scraped(LATENCY, found, until=30)) == [(0, 0), (20, 6)]


def test_the_grid_follows_the_scrape_interval() -> None:
    samples = steps(-100, range(20), step=30.0)

    closed = blocks(ERRORS, [series("requests", samples, code="200")], until=300, interval=None)

    assert {(each.length, each.interval) for each in closed} == {(10.0, 30.0)}
    assert len(closed) == 30


def test_blocks_last_five_seconds_at_least() -> None:
    samples = steps(-10, range(40), step=1.0)

    closed = blocks(ERRORS, [series("requests", samples, code="200")], until=20, interval=None)

    assert counts(closed) == [(5, 0)] * 4


def test_nothing_is_counted_before_the_interval_is_known() -> None:
    assert blocks(ERRORS, [series("requests", steps(-10, range(4)), code="200")], interval=None) == []


def test_late_samples_are_counted_with_the_next_of_their_series() -> None:
    counting, presence = fold(ERRORS, [series("requests", steps(-10, [100, 110]), code="200")])
    table = PodTable()
    table.update([pod()])
    before = counting.close(T0 + 30, table, presence)
    counting.add(*series("requests", steps(20, [125, 130]), code="200"))

    assert counts(by_scrape([*before, *counting.close(T0 + 45, table, presence)])) == [(10, 0), (0, 0), (20, 0)]
    assert counting.oddities.late == 1


def test_samples_are_wanted_from_the_first_open_block_on() -> None:
    counting, presence = fold(ERRORS, [series("requests", steps(-10, [100, 110, 120]), code="200")])

    assert counting.read_from() == T0 - 180
    counting.close(T0 + 17, PodTable(), presence)
    assert counting.read_from() == T0 + 15
    assert (counting.due(T0 + 22), counting.due(T0 + 23)) == (False, True)
    counting.settle(T0 + 600)
    assert counting.read_from() == T0 + 600


def test_presence_learns_scrapes_in_any_order() -> None:
    presence = Presence()
    for labels, samples in (up(20, 1), up(-10, 1), up(5, 2)):
        presence.add(labels, samples)
    counting, _ = fold(ERRORS, [series("requests", steps(-10, [1]), code="200")])
    target = ("shop", "a", "", "a:80")

    assert presence.last_scrape(target, T0 - 20, T0 + 20) == T0 + 5  # type: ignore[arg-type]
    assert presence.last_scrape(target, T0 + 10, T0 + 20) is None  # type: ignore[arg-type]
    assert presence.newest == T0 + 20
    assert counting.newest == T0 - 10


def test_what_is_learnt_later_of_scraping_counts_nothing_twice() -> None:
    """The target's own labels become known only after its counter was read: the counter stays the same one."""
    labels = {"code": "200", "node": "n1"}
    counting, presence = fold(ERRORS, [series("requests", steps(-10, [100, 110]), **labels)])
    table = PodTable()
    table.update([pod()])
    before = counting.close(T0 + 15, table, presence)
    presence.add(*up(20, 1, node="n1"))
    counting.add(*series("requests", steps(20, [120]), **labels))
    between = counting.close(T0 + 30, table, presence)
    presence.add(*up(35, 1, node="n2"))
    counting.add(*series("requests", steps(35, [130]), code="200", node="n2"))

    after = counting.close(T0 + 45, table, presence)

    assert counts(by_scrape([*before, *between, *after])) == [(10, 0), (10, 0), (10, 0)]


def test_a_bucket_whose_bound_is_no_number_is_passed_over() -> None:
    found = [series("seconds_bucket", steps(-10, [1, 2]), le=le) for le in ("0.5", "+Inf", "fast", "")]

    assert counts(scraped(LATENCY, found, until=15)) == [(1, 0)]


def test_presence_takes_only_what_it_knows() -> None:
    presence = Presence()
    presence.add(*series("up", []))
    presence.add(*series("process_start_time_seconds", [(T0, math.nan)]))
    presence.add(*series("other", [(T0 + 5, 1.0)]))
    presence.add(*up(0, 1, value=0.0))

    assert presence.starts(("shop", "a", "", "a:80")) == []  # type: ignore[arg-type]
    assert presence.first_scrape("shop", pod()) is None
    assert presence.newest == T0 + 5


@pytest.mark.parametrize("check", [ERRORS, replace(ERRORS, identify=Identify(By.WORKLOAD, workload="pod"))])
def test_forgetting_a_pod_that_is_gone_leaves_the_counters_of_others_alone(check: RatioCheck) -> None:
    gone, left = pod("a", deleted=T0 + 20), pod("b")
    counting, presence = fold(check, [up(-10, 2), up(-10, 40, "b")])
    table = PodTable()
    table.update([gone, left])
    found: list[Block] = []
    for name, samples in (("a", steps(-10, [0, 5])), ("b", steps(-10, range(0, 400, 10)))):
        counting.add(*series("requests", samples, name, code="200"))
    found += counting.close(T0 + 300, table, presence)

    forgotten = table.forget(T0 + 200)
    presence.forget_pods("shop", {each.name for each in forgotten}, table, T0 + 200)
    counting.forget(forgotten, T0 + 200)
    found += counting.close(T0 + 585, table, presence)

    assert forgotten == [gone]
    assert (presence.first_scrape("shop", gone), presence.first_scrape("shop", left)) == (None, T0 - 10)
    assert counts(by_scrape(found)) == [(15, 0), *[(10, 0)] * 38]
    assert not any(gaps(found))


def test_a_name_that_is_used_again_keeps_what_its_new_pod_counts() -> None:
    before, after = pod("a", uid="1", deleted=T0 + 20), pod("a", created=T0 + 30, uid="2")
    counting, presence = fold(ERRORS, [up(-10, 2, instance="1:80"), up(35, 40, instance="2:80")])
    table = PodTable()
    table.update([before, after])
    counting.add(*series("requests", steps(-10, [0, 5]), instance="1:80", code="200"))
    counting.add(*series("requests", steps(35, range(0, 400, 10)), instance="2:80", code="200"))
    found = counting.close(T0 + 300, table, presence)

    forgotten = table.forget(T0 + 200)
    presence.forget_pods("shop", {"a"}, table, T0 + 200)
    counting.forget(forgotten, T0 + 200)
    found += counting.close(T0 + 585, table, presence)

    assert presence.first_scrape("shop", after) == T0 - 10
    assert sum(total for total, _ in counts(found)) == 5 + 360
    assert not any(gaps(found))
