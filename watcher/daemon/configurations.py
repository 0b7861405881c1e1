"""Keeps the content hashes of the ConfigMaps that releases under watch, and the versions before them, refer to."""

from __future__ import annotations

import structlog

from watcher.core.model import Workload
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, Cluster, WatcherError

LOOK_EVERY = 1.0
"""Seconds between two looks for releases that are newly under watch."""

READ_EVERY = 30.0
"""Seconds after which they are read again."""

log = structlog.get_logger("watcher.configurations")


class Configurations:
    """Reads into `Stepping.configurations`; a ConfigMap that does not exist has an empty hash."""

    def __init__(self, cluster: Cluster, stepping: Stepping, clock: Clock) -> None:
        self._cluster, self._stepping, self._clock = cluster, stepping, clock
        self._read_at: dict[Workload, float] = {}
        self._unreadable: set[Workload] = set()

    async def run(self) -> None:
        """For ever."""
        while True:
            watched = self._stepping.open_watches()
            self._read_at = {name: at for name, at in self._read_at.items() if name in watched}
            self._unreadable &= watched.keys()
            now = self._clock.now()
            for workload in watched:
                if not 0 <= now - self._read_at.get(workload, -READ_EVERY) < READ_EVERY:
                    self._read_at[workload] = now
                    await self._read(workload)
            await self._clock.sleep(LOOK_EVERY)

    async def _read(self, workload: Workload) -> None:
        names = self._names(workload)
        try:
            found = await self._cluster.configurations(workload.namespace, names) if names else {}
        except WatcherError as error:
            if workload not in self._unreadable:
                log.warning("configurations_unreadable", workload=str(workload), error=str(error))
            self._unreadable.add(workload)
            return
        if workload in self._unreadable:
            log.info("configurations_readable", workload=str(workload))
            self._unreadable.discard(workload)
        self._stepping.configurations[workload] = tuple((name, found.get(name, "")) for name in names)

    def _names(self, workload: Workload) -> list[str]:
        state, view = self._stepping.states.get(workload), self._cluster.view(workload)
        newest = view.newest() if view is not None else None
        refs = newest.config_refs if newest is not None else ()
        known = state.known_good if state is not None else ()
        return sorted({*refs, *(name for each in known for name, _ in each.configurations)})
