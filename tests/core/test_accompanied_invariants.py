"""The invariants hold over random histories of releases with feature flags and database migrations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.cluster import Cluster
from tests.core.databases import after_down, note
from tests.core.histories import INCIDENTS, KINDS, Suspicious, crash, in_order, react, run
from tests.core.rollouts import SimulatedRollout
from tests.core.switches import FLAG
from watcher.core.deciding import gate
from watcher.core.deciding.gate import Gate
from watcher.core.migrations import MigrationNote, Safety, When
from watcher.core.model import Observation, Result
from watcher.core.orders import DownOrder, FlagOrder, ReleaseStuckPodsOrder, RungOrder
from watcher.core.turn import Step
from watcher.core.words import Kind, Rung

LIES = (Result.APPLIED, Result.CONFLICT, Result.FORBIDDEN, Result.REFUSED, Result.HELD, Result.UNKNOWN)
SHUT = (Gate.UNSAFE, Gate.UNNOTED_REQUIRED)


@dataclass
class Accompanied(Suspicious):
    """A world in which each release may be tied to a flag, and may have changed the schema."""

    by_persons: int = 0  # times that somebody has switched the flag
    switched_for: list[str] = field(default_factory=list)  # releases

    @classmethod
    def of_kind(cls, kind: Kind) -> Accompanied:
        world = cls(SimulatedRollout() if kind is Kind.ROLLOUT else Cluster(kind))
        world.cluster.apply("v1", world.now - 86400.0)
        world.cluster.settle(world.now - 86400.0)
        world.run(60.0)
        for template in ("v2", "v3"):
            world.cluster.flags[template] = str(FLAG)
        return world

    def _check_order(self, observation: Observation, taken: Step, order: RungOrder) -> None:
        super()._check_order(observation, taken, order)
        watch = taken.state.watch
        assert watch is not None
        assert watch.decision is not None
        assert watch.rollback is not None
        if isinstance(order, FlagOrder):
            assert order.flag == FLAG
            assert not order.on, "nothing is switched on by itself"
            assert watch.rollback.rung is Rung.FLAG
            self.switched_for.append(watch.release.id)
        elif isinstance(order, DownOrder):
            assert order.down.automatic or watch.decision.approval is not None
            assert (order.down.when is When.AFTER) == watch.rollback.applied
        elif not watch.rollback.applied and not isinstance(order, ReleaseStuckPodsOrder):
            self._check_gate(observation, taken)

    def _check_gate(self, observation: Observation, taken: Step) -> None:
        watch = taken.state.watch
        assert observation.view is not None
        assert watch is not None
        assert watch.decision is not None
        assert watch.decision.target is not None
        sight = gate.relevant(observation, watch, watch.decision.target.template_id)
        passage = gate.ask(sight, watch.downs, observation.view, self.policy)
        assert passage.gate not in SHUT, "the version is not changed over an unsafe migration"
        assert all(each.down is None or each.down.when is When.AFTER for each in passage.pending)

    def check_all(self) -> None:
        super().check_all()
        flips = [self.released[decision] for what, decision in self.actuator.writes if what == "flag"]
        assert len(flips) == len(set(flips)), "a flag is switched once for a release"
        runs = [(self.released[each], what) for what, each in self.actuator.writes if what.startswith("down ")]
        assert len(runs) == len(set(runs)), "a down migration runs once for a release"


Event = Callable[[Accompanied], None]


def covers(template: str, share: float) -> Event:
    """What the release fails with while its flag is off."""
    return lambda world: world.switch.covers.update({template: share})


def person_switches(world: Accompanied) -> None:
    world.by_persons += 1
    world.switch.turn(world.now, on=not world.switch.on)


def switch(**changes: object) -> Event:
    def happen(world: Accompanied) -> None:
        for name, value in changes.items():
            setattr(world.switch, name, value)

    return happen


def databases(**changes: object) -> Event:
    def happen(world: Accompanied) -> None:
        for name, value in changes.items():
            setattr(world.databases, name, value)

    return happen


def required(*, wanted: bool) -> Event:
    return lambda world: world.set(migrations_required=wanted)


def healed(world: Accompanied) -> None:
    """Everything outside is well again, and the flag on."""
    in_order(world)
    world.switch.unseen = world.switch.stuck = world.databases.unseen = world.databases.hidden = False
    world.switch.problem = world.databases.problem = ""
    world.databases.deleted = False
    world.databases.takes, world.databases.notes, world.databases.unnoted = 20.0, (), ()
    world.switch.covers.clear()
    world.set(migrations_required=False)
    world.databases.ending = "succeeded"
    if not world.switch.on:
        world.switch.turn(world.now, on=True)
        world.by_persons += 1


DOWNS: st.SearchStrategy[MigrationNote] = st.builds(
    after_down,
    st.sampled_from(("0043", "0044")),
    automatic=st.sampled_from((True, True, False)),
    when=st.sampled_from(When),
)
NOTES: st.SearchStrategy[MigrationNote] = st.one_of(
    DOWNS, DOWNS, DOWNS, st.just(note("0041", Safety.SAFE)), st.just(note("0042", Safety.UNSAFE))
)
COVERED: st.SearchStrategy[Event] = st.builds(covers, st.sampled_from(("v2", "v3")), st.sampled_from((0.0, 0.3)))
MIGRATED: st.SearchStrategy[Event] = st.builds(
    databases, notes=st.lists(NOTES, min_size=1, max_size=2, unique_by=lambda each: each.name).map(tuple)
)
AROUND: st.SearchStrategy[Event] = st.one_of(
    COVERED,
    MIGRATED,
    st.just(person_switches),
    st.builds(switch, stuck=st.booleans()),
    st.builds(switch, unseen=st.booleans()),
    st.builds(switch, problem=st.sampled_from(("", "the provider answers 503"))),
    st.builds(databases, unnoted=st.sampled_from(((), ("hook Job shop/migrate",)))),
    st.builds(databases, problem=st.sampled_from(("", "", "the repository does not answer"))),
    st.builds(databases, unseen=st.booleans(), hidden=st.booleans()),
    st.builds(databases, ending=st.sampled_from(("succeeded", "succeeded", "failed"))),
    st.builds(databases, takes=st.sampled_from((5.0, 40.0, 1e9))),
    st.builds(databases, deleted=st.sampled_from((False, False, True))),
    st.builds(required, wanted=st.booleans()),
)
OTHERWISE: st.SearchStrategy[Event] = st.one_of(
    INCIDENTS, st.builds(run, st.integers(1, 60)), st.builds(react, st.sampled_from(LIES)), st.just(crash)
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Incidents with what may go along with them, which are over now and then."""
    history: list[Event] = []
    for _ in range(draw(st.integers(1, 3))):
        history += [healed, draw(st.one_of(COVERED, MIGRATED, MIGRATED))]
        history += [*draw(st.lists(AROUND, max_size=1)), draw(INCIDENTS)]
        history += draw(st.lists(st.one_of(AROUND, OTHERWISE), max_size=5))
    return history


@settings(max_examples=10)
@given(KINDS, histories())
def test_flags_and_down_migrations_keep_the_invariants(kind: Kind, history: list[Event]) -> None:
    world = Accompanied.of_kind(kind)
    for event in history:
        event(world)
        world.run(10.0)
    world.check_all()


@settings(max_examples=5)
@given(KINDS, histories())
def test_a_crash_around_every_event_changes_no_invariant(kind: Kind, history: list[Event]) -> None:
    world = Accompanied.of_kind(kind)
    for event in history:
        world.crash()
        event(world)
        world.crash()
        world.run(10.0)
    world.check_all()
