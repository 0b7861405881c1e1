from __future__ import annotations

from tests.core.counted import ERRORS, FAILURES, LATENCY, T0, Series, by_scrape, fold, pod, scraped, series, steps, up
from watcher.core.measuring.podtable import PodTable
from watcher.core.model import Block, Pod
from watcher.core.policy import RatioCheck

OLD, NEW = pod("a"), pod("b", "new", T0 - 300)


def broken(check: RatioCheck, found: list[Series], *pods: Pod) -> list[str]:
    return [block.broken for block in scraped(check, found, *(pods or (OLD, NEW)), until=30)]


def steady(name: str, metric: str = "requests", **labels: str) -> Series:
    return series(metric, steps(-100, [10.0 * n for n in range(20)]), name, **labels)


def test_a_release_that_renames_the_metric_gives_no_data() -> None:
    found = [steady("a", code="200"), up(-100, 20, "a"), up(-100, 20, "b")]

    assert [text[:55] for text in broken(ERRORS, found)] == [
        "metric-contract-changed: the pods of new are ready and s"[:55]
    ] * 2


def test_pods_that_were_ready_a_moment_ago_may_have_no_series_yet() -> None:
    found = [steady("a", code="200"), up(-100, 20, "a"), up(-10, 20, "b")]

    assert broken(ERRORS, found, OLD, pod("b", "new", T0 - 10)) == ["", ""]


def test_pods_that_are_not_ready_or_gone_need_no_series() -> None:
    found = [steady("a", code="200"), up(-100, 20, "a"), up(-100, 20, "b")]

    for change in ({"ready_since": None}, {"deleted": T0}, {"terminating": T0}):
        assert broken(ERRORS, found, OLD, pod("b", "new", T0 - 300, **change)) == ["", ""]


def test_a_metric_that_no_pod_has_is_missing() -> None:
    texts = broken(ERRORS, [up(-100, 20, "a")], OLD)

    assert (
        texts
        == ["metric-missing: no pod of this workload has a series of requests; see `total` and `identify` of the check"]
        * 2
    )


def test_a_release_that_renames_the_error_label_gives_no_data() -> None:
    found = [steady("a", code="200"), steady("b", status="200")]

    assert (
        broken(ERRORS, found)
        == ["metric-contract-changed: label code of requests is missing on new, which other pods have"] * 2
    )


def test_an_error_label_that_nobody_has_is_a_fault_of_the_thresholds_file() -> None:
    assert (
        broken(ERRORS, [steady("a", status="200")], OLD)
        == ["metric-missing: no series of requests has label code; see `bad` of the check"] * 2
    )


def test_one_alternative_that_is_there_is_enough() -> None:
    check = RatioCheck("errors", "main", "requests", bad=((("code", "5.."),), (("grpc", "1."),)))

    assert broken(check, [steady("a", code="200"), steady("b", grpc="0")]) == ["", ""]


def test_absent_errors_are_none_where_the_metric_comes_with_the_first_error() -> None:
    errors = series("failures", steps(-100, [3.0] * 20), "a")

    assert broken(FAILURES, [steady("a"), steady("b"), errors]) == ["", ""]


def test_absent_errors_are_no_data_where_the_metric_is_there_before_the_first_error() -> None:
    errors = series("failures", steps(-100, [0.0] * 20), "a")

    assert (
        broken(FAILURES, [steady("a"), steady("b"), errors])
        == ["metric-contract-changed: failures is missing on new, while other pods have it before the first error"] * 2
    )


def test_errors_that_were_never_seen_are_taken_for_none_with_a_note() -> None:
    counting, presence = fold(FAILURES, [steady("a")])
    assert counting.contract.assumed_zero() == ""
    table = PodTable()
    table.update([OLD])
    counting.close(T0 + 30, table, presence)

    assert (
        counting.contract.assumed_zero()
        == "failures was never seen on any pod: taken for zero errors; is the name right?"
    )


def test_bad_requests_that_are_no_part_of_the_total_give_no_data() -> None:
    found = [series("requests", steps(-10, [0, 10, 20])), series("failures", steps(-10, [0, 9, 40]))]

    assert broken(FAILURES, found, OLD) == [
        "",
        "metric-contract-changed: 31 bad of 10 requests on old: they are no part of the total",
    ]


def test_errors_counted_a_moment_before_their_total_are_cut_to_it() -> None:
    found = [series("requests", steps(-10, [0, 10, 20])), series("failures", steps(-10, [0, 12, 20]))]

    assert [(one.total, one.bad) for block in scraped(FAILURES, found, OLD, until=30) for one in block.pods] == [
        (10, 10),
        (10, 8),
    ]


def latency(*bounds: str, on: str = "a") -> list[Series]:
    return [steady(on, "seconds_bucket", le=bound) for bound in (*bounds, "+Inf")]


def histogram_blocks(found: list[Series], known: tuple[float, ...]) -> list[Block]:
    counting, presence = fold(LATENCY, found)
    counting.contract.bounds = known
    table = PodTable()
    table.update([OLD, NEW])
    closed = by_scrape(counting.close(T0 + 15, table, presence))
    assert counting.contract.lacks_bound
    return closed


def test_a_bound_that_is_no_bucket_gives_no_data_and_names_the_nearest() -> None:
    (block,) = histogram_blocks(latency("0.25"), (0.1, 0.25, 1.0, 2.5))

    assert block.broken == "metric-missing: 0.5 is no bucket bound of seconds on old; nearest: 0.25, 1"
    assert block.pods == ()


def test_a_release_that_changes_the_buckets_gives_no_data() -> None:
    (block,) = histogram_blocks([*latency("0.5"), *latency("0.4", on="b")], (0.4, 0.5))

    assert block.broken == "metric-contract-changed: 0.5 is no bucket bound of seconds on new; nearest: 0.4"
