"""Seeks the Lease, keeps it, gives it back: the election of `core/election.py` carried out."""

from __future__ import annotations

import random
from asyncio import Event
from collections.abc import Callable
from typing import Protocol

import structlog

from watcher.core import election
from watcher.core.election import Candidate, Times
from watcher.ports import Clock, LeaseChanged, LeaseLock, Rejected, Unavailable, WatcherError

RELEASE_SECONDS = 2.0
"""Seconds that each request to give the Lease back may take: the process is about to end."""

RELEASE_TRIES = 3
"""How often it is tried to give the Lease back when it changes meanwhile."""

log = structlog.get_logger("watcher.leading")


class Leading(Protocol):
    """The right to write.

    `role` is what a process with it is called; `identity` names this process; `refused` says why the right can never
    be had as things are, or is empty; `trouble` why nothing is known now.
    """

    role: str
    identity: str
    refused: str
    trouble: str

    @property
    def holder(self) -> str:
        """Who has the right as far as is known, or an empty string."""

    def leads(self) -> bool:
        """Whether this process may begin to write at this moment."""

    def left(self) -> float:
        """Seconds until somebody else may write; zero when this process may not."""

    async def acquire(self) -> None:
        """Wait until this process leads."""

    async def keep(self) -> None:
        """Keep the right as long as possible; returns when it is lost."""

    async def release(self) -> None:
        """Give the right back, when nothing is under way any more.  Never raises for what the API server answers."""


class Observing:
    """Needs no Lease, for it never writes."""

    role = "observer"
    identity = refused = trouble = ""

    @property
    def holder(self) -> str:
        """As Leading says."""
        return ""

    def leads(self) -> bool:
        """As Leading says."""
        return True

    def left(self) -> float:
        """As Leading says."""
        return float("inf")

    async def acquire(self) -> None:
        """As Leading says."""

    async def keep(self) -> None:
        """As Leading says."""
        await Event().wait()

    async def release(self) -> None:
        """As Leading says."""


class ByLease:
    """Leads while it holds the Lease.

    `identity` must be this process's alone.  `steady` tells seconds that only run forward; `clock` gives the times
    that are written for people, and waits; `chance` is a number in [0, 1) that spreads candidates out.
    """

    role = "leader"

    def __init__(
        self,
        lock: LeaseLock,
        identity: str,
        clock: Clock,
        steady: Callable[[], float],
        *,
        times: Times = election.DEFAULT,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.identity, self.refused, self.trouble = identity, "", ""
        self._lock, self._clock, self._steady, self._chance = lock, clock, steady, chance
        self._candidate = Candidate(identity, times)

    @property
    def holder(self) -> str:
        """As Leading says."""
        return self._candidate.holder()

    def leads(self) -> bool:
        """As Leading says; by the time that passed since the last renewal, whatever else has happened since."""
        return self._candidate.leads(self._steady())

    def left(self) -> float:
        """As Leading says."""
        return self._candidate.left(self._steady())

    async def acquire(self) -> None:
        """As Leading says."""
        self._candidate = election.stood_down(self._candidate)
        times = self._candidate.times
        while True:
            await self._attempt()
            if self.leads():
                log.info("lease_taken", lease=str(self._lock), identity=self.identity)
                return
            await self._clock.sleep(times.retry * (1.0 + times.jitter * self._chance()))

    async def keep(self) -> None:
        """As Leading says."""
        while (until_deadline := self._until_deadline()) > 0.0:
            await self._clock.sleep(min(self._candidate.times.retry, until_deadline))
            if self.leads():
                await self._attempt()
        why = self.refused or self.trouble or "the Lease is not ours any more, or was not renewed in time"
        log.error("lease_lost", lease=str(self._lock), identity=self.identity, holder=self.holder, why=why)

    async def release(self) -> None:
        """As Leading says."""
        self._candidate = election.stood_down(self._candidate)
        try:
            for _ in range(RELEASE_TRIES):
                if await self._released():
                    return
        except WatcherError as error:
            log.warning("lease_not_released", lease=str(self._lock), why=str(error))

    async def _released(self) -> bool:
        found = await self._lock.read(RELEASE_SECONDS)
        lease = election.release(self._candidate, found, self._clock.now())
        if found is None or lease is None:
            return True
        try:
            await self._lock.write(lease, found.version, RELEASE_SECONDS)
        except LeaseChanged:
            return False
        log.info("lease_released", lease=str(self._lock), identity=self.identity)
        return True

    async def _attempt(self) -> None:
        """Renew the Lease, or take it if that may be; what is in the way is said in `refused` and `trouble`."""
        before = self.holder
        try:
            if not await self._renewed():
                await self._claimed()
        except LeaseChanged:
            pass  # somebody else was quicker: the next attempt reads who
        except (Unavailable, Rejected) as error:
            self._complain(error)
            return
        if self.refused or self.trouble:
            log.info("lease_reached", lease=str(self._lock))
        self.refused = self.trouble = ""
        if self.holder not in (before, self.identity):
            log.info("lease_held_elsewhere", lease=str(self._lock), holder=self.holder)

    async def _renewed(self) -> bool:
        """Write over the Lease as it was last seen, which is the usual case for its holder."""
        sent = self._steady()
        lease = election.renewal(self._candidate, sent, self._clock.now())
        if lease is None or self._candidate.seen is None:
            return False
        try:
            kept = await self._lock.write(lease, self._candidate.seen.version, self._within())
        except (LeaseChanged, Unavailable):
            return False  # look what there is
        self._candidate = election.written(self._candidate, kept, sent)
        return True

    async def _claimed(self) -> None:
        led = self._candidate.renewed_at is not None
        found = await self._lock.read(self._within())
        sent = self._steady()
        self._candidate = election.observed(self._candidate, found, sent)
        if led and self._candidate.renewed_at is None:
            return  # somebody else was there: what is under way here must end before anything else
        lease = election.claim(self._candidate, found, sent, self._clock.now())
        if lease is not None:
            kept = await self._lock.write(lease, found.version if found is not None else "", self._within())
            self._candidate = election.written(self._candidate, kept, sent)

    def _within(self) -> float:
        """Seconds for one request: two of them fit before the renew deadline, and none goes on behind it."""
        usual = self._candidate.times.renew / 2.0
        return max(0.0, min(usual, self._until_deadline())) if self.leads() else usual

    def _until_deadline(self) -> float:
        renewed_at = self._candidate.renewed_at
        return renewed_at + self._candidate.times.renew - self._steady() if renewed_at is not None else 0.0

    def _complain(self, error: WatcherError) -> None:
        """Once for each stretch of time, though it is tried again and again."""
        before = self.refused, self.trouble
        if isinstance(error, Rejected):
            self.refused, self.trouble = str(error), ""
            if not before[0]:
                log.error("lease_refused", lease=str(self._lock), why=self.refused)
        else:
            self.refused, self.trouble = "", str(error)
            if not before[1]:
                log.warning("lease_out_of_reach", lease=str(self._lock), why=self.trouble)
