"""Over random histories a person's command counts once, passes no guard that was not named, and writes nothing in
observe."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.histories import EVENTS, KINDS, Event, Suspicious, hold
from watcher.core.deciding.guards import GUARDS
from watcher.core.model import Observation, Request
from watcher.core.orders import RungOrder
from watcher.core.state import Decision, Watch, WorkloadState
from watcher.core.turn import Step
from watcher.core.words import Kind, Mode

NAMED = ("hold", "cooldown", "breaker", "owned", "recovery_release", "not_known_good", "never")


@dataclass
class Commanded(Suspicious):
    """A world in which people command rollbacks, and send the same command again and again."""

    given: list[Request] = field(default_factory=list)
    led_to: dict[str, set[str]] = field(default_factory=dict)  # command: decisions

    def ask(self, to: str, leaving: str, overrides: tuple[str, ...], *, again: bool) -> None:
        if again and self.given:
            self.request = self.given[-1]
        else:
            name = f"c-{len(self.given)}"
            self.request = Request("ada", self.now, "finance calls", to, overrides, id=name, leaving=leaving)
            self.given.append(self.request)
        self.step()

    def check(self, before: WorkloadState | None, observation: Observation, taken: Step) -> None:
        super().check(before, observation, taken)
        watch = taken.state.watch
        request = watch.decision.request if watch is not None and watch.decision is not None else None
        if watch is not None and watch.decision is not None and request is not None:
            self.led_to.setdefault(request.id, set()).add(watch.decision.id)
            assert request.leaving in ("", watch.release.revision, str(watch.release.number))
            assert {each.id for each in watch.decision.overridden} <= set(request.overrides)
            assert all(GUARDS[each.id].passable for each in watch.decision.overridden)

    def _check_order(self, observation: Observation, taken: Step, order: RungOrder) -> None:
        watch = taken.state.watch
        decision = watch.decision if watch is not None else None
        request = decision.request if decision is not None else None
        if watch is None or decision is None or request is None:
            super()._check_order(observation, taken, order)
            return
        assert watch.carrying_out
        assert order.decision == decision.id
        assert (decision.mode, decision.guards) == (Mode.ACT, ())
        self._check_mode(watch, decision)
        self._check_bounds(observation, taken, request)

    def _check_mode(self, watch: Watch, decision: Decision) -> None:
        if decision.request is None:
            super()._check_mode(watch, decision)
        else:
            assert self.policy.mode in (Mode.ACT, Mode.PROPOSE)

    def _check_bounds(self, observation: Observation, taken: Step, request: Request) -> None:
        """Nothing that nobody may pass, and of the rest only what was named."""
        view, watch, state = observation.view, taken.state.watch, taken.state
        assert view is not None
        assert watch is not None
        assert watch.rollback is not None
        assert observation.surroundings.permitted
        assert observation.surroundings.cache_age <= 60.0
        assert not view.hold or "hold" in request.overrides
        if watch.rollback.applied:
            return
        assert not view.owner or "owned" in request.overrides
        assert not watch.release.never_undo or "recovery_release" in request.overrides
        other = state.last_rolled_back != watch.release.id
        cool = state.last_rollback is None or self.now - state.last_rollback >= self.policy.cooldown
        assert not other or cool or "cooldown" in request.overrides
        others = {each.release for each in observation.surroundings.rollbacks} - {watch.release.id}
        assert len(others) < self.policy.breaker.max or "breaker" in request.overrides

    def _check_target(self, before: WorkloadState | None, taken: Step) -> None:
        """Known good, or named together with the guard that holds otherwise."""
        decision = taken.state.watch.decision if taken.state.watch is not None else None
        request = decision.request if decision is not None else None
        if request is None or not request.to or "not_known_good" not in request.overrides:
            super()._check_target(before, taken)

    def check_all(self) -> None:
        """At most one rollback a command; and at most one a release that nobody has commanded."""
        assert all(len(decisions) == 1 for decisions in self.led_to.values())
        commanded = {each for decisions in self.led_to.values() for each in decisions}
        writes = Counter(decision for what, decision in self.actuator.writes if what == "undo")
        assert all(count == 1 for decision, count in writes.items() if decision in commanded)
        by_itself = [self.released[each] for each in writes if each not in commanded]
        assert len(by_itself) == len(set(by_itself))


def command(to: str, leaving: str, overrides: tuple[str, ...], again: bool) -> Event:
    def happen(world: Suspicious) -> None:
        assert isinstance(world, Commanded)
        world.ask(to, leaving, overrides, again=again)

    return happen


COMMANDS: st.SearchStrategy[Event] = st.builds(
    command,
    st.sampled_from(("", "", "hash-v1", "hash-v2", "1", "nobody-knows")),
    st.sampled_from(("", "", "hash-v1", "hash-v2", "2")),
    st.lists(st.sampled_from(NAMED), max_size=3, unique=True).map(tuple),
    st.booleans(),
)
HISTORIES = st.lists(st.one_of(COMMANDS, COMMANDS, EVENTS), min_size=3, max_size=10)


def watched(kind: Kind) -> Commanded:
    world = Commanded.watched(kind)
    assert isinstance(world, Commanded)
    world.prove("v1")
    world.release("v2")
    world.run(120.0)
    return world


@settings(max_examples=8)
@given(KINDS, HISTORIES)
def test_a_command_counts_once_and_passes_what_was_named_alone(kind: Kind, history: list[Event]) -> None:
    world = watched(kind)
    for event in history:
        event(world)
        world.run(10.0)
    world.check_all()


@settings(max_examples=4)
@given(KINDS, HISTORIES)
def test_a_crash_around_every_command_changes_nothing_of_that(kind: Kind, history: list[Event]) -> None:
    world = watched(kind)
    for event in history:
        world.crash()
        event(world)
        world.crash()
        world.run(10.0)
    world.check_all()


@settings(max_examples=4)
@given(KINDS, HISTORIES, st.sampled_from([Mode.OBSERVE, Mode.NONE]))
def test_observe_writes_nothing_at_all(kind: Kind, history: list[Event], mode: Mode) -> None:
    world = watched(kind)
    world.set(rungs=tuple((rung, mode) for rung, _ in world.policy.rungs))
    for event in history:
        event(world)
        world.run(10.0)
    assert world.orders == []


@settings(max_examples=4)
@given(KINDS, HISTORIES)
def test_a_hold_that_nobody_named_holds(kind: Kind, history: list[Event]) -> None:
    world = watched(kind)
    hold("wait")(world)
    for event in history:
        event(world)
        world.cluster.hold = "wait"
        world.run(10.0)
    named = {request.id for request in world.given if "hold" in request.overrides}
    assert {each for name, found in world.led_to.items() if name not in named for each in found} & {
        decision for _, decision in world.actuator.writes
    } == set()
