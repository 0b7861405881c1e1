"""Who may write: leader election by a Lease, decided without clock and I/O.

The rules are those of client-go (https://github.com/kubernetes/client-go, tools/leaderelection/leaderelection.go,
`tryAcquireOrRenew`, `isLeaseValid` and `tryRelease`), made stricter at three places:

- Our time runs from when a renewal was *sent*, not from its answer: nobody can have seen it earlier.
- A leader that missed the renew deadline does not lead again by renewing: it stops first, and starts as a candidate.
- A Lease that vanished while somebody held it counts as held until it would have run out.

Times are of a clock that only runs forward, in seconds, and of this process alone: what the holder wrote as times is
for people and never compared with anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

RELEASED = 1
"""Seconds that a Lease is said to last when its holder gives it back, for it must be positive."""


@dataclass(frozen=True, slots=True)
class Times:
    """The times of an election, in seconds: `duration` > `renew` > `retry` x (1 + `jitter`).

    Nobody takes a Lease over before it was seen unchanged for `duration`; its holder stops writing when it has not
    renewed it for `renew`; both try every `retry`, candidates up to `jitter` times `retry` later.
    """

    duration: int = 10
    renew: float = 7.0
    retry: float = 2.0
    jitter: float = 1.2


DEFAULT = Times()


@dataclass(frozen=True, slots=True)
class Lease:
    """What a Lease says.  An empty `holder`: it is free.  `duration` in seconds; times are the holder's wall clock."""

    holder: str
    duration: int
    acquired: float
    renewed: float
    transitions: int


@dataclass(frozen=True, slots=True)
class KeptLease:
    """A Lease as the API server keeps it; `version` changes with every write."""

    lease: Lease
    version: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one process knows of the election.

    `seen` is the Lease as it was last seen, `seen_at` when it was first seen so; `renewed_at` when our last successful
    renewal was sent, or None: we do not lead.
    """

    identity: str
    times: Times = DEFAULT
    seen: KeptLease | None = None
    seen_at: float = 0.0
    renewed_at: float | None = None

    def leads(self, now: float) -> bool:
        """Whether we may begin to write."""
        return self.renewed_at is not None and now < self.renewed_at + self.times.renew

    def left(self, now: float) -> float:
        """Seconds until somebody else may lead; zero when we do not lead."""
        return self.renewed_at + self.times.duration - now if self.renewed_at is not None and self.leads(now) else 0.0

    def holder(self) -> str:
        """Who holds the Lease as far as we know, or an empty string."""
        return self.seen.lease.holder if self.seen is not None else ""


def observed(candidate: Candidate, found: KeptLease | None, now: float) -> Candidate:
    """After the Lease was read; None: there is none."""
    if found is None:
        if _held_by_another(candidate, now):
            return candidate
        return replace(candidate, seen=None)
    if candidate.seen is not None and candidate.seen.lease == found.lease:
        return replace(candidate, seen=found)
    renewed_at = candidate.renewed_at if found.lease.holder == candidate.identity else None
    return replace(candidate, seen=found, seen_at=now, renewed_at=renewed_at)


def renewal(candidate: Candidate, now: float, wall: float) -> Lease | None:
    """The Lease that a leader writes without reading first; None: it must be read, for we do not lead.

    `wall`: the time to write into it, Unix seconds.
    """
    if candidate.seen is None or not candidate.leads(now) or candidate.holder() != candidate.identity:
        return None
    return _ours(candidate, candidate.seen.lease, wall)


def claim(candidate: Candidate, found: KeptLease | None, now: float, wall: float) -> Lease | None:
    """The Lease to write in the place of the one that was just read and observed; None: it is another's."""
    if _held_by_another(candidate, now):
        return None
    return _ours(candidate, found.lease if found is not None else None, wall)


def written(candidate: Candidate, kept: KeptLease, sent_at: float) -> Candidate:
    """After our write of the Lease succeeded, which was sent at that time."""
    return replace(candidate, seen=kept, seen_at=sent_at, renewed_at=sent_at)


def stood_down(candidate: Candidate) -> Candidate:
    """After we stopped leading, by ourselves or because the renew deadline has passed."""
    return replace(candidate, renewed_at=None)


def release(candidate: Candidate, found: KeptLease | None, wall: float) -> Lease | None:
    """The Lease that gives back the one that was read; None: it is not ours."""
    if found is None or found.lease.holder != candidate.identity:
        return None
    return Lease("", RELEASED, wall, wall, found.lease.transitions)


def _held_by_another(candidate: Candidate, now: float) -> bool:
    if candidate.seen is None or candidate.holder() in ("", candidate.identity):
        return False
    lasts = candidate.seen.lease.duration or candidate.times.duration
    return now < candidate.seen_at + lasts


def _ours(candidate: Candidate, before: Lease | None, wall: float) -> Lease:
    duration = candidate.times.duration
    if before is None:
        return Lease(candidate.identity, duration, wall, wall, 0)
    if before.holder == candidate.identity:
        return Lease(candidate.identity, duration, before.acquired, wall, before.transitions)
    return Lease(candidate.identity, duration, wall, wall, before.transitions + 1)
