"""One workload, its metrics and an actuator around the state machine, in virtual time.

The actuator and the cluster react as the real ones do, or as a test says (`react`).  Every step that moves
something is replayed from its record, and must come to the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from tests.core.actuator import Actuator
from tests.core.cluster import Cluster, template_id
from tests.core.databases import Databases
from tests.core.rollouts import SimulatedRollout
from tests.core.switches import Switch
from watcher.core import record, requested
from watcher.core.deciding import testimony
from watcher.core.deciding.approving import Answer, answer
from watcher.core.machine import resume, step
from watcher.core.model import (
    Approval,
    Block,
    Canary,
    Fleet,
    Observation,
    Pod,
    PodCount,
    QueryValue,
    Request,
    RungReport,
    Source,
    Surroundings,
    Word,
    WorkloadView,
)
from watcher.core.orders import Announce, Command, RungOrder
from watcher.core.policy import Bake, Policy, RatioCheck
from watcher.core.state import Decision, Heard, KnownGood, Watch, WorkloadState
from watcher.core.turn import Step
from watcher.core.words import Kind, Mode, Provenance

TICK = 5.0
BLOCK = 15.0
HISTORY = 600.0
"""Seconds that a workload runs before a test begins."""

LOOK_BACK = 1800.0
"""Seconds before a release whose samples are read."""

START = 1_700_000_010.0  # on the grid

ERRORS = RatioCheck("errors", source="main", total="requests_total", max=0.01, increase=2.0)
POLICY = Policy(
    checks=(ERRORS,),
    mode=Mode.ACT,
    bake=Bake(hold_for=300.0, max=1800.0),
    progress_deadline=120.0,
)
ALL_WELL = Surroundings(fleet=Fleet(START, services=20))
"""Nothing else has happened: no rollback, no other service that suffers."""


@dataclass
class World:
    """Everything outside the core, and the core's state."""

    cluster: Cluster = field(default_factory=Cluster)
    policy: Policy = POLICY
    now: float = START
    state: WorkloadState | None = None
    durable: bytes = b"null"
    requests: float = 600.0  # per block
    errors: dict[str, float] = field(default_factory=dict)  # template: share
    values: dict[str, float | None] = field(default_factory=dict)  # what query checks return
    blind: bool = False  # the source is down
    measured_by: str = ""  # basis of the check that blocks are counted by, where they tell
    broken: str = ""  # the contract of the metric does not hold
    surroundings: Surroundings = ALL_WELL
    blocks: list[Block] = field(default_factory=list)
    outbox: list[Block] = field(default_factory=list)
    report: RungReport | None = None
    approval: Approval | None = None  # given since the last step
    strays: tuple[Pod, ...] = ()  # pods that the simulated controller knows nothing of
    canary: Canary | None = None  # of Flagger, that governs the workload
    annotation: Approval | None = None  # stands on the object
    request: Request | None = None  # made since the last step
    word: Word | None = None  # given since the last step
    commands: int = 0
    told: list[Announce] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    ended: list[Watch] = field(default_factory=list)

    switch: Switch = field(default_factory=Switch)
    databases: Databases = field(default_factory=Databases)

    def __post_init__(self) -> None:
        self.actuator = Actuator(self.cluster, self.switch, self.databases)

    @classmethod
    def of(cls, kind: Kind = Kind.DEPLOYMENT, **settings: object) -> Self:
        """A workload that runs `v1`, which is known good."""
        cluster = SimulatedRollout() if kind is Kind.ROLLOUT else Cluster(kind)
        for name, value in settings.items():
            setattr(cluster, name, value)
        world = cls(cluster)
        cluster.apply("v1", world.now - 86400.0)
        cluster.settle(world.now - 86400.0)
        world.run(HISTORY)
        return world

    @property
    def writes(self) -> list[str]:
        """What was really written to the cluster."""
        return [each for each, _ in self.actuator.writes]

    @property
    def orders(self) -> list[RungOrder]:
        return self.actuator.orders

    def react(self, *reactions: str) -> None:
        """How the next orders end, one after the other; those after them as they really would."""
        self.actuator.reactions.extend(reactions)

    @property
    def watch(self) -> Watch:
        assert self.state is not None
        assert self.state.watch is not None
        return self.state.watch

    @property
    def decision(self) -> Decision:
        assert self.watch.decision is not None
        return self.watch.decision

    @property
    def guards(self) -> tuple[str, ...]:
        return tuple(each.id for each in self.decision.guards)

    @property
    def known_good(self) -> dict[str, KnownGood]:
        assert self.state is not None
        return {each.template_id.removeprefix("id-"): each for each in self.state.known_good}

    def serves(self, template: str) -> bool:
        """Whether all Ready pods, as many as are wanted, are of this template."""
        return (
            len(self.cluster.ready)
            == self.cluster.desired
            == len([pod for pod in self.cluster.of(template) if pod.ready])
        )

    def set(self, **changes: object) -> None:
        """Change the policy; changed checks are counted anew from the beginning of the release."""
        self.policy = replace(self.policy, **changes)  # type: ignore[arg-type]
        if "checks" in changes:
            self._count_again()

    def around(self, **changes: object) -> None:
        """Change the surroundings."""
        self.surroundings = replace(self.surroundings, **changes)  # type: ignore[arg-type]

    @property
    def _around_now(self) -> Surroundings:
        """The other services are looked at all the time."""
        around = self.surroundings
        fleet = replace(around.fleet, at=self.now) if around.fleet is not None else None
        seen = self.databases.sight(self.state, self.view, self.policy, self.now)
        return replace(
            around, fleet=fleet, flag=self.switch.sight(self.now), migrations=seen, down=self.databases.job(self.now)
        )

    def release(self, template: str, errors: float = 0.0) -> None:
        """Somebody applies this template; `errors` is the share of its requests that fail."""
        self.errors[template] = errors
        self.cluster.apply(template, self.now)

    def approve(self, decision: str = "", by: str = "ada") -> Answer:
        """Somebody approves this decision, or the newest one, and it is stepped at once; what they are told."""
        given = Approval(decision or self.decision.id, by, self.now, "http")
        self.approval = given
        self.step()
        return answer(self.state, given, self.now)

    def annotate(self, decision: str = "", at: float | None = None) -> None:
        """Somebody writes the approval on the object."""
        when = self.now if at is None else at
        self.annotation = Approval(decision or self.decision.id, "kubectl-annotate", when, "annotation")

    def command(
        self, to: str = "", *overrides: str, again: bool = False, by: str = "ada", leaving: str = ""
    ) -> requested.Answer:
        """Somebody commands a rollback, or sends the last command once more; what they are told at once."""
        self.commands += not again
        name = f"command-{self.commands}"
        given = Request(by, self.now, "the numbers of finance are wrong", to, overrides, id=name, leaving=leaving)
        self.request = given
        self.step()
        return requested.answer(self.state, given)

    def call(self, revision: str, verdict: str, by: str = "ada") -> Heard:
        """Somebody calls a revision good or bad; what they are told."""
        self.word = word = Word(by, self.now, revision, verdict == "good", "the numbers of finance")
        self.step()
        heard = testimony.heard(self.state, word)
        assert heard is not None
        return heard

    @property
    def view(self) -> WorkloadView:
        seen = self.cluster.view(self.now)
        return replace(seen, pods=(*seen.pods, *self.strays), approval=self.annotation, canary=self.canary)

    def prove(self, template: str, provenance: Provenance = Provenance.PASSED, ago: float = 0.0) -> None:
        """Enter a template into the ledger as if it had been proven."""
        assert self.state is not None
        last = self.now - ago if ago else None
        entry = KnownGood(template_id(template), f"hash-{template}", (), provenance, self.now, last)
        others = tuple(each for each in self.state.known_good if each.template_id != entry.template_id)
        self.state = replace(self.state, known_good=(*others, entry))
        self.durable = record.encode(self.state)

    def run(self, duration: float) -> None:
        """Let virtual time pass."""
        for _ in range(int(duration / TICK)):
            self.tick()

    def run_until(self, *moves: str, within: float = 1800.0) -> None:
        """Let time pass until one of these transitions was made."""
        begin = len(self.moved)
        for _ in range(int(within / TICK)):
            self.tick()
            if set(moves) & set(self.moved[begin:]):
                return
        raise AssertionError(f"none of {moves} within {within} s; moved: {self.moved[begin:]}")

    def tick(self) -> None:
        """One tick of controller and metrics, then one step."""
        self.now += TICK
        self.cluster.tick(self.now)
        if self.now % BLOCK == 0:
            self._close_block()
        self.step()

    def step(self, *, gone: bool = False, executing: bool = False) -> None:
        """One step of the machine with everything that is new."""
        observation = Observation(
            view=None if gone else self.view,
            blocks=() if self.blind else tuple(self.outbox),
            queries=() if self.blind else tuple(self._query_values()),
            sources=(Source("main", not self.blind, problem="connection refused" if self.blind else ""),),
            surroundings=self._around_now,
            report=self.report,
            executing=executing,
            approval=self.approval,
            request=self.request,
            word=self.word,
        )
        taken = step(self.state, observation, self.now, self.policy)
        if taken is None:
            return
        if not self.blind:
            self.outbox.clear()
        self.report = self.approval = self.request = self.word = None
        self.check(self.state, observation, taken)
        if taken.moved:
            assert record.replay(record.keep(self.state, observation, self.now, self.policy, taken))
            self.durable = record.encode(taken.state)
        self.state = taken.state
        self.moved.extend(taken.moved)
        self.ended.extend(taken.ended)
        self._note_decision()
        if "release" in taken.moved:
            self._count_again()
        for command in taken.commands:
            self._carry_out(command)

    def crash(self) -> None:
        """The process dies and starts again: what was not durable is forgotten, raw samples are read anew."""
        before = record.decode(WorkloadState | None, self.durable)
        assert record.encode(before) == self.durable
        self.state = resume(before) if before is not None else None
        self.report = self.approval = self.request = self.word = None
        self._count_again()

    def check(self, before: WorkloadState | None, observation: Observation, taken: Step) -> None:
        """What must hold of each step: whatever is ordered or told was made durable before."""
        assert taken.moved or not taken.commands

    def _count_again(self) -> None:
        watch = self.state.watch if self.state is not None else None
        self.outbox = [each for each in self.blocks if watch and each.start >= watch.release.began - LOOK_BACK]

    def _note_decision(self) -> None:
        decision = self.state.watch.decision if self.state is not None and self.state.watch is not None else None
        if decision is not None and (not self.decisions or self.decisions[-1].id != decision.id):
            self.decisions.append(decision)

    def _close_block(self) -> None:
        start = self.now - BLOCK
        block = Block("errors", start, BLOCK, tuple(self._counts(start)), broken=self.broken, basis=self.measured_by)
        self.blocks.append(block)
        self.outbox.append(block)

    def _counts(self, start: float) -> Iterable[PodCount]:
        share = self._share_of_new()
        for pod in self.cluster.ready:
            assert pod.ready_since is not None
            new = pod.revision == self.cluster.current.name
            alike = sum((each.revision == self.cluster.current.name) == new for each in self.cluster.ready)
            total = self.requests * (share if new else 1 - share) / alike
            bad = total * self._share_of_bad(pod.revision.removeprefix("hash-"), start)
            yield PodCount(pod.name, pod.revision, total, bad, start - pod.ready_since)

    def _share_of_bad(self, template: str, at: float) -> float:
        """A flag that was felt to be off takes away what the release brought."""
        covered = template in self.switch.covers and self.switch.felt(at)
        return self.switch.covers[template] if covered else self.errors.get(template, 0.0)

    def _share_of_new(self) -> float:
        rollout = self.cluster.status()
        if rollout is not None and rollout.canary_weight is not None and rollout.in_progress:
            return rollout.canary_weight / 100
        new = sum(pod.revision == self.cluster.current.name for pod in self.cluster.ready)
        return new / max(1, len(self.cluster.ready))

    def _query_values(self) -> Iterable[QueryValue]:
        return (QueryValue(name, self.now, value) for name, value in self.values.items())

    def _carry_out(self, command: Command) -> None:
        if isinstance(command, Announce):
            self.told.append(command)
            return
        self.report = self.actuator.perform(command, self.now) or self.report
