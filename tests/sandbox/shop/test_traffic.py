from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.shop.cart import BAD, CART, GOOD, T0, pod
from watcher.sandbox.shop.pods import ShopPod
from watcher.sandbox.shop.traffic import Served, Traffic, shares


def total(served: Served) -> float:
    return served.healthy + served.faulty


def test_ready_pods_share_the_rate() -> None:
    traffic = Traffic({CART: 90.0})
    pods = [pod("a"), pod("b"), pod("c", ready=None)]
    traffic.advance(pods, T0 + 10)
    assert [total(traffic.served(each)) for each in pods] == [pytest.approx(450), pytest.approx(450), 0]


def test_a_pod_that_becomes_ready_later_takes_its_share_from_then_on() -> None:
    traffic = Traffic({CART: 100.0})
    first, second = pod("a"), pod("b", ready=6.0)
    traffic.advance([first, second], T0 + 10)
    assert total(traffic.served(first)) == pytest.approx(100 * 6 + 50 * 4)
    assert total(traffic.served(second)) == pytest.approx(50 * 4)


def test_a_restarted_container_counts_from_zero() -> None:
    traffic = Traffic({CART: 10.0})
    traffic.advance([pod("a")], T0 + 10)
    restarted = pod("a", started=15.0, ready=16.0)
    traffic.advance([restarted], T0 + 20)
    assert total(traffic.served(restarted)) == pytest.approx(40)


def test_a_fault_may_begin_late() -> None:
    traffic = Traffic({CART: 10.0})
    late = pod("a", "shop/cart:2-lateerr50@30")
    traffic.advance([late], T0 + 40)
    served = traffic.served(late)
    assert [served.healthy, served.faulty] == pytest.approx([300, 100])
    assert traffic.first_bad == {(CART, late.image): pytest.approx(T0 + 30 + 0.2)}


def test_the_first_bad_request_of_an_image_is_remembered_to_the_moment() -> None:
    traffic = Traffic({CART: 40.0})
    pods = [pod("old"), pod("new", BAD, ready=100.0)]
    traffic.advance(pods, T0 + 100.2)
    assert traffic.first_bad == {}, "20 requests a second, every fifth bad"
    traffic.advance(pods, T0 + 101)
    traffic.advance([pod("new", BAD, ready=100.0)], T0 + 300)
    assert traffic.first_bad == {(CART, BAD): pytest.approx(T0 + 100.25)}


def test_a_router_sends_an_image_its_weight() -> None:
    stable = [pod(name, weight=0.75) for name in "abc"]
    canary = pod("d", BAD, weight=0.25)
    assert shares([*stable, canary]) == pytest.approx({**dict.fromkeys(stable, 0.25), canary: 0.25})
    assert shares([pod("a"), pod("b"), pod("c", BAD, weight=0.1)]) == pytest.approx(
        {pod("a"): 0.45, pod("b"): 0.45, pod("c", BAD, weight=0.1): 0.1}
    )
    assert shares([canary]) == {canary: 1.0}, "whoever is left gets everything"
    assert shares([pod("a", weight=0.0)]) == {}
    assert shares([]) == {}


def test_a_workload_without_a_rate_gets_nothing() -> None:
    traffic = Traffic({})
    traffic.advance([pod("a", BAD)], T0 + 10)
    assert total(traffic.served(pod("a", BAD))) == 0
    assert traffic.first_bad == {}


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    traffic = Traffic({CART: 10.0})
    traffic.advance([pod("a")], T0 + 10)
    traffic.advance([pod("a")], T0 + 5)
    traffic.advance([pod("a")], T0 + 11)
    assert total(traffic.served(pod("a"))) == pytest.approx(110)


moments = st.floats(0.0, 100.0)
pod_lists = st.lists(
    st.tuples(moments, st.sampled_from([GOOD, BAD, "shop/cart:2-lateerr10@20"])), min_size=1, max_size=5
)


@given(pod_lists, st.lists(moments, max_size=8))
def test_it_does_not_matter_how_often_one_looks(made: list[tuple[float, str]], looks: list[float]) -> None:
    pods = [pod(f"p{number}", image, ready=ready) for number, (ready, image) in enumerate(made)]
    once, often = Traffic({CART: 50.0}), Traffic({CART: 50.0})
    for at in sorted(looks):
        often.advance(pods, T0 + at)
    for traffic in (once, often):
        traffic.advance(pods, T0 + 100)
    for each in pods:
        assert once.served(each).healthy == pytest.approx(often.served(each).healthy, abs=1e-3)
        assert once.served(each).faulty == pytest.approx(often.served(each).faulty, abs=1e-3)
    assert once.first_bad == pytest.approx(often.first_bad)
    served = sum(total(once.served(each)) for each in pods)
    assert served == pytest.approx(50 * (100 - min(ready for ready, _ in made)), abs=1e-3)


@given(pod_lists, st.lists(moments, min_size=2, max_size=8))
def test_nothing_that_was_served_is_taken_back(made: list[tuple[float, str]], looks: list[float]) -> None:
    pods: list[ShopPod] = [pod(f"p{number}", image, ready=ready) for number, (ready, image) in enumerate(made)]
    traffic, before = Traffic({CART: 50.0}), dict.fromkeys(pods, Served())
    for at in sorted(looks):
        traffic.advance(pods, T0 + at)
        for each in pods:
            now = traffic.served(each)
            assert now.healthy >= before[each].healthy
            assert now.faulty >= before[each].faulty
            before[each] = now
