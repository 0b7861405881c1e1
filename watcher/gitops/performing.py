"""The port `Actuator` for the way back through Git: each order once, its outcome as a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from watcher.core.model import Result, RungReport
from watcher.core.orders import (
    GitOpsOrder,
    PinOrder,
    RefreshOrder,
    RevertOrder,
    RungOrder,
    StopSyncOrder,
    SyncOrder,
    rung_of,
)
from watcher.gitops.means import Holding, refuse_held
from watcher.gitops.outcome import Outcome
from watcher.gitops.reverting import Reverting
from watcher.ports import Actuator, Clock, WatcherError
from watcher.ports.git import Applications
from watcher.ports.results import READ_ONLY, result_of


class GitOpsActuator:
    """Performs orders on repositories, and on the objects of Argo CD and Flux.

    `holding` is asked before each write.  `read_only` refuses every order without a word to anybody.
    """

    def __init__(
        self,
        reverting: Reverting,
        applications: Applications,
        holding: Holding,
        clock: Clock,
        *,
        read_only: bool = False,
    ) -> None:
        self._reverting, self._applications = reverting, applications
        self._holding, self._clock, self._read_only = holding, clock, read_only

    async def perform(self, order: RungOrder) -> RungReport:
        """Attempt the order once.  Never raises for what others answer: the report's result tells."""
        outcome = await self._outcome(order)
        return RungReport(
            order.decision,
            rung_of(order),
            order.tried,
            outcome.result,
            self._clock.now(),
            outcome.message,
            outcome.revision,
            outcome.link,
        )

    async def _outcome(self, order: RungOrder) -> Outcome:
        if self._read_only:
            return Outcome(Result.FORBIDDEN, READ_ONLY)
        if not isinstance(order, GitOpsOrder):
            return Outcome(Result.REFUSED, "this is not done by way of Git")
        try:
            return await self._attempt(order)
        except WatcherError as error:
            return Outcome(result_of(error), str(error))

    async def _attempt(self, order: GitOpsOrder) -> Outcome:
        if isinstance(order, RevertOrder):
            return await self._reverting.revert(order)
        await refuse_held(self._holding, order)
        application = order.application
        if isinstance(order, RefreshOrder):
            await self._applications.refresh(application)
            return Outcome(Result.APPLIED, f"{application}: asked to look at its repository")
        if isinstance(order, SyncOrder):
            await self._applications.sync(application, order.revisions, order.decision)
            return Outcome(Result.APPLIED, f"{application}: asked to sync to {_shown(order.revisions)}")
        if isinstance(order, StopSyncOrder):
            await self._applications.stop_sync(application)
            return Outcome(Result.APPLIED, f"{application}: a sync of ours that still waited is ended")
        if isinstance(order, PinOrder):
            await self._applications.pin(application, order.workload, order.source, order.revision, order.decision)
            return Outcome(Result.APPLIED, f"{application}: follows commit {order.revision[:12]} for now")
        await self._applications.unpin(application, order.workload, order.decision)
        return Outcome(Result.APPLIED, f"{application}: follows its branch again")


def by_way_of_git(actuator: Actuator) -> dict[type, Actuator]:
    """This actuator for each kind of order by way of Git."""
    return dict.fromkeys(get_args(GitOpsOrder), actuator)


class LadderActuator:
    """Performs every order: those of some kinds through actuators of their own, all others on the cluster."""

    def __init__(self, cluster: Actuator, others: Mapping[type, Actuator]) -> None:
        self._cluster, self._others = cluster, others

    async def perform(self, order: RungOrder) -> RungReport:
        """Attempt the order once.  Never raises for what others answer: the report's result tells."""
        return await self._others.get(type(order), self._cluster).perform(order)


def _shown(revisions: tuple[str, ...]) -> str:
    return ", ".join(each[:12] for each in revisions)
