"""The core over simulated workloads, distrusted: each step is checked against the facts of the world around it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.core.argo import ManagedWorld
from tests.core.cluster import Cluster, template_id
from tests.core.rollouts import SimulatedRollout
from tests.core.world import TICK, World
from tests.prove.causes import CAUSES, VERSIONS, proven
from tests.prove.history import Told, Violation
from watcher.core import record
from watcher.core.deciding.approving import LAPSES
from watcher.core.migrations import When
from watcher.core.model import Observation, Result
from watcher.core.orders import (
    AbortOrder,
    Announce,
    DownOrder,
    RefreshOrder,
    RungOrder,
    StopSyncOrder,
    UndoOrder,
    UnpinOrder,
)
from watcher.core.state import Decision, Watch, WorkloadState
from watcher.core.turn import Step
from watcher.core.words import Kind, Lane, Mode, Outcome, Phase, Rung

OLDEST = 120.0
"""Seconds after which an intent that was never carried out is too old to be sent."""

QUIET = 900
"""Ticks within which everything must have come to an end once the world is in order."""

METRICS = frozenset(Lane) - {Lane.AVAILABILITY, Lane.TRAFFIC, Lane.QUERY}


@dataclass
class Proving(World):
    """A world that remembers what was so, and believes nothing that the machine says."""

    told_of: Told = field(default_factory=Told)
    innocent: dict[str, str] = field(default_factory=dict)  # template: the guard that must hold for it
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)  # release: template before, and of it
    barred: set[str] = field(default_factory=set)  # releases whose template said so when they began
    ways_back: set[str] = field(default_factory=set)  # and those that were a way back themselves
    decided_on: dict[str, str] = field(default_factory=dict)  # decision: release
    acted: list[tuple[float, str]] = field(default_factory=list)  # when a way back was acknowledged, of which release
    approved: dict[str, float] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)  # release: blocks with requests of it that were handed over
    arrived: dict[str, Rung] = field(default_factory=dict)  # release: the rung that has led to its target
    denied: str = ""  # what the last report said of a permission that is missing
    newest: tuple[str, str] = ("", "")  # release and template as the last step has seen them
    reverted = False  # Git has taken the release back already

    def release_of(self, decision: Decision) -> str:
        return self.decided_on.get(decision.id, "")

    def change_of(self, decision: Decision) -> tuple[str, str]:
        """The templates before and after the release that this decision is on; empty where nobody knows."""
        return self.changes.get(self.release_of(decision), ("", ""))

    def released_barred(self, decision: Decision) -> bool:
        """Whether its release says that it must not be undone, or is a way back, which nobody undoes unasked."""
        release = self.release_of(decision)
        return release in self.barred or (release in self.ways_back and decision.request is None)

    def amend(self, **changes: object) -> None:
        """Change all entries of the ledger, as time or a person would."""
        if self.state is not None:
            entries = tuple(replace(each, **changes) for each in self.state.known_good)  # type: ignore[arg-type]
            self.state = replace(self.state, known_good=entries)
            self.durable = record.encode(self.state)

    def step(self, *, gone: bool = False, executing: bool = False) -> None:
        self._note_change()
        super().step(gone=gone, executing=executing)

    def _note_change(self) -> None:
        """What the newest release changed, compared with what the last step has seen."""
        current = self.cluster.current
        release = f"{self.cluster.uid}/{current.number}"
        if not self.cluster.numbered or release == self.newest[0]:
            return
        replaced = self.cluster.stable if isinstance(self.cluster, SimulatedRollout) else ""
        self.changes[release] = (replaced or self.newest[1], current.template)
        self.newest = (release, current.template)
        if self.cluster.roll_forward_only.get(current.template):
            self.barred.add(release)
        if self._goes_back(current.template):
            self.ways_back.add(release)

    def _goes_back(self, template: str) -> bool:
        """Whether a release of it is a way back itself: to what is known good, or amid a breach that goes on."""
        state, to = self.state, template_id(template)
        if state is None or to == state.mark.template_id:
            return False
        watch = state.watch
        amid = watch is not None and watch.breached_at is not None and watch.release.template_id != to
        if amid and watch is not None and watch.outcome not in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED):
            return True
        return proven(self, to) is not None and to not in {each.template_id for each in state.quarantined}

    def check(self, before: WorkloadState | None, observation: Observation, taken: Step) -> None:
        if taken.commands and not taken.moved:
            raise Violation(1, "something is ordered, and nothing of it is durable")
        watch = taken.state.watch
        self._note_data(watch, observation)
        if observation.report is not None:
            self.denied = observation.report.message if observation.report.result == Result.FORBIDDEN else ""
        self._check_verdict(watch, taken)
        if watch is not None and watch.decision is not None:
            self._check_decided(watch, watch.decision, set(taken.moved))
        for command in taken.commands:
            if isinstance(command, Announce):
                self._check_told(command)
            else:
                self._check_order(observation, taken, command)
        for move in taken.moved:
            self._note_move(watch, move)

    def _check_decided(self, watch: Watch, decision: Decision, moved: set[str]) -> None:
        if self.decided_on.setdefault(decision.id, watch.release.id) != watch.release.id:
            raise Violation(2, f"decision {decision.id} is of two releases")
        if {"roll_back", "flag_off"} & moved:
            self._check_decision(decision)
        if "hold" in moved and not decision.guards:
            raise Violation(8, f"decision {decision.id} holds, and no guard says why")

    def _check_told(self, told: Announce) -> None:
        """8: who is to mend a permission hears which."""
        if self.denied and "it could not be carried out for" in told.text:
            raise Violation(8, f"given up for want of a permission, which is not named: {told.text}")

    def _note_move(self, watch: Watch | None, move: str) -> None:
        self.told_of.note(f"transition {move}")
        if move == "on_target" and watch is not None and watch.rollback is not None:
            self.arrived[watch.release.id] = watch.rollback.rung
        if move == "confirming" and watch is not None:
            self.acted.append((self.now, watch.release.id))

    def _note_data(self, watch: Watch | None, observation: Observation) -> None:
        if watch is None:
            return
        for block in observation.blocks:
            mine = any(each.revision == watch.release.revision and each.total > 0 for each in block.pods)
            if block.end >= watch.release.began and mine and not block.gap and not block.broken:
                self.shown[watch.release.id] = self.shown.get(watch.release.id, 0) + 1

    def _check_verdict(self, watch: Watch | None, taken: Step) -> None:
        """4: neither breach nor pass without numbers."""
        of = taken.ended[-1] if taken.ended and "pass" in taken.moved else watch
        if of is None or not {"breach", "pass"} & set(taken.moved) or self.shown.get(of.release.id):
            return
        if "pass" in taken.moved:
            raise Violation(4, f"release {of.release.id} passed, and no number was seen of it")
        lanes = {each.lane for each in of.decision.findings} if of.decision is not None else set()
        if lanes & METRICS:
            raise Violation(4, f"release {of.release.id} stands at breach, and no number was seen of it")

    def _check_decision(self, decision: Decision) -> None:
        """3, 5 and 8, at the moment of the decision."""
        if decision.mode is not Mode.ACT:
            return
        chosen = next((each.rung for each in decision.rungs if each.taken and not each.failed), None)
        unproven = decision.target is None or proven(self, decision.target.template_id) is None
        if unproven and chosen is not Rung.FLAG and "not_known_good" not in _named(decision):
            raise Violation(3, f"decision {decision.id} leads to what is not known to be good")
        if not decision.reason or any(not each.reason for each in decision.rungs):
            raise Violation(8, f"decision {decision.id} does not say why")
        if self.policy.mode in (Mode.NONE, Mode.OBSERVE):
            raise Violation(7, f"decided to act in mode {self.policy.mode}")
        self._ask_causes(decision, chosen or Rung.UNDO, "decided")

    def _ask_causes(self, decision: Decision, rung: Rung, what: str) -> None:
        if decision.guards:
            raise Violation(5, f"{what} although guard {decision.guards[0].id} holds")
        passed = _named(decision)
        for guard, cause in CAUSES.items():
            if guard in passed or (rung is Rung.FLAG and guard in VERSIONS):
                continue
            if cause.holds(self, decision, rung):
                raise Violation(
                    7 if guard in ("hold", "freeze") else 5, f"{rung} was {what}, and {guard} speaks against it"
                )

    def _check_order(self, observation: Observation, taken: Step, order: RungOrder) -> None:
        if self._tidies(taken, order):
            self._check_tidying(order)
            return
        watch = taken.state.watch
        if watch is None or watch.decision is None or watch.rollback is None or not watch.carrying_out:
            raise Violation(1, f"{type(order).__name__} without an intent")
        decision, rollback = watch.decision, watch.rollback
        given = {decision.id, rollback.revert.decision if rollback.revert is not None else ""}
        if order.decision not in given:
            raise Violation(1, f"an order of decision {order.decision} under decision {decision.id}")
        self._check_permission(watch, decision, rollback.rung)
        if not rollback.applied:
            self._ask_causes(decision, rollback.rung, "ordered")
            if self.now - rollback.phase_began > OLDEST and rollback.revert is None:
                raise Violation(
                    5, f"{rollback.rung} was ordered {self.now - rollback.phase_began:.0f} s after it was meant"
                )
        if isinstance(order, AbortOrder | UndoOrder):
            self._check_first(watch, decision, rollback.rung)
        self._check_migrations(decision, order)
        self._check_current(observation, watch, order)
        self.told_of.note(f"order {type(order).__name__}")

    def _tidies(self, taken: Step, order: RungOrder) -> bool:
        """Whether it belongs to what a rollback has left behind that is over: a bridge, a merge that came late."""
        watch, left = taken.state.watch, taken.state.unsettled
        over = watch is None or not watch.carrying_out
        return isinstance(order, UnpinOrder) or (over and left is not None and order.decision == left.decision)

    def _check_tidying(self, order: RungOrder) -> None:
        """1 and 7: of what was decided once, and asked before it is written."""
        if order.decision not in self.decided_on:
            raise Violation(1, f"{type(order).__name__} of decision {order.decision}, of which nobody knows")
        if self.cluster.hold or not self.surroundings.permitted:
            raise Violation(7, f"{type(order).__name__} under a hold, or by a process that may not write")
        if not isinstance(order, RefreshOrder | StopSyncOrder | UnpinOrder):
            raise Violation(1, f"{type(order).__name__} after the end of its rollback")

    def _check_migrations(self, decision: Decision, order: RungOrder) -> None:
        """5: a down migration runs with a person's word, or where its note says so; the version follows after it."""
        downs = {each.name: each.down for each in self.databases.notes if each.down is not None}
        if isinstance(order, DownOrder):
            down = downs.get(order.note)
            approved = decision.approval is not None or "down_migration" in _named(decision)
            if down is not None and not down.automatic and not approved:
                raise Violation(5, f"down migration {order.note} was ordered, and nobody approved of it")
        first = {name for name, down in downs.items() if down.when is When.BEFORE}
        done = {
            note for (_, note), job in self.databases.jobs.items() if self.now >= job.ends and job.state == "succeeded"
        }
        if isinstance(order, UndoOrder | AbortOrder) and first - done and not self.databases.unseen:
            raise Violation(5, f"the version was to be changed before down migration {min(first - done)} has run")

    def _check_first(self, watch: Watch, decision: Decision, rung: Rung) -> None:
        """2: once a rung has led to its target no other one is tried."""
        led = self.arrived.get(watch.release.id) if decision.request is None else None
        if led not in (None, Rung.FLAG, rung):
            raise Violation(2, f"{rung} was ordered after {led} had led to its target")

    def _check_permission(self, watch: Watch, decision: Decision, rung: Rung) -> None:
        """5 and 7: what is asked before every write, also of what was begun."""
        passed = _named(decision)
        if self.cluster.hold and "hold" not in passed:
            raise Violation(7, "ordered under a hold")
        if CAUSES["freeze"].holds(self, decision, rung) and "freeze" not in passed:
            raise Violation(7, "ordered within a freeze window")
        if self.policy.never and "never" not in passed:
            raise Violation(5, "ordered, and the workload is on the never list")
        if not self.surroundings.permitted:
            raise Violation(5, "ordered by a process that may not write")
        if self.surroundings.cache_age > 60.0:
            raise Violation(5, "ordered on an old picture of the cluster")
        if self.policy.mode in (Mode.NONE, Mode.OBSERVE):
            raise Violation(7, f"ordered in mode {self.policy.mode}")
        if decision.request is None and self.policy.mode is Mode.PROPOSE:
            self._check_approval(watch, decision)

    def _check_approval(self, watch: Watch, decision: Decision) -> None:
        approval = decision.approval
        if approval is None or self.decided_on.get(approval.decision) != watch.release.id:
            raise Violation(5, "ordered in mode propose, and nobody approved of it")
        if decision.at - approval.at > LAPSES or approval.at > self.approved.get(approval.decision, 0.0):
            raise Violation(5, "ordered in mode propose on an approval that is none")

    def _check_current(self, observation: Observation, watch: Watch, order: RungOrder) -> None:
        """2: the release is the current one, and what is to be replaced is what was judged."""
        live = self.cluster.current
        if isinstance(order, AbortOrder) and not order.pod_hash == live.name == watch.release.revision:
            raise Violation(2, f"an abort of {order.pod_hash} while {live.name} is the current one")
        if isinstance(order, UndoOrder):
            if order.bad_template != watch.release.template_id or order.bad_template == order.target_template:
                raise Violation(2, "an undo of what was not judged")
            if template_id(live.template) not in (order.bad_template, order.target_template):
                raise Violation(2, f"an undo while {live.template} is the current version")

    def end(self) -> None:
        """What must hold of the whole history, once everything is in order again."""
        undone: set[str] = set()
        for what, decision in self.actuator.writes:
            self.told_of.note(f"write {what}")
            release = self.decided_on.get(decision)
            if release is None:
                raise Violation(1, f"{what} by decision {decision}, of which nobody knows")
            if what == "undo" and release in undone:
                raise Violation(2, f"release {release} was undone twice")
            undone |= {release} if what == "undo" else set()
        watch = self.state.watch if self.state is not None else None
        if watch is not None and watch.carrying_out:
            raise Violation(6, f"the rollback of {watch.release.id} hangs: {watch.phase}")
        for each in self.decisions:
            self.told_of.note(f"decision {each.action}" + (f" ({each.mode})" if each.mode is not Mode.ACT else ""))
            for guard in each.guards:
                self.told_of.note(f"guard {guard.id}")
        for ended in (*self.ended, *([watch] if watch is not None else [])):
            if ended.outcome is not None:
                self.told_of.note(f"outcome {ended.outcome}")

    def quieten(self) -> None:
        """Let time pass until nothing is under way."""
        for _ in range(QUIET):
            self.run(TICK)
            watch = self.state.watch if self.state is not None else None
            if watch is None or watch.phase not in (Phase.ACTING, Phase.CONFIRMING, Phase.RECOVERING):
                return


def _named(decision: Decision) -> frozenset[str]:
    """Guards that the person who commanded it has named."""
    return frozenset(decision.request.overrides) if decision.request is not None else frozenset()


@dataclass
class ProvingGit(ManagedWorld, Proving):
    """The same under Argo CD."""

    BEFORE = 60.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.actuator.switch, self.actuator.databases = self.switch, self.databases

    def _check_order(self, observation: Observation, taken: Step, order: RungOrder) -> None:
        super()._check_order(observation, taken, order)
        if isinstance(order, UndoOrder) and self.argo.automated and self.argo.self_heal:
            rollback = taken.state.watch.rollback if taken.state.watch is not None else None
            if rollback is None or rollback.revert is None or not rollback.revert.revision:
                raise Violation(2, "an undo that self-heal would fight, before Git says the same")

    def end(self) -> None:
        super().end()
        reverts = [self.decided_on.get(decision, "") for decision in self.argo.decisions]
        if len(reverts) != len(set(reverts)):
            raise Violation(2, "a release was reverted twice in Git")

    @property
    def reverted(self) -> bool:  # type: ignore[override]
        return bool(self.argo.reverted_by)


def watched(world: str, kind: Kind) -> Proving:
    """A workload that runs `v1`, which is known good."""
    cluster = SimulatedRollout() if kind is Kind.ROLLOUT else Cluster(kind)
    if world == "git":
        return ProvingGit.under(cluster)
    proving = Proving(cluster)
    cluster.apply("v1", proving.now - 86400.0)
    cluster.settle(proving.now - 86400.0)
    proving.run(60.0)
    return proving
