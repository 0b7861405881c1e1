"""Follows what the daemon makes of a release that is bad on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from watcher.ports import Clock, Unavailable

EVERY = 1.0
"""Seconds between two questions."""

PATIENCE = 180.0
"""Seconds for which a guard may hold: some do for a while, until something has been looked at."""

Document = dict[str, Any]


class Api(Protocol):
    """A running daemon, asked over HTTP.  Every method raises Unavailable, Rejected."""

    def prospect(self, workload: str) -> Document:
        """What a rehearsal would rehearse now, and what keeps it from being held."""

    def decisions(self, workload: str, limit: int, since: float) -> list[Document]:
        """Decisions at or after `since`, newest first."""

    def restore_flag(self, decision: str, reason: str) -> Document:
        """Put back the flag that this decision switched."""

    def rehearsed(self, body: Document) -> Document:
        """Record how a rehearsed rung ended."""


class Unproven(Exception):
    """The daemon did not bring the workload back, or not as it should; the message says what it did."""

    def __init__(self, message: str, decision: Document | None = None) -> None:
        super().__init__(message)
        self.decision = decision


class Following:
    """The decision on one bad release, up to its end."""

    def __init__(
        self, api: Api, clock: Clock, workload: str, known: frozenset[str], tell: Callable[[str], None]
    ) -> None:
        """`known` are ids of decisions that there were before."""
        self._api, self._clock, self._workload, self._known, self._tell = api, clock, workload, known, tell
        self._held_since: float | None = None
        self._durable = False

    async def ended(self, within: float, *, durable: bool) -> Document:
        """The decision once the recovery is proven, and Git and cluster agree where that is asked for.

        Raises Unproven where it is not within so many seconds.
        """
        self._durable = durable
        until, newest = self._clock.now() + within, None
        while self._clock.now() < until:
            newest = await self._newest() or newest
            if newest is not None and self._is_over(newest):
                return newest
            await self._clock.sleep(EVERY)
        if newest is None:
            raise Unproven(f"the daemon decided nothing within {within:.0f} s")
        raise Unproven(f"no end within {within:.0f} s: phase {newest['phase']}, {newest['reason']}", newest)

    async def _newest(self) -> Document | None:
        try:
            found = await asyncio.to_thread(self._api.decisions, self._workload, 20, 0.0)
        except Unavailable as error:  # it may be restarting, or another one takes over
            self._tell(f"waiting for the daemon: {error}")
            return None
        return next((each for each in found if each["id"] not in self._known), None)

    def _is_over(self, decision: Document) -> bool:
        self._tell(f"{decision['action']} {decision['rung'] or ''}: {decision['phase']}")
        if decision["outcome"] == "restored":
            return not self._durable or decision["durability"] == "durable"
        if decision["outcome"]:
            raise Unproven(f"it ended as {decision['outcome']}: {decision['reason']}", decision)
        if decision["action"] == "hold":
            return self._held(decision)
        if decision["mode"] != "act":
            raise Unproven(f"only {decision['mode']}: {decision['why_mode'] or decision['reason']}", decision)
        self._held_since = None
        return False

    def _held(self, decision: Document) -> bool:
        now = self._clock.now()
        self._held_since = now if self._held_since is None else self._held_since
        if now - self._held_since >= PATIENCE:
            guard = decision["guard"] or {}
            raise Unproven(f"guard {guard.get('id')} holds: {guard.get('reason')}", decision)
        return False
