"""Performs orders on a simulated workload as the real actuator does, or fails as a test wants it to."""

from __future__ import annotations

from collections import deque

from tests.core.cluster import Cluster, template_id
from tests.core.databases import Databases
from tests.core.rollouts import SimulatedRollout
from tests.core.switches import Switch
from watcher.core.model import Result, RungReport
from watcher.core.orders import AbortOrder, DownOrder, FlagOrder, GitOpsOrder, RungOrder, UndoOrder, rung_of

SILENT = "silent"  # nothing is sent, and nobody answers: the process died before
SILENT_APPLIED = "silent_applied"  # written, and nobody answers: the process died after
UNKNOWN_APPLIED = "unknown_applied"  # written, but the answer was lost
DONE = (Result.APPLIED, Result.ALREADY)
SKIPPED = "skipped"  # answered and lost by the controller


class Actuator:
    """Looks first, writes only where the preconditions hold, and keeps a list of (what, decision) written."""

    def __init__(self, cluster: Cluster, switch: Switch | None = None, databases: Databases | None = None) -> None:
        self.cluster, self.switch, self.databases = cluster, switch or Switch(), databases or Databases()
        self.reactions: deque[str] = deque()
        self.orders: list[RungOrder] = []
        self.writes: list[tuple[str, str]] = []

    def perform(self, order: RungOrder, now: float) -> RungReport | None:
        """The report, or None where nobody lives to hear it."""
        self.orders.append(order)
        reaction = self.reactions.popleft() if self.reactions else Result.APPLIED
        if reaction == SILENT:
            return None
        result, message = self._react(order, reaction, now)
        if reaction == SILENT_APPLIED:
            return None
        flag = self.switch.sight(now) if isinstance(order, FlagOrder) and result in DONE else None
        return RungReport(order.decision, rung_of(order), order.tried, result, now, message, flag=flag)

    def _react(self, order: RungOrder, reaction: str, now: float) -> tuple[str, str]:
        if reaction == SKIPPED:
            return Result.APPLIED, ""
        if reaction in (UNKNOWN_APPLIED, SILENT_APPLIED):
            self._attempt(order, now)
            return Result.UNKNOWN, "no answer within 5 s"
        return self._attempt(order, now) if reaction == Result.APPLIED else (reaction, f"{reaction}, says the test")

    def _attempt(self, order: RungOrder, now: float) -> tuple[str, str]:
        if isinstance(order, UndoOrder):
            return self._undo(order, now)
        if isinstance(order, AbortOrder):
            return self._abort(order)
        if isinstance(order, FlagOrder):
            return self._flip(order, now)
        if isinstance(order, DownOrder):
            return self._migrate_down(order, now)
        if isinstance(order, GitOpsOrder):
            return Result.REFUSED, "Git is not here"
        if self.cluster.hold and not order.past_hold:
            return Result.HELD, self.cluster.hold
        for name, uid in order.pods:
            self.cluster.delete(name, uid)
        self.writes.append(("stuck_pods", order.decision))
        return Result.APPLIED, ""

    def _flip(self, order: FlagOrder, now: float) -> tuple[str, str]:
        switch = self.switch
        if switch.on is order.on:
            return Result.ALREADY, ""
        if self.cluster.hold and not order.past_hold:
            return Result.HELD, self.cluster.hold
        if switch.version != order.expected:
            return Result.CONFLICT, "somebody has changed the flag"
        switch.turn(now, on=order.on)
        self.writes.append(("flag", order.decision))
        return Result.APPLIED, ""

    def _migrate_down(self, order: DownOrder, now: float) -> tuple[str, str]:
        if (order.decision, order.note) in self.databases.jobs:
            return Result.ALREADY, ""
        if self.cluster.hold and not order.past_hold:
            return Result.HELD, self.cluster.hold
        self.databases.run(order, now)
        self.writes.append((f"down {order.note}", order.decision))
        return Result.APPLIED, ""

    def _undo(self, order: UndoOrder, now: float) -> tuple[str, str]:
        cluster, live = self.cluster, template_id(self.cluster.current.template)
        applied = live == order.target_template and cluster.decision == order.decision
        if not applied:
            if cluster.hold and not order.past_hold:
                return Result.HELD, cluster.hold
            if live != order.bad_template:
                return Result.CONFLICT, "another pod template by now"
            kept = (each for each in cluster.versions if template_id(each.template) == order.target_template)
            cluster.apply(next(kept).template, now)
            cluster.decision = order.decision
            self.writes.append(("undo", order.decision))
        if order.skip_steps and isinstance(cluster, SimulatedRollout):
            cluster.promote()
        return Result.ALREADY if applied else Result.APPLIED, ""

    def _abort(self, order: AbortOrder) -> tuple[str, str]:
        cluster = self.cluster
        assert isinstance(cluster, SimulatedRollout)
        if cluster.current.name != order.pod_hash:
            return Result.CONFLICT, "at another revision by now"
        if cluster.aborted:
            return Result.ALREADY, ""
        if not cluster.in_progress:
            return Result.REFUSED, "it is fully promoted"
        if cluster.hold and not order.past_hold:
            return Result.HELD, cluster.hold
        cluster.decision = order.decision
        cluster.abort()
        self.writes.append(("abort", order.decision))
        return Result.APPLIED, ""
