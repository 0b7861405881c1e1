"""Random histories of a workload, and a world that checks the invariants at each step of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.core.actuator import SILENT, SILENT_APPLIED, UNKNOWN_APPLIED
from tests.core.cluster import Cluster
from tests.core.rollouts import SimulatedRollout
from tests.core.world import TICK, World
from watcher.core.deciding import ledger
from watcher.core.deciding.approving import LAPSES, waits
from watcher.core.model import Observation, PastRollback, Result
from watcher.core.orders import AbortOrder, Announce, DownOrder, FlagOrder, RungOrder, UndoOrder
from watcher.core.state import Decision, Watch, WorkloadState
from watcher.core.turn import Step
from watcher.core.words import GOING_BACK, Kind, Mode

Event = Callable[["Suspicious"], None]

TEMPLATES = ("v1", "v2", "v3", "v2+cfg", "v2~1")
REACTIONS = (
    *(Result.APPLIED, Result.CONFLICT, Result.FORBIDDEN, Result.REFUSED, Result.HELD, Result.UNKNOWN),
    *(Result.UNAVAILABLE, SILENT, SILENT_APPLIED, UNKNOWN_APPLIED),
)


@dataclass
class Suspicious(World):
    """A world that does not trust the machine."""

    released: dict[str, str] = field(default_factory=dict)  # decision: release
    never_seen: str = ""  # why the metrics say nothing in the whole history
    approved: dict[str, float] = field(default_factory=dict)  # decision: when somebody approved it last

    @classmethod
    def watched(cls, kind: Kind) -> Suspicious:
        cluster = SimulatedRollout() if kind is Kind.ROLLOUT else Cluster(kind)
        world = cls(cluster)
        cluster.apply("v1", world.now - 86400.0)
        cluster.settle(world.now - 86400.0)
        world.run(60.0)
        return world

    def tick(self) -> None:
        if self.never_seen:
            self.blind = self.never_seen == "blind"
            self.broken = "metric-contract-changed" if self.never_seen == "broken" else ""
            self.requests = 0.0 if self.never_seen == "quiet" else self.requests
        super().tick()

    def check(self, before: WorkloadState | None, observation: Observation, taken: Step) -> None:
        super().check(before, observation, taken)
        for command in taken.commands:
            if not isinstance(command, Announce):
                self._check_order(observation, taken, command)
        if "roll_back" in taken.moved:
            self._check_target(before, taken)
        decision = taken.state.watch.decision if taken.state.watch is not None else None
        if decision is not None and taken.state.watch is not None:
            release = taken.state.watch.release.id
            assert self.released.setdefault(decision.id, release) == release, "a decision's id is its own"

    def _check_order(self, observation: Observation, taken: Step, order: RungOrder) -> None:
        watch, view = taken.state.watch, observation.view
        assert view is not None
        assert watch is not None
        assert watch.decision is not None
        assert watch.rollback is not None
        assert watch.carrying_out, "the intent is durable before the order"
        assert order.decision == watch.decision.id or isinstance(order, DownOrder)
        assert watch.decision.action in GOING_BACK
        assert (watch.decision.mode, watch.decision.guards) == (Mode.ACT, ())
        assert not view.hold
        assert not self.policy.never
        self._check_mode(watch, watch.decision)
        assert observation.surroundings.permitted
        assert observation.surroundings.cache_age <= 60.0
        newest = view.newest()
        assert newest is not None, "the release is the current one"
        if not watch.rollback.applied and not isinstance(order, FlagOrder):
            self._check_guards(observation, taken)
        if isinstance(order, AbortOrder):
            assert newest.name == order.pod_hash == watch.release.revision
        if isinstance(order, UndoOrder):
            assert newest.template_id in (order.bad_template, order.target_template)
            assert order.bad_template == watch.release.template_id != order.target_template

    def _check_mode(self, watch: Watch, decision: Decision) -> None:
        """By itself only where it may act; else somebody approved of this release's way back, not long before."""
        if decision.approval is None:
            assert self.policy.mode is Mode.ACT
            return
        assert self.policy.mode in (Mode.ACT, Mode.PROPOSE)
        named = decision.approval.decision
        assert self.released[named] == watch.release.id
        assert decision.at - decision.approval.at <= LAPSES
        assert decision.approval.at <= self.approved[named]

    def _check_guards(self, observation: Observation, taken: Step) -> None:
        """What holds the first write of every rung, also of one that was waited with."""
        watch, view, state = taken.state.watch, observation.view, taken.state
        assert view is not None
        assert watch is not None
        assert watch.decision is not None
        assert not view.owner
        assert not watch.release.never_undo
        others = {each.release for each in observation.surroundings.rollbacks} - {watch.release.id}
        assert len(others) < self.policy.breaker.max
        other = state.last_rolled_back != watch.release.id
        assert not other or state.last_rollback is None or self.now - state.last_rollback >= self.policy.cooldown
        healthy = {each.name for each in observation.sources if each.healthy}
        assert any(each.source in ("", *healthy) for each in watch.decision.findings)

    def _check_target(self, before: WorkloadState | None, taken: Step) -> None:
        assert before is not None
        assert taken.state.watch is not None
        decision = taken.state.watch.decision
        assert decision is not None
        assert decision.target is not None
        known = taken.state.known_good
        assert ledger.known(known, decision.target.template_id, self.policy.known_good, self.now) is not None

    def check_all(self) -> None:
        """What must hold of the whole history."""
        undone = [self.released[decision] for what, decision in self.actuator.writes if what == "undo"]
        assert len(undone) == len(set(undone)), "at most one rollback per release"


def run(ticks: int) -> Event:
    return lambda world: world.run(ticks * TICK)


def approve(which: str, way: str) -> Event:
    """Somebody approves the newest decision, the one before it, or one that never was."""

    def happen(world: Suspicious) -> None:
        known = {"newest": world.decisions[-1:], "earlier": world.decisions[-2:-1]}.get(which, [])
        decision = known[0].id if known else "0123456789ab"
        world.approved[decision] = world.now
        if way == "http":
            world.approve(decision)
        else:
            world.annotate(decision)

    return happen


def proposal(template: str, share: float) -> Event:
    """A bad release in mode propose, with time enough for the proposal in most worlds."""

    def happen(world: Suspicious) -> None:
        world.set(mode=Mode.PROPOSE)
        world.release(template, share)
        for _ in range(40):
            world.run(TICK)
            watch = world.state.watch if world.state is not None else None
            if watch is not None and waits(watch):
                return

    return happen


def release(template: str, errors: float) -> Event:
    return lambda world: world.release(template, errors)


def errors(template: str, share: float) -> Event:
    return lambda world: world.errors.update({template: share})


def react(reaction: str) -> Event:
    return lambda world: world.react(reaction)


def crash(world: Suspicious) -> None:
    world.crash()


def hold(reason: str) -> Event:
    return lambda world: setattr(world.cluster, "hold", reason)


def mode(wanted: Mode) -> Event:
    return lambda world: world.set(mode=wanted)


def blind(*, wanted: bool) -> Event:
    return lambda world: setattr(world, "blind", wanted)


def surroundings(**changes: object) -> Event:
    return lambda world: world.around(**changes)


def traffic(requests: float) -> Event:
    return lambda world: setattr(world, "requests", requests)


def scale(desired: int) -> Event:
    return lambda world: setattr(world.cluster, "desired", desired)


def never_ready(template: str) -> Event:
    return lambda world: world.cluster.never_ready.symmetric_difference_update({template})


def numbered(*, wanted: bool) -> Event:
    return lambda world: setattr(world.cluster, "numbered", wanted)


def promote(world: Suspicious) -> None:
    if isinstance(world.cluster, SimulatedRollout):
        world.cluster.promote()


def abort(world: Suspicious) -> None:
    if isinstance(world.cluster, SimulatedRollout) and world.cluster.in_progress:
        world.cluster.aborted = True


def retry(world: Suspicious) -> None:
    if isinstance(world.cluster, SimulatedRollout):
        world.cluster.retry()


def owned(owner: str) -> Event:
    return lambda world: setattr(world.cluster, "owner", owner)


def rollbacks(count: int) -> Event:
    """As many other releases were rolled back just now."""
    return lambda world: world.around(
        rollbacks=tuple(PastRollback(world.now, "elsewhere", f"other/{number}") for number in range(count))
    )


def deaf(times: int) -> Event:
    return lambda world: setattr(world.cluster, "deaf", times)


def made_anew(world: Suspicious) -> None:
    world.cluster.uid += "+"


def incident(template: str, share: float, ticks: int, reaction: str, after: int) -> Event:
    """A bad release with time enough to be found, and a first write that ends as `reaction` says."""

    def happen(world: Suspicious) -> None:
        world.release(template, share)
        world.run(ticks * TICK)
        world.react(reaction)
        world.run(after * TICK)

    return happen


SHARES = st.sampled_from((0.0, 0.0, 0.02, 0.3, 0.6))
INCIDENTS: st.SearchStrategy[Event] = st.builds(
    incident,
    st.sampled_from(TEMPLATES),
    st.sampled_from((0.3, 0.3, 0.6)),
    st.integers(1, 8),
    st.sampled_from(REACTIONS),
    st.integers(1, 60),
)
DISTURBANCES: st.SearchStrategy[Event] = st.one_of(
    st.builds(release, st.sampled_from(TEMPLATES), SHARES),
    st.builds(errors, st.sampled_from(TEMPLATES), SHARES),
    st.builds(react, st.sampled_from(REACTIONS)),
    st.just(crash),
    st.builds(hold, st.sampled_from(("", "", "wait"))),
    st.builds(mode, st.sampled_from((Mode.ACT, Mode.ACT, Mode.PROPOSE, Mode.OBSERVE))),
    st.builds(blind, wanted=st.booleans()),
    st.builds(surroundings, cache_age=st.sampled_from((0.0, 0.0, 90.0))),
    st.builds(surroundings, permitted=st.sampled_from((True, True, False))),
    st.builds(traffic, st.sampled_from((0.0, 20.0, 600.0))),
    st.builds(scale, st.integers(0, 8)),
    st.builds(never_ready, st.sampled_from(TEMPLATES)),
    st.builds(numbered, wanted=st.sampled_from((True, True, False))),
    st.just(promote),
    st.just(abort),
    st.just(retry),
    st.builds(owned, st.sampled_from(("", "", "Kafka/events"))),
    st.builds(rollbacks, st.sampled_from((0, 2, 3))),
    st.builds(deaf, st.integers(0, 3)),
    st.just(made_anew),
)
APPROVALS: st.SearchStrategy[Event] = st.builds(
    approve,
    st.sampled_from(("newest", "newest", "newest", "earlier", "unknown")),
    st.sampled_from(("http", "annotation")),
)
EVENTS: st.SearchStrategy[Event] = st.one_of(INCIDENTS, st.builds(run, st.integers(1, 60)), DISTURBANCES)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Incidents among disturbances, which are over now and then."""
    history: list[Event] = [draw(INCIDENTS)]
    for _ in range(draw(st.integers(0, 5))):
        history += draw(st.lists(EVENTS, max_size=4))
        if draw(st.booleans()):
            history += [in_order, draw(INCIDENTS)]
    return history


def in_order(world: Suspicious) -> None:
    """Everything outside is well again, and the cooldown is over."""
    world.actuator.reactions.clear()
    world.cluster.hold, world.cluster.numbered, world.cluster.desired = "", True, 4
    world.cluster.never_ready.clear()
    world.blind, world.requests = False, 600.0
    world.errors.clear()
    world.cluster.owner = ""
    world.around(cache_age=0.0, permitted=True, rollbacks=())
    world.set(mode=Mode.ACT, cooldown=60.0)
    world.run(90.0)


@st.composite
def approvals(draw: st.DrawFn) -> list[Event]:
    """Incidents that are only proposed, and people who approve, among disturbances of all kinds."""
    history: list[Event] = []
    for _ in range(draw(st.integers(1, 3))):
        history += [in_order, proposal(draw(st.sampled_from(("v2", "v3"))), 0.6)]
        history += [*draw(st.lists(DISTURBANCES, max_size=1)), draw(APPROVALS)]
        history += draw(st.lists(st.one_of(APPROVALS, EVENTS), max_size=5))
    return history


HISTORIES = histories()
KINDS = st.sampled_from(Kind)
