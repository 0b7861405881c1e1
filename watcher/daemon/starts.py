"""Looks, while a release may have to be undone, whether pods of other workloads can be started."""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from watcher.core.deciding.starts import LATELY, pod_starts
from watcher.core.model import Pod, PodStarts, Workload
from watcher.core.state import Watch
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, Cluster, WatcherError

EVERY = 5.0
"""Seconds between two looks while one is needed."""

UNREADY = 15.0
"""Seconds that a new pod may take to be Ready before its release may have to be undone."""

log = structlog.get_logger("watcher.starts")


class Starts:
    """What was seen last; nothing while no release may have to be undone."""

    def __init__(self, cluster: Cluster, stepping: Stepping, clock: Clock) -> None:
        self._cluster, self._stepping, self._clock = cluster, stepping, clock
        self._seen: tuple[float, tuple[tuple[Workload, Pod], ...]] | None = None
        self._failed = ""
        stepping.starts = self.of

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            await self.once()
            await self._clock.sleep(EVERY)

    async def once(self) -> None:
        """Look if a release may have to be undone."""
        if not any(self._in_doubt(name, watch) for name, watch in self._stepping.open_watches().items()):
            self._seen = None
            return
        try:
            pending = await self._cluster.pending()
        except WatcherError as error:
            if str(error) != self._failed:
                log.warning("pending_pods_unknown", error=str(error))
            self._failed = str(error)
            return
        self._seen, self._failed = (self._clock.now(), pending), ""

    def of(self, workload: Workload) -> PodStarts | None:
        """What the pods of others tell for this workload; None: not looked at."""
        if self._seen is None:
            return None
        at, pending = self._seen
        watches = self._stepping.open_watches()
        return pod_starts(pending, self._started(), watches, workload, at)

    def _in_doubt(self, workload: Workload, watch: Watch) -> bool:
        if watch.carrying_out or watch.breached_at is not None or workload in self._stepping.suspects:
            return True
        view, now = self._cluster.view(workload), self._clock.now()
        pods = view.pods_of(watch.release.revision) if view is not None else ()
        return any(not pod.ready and now - pod.created > UNREADY for pod in pods)

    def _started(self) -> Iterator[Workload]:
        """Workloads under watch with a pod that was made lately and is Ready."""
        since = self._clock.now() - LATELY
        for workload in self._stepping.open_watches():
            view = self._cluster.view(workload)
            if view is not None and any(pod.ready and pod.created >= since for pod in view.pods):
                yield workload
