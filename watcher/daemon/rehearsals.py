"""Rehearsals of a way back: whether one can be held now, and the results of those that were held."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from watcher.adapters.store.worker import StoreThread
from watcher.core import rehearsal
from watcher.core.gitops import Application
from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.core.rehearsal import Obstacle
from watcher.core.words import Mode, Rung
from watcher.daemon.stepping import Stepping
from watcher.daemon.telemetry import Telemetry
from watcher.ports import PASSED, Clock, Cluster, Commit, RehearsalRow, Rejected

SHOWN = 200
"""Rungs of workloads with series of their own in the metrics, at the most: those rehearsed last."""

OVERDUE = 8 * 86400.0
"""Seconds after which a rung should have been rehearsed again, as the alert has it."""

Body = dict[str, object]
Outcomes = dict[tuple[str, str], RehearsalRow]

log = structlog.get_logger("watcher.rehearsals")


class NotRehearsed(Rejected):
    """A result of a rehearsal that cannot have been one."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a rehearsed rung ended, as whoever held the rehearsal tells; `steps` are seconds since the bad release."""

    id: str
    workload: Workload
    rung: Rung
    result: str
    seconds: float
    message: str
    decision: str
    steps: Mapping[str, float]
    differences: tuple[str, ...]


class Rehearsals:
    """Answers before a rehearsal, and keeps what came of it."""

    def __init__(
        self,
        cluster: Cluster,
        stepping: Stepping,
        store: StoreThread,
        telemetry: Telemetry,
        clock: Clock,
        policy_of: Callable[[WorkloadView], Policy | None],
    ) -> None:
        self._cluster, self._stepping, self._store = cluster, stepping, store
        self._telemetry, self._clock, self._policy_of = telemetry, clock, policy_of
        self._last: Outcomes = {}

    def take_up(self, rows: Iterable[RehearsalRow]) -> None:
        """Go on from what the decision log holds: the last rehearsal of each rung of each workload."""
        self._last.update({(row.workload, row.rung): row for row in rows})
        self._measure()

    def prospect(self, workload: Workload) -> Body:
        """What a rehearsal on this workload would rehearse now, and what keeps it from being held."""
        view = self._cluster.view(workload)
        policy = self._policy_of(view) if view is not None else None
        return {
            "workload": str(workload),
            "rungs": [each.value for each in rehearsal.rungs(view, policy)] if view and policy else [],
            "flag": _flag(view, policy) if view and policy else "",
            "application": _application(view.application)
            if view is not None and view.application is not None
            else None,
            "obstacles": [
                {"what": each.what, "remedy": each.remedy} for each in self._obstacles(workload, view, policy)
            ],
        }

    def _obstacles(self, workload: Workload, view: WorkloadView | None, policy: Policy | None) -> tuple[Obstacle, ...]:
        if not self._cluster.rehearses(workload.namespace):
            label = f"kubectl label namespace {workload.namespace} watcher.dev/rehearsal=true"
            return (Obstacle("the daemon does not see that its namespace is there for rehearsals only", label),)
        if view is None:
            remedy = "name one that there is, in a namespace that the daemon watches"
            return (Obstacle(f"the daemon sees no {workload}", remedy),)
        if policy is None:
            remedy = "add an entry to `services` of the thresholds file that matches it"
            return (Obstacle("no entry of services matches it, so it is not watched", remedy),)
        around = self._stepping.around(workload, policy)
        if not around.permitted:
            return (Obstacle("this process may not write now", "ask the process that leads"),)
        state, held = self._stepping.states.get(workload), self._stepping.seen(view)
        return rehearsal.obstacles(state, held, policy, around, self._clock.now())

    async def keep(self, result: Result, by: str) -> RehearsalRow:
        """Record how a rehearsed rung ended.  Raises NotRehearsed, and Unavailable when it could not be recorded."""
        view = self._cluster.view(result.workload)
        if view is None or not self._cluster.rehearses(result.workload.namespace):
            raise NotRehearsed(f"{result.workload} is no workload of a namespace that is there for rehearsals only")
        body = {"decision": result.decision, "steps": dict(result.steps), "differences": list(result.differences)}
        row = RehearsalRow(
            id=f"{result.id}-{result.rung}",
            at=self._clock.now(),
            workload=str(result.workload),
            rung=result.rung,
            result=result.result,
            seconds=result.seconds,
            author=by,
            message=result.message,
            body=json.dumps(body).encode(),
        )
        await self._store.commit(Commit(rehearsals=(row,)))
        self.take_up([row])
        log.info("rehearsed", workload=row.workload, rung=row.rung, result=row.result, seconds=row.seconds, by=by)
        return row

    def troubled(self) -> list[Body]:
        """Rungs whose last rehearsal failed, or was too long ago."""
        now = self._clock.now()
        return [
            {"workload": row.workload, "rung": row.rung, "at": row.at, "result": row.result, "message": row.message}
            for row in sorted(self._last.values(), key=lambda row: (row.workload, row.rung))
            if row.result != PASSED or now - row.at > OVERDUE
        ]

    def _measure(self) -> None:
        """The newest ones, so that their number stays bounded."""
        newest = sorted(self._last.values(), key=lambda row: row.at, reverse=True)[:SHOWN]
        self._last = {(row.workload, row.rung): row for row in newest}
        telemetry = self._telemetry
        for gauge in (telemetry.rehearsed_at, telemetry.rehearsed_in, telemetry.rehearsed_well):
            gauge.clear()
        for row in newest:
            telemetry.rehearsed_at.labels(row.workload, row.rung).set(row.at)
            telemetry.rehearsed_in.labels(row.workload, row.rung).set(row.seconds)
            telemetry.rehearsed_well.labels(row.workload, row.rung).set(row.result == PASSED)


def _flag(view: WorkloadView, policy: Policy) -> str:
    """The feature flag that would be switched for what the checks find; empty: none."""
    newest = view.newest()
    return newest.flag if newest is not None and policy.rung_mode(Rung.FLAG) is Mode.ACT else ""


def _application(application: Application | None) -> Body | None:
    """What keeps the workload as Git says, and whether it does."""
    if application is None:
        return None
    sources = [{"repo": each.repo, "branch": each.branch, "paths": list(each.paths)} for each in application.sources]
    return {
        "tool": application.tool,
        "name": application.name,
        "synced": application.synced,
        "healthy": application.healthy,
        "sources": sources,
    }
