"""The arithmetic of the traffic exporter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.traffic import PodTraffic, Profile, Version

PROFILES = {
    "shop/cart:1.8.0": Profile(),
    "registry.local:5000/shop/cart:1.9.0-err20": Profile(error_share=0.2),
    "shop/cart:1.9.0-slow30-after60": Profile(slow_share=0.3, after_seconds=60),
    "shop/cart:1.9.0-rps2.5-err100@sha256:00": Profile(requests_per_second=2.5, error_share=1),
    "shop-err20/cart": Profile(),
    "shop/cart:1.9.0-error20": Profile(),
}


@pytest.mark.parametrize(("image", "profile"), PROFILES.items())
def test_the_image_tag_asks_for_faults(image: str, profile: Profile) -> None:
    assert Profile.of_image(image) == profile


def serving_pod(profile: Profile) -> PodTraffic:
    return PodTraffic(Version(profile), "app", started_at=0.0, seen_at=0.0, serving=True)


def test_a_code_has_no_series_before_it_occurs() -> None:
    pod = serving_pod(Profile(requests_per_second=10, error_share=0.5, after_seconds=10))
    pod.advance(10)
    assert 'code="500"' not in pod.exposition()
    pod.advance(12)
    assert 'http_requests_total{code="200",method="GET"} 83' in pod.exposition()
    assert 'http_requests_total{code="500",method="GET"} 8' in pod.exposition()
    assert 'http_requests_total{code="500",method="POST"} 2' in pod.exposition()


def test_slow_requests_fall_into_the_buckets_above_500_ms() -> None:
    pod = serving_pod(Profile(requests_per_second=10, slow_share=0.3))
    pod.advance(10)
    page = pod.exposition()
    for le, count in {"0.1": 0, "0.25": 70, "0.5": 70, "1": 100, "+Inf": 100}.items():
        assert f'http_request_duration_seconds_bucket{{le="{le}"}} {count}\n' in page
    assert "http_request_duration_seconds_count 100\n" in page


def test_the_first_and_the_last_bad_request_are_dated_by_arithmetic() -> None:
    pod = serving_pod(Profile(requests_per_second=10, error_share=0.5, after_seconds=2))
    pod.advance(1.0)
    pod.advance(9.1)
    assert pod.version.first_bad_at == pytest.approx(2.2)
    assert pod.version.last_bad_at == pytest.approx(9.0)


def test_a_pod_that_is_not_ready_gets_no_requests() -> None:
    pod = serving_pod(Profile())
    pod.advance(1)
    pod.serving = False
    pod.advance(100)
    assert pod.requests == 20


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.integers(0, 100), st.integers(0, 30))
def test_counters_do_not_depend_on_when_they_are_read(quarters: list[int], errors: int, after: int) -> None:
    profile = Profile(error_share=errors / 100, after_seconds=after)
    often, once = serving_pod(profile), serving_pod(profile)
    now, last = 0.0, 0
    for step in quarters:  # quarters of a second are exact in binary
        now += step / 4
        often.advance(now)
        assert often.requests >= last
        last = often.requests
    once.advance(now)
    assert (often.requests, often.bad) == (once.requests, once.bad)
    assert often.version.first_bad_at == pytest.approx(once.version.first_bad_at)
    assert often.bad <= often.requests
