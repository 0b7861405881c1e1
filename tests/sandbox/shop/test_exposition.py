from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from watcher.sandbox.shop.exposition import Scrape
from watcher.sandbox.shop.faults import HEALTHY, Profile
from watcher.sandbox.shop.traffic import Served

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(served: Served, faulty: Profile = HEALTHY) -> Samples:
    families = text_string_to_metric_families(Scrape(1_760_000_000.5, served, faulty).text().decode())
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def requests(samples: Samples, code: str) -> float:
    return sum(
        value for (name, labels), value in samples.items() if name == "http_requests_total" and ("code", code) in labels
    )


def buckets(samples: Samples) -> dict[float, float]:
    found = ((dict(labels), value) for (name, labels), value in samples.items() if name.endswith("_bucket"))
    return dict(sorted((float(labels["le"]), value) for labels, value in found))


def test_a_pod_that_served_nothing_has_a_start_time_and_an_empty_histogram() -> None:
    samples = scraped(Served())
    assert samples[("process_start_time_seconds", frozenset())] == 1_760_000_000.5
    assert set(buckets(samples).values()) == {0.0}
    assert not [name for name, _ in samples if name == "http_requests_total"]


def test_errors_have_their_share() -> None:
    samples = scraped(Served(healthy=10_000, faulty=10_000), Profile(errors=0.2))
    assert requests(samples, "500") == 10 + 2000
    assert requests(samples, "200") + requests(samples, "404") == pytest.approx(20_000 - 2010, abs=4)


def test_a_code_appears_with_its_first_request() -> None:
    assert requests(scraped(Served(healthy=1200)), "500") == 0
    assert requests(scraped(Served(healthy=1250)), "500") == 1


def test_slow_requests_take_more_than_half_a_second() -> None:
    counted = buckets(scraped(Served(faulty=10_000), Profile(slow=0.3)))
    assert counted[0.25] < counted[0.5] == 7000
    assert counted[1.0] == 8200
    assert counted[2.5] == counted[float("inf")]


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 100), st.floats(0, 100), st.floats(0, 1), st.floats(0, 1))
def test_counters_never_fall_and_agree(
    healthy: float, faulty: float, more: float, worse: float, errors: float, slow: float
) -> None:
    profile = Profile(errors, slow)
    before, after = (
        scraped(each, profile) for each in (Served(healthy, faulty), Served(healthy + more, faulty + worse))
    )
    assert all(after[key] >= value for key, value in before.items())
    counted = list(buckets(after).values())
    assert counted == sorted(counted)
    every = sum(value for (name, _), value in after.items() if name == "http_requests_total")
    assert counted[-1] == every == after[("http_request_duration_seconds_count", frozenset())]
