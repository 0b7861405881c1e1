"""Follows the Applications in another cluster that deploy to this one, by polling Argo CD's API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from watcher.adapters.argocd.server import ArgoCdServer
from watcher.core.keepers import argocd
from watcher.core.keepers.keeper import Keeper
from watcher.core.keepers.raw import Json
from watcher.ports import Clock, WatcherError

POLL_SECONDS = 15.0
UNREADABLE_SECONDS = 30.0  # of failed first polls before others go on without it

log = structlog.get_logger(__name__)


class ArgoCdFeed:
    """Tells `put` and `drop` of each Application that deploys to `destination`, a cluster's name or address."""

    def __init__(
        self,
        server: ArgoCdServer,
        destination: str,
        clock: Clock,
        put: Callable[[Keeper], None],
        drop: Callable[[Keeper], None],
    ) -> None:
        self._server, self._clock = server, clock
        self._destinations = frozenset({destination.rstrip("/")})
        self._put, self._drop = put, drop
        self._known: dict[str, Keeper] = {}
        self._since = clock.now()
        self._read: float | None = None
        self.absent = False
        self.problem = ""

    @property
    def settled(self) -> bool:
        """Whether it is known what there is."""
        return self._read is not None

    @property
    def unreadable(self) -> bool:
        """Whether others should not wait for it any more."""
        return not self.settled and bool(self.problem) and self._clock.now() - self._since >= UNREADABLE_SECONDS

    def age(self) -> float:
        """Seconds since it was last known to be true."""
        return max(0.0, self._clock.now() - (self._since if self._read is None else self._read))

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            await self.poll()
            await self._clock.sleep(POLL_SECONDS)

    async def poll(self) -> None:
        """Read all of them once.  A failure is kept as `problem`; what was read before stays."""
        asked = self._clock.now()
        try:
            raws = await self._server.applications()
        except WatcherError as error:
            if not self.problem:
                log.warning("argocd_poll_failed", problem=str(error))
            self.problem = str(error)
            return
        self._tell(await asyncio.to_thread(self._here, raws))  # thousands take a second
        self._read, self.problem = asked, ""

    def _here(self, raws: tuple[Json, ...]) -> dict[str, Keeper]:
        """Those that deploy to this cluster, by name."""
        found: dict[str, Keeper] = {}
        for raw in raws:
            try:
                keeper = argocd.keeper(raw, self._destinations, self._server.address)
            except ValueError as error:
                log.warning("object_not_understood", path=self._server.address, problem=str(error))
                continue
            if keeper.here:
                found[keeper.application.name] = keeper
        return found

    def _tell(self, found: dict[str, Keeper]) -> None:
        for name in self._known.keys() - found.keys():
            self._drop(self._known[name])
        for name, keeper in found.items():
            if self._known.get(name) != keeper:
                self._put(keeper)
        self._known = found
