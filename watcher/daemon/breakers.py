"""The breakers: how they stand, and how a person closes one before its time."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from watcher.adapters.store.worker import StoreThread
from watcher.core.deciding import breaker
from watcher.core.deciding.breaker import Breaker, Closing
from watcher.core.deciding.holding import Scope
from watcher.core.policy import Limit
from watcher.daemon.loop import Loop
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, Commit, WatcherError

log = structlog.get_logger("watcher.breakers")


class NotOpen(WatcherError):
    """There is no such breaker, or it is not open."""


class Breakers:
    """`limits` are how many rollbacks are allowed in the cluster, and in one namespace."""

    def __init__(
        self,
        stepping: Stepping,
        loop: Loop,
        store: StoreThread,
        clock: Clock,
        limits: Callable[[], tuple[Limit, Limit]],
    ) -> None:
        self._stepping, self._loop, self._store, self._clock, self._limits = stepping, loop, store, clock, limits

    def take_up(self, closings: list[Closing]) -> None:
        """Go on from what the decision log holds."""
        self._stepping.situation.closings = tuple(closings)

    def listed(self) -> tuple[Breaker, ...]:
        """The breaker of the cluster, and those of namespaces with rollbacks that are remembered."""
        situation = self._stepping.situation
        past = self._stepping.in_earnest(situation.rollbacks)
        return breaker.breakers(past, self._limits(), situation.closings, self._clock.now())

    def open(self) -> tuple[int, int]:
        """How many let nothing through now: that of the cluster, those of namespaces."""
        scopes = [each.scope for each in self.listed() if each.open]
        return scopes.count(breaker.CLUSTER), len([each for each in scopes if each != breaker.CLUSTER])

    async def close(self, scope: Scope, reason: str, by: str) -> Breaker:
        """Let a breaker count anew from now on; the breaker as it stands then.

        Raises NotOpen, and Unavailable when it could not be recorded: then it is as open as before.
        """
        name = str(scope)
        found = next((each for each in self.listed() if each.scope == name), None)
        if found is None or not found.open:
            raise NotOpen(_why_not(name, found))
        closing = Closing(name, self._clock.now(), by, reason)
        await self._store.commit(Commit(closings=(closing,)))
        situation = self._stepping.situation
        situation.closings = (*situation.closings, closing)
        self._loop.sweep()
        log.info("breaker_closed", scope=name, reason=reason, by=by, rollbacks=found.count)
        return next(each for each in self.listed() if each.scope == name)


def _why_not(name: str, found: Breaker | None) -> str:
    if found is None:
        return f"there is no breaker of {name} with rollbacks to forget"
    return f"the breaker of {name} is not open: {found.count} of {found.limit.max} rollbacks are used up"
