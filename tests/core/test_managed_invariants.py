"""The invariants hold over random histories of a workload that Argo CD keeps as Git says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.argo import MERGED, ManagedWorld
from tests.core.cluster import Cluster
from tests.core.histories import REACTIONS, Suspicious
from tests.core.rollouts import SimulatedRollout
from watcher.core.gitops import PullState, Route
from watcher.core.model import Observation
from watcher.core.orders import RevertOrder, RungOrder, UndoOrder, UnpinOrder
from watcher.core.turn import Step
from watcher.core.words import Durability, Kind, Mode

TEMPLATES = ("v1", "v2", "v3", "v2+cfg")


@dataclass
class Distrustful(ManagedWorld, Suspicious):
    """A world of Git that does not trust the machine."""

    BEFORE: ClassVar[float] = 60.0

    @classmethod
    def kept(cls, kind: Kind) -> Distrustful:
        cluster = SimulatedRollout() if kind is Kind.ROLLOUT else Cluster(kind)
        return cls.under(cluster)

    def _check_order(self, observation: Observation, taken: Step, order: RungOrder) -> None:
        assert observation.view is not None
        if isinstance(order, UnpinOrder):
            assert observation.view.application is not None
            assert observation.view.application.pinned == order.decision
            assert not observation.view.hold
            assert observation.surroundings.permitted
            return
        super()._check_order(observation, taken, order)
        if isinstance(order, RevertOrder):
            assert self.argo.route is not Route.NONE or order.tried > 1
        if isinstance(order, UndoOrder) and self.argo.automated and self.argo.self_heal:
            revert = taken.state.watch.rollback.revert if taken.state.watch and taken.state.watch.rollback else None
            assert revert is not None, "what self-heal would fight is not sent before Git says the same"
            assert revert.revision

    def check_all(self) -> None:
        super().check_all()
        reverts = [self.released[decision] for decision in self.argo.decisions]
        assert len(reverts) == len(set(reverts)), "one revert per release"
        for watch in (*self.ended, *([self.state.watch] if self.state is not None and self.state.watch else [])):
            if watch.durability is Durability.DURABLE and watch.rollback is not None:
                assert watch.rollback.revert is not None, "durable is what Git holds"


Event = Callable[[Distrustful], None]


def ship(template: str, share: float, ticks: int) -> Event:
    def happen(world: Distrustful) -> None:
        if world.argo.pin:
            return
        world.ship(template, share)
        world.run(ticks * 5.0)

    return happen


def react(reaction: str) -> Event:
    return lambda world: world.react(reaction)


def set_up(**changes: object) -> Event:
    """Git, Argo CD or the forge are otherwise from now on."""

    def happen(world: Distrustful) -> None:
        for name, value in changes.items():
            setattr(world.argo, name, value)

    return happen


def merge(world: Distrustful) -> None:
    if world.argo.pull is PullState.OPEN and MERGED not in dict(world.argo.commits):
        world.argo.merge()


def seen(*, wanted: bool) -> Event:
    return lambda world: setattr(world, "seen", wanted)


def hold(reason: str) -> Event:
    return lambda world: setattr(world.cluster, "hold", reason)


def bridge(wanted: Mode) -> Event:
    return lambda world: world.set(rungs=tuple((rung, wanted) for rung, _ in world.policy.rungs))


def crash(world: Distrustful) -> None:
    world.crash()


def run(ticks: int) -> Event:
    return lambda world: world.run(ticks * 5.0)


EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(ship, st.sampled_from(TEMPLATES), st.sampled_from((0.3, 0.6, 0.0)), st.integers(1, 40)),
    st.builds(ship, st.sampled_from(TEMPLATES), st.sampled_from((0.3, 0.6)), st.integers(1, 40)),
    st.builds(react, st.sampled_from(REACTIONS)),
    st.builds(set_up, down=st.booleans()),
    st.builds(set_up, route=st.sampled_from(Route), why=st.just("as the test says")),
    st.builds(set_up, seconds=st.sampled_from((1.0, 300.0)), slow=st.sampled_from((0.0, 30.0))),
    st.builds(set_up, automated=st.booleans(), self_heal=st.booleans()),
    st.builds(set_up, unknown=st.booleans()),
    st.just(merge),
    st.builds(set_up, pull=st.sampled_from((None, PullState.CLOSED))),
    st.builds(seen, wanted=st.sampled_from((True, True, False))),
    st.builds(hold, st.sampled_from(("", "", "wait"))),
    st.builds(bridge, st.sampled_from((Mode.ACT, Mode.ACT, Mode.NONE))),
    st.just(crash),
    st.builds(run, st.integers(1, 60)),
)
HISTORIES = st.lists(EVENTS, min_size=2, max_size=12)


@settings(max_examples=15)
@given(st.sampled_from((Kind.DEPLOYMENT, Kind.ROLLOUT)), HISTORIES)
def test_one_revert_a_release_and_no_undo_that_would_be_fought(kind: Kind, history: list[Event]) -> None:
    world = Distrustful.kept(kind)
    for event in history:
        event(world)
        world.run(10.0)
    world.check_all()


@settings(max_examples=6)
@given(st.sampled_from((Kind.DEPLOYMENT, Kind.ROLLOUT)), HISTORIES)
def test_a_crash_around_every_event_changes_no_invariant(kind: Kind, history: list[Event]) -> None:
    world = Distrustful.kept(kind)
    for event in history:
        world.crash()
        event(world)
        world.crash()
        world.run(10.0)
    world.check_all()
