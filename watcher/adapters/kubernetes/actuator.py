"""The port `Actuator`: each order once, its outcome as a report."""

from __future__ import annotations

from collections.abc import Callable

from watcher.adapters.kubernetes.abort import Abort
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.down import RunDown
from watcher.adapters.kubernetes.fresh import Holds, object_of
from watcher.adapters.kubernetes.stuck_pods import ReleaseStuckPods
from watcher.adapters.kubernetes.undo import Undo
from watcher.core.model import Result, RungReport, Workload
from watcher.core.orders import AbortOrder, DownOrder, FlagOrder, GitOpsOrder, RungOrder, UndoOrder, rung_of
from watcher.ports import Clock, WatcherError
from watcher.ports.results import READ_ONLY, result_of


class KubernetesActuator:
    """Performs rungs on workloads.

    `own_namespace` is where the ConfigMap `watcher-hold` is looked for before each write (empty: nowhere).
    `namespaces_readable` is False where permissions are given per namespace: then holds on Namespaces cannot be seen.
    `read_only` refuses every order without a word to the API server.  `kept` tells why a workload is held by a hold
    that is not in the cluster, or gives an empty string.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        own_namespace: str = "",
        *,
        namespaces_readable: bool = True,
        read_only: bool = False,
        kept: Callable[[Workload], str] = lambda _: "",
    ) -> None:
        self._clock = clock
        self._read_only = read_only
        self._client = client
        self._holds = holds = Holds(client, clock, own_namespace, namespaces_readable, kept)
        self._undo = Undo(client, clock, holds)
        self._abort = Abort(client, holds)
        self._down = RunDown(client, holds)
        self._stuck_pods = ReleaseStuckPods(client, holds)

    async def held(self, workload: Workload) -> str:
        """Why nothing may be written for this workload now, or an empty string.  Raises Unavailable, Forbidden."""
        return await self._holds.on(workload, await object_of(self._client, workload))

    async def perform(self, order: RungOrder) -> RungReport:
        """Attempt the order once.  Never raises for what the API answers: the report's result tells."""
        if self._read_only:
            result, message = Result.FORBIDDEN, READ_ONLY
        else:
            try:
                result, message = await self._attempt(order)
            except WatcherError as error:
                result, message = result_of(error), str(error)
        return RungReport(order.decision, rung_of(order), order.tried, result, self._clock.now(), message)

    async def _attempt(self, order: RungOrder) -> tuple[str, str]:
        if isinstance(order, UndoOrder):
            return await self._undo.perform(order)
        if isinstance(order, AbortOrder):
            return await self._abort.perform(order)
        if isinstance(order, DownOrder):
            return await self._down.perform(order)
        if isinstance(order, GitOpsOrder | FlagOrder):
            return Result.REFUSED, f"the way back by {rung_of(order)} is not set up in this process"
        return await self._stuck_pods.perform(order)
