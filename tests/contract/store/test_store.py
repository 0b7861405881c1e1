"""What every decision log does, in a file or in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.store.rows import (
    CART,
    CHECKOUT,
    POLICY,
    blind,
    closed,
    commit,
    covered,
    decision,
    hold,
    label,
    notification,
    put_back,
    rehearsal,
    release,
    state,
    transition,
)
from watcher.core.model import PastRollback
from watcher.ports import DELIVERED, FAILED, LOST, RESTORED, Commit, NoSuchDecision, Store, Told


def test_an_empty_log_has_nothing(store: Store) -> None:
    assert store.holds() == []
    assert store.states() == []
    assert store.decisions() == []
    assert store.releases() == []
    assert list(store.transitions()) == []
    assert store.policy("p1") is None
    assert store.rollbacks(0.0) == ()
    assert store.begun(0.0) == (0, None)
    assert store.labels() == []
    assert list(store.decided(0.0)) == []
    assert list(store.history(0.0)) == []
    assert store.coverage() == []
    assert store.blindness(0.0) == []
    assert store.outbox("oncall") == []
    assert store.backlog() == {}
    assert store.rehearsals() == []
    assert store.last_rehearsals() == []
    assert store.closings(0.0) == []
    assert store.flag_restores("3f9a01") == []
    assert store.degraded() == ""


def test_a_transition_comes_back_as_it_was_written_and_gets_an_id(store: Store) -> None:
    first, second = transition(1), transition(2, at=101.5)
    ids = store.commit(commit(first, second))
    assert list(store.transitions()) == [replace(first, id=ids[0]), replace(second, id=ids[1])]
    assert ids[0] < ids[1]


def test_any_bytes_come_back(store: Store) -> None:
    blobs = bytes(range(256)) * 300
    store.commit(commit(replace(transition(), observation=blobs, commands=b"")))
    (found,) = store.transitions()
    assert (found.observation, found.commands) == (blobs, b"")


def test_transitions_of_one_release_and_behind_an_id(store: Store) -> None:
    ids = store.commit(commit(*(transition(n, release=f"u1/{n % 2}") for n in range(300))))
    assert [each.id for each in store.transitions("u1/1")] == list(ids[1::2])
    assert [each.id for each in store.transitions(after=ids[297])] == list(ids[298:])
    assert [each.id for each in store.transitions("u1/0", after=ids[297])] == [ids[298]]


def test_a_transition_becomes_the_newest_state(store: Store) -> None:
    store.commit(commit(transition(1), transition(2, at=101.0), transition(7, uid="u2")))
    found = {each.uid: (each.at, each.state) for each in store.states()}
    assert found == {"u1": (101.0, b'{"n":2}'), "u2": (100.0, b'{"n":7}')}


def test_a_state_alone_replaces_the_newest_one(store: Store) -> None:
    store.commit(commit(transition(1)))
    store.commit(commit(states=(state(at=102.0, content=b"later"),)))
    assert store.states() == [state(at=102.0, content=b"later")]
    assert store.state(state().uid) == state(at=102.0, content=b"later")
    assert store.state("nobody") is None


def test_the_state_of_a_workload_that_is_gone_is_dropped(store: Store) -> None:
    store.commit(commit(states=(state("u1"), state("u2"))))
    store.commit(commit(gone=("u1", "never-seen")))
    assert [each.uid for each in store.states()] == ["u2"]


def test_decisions_come_newest_first_and_filtered(store: Store) -> None:
    rows = (decision("a", at=1.0), decision("b", at=3.0, workload=CHECKOUT), decision("c", at=2.0))
    store.commit(commit(decisions=rows))
    assert [row.id for row in store.decisions()] == ["b", "c", "a"]
    assert [row.id for row in store.decisions(CART)] == ["c", "a"]
    assert [row.id for row in store.decisions(limit=1)] == ["b"]
    assert [row.id for row in store.decisions(since=2.0)] == ["b", "c"]
    assert store.decisions("Deployment/shop/nobody") == []


def test_a_decision_is_replaced_by_its_later_form(store: Store) -> None:
    store.commit(commit(decisions=(decision("a"),)))
    final = decision("a", outcome="restored", durability="cluster_only")
    store.commit(commit(decisions=(final,)))
    assert store.decisions() == [final]


def test_a_decision_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    store.commit(commit(decisions=(decision("3f9a"), decision("3f9a01"), decision("77c2"))))
    assert store.decision("77").id == "77c2"
    assert store.decision("3f9a").id == "3f9a", "the whole id counts more than a beginning"


def test_ids_that_begin_so_are_found_whatever_comes_behind(store: Store) -> None:
    store.commit(commit(decisions=(decision("3f\U0010fffe"), decision("3g"), decision("3é"))))
    assert store.decision("3f").id == "3f\U0010fffe"
    assert store.decision("3é").id == "3é"


def test_of_very_many_decisions_the_newest_that_begin_so_are_shown(store: Store) -> None:
    store.commit(commit(decisions=tuple(decision(f"3f{number:04}", at=float(number)) for number in range(600))))
    with pytest.raises(NoSuchDecision, match="600 decisions begin with '3f'") as caught:
        store.decision("3f")
    assert caught.value.near == ("3f0599", "3f0598", "3f0597", "3f0596", "3f0595")
    assert store.decision("3f0042").at == 42.0


@pytest.mark.parametrize(
    ("prefix", "near"),
    [("3f", {"3f9a", "3f01"}), ("3f9b", {"3f9a"}), ("", {"3f9a", "3f01", "77c2"}), ("%", {"3f9a", "3f01", "77c2"})],
)
def test_no_or_several_decisions_are_an_error_with_ids_that_are_near(store: Store, prefix: str, near: set[str]) -> None:
    store.commit(commit(decisions=(decision("3f9a"), decision("3f01"), decision("77c2"))))
    with pytest.raises(NoSuchDecision) as caught:
        store.decision(prefix)
    assert near <= set(caught.value.near)


def test_releases_come_newest_first_and_filtered(store: Store) -> None:
    rows = (
        release("u1/1", began=1.0, ended=5.0),
        release("u1/2", began=6.0),
        release("u2/1", began=3.0, workload=CHECKOUT),
    )
    store.commit(commit(releases=rows))
    assert [row.id for row in store.releases()] == ["u1/2", "u2/1", "u1/1"]
    assert [row.id for row in store.releases(CART)] == ["u1/2", "u1/1"]
    assert [row.id for row in store.releases(unfinished=True)] == ["u1/2", "u2/1"]
    assert [row.id for row in store.releases(CART, unfinished=True, since=2.0, limit=5)] == ["u1/2"]


def test_releases_begun_since_are_counted_and_the_oldest_record_told(store: Store) -> None:
    store.commit(commit(transition(2, at=101.5), transition(1, at=90.0)))
    store.commit(
        commit(
            releases=(
                release("u1/1", began=99.0, ended=5.0),
                release("u1/2", began=100.0),
                release("u2/1", began=300.0),
            )
        )
    )
    assert store.begun(100.0) == (2, 90.0)


def test_a_release_is_replaced_by_its_later_form(store: Store) -> None:
    store.commit(commit(releases=(release(),)))
    store.commit(commit(releases=(release(ended=200.0, verdict="pass"),)))
    assert store.releases() == [release(ended=200.0, verdict="pass")]


def test_the_breaker_counts_rollbacks_that_act(store: Store) -> None:
    rows = (
        decision("a", at=10.0),
        decision("b", at=9.0, action="flag_off", workload="Deployment/pay/api"),
        decision("c", at=11.0, mode="propose"),
        decision("d", at=12.0, action="hold"),
        decision("e", at=1.0),
    )
    store.commit(commit(decisions=rows))
    assert store.rollbacks(9.0) == (PastRollback(9.0, "pay", "u1/2"), PastRollback(10.0, "shop", "u1/2"))


def test_a_record_whose_policy_is_not_given_is_refused_with_all_that_came_with_it(store: Store) -> None:
    with pytest.raises(ValueError, match="'p1'"):
        store.commit(Commit(transitions=(transition(),), decisions=(decision(),)))
    assert list(store.transitions()) == []
    assert store.decisions() == []


def test_a_policy_is_kept_once_with_the_records_that_need_it(store: Store) -> None:
    store.commit(commit(transition(1)))
    store.commit(commit(transition(2)))
    assert store.policy(POLICY[0]) == POLICY[1]


def test_notifications_wait_for_their_channel_oldest_first(store: Store) -> None:
    later, first = notification("d1/restored", at=101.0), notification("d1/held")
    same_time, other = notification("d2/held"), notification("d1/held", channel="bus", at=90.0)
    store.commit(commit(notifications=(later, first, same_time, other)))
    assert store.outbox("oncall") == [first, same_time, later]
    assert store.outbox("oncall", limit=1) == [first]
    assert store.outbox("nobody") == []
    assert store.backlog() == {"bus": (1, 90.0), "oncall": (3, 100.0)}


def test_what_was_told_of_a_decision_is_found_delivered_or_not(store: Store) -> None:
    later, first = notification("d1/restored", at=101.0), notification("d1/held")
    store.commit(commit(notifications=(later, first, notification("d10/held"), notification("d2/held"))))
    store.commit(commit(told=(Told("d1/held@oncall", DELIVERED, 102.0),)))
    assert [(each.event, each.result) for each in store.notified("d1")] == [
        ("d1/held", DELIVERED),
        ("d1/restored", ""),
    ]
    assert store.notified("d") == []


def test_what_was_told_waits_no_more_and_is_not_told_again(store: Store) -> None:
    store.commit(commit(notifications=(notification("d1/held"), notification("d1/restored"))))
    store.commit(commit(told=(Told("d1/held@oncall", DELIVERED, 102.0), Told("unknown@oncall", LOST, 102.0))))
    assert [each.event for each in store.outbox("oncall")] == ["d1/restored"]
    store.commit(commit(notifications=(notification("d1/held", at=103.0), notification("d1/restored", at=103.0))))
    assert [(each.event, each.at) for each in store.outbox("oncall")] == [("d1/restored", 100.0)]


def test_a_notification_comes_with_its_transition_or_not_at_all(store: Store) -> None:
    with pytest.raises(ValueError, match="'p1'"):
        store.commit(Commit(transitions=(transition(),), notifications=(notification(),)))
    assert store.outbox("oncall") == []


def test_age_removes_notifications_that_were_told_and_no_other(store: Store) -> None:
    store.commit(commit(notifications=(notification("d1/held"), notification("d1/restored"))))
    store.commit(commit(told=(Told("d1/held@oncall", DELIVERED, 110.0),)))
    assert expire_all(store, now=210.0) == 1, "the policy of the commits"
    assert expire_all(store, now=210.5) == 1
    store.commit(commit(notifications=(notification("d1/held", at=300.0),)))
    assert [each.event for each in store.outbox("oncall")] == ["d1/restored", "d1/held"]
    assert expire_all(store, now=1e9) == 1, "the policy again"


def expire_all(store: Store, now: float) -> int:
    removed = 0
    while batch := store.expire(now):
        removed += batch
    return removed


def test_age_removes_records_then_what_they_needed(store: Store) -> None:
    over = release(began=90.0, ended=120.0)
    store.commit(commit(transition(at=100.0), decisions=(decision(at=100.0),), releases=(over,)))
    assert expire_all(store, now=200.0) == 0
    assert expire_all(store, now=201.0) == 2, "the transition and its policy"
    assert store.policy("p1") is None
    assert [row.id for row in store.decisions()] == ["d1"]
    assert expire_all(store, now=1121.0) == 2, "the decision and its release"
    assert store.releases() == []


def test_what_people_said_of_decisions_comes_oldest_first_and_the_newest_word_counts(store: Store) -> None:
    both = (decision("a"), decision("b"))
    store.commit(commit(decisions=both, labels=(label("a", at=5.0), label("b", at=3.0, verdict="wrong", note="n"))))
    assert store.labels() == [label("b", at=3.0, verdict="wrong", note="n"), label("a", at=5.0)]
    assert store.labels(since=3.5) == [label("a", at=5.0)]
    store.commit(commit(labels=(label("b", at=9.0),)))
    assert store.labels() == [label("a", at=5.0), label("b", at=9.0)]


def test_a_label_goes_with_its_decision(store: Store) -> None:
    over = release(began=90.0, ended=120.0)
    store.commit(commit(decisions=(decision(at=100.0),), releases=(over,), labels=(label(at=1050.0),)))
    expire_all(store, now=1100.0)
    assert [each.decision for each in store.labels()] == ["d1"]
    expire_all(store, now=1101.0)
    assert store.labels() == []


def test_decisions_and_releases_can_be_gone_through_oldest_first(store: Store) -> None:
    many = range(2500)  # more than a page, many at the same time
    decisions = tuple(decision(f"d{n:04}", at=float(n // 3)) for n in many)
    releases = tuple(release(f"r{n:04}", began=float(n // 3)) for n in many)
    store.commit(commit(decisions=decisions[::-1], releases=releases[::-1]))
    assert list(store.decided(0.0)) == list(decisions)
    assert list(store.history(0.0)) == list(releases)
    assert [row.id for row in store.decided(800.0)] == [f"d{n:04}" for n in many[2400:]]
    assert [row.id for row in store.history(832.5)] == ["r2499"]


def test_the_coverage_of_a_workload_is_replaced_and_goes_with_it(store: Store) -> None:
    store.commit(commit(coverage=(covered(), covered(CHECKOUT, sight="blind", why="no series"))))
    assert store.coverage() == [covered(), covered(CHECKOUT, sight="blind", why="no series")]
    store.commit(commit(coverage=(covered(CHECKOUT, since=200.0),), uncovered=(CART, "Deployment/shop/nobody")))
    assert store.coverage() == [covered(CHECKOUT, since=200.0)]


def test_seconds_of_blindness_add_up(store: Store) -> None:
    store.commit(commit(blindness=(blind(), blind(source="other"), blind(7200.0))))
    store.commit(commit(blindness=(blind(asked=40.0, blind=0.5),)))
    assert store.blindness(0.0) == [blind(asked=100.0, blind=5.5), blind(source="other"), blind(7200.0)]
    assert store.blindness(7200.0) == [blind(7200.0)]


def test_hours_of_blindness_are_kept_as_long_as_decisions(store: Store) -> None:
    store.commit(commit(blindness=(blind(0.0), blind(3600.0))))
    expire_all(store, now=1001.0)
    assert store.blindness(0.0) == [blind(3600.0)]


def test_a_hold_stays_until_it_is_lifted_and_a_newer_one_replaces_it(store: Store) -> None:
    store.commit(commit(holds=(hold("namespace/shop"), hold("all", until=900.5))))
    assert store.holds() == [hold("all", until=900.5), hold("namespace/shop")]
    store.commit(commit(holds=(hold("all", reason="fire drill"),), lifted=("namespace/shop", "namespace/never-held")))
    assert store.holds() == [hold("all", reason="fire drill")]


def test_a_hold_goes_once_it_has_ended(store: Store) -> None:
    store.commit(commit(holds=(hold("all", until=900.0), hold("namespace/shop"))))
    expire_all(store, now=899.0)
    assert [each.scope for each in store.holds()] == ["all", "namespace/shop"]
    expire_all(store, now=900.0)
    assert [each.scope for each in store.holds()] == ["namespace/shop"]


def test_rehearsals_come_newest_first_and_filtered(store: Store) -> None:
    rows = (
        rehearsal("a", at=1.0),
        rehearsal("b", at=3.0, workload=CHECKOUT, rung="abort"),
        rehearsal("c", at=2.0, result=FAILED),
        rehearsal("d", at=0.5, rung="git"),
    )
    store.commit(commit(rehearsals=rows))
    assert [row.id for row in store.rehearsals()] == ["b", "c", "a", "d"]
    assert [row.id for row in store.rehearsals(CART, limit=2)] == ["c", "a"]
    assert store.rehearsals(since=2.5) == [rows[1]]
    assert store.last_rehearsals() == [rows[3], rows[2], rows[1]], "by workload and rung"


def test_a_rehearsal_is_replaced_by_its_later_form(store: Store) -> None:
    store.commit(commit(rehearsals=(rehearsal(),)))
    store.commit(commit(rehearsals=(rehearsal(result=FAILED),)))
    assert store.rehearsals() == [rehearsal(result=FAILED)]


def test_of_two_rehearsals_at_the_same_time_one_is_the_last(store: Store) -> None:
    store.commit(commit(rehearsals=(rehearsal("b"), rehearsal("a"))))
    assert store.last_rehearsals() == [rehearsal("b")]


def test_closings_of_the_breaker_come_oldest_first_and_the_first_of_a_moment_stays(store: Store) -> None:
    rows = (closed(at=9.0), closed("namespace/shop", at=5.0))
    store.commit(commit(closings=rows))
    store.commit(commit(closings=(closed(at=9.0, reason="said again"),)))
    assert store.closings(0.0) == [rows[1], rows[0]]
    assert store.closings(5.5) == [rows[0]]


def test_rehearsals_and_closings_are_kept_as_long_as_decisions(store: Store) -> None:
    store.commit(
        commit(
            rehearsals=(rehearsal("a"), rehearsal("b", at=150.0)),
            closings=(closed(), closed("namespace/shop", at=150.0)),
        )
    )
    expire_all(store, now=1100.0)
    assert [row.id for row in store.rehearsals()] == ["b", "a"]
    expire_all(store, now=1101.0)
    assert [row.id for row in store.rehearsals()] == ["b"]
    assert [each.scope for each in store.closings(0.0)] == ["namespace/shop"]


def test_a_flag_that_is_put_back_is_known_before_and_after(store: Store) -> None:
    store.commit(commit(flag_restores=(put_back(at=2.0), put_back("another"))))
    assert store.flag_restores("3f9a01") == [put_back(at=2.0)]
    store.commit(commit(flag_restores=(put_back(at=2.0, result=RESTORED), put_back(at=1.0, result="it was held"))))
    assert [each.result for each in store.flag_restores("3f9a01")] == ["it was held", RESTORED]


def test_flags_put_back_are_kept_as_long_as_decisions(store: Store) -> None:
    store.commit(commit(flag_restores=(put_back(), put_back(at=150.0))))
    expire_all(store, now=1101.0)
    assert store.flag_restores("3f9a01") == [put_back(at=150.0)]


def test_a_release_under_watch_keeps_everything(store: Store) -> None:
    store.commit(commit(transition(at=100.0), decisions=(decision(at=100.0),), releases=(release(),)))
    assert expire_all(store, now=1e9) == 0


def test_the_newest_state_is_never_too_old(store: Store) -> None:
    store.commit(commit(transition(at=100.0)))
    expire_all(store, now=1e9)
    assert list(store.transitions()) == []
    assert [each.uid for each in store.states()] == ["u1"]


def test_an_id_is_never_given_twice(store: Store) -> None:
    (first,) = store.commit(commit(transition(at=100.0)))
    expire_all(store, now=1e9)
    (second,) = store.commit(commit(transition(at=1e9)))
    assert second > first


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    ages=st.lists(st.tuples(st.floats(0, 2000), st.booleans()), max_size=12),
    now=st.floats(0, 3000),
)
def test_retention_removes_what_is_old_and_nothing_else(
    store: Store, ages: list[tuple[float, bool]], now: float
) -> None:
    known = {each.id for each in store.transitions()}
    under_watch = {f"{now}/{n}" for n, (_, watched) in enumerate(ages) if watched}
    releases = tuple(release(f"{now}/{n}", ended=None if watched else 1.0) for n, (_, watched) in enumerate(ages))
    written = [transition(n, release=f"{now}/{n}", at=at) for n, (at, _) in enumerate(ages)]
    store.commit(commit(*written, releases=releases))
    expire_all(store, now)
    left = {each.release for each in store.transitions() if each.id not in known}
    assert left == {each.release for each in written if each.at >= now - 100.0 or each.release in under_watch}
