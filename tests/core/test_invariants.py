"""The invariants hold over random histories of releases, faults, guards, failing writes and crashes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.histories import EVENTS, HISTORIES, KINDS, Event, Suspicious, approvals, in_order, run
from tests.core.story import RELEASE
from tests.core.world import POLICY
from watcher.core.judging import judge
from watcher.core.judging.evidence import Evidence
from watcher.core.model import Block, Observation, PodCount, QueryValue
from watcher.core.policy import QueryCheck
from watcher.core.state import Watch
from watcher.core.words import Action, Kind, Lane, Mode

LAG = QueryCheck("lag", "main", "lag", max=10.0)
BOTH = replace(POLICY, checks=(*POLICY.checks, LAG))


def play(world: Suspicious, history: list[Event]) -> None:
    for event in history:
        event(world)
        world.run(10.0)
    world.check_all()


@settings(max_examples=10)
@given(KINDS, HISTORIES)
def test_one_rollback_a_release_to_a_known_good_target_and_never_past_a_hold(kind: Kind, history: list[Event]) -> None:
    play(Suspicious.watched(kind), history)


@settings(max_examples=10)
@given(KINDS, approvals())
def test_no_approval_passes_a_guard_or_counts_for_anything_but_what_was_proposed(
    kind: Kind, history: list[Event]
) -> None:
    play(Suspicious.watched(kind), history)


@settings(max_examples=4)
@given(KINDS, approvals())
def test_a_crash_around_every_approval_changes_no_invariant(kind: Kind, history: list[Event]) -> None:
    world = Suspicious.watched(kind)
    for event in history:
        world.crash()
        event(world)
        world.crash()
        world.run(10.0)
    world.check_all()


@settings(max_examples=4)
@given(KINDS, HISTORIES, st.sampled_from([Mode.OBSERVE, Mode.PROPOSE]))
def test_short_of_act_nothing_is_ever_ordered(kind: Kind, history: list[Event], mode: Mode) -> None:
    world = Suspicious.watched(kind)
    world.set(rungs=tuple((rung, mode) for rung, _ in POLICY.rungs))
    play(world, history)
    assert world.orders == []


@settings(max_examples=4)
@given(KINDS, HISTORIES, st.sampled_from(["blind", "broken", "quiet"]))
def test_from_no_data_comes_neither_breach_nor_pass(kind: Kind, history: list[Event], why: str) -> None:
    world = Suspicious.watched(kind)
    world.never_seen = why
    play(world, history)
    for decision in world.decisions:
        lanes = {finding.lane for finding in decision.findings}
        assert lanes <= {Lane.AVAILABILITY, Lane.TRAFFIC}
        if Lane.TRAFFIC in lanes:  # requests that stay away are a sign of their own
            assert why == "quiet"
            assert Lane.AVAILABILITY in lanes or decision.mode is not Mode.ACT or decision.action is Action.HOLD
    assert "pass" not in world.moved


@settings(max_examples=4)
@given(KINDS, HISTORIES)
def test_a_crash_before_every_event_changes_no_invariant(kind: Kind, history: list[Event]) -> None:
    world = Suspicious.watched(kind)
    for event in history:
        world.crash()
        event(world)
        world.run(10.0)
    world.check_all()


@settings(max_examples=4)
@given(KINDS, st.lists(EVENTS, max_size=12))
def test_after_any_history_a_quiet_end_is_reached(kind: Kind, history: list[Event]) -> None:
    """Nothing hangs: once the world is in order, every rollback under way comes to an outcome."""
    world = Suspicious.watched(kind)
    play(world, history)
    in_order(world)
    run(800)(world)
    assert world.state is not None
    assert world.state.watch is None or world.state.watch.rollback is None or world.watch.outcome is not None


COUNTS = st.tuples(st.sampled_from((0.0, 10.0, 400.0)), st.sampled_from((0.0, 0.01, 0.2, 0.7)))
BLOCKS = st.lists(st.tuples(COUNTS, COUNTS, st.booleans(), st.booleans()), max_size=60)


def as_blocks(told: list[tuple[tuple[float, float], tuple[float, float], bool, bool]]) -> list[Block]:
    return [
        Block(
            "errors",
            RELEASE.began - 60.0 + 5.0 * index,
            5.0,
            (
                PodCount(f"p{index % 3}", "new", new[0], new[0] * new[1], 5.0 * index),
                PodCount("p4", "old", old[0], old[0] * old[1], 900.0),
            ),
            gap=gap and index % 5 == 0,
            broken="contract" if broken and index % 7 == 0 else "",
            interval=15.0,
        )
        for index, (new, old, gap, broken) in enumerate(told)
    ]


@settings(max_examples=30)
@given(BLOCKS, st.lists(st.integers(0, 40), max_size=6))
def test_evidence_does_not_depend_on_how_blocks_come_in(told: list[object], cuts: list[int]) -> None:
    blocks = as_blocks(told)  # type: ignore[arg-type]
    view = Suspicious.watched(Kind.DEPLOYMENT).cluster.view(RELEASE.began)
    values = [QueryValue("lag", block.end, block.start % 20) for block in blocks]

    def folded(edges: list[int]) -> Evidence:
        watch = Watch(RELEASE)
        for begin, end in zip([0, *edges], [*edges, len(blocks)], strict=True):
            portion = Observation(view, tuple(reversed(blocks[begin:end])), tuple(values[begin:end]))
            again = replace(portion, blocks=(*portion.blocks, *blocks[:begin]))  # some come twice
            watch = replace(watch, evidence=judge.fold(watch, again, view, BOTH, 0.0))
        return watch.evidence

    assert folded(sorted(min(cut, len(blocks)) for cut in cuts)) == folded([])


@settings(max_examples=30)
@given(BLOCKS)
def test_a_finding_of_breach_has_the_bad_requests_to_show(told: list[object]) -> None:
    blocks = as_blocks(told)  # type: ignore[arg-type]
    view = Suspicious.watched(Kind.DEPLOYMENT).cluster.view(RELEASE.began)
    watch = Watch(RELEASE)
    watch = replace(watch, evidence=judge.fold(watch, Observation(view, tuple(blocks)), view, POLICY, 0.0))
    now = blocks[-1].end if blocks else RELEASE.began
    for finding in judge.breaches(judge.read(watch, view, POLICY, now)):
        seen = [each for each in blocks if finding.since is not None and each.start >= finding.since]
        counted = [pod for block in seen if not block.gap and not block.broken for pod in block.pods]
        bad = [pod.bad for pod in counted if pod.revision == "new"]
        assert 3.0 <= finding.new.bad <= sum(bad) + 1e-9
        assert finding.worth >= 1 / watch.evidence.budget
        assert finding.limit is not None
        assert finding.new.share > finding.limit
