"""Keeps the content hashes of the ConfigMaps that releases under watch, and the versions before them, refer to."""

from __future__ import annotations

import asyncio

import structlog

from watcher.core.model import Workload
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, Cluster, WatcherError

LOOK_EVERY = 1.0
"""Seconds between two looks for releases that are newly under watch."""

READ_EVERY = 30.0
"""Seconds after which they are read again."""

TRY_EVERY = 5.0
"""Seconds after which a reading that failed is tried again."""

VALID = 60.0
"""Seconds for which a reading counts when later ones fail; after that nothing is known of them."""

Key = tuple[Workload, str]
"""A workload and the id of its release under watch."""

log = structlog.get_logger("watcher.configurations")


class Configurations:
    """Reads into `Stepping.configurations`; a ConfigMap that does not exist has an empty hash.

    What could not be read for a minute is taken out again, and a new watch begins without the readings of an
    earlier one: what is not known must not look unchanged.  Between two watches the last reading stays.
    """

    def __init__(self, cluster: Cluster, stepping: Stepping, clock: Clock) -> None:
        self._cluster, self._stepping, self._clock = cluster, stepping, clock
        self._due: dict[Key, float] = {}
        self._read_at: dict[Key, float] = {}
        self._unreadable: set[Workload] = set()

    async def run(self) -> None:
        """For ever."""
        while True:
            watched = [(name, watch.release.id) for name, watch in self._stepping.looked_into().items()]
            self._forget(frozenset(watched))
            now = self._clock.now()
            for key in watched:
                if not 0 <= now - self._read_at.get(key, -VALID) <= VALID:
                    self._stepping.configurations.pop(key[0], None)
            due = [key for key in watched if not 0 < self._due.get(key, now) - now <= READ_EVERY]
            await asyncio.gather(*(self._read(key, now) for key in due))
            await self._clock.sleep(LOOK_EVERY)

    def _forget(self, watched: frozenset[Key]) -> None:
        self._due = {key: at for key, at in self._due.items() if key in watched}
        self._read_at = {key: at for key, at in self._read_at.items() if key in watched}
        self._unreadable &= {workload for workload, _ in watched}

    async def _read(self, key: Key, now: float) -> None:
        workload, _ = key
        names = self._names(workload)
        self._due[key] = now + TRY_EVERY
        try:
            found = await self._cluster.configurations(workload.namespace, names) if names else {}
        except WatcherError as error:
            if workload not in self._unreadable:
                log.warning("configurations_unreadable", workload=str(workload), error=str(error))
            self._unreadable.add(workload)
            return
        self._due[key], self._read_at[key] = now + READ_EVERY, now
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
