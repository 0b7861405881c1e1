from __future__ import annotations

from dataclasses import replace

import pytest

from tests.daemon.recorded import Recorded
from tests.daemon.shop import BEGAN, LAG, pod, view
from watcher.core.policy import By, Identify
from watcher.daemon.query_checks import QueryChecks, worst
from watcher.daemon.reading import Reader
from watcher.ports import Sample


@pytest.mark.parametrize(
    ("least", "most", "values", "expected"),
    [
        (None, 10.0, [3.0, 12.0, 5.0], 12.0),
        (4.0, None, [3.0, 12.0, 5.0], 3.0),
        (4.0, 10.0, [3.0, 12.0], 12.0),
        (4.0, 10.0, [3.0, 9.0], 3.0),
        (4.0, 10.0, [5.0, 9.0], 9.0),
        (None, 10.0, [], None),
    ],
)
def test_the_worst_of_several_values_counts(
    least: float | None, most: float | None, values: list[float], expected: float | None
) -> None:
    assert worst(replace(LAG, min=least, max=most), values) == expected


async def test_series_that_name_pods_count_for_the_workload_of_the_pod() -> None:
    check = replace(LAG, identify=Identify(By.POD))
    source = Recorded([])
    source.instants[check.query] = [
        Sample({"namespace": "shop", "pod": name}, BEGAN, value) for name, value in (("a", 2.0), ("stranger", 9.0))
    ]

    found = await QueryChecks(Reader(source)).values([(view([pod("a")]), check)], BEGAN + 5)

    assert [value.value for _, value in found] == [2.0]


async def test_moments_follow_the_configured_interval() -> None:
    checks = QueryChecks(Reader(Recorded([])), step=1.0)
    wanted = [(view([]), LAG)]

    found = [await checks.values(wanted, BEGAN + after) for after in (3, 7, 8)]

    assert [[value.at - BEGAN for _, value in each] for each in found] == [[0], [], [5]]
