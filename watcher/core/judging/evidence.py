"""What was seen of a release, and of the recovery from it, as the core remembers it: running sums, not samples."""

from __future__ import annotations

from dataclasses import dataclass, field

from watcher.core.judging.dispersion import Windows
from watcher.core.words import Lane


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests: all, and bad ones among them."""

    total: float = 0.0
    bad: float = 0.0

    @property
    def share(self) -> float:
        """Ratio in [0, 1]; 0 without requests."""
        return self.bad / self.total if self.total > 0 else 0.0

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(self.total + other.total, self.bad + other.bad)


@dataclass(frozen=True, slots=True)
class PodTally:
    """Requests of one pod; of several where there are many."""

    pod: str
    total: float
    bad: float


@dataclass(frozen=True, slots=True)
class Run:
    """What was seen since a lane's bound began to be exceeded, for as long as it is exceeded on the whole.

    `limit` is the bound as of the newest block, `excess` the bad requests beyond the bound.  `until` is in sample time.
    `traffic` is that of the window before it began, on all versions, as a multiple of what was usual; 0: not known.
    """

    since: float
    until: float
    limit: float
    excess: float
    new: Tally
    old: Tally
    pods: tuple[PodTally, ...]
    traffic: float = 0.0
    calm: float = 0.0  # requests since the bound was last exceeded
    old_at: float = 0.0  # end of the newest block in which the old version served too


@dataclass(frozen=True, slots=True)
class LaneEvidence:
    """One running test.  `worth`, `ratio` and `credited` have one number for each alternative (`parameters.ODDS`).

    `worth` is evidence as a factor, of all starts spent so far; `ratio` is that of the window so far, as a logarithm,
    and `credited` what counts of it.
    """

    lane: Lane
    windows: int = 0  # with requests of the new version: that many start weights are spent
    worth: tuple[float, ...] = ()
    ratio: tuple[float, ...] = ()
    credited: tuple[float, ...] = ()
    allowance: float = 0.0  # natural logarithms that could still be gained at `folded_at`
    folded_at: float = 0.0
    run: Run | None = None
    episodes: int = 0  # times that the bound was exceeded before the release
    episode_ended: float = 0.0
    episode: Tally = Tally()  # requests of those windows
    old_bad_at: float = 0.0  # end of the newest window of the watch in which the old version exceeded the bound too
    old: Tally = Tally()  # requests of the old version since it began to exceed the bound, for as long as it does


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted of the window that is not over yet, and of the one before it (`before`, new and old)."""

    index: int = 0
    length: float = 0.0  # seconds
    earlier: bool = True  # before the release
    new: Tally = Tally()
    warm: Tally = Tally()
    old: Tally = Tally()
    old_at: float = 0.0  # end of the newest block in which the old version served
    before: tuple[float, float] = (0.0, 0.0)
    pods: tuple[str, ...] = ()  # new ones that served in this window or the one before, two at the most
    pods_now: tuple[str, ...] = ()  # in this window


@dataclass(frozen=True, slots=True)
class CounterEvidence:
    """What a ratio or histogram check has seen.

    `kept` is `before` as an earlier process saw it: the pods of the version before may be gone, with their history.
    `known` tells that the version before was seen at all, be it without a request.
    """

    check: str
    basis: str = ""  # `policy.basis` of the check that it was measured by
    before: Windows = field(default_factory=Windows)
    kept: Windows = field(default_factory=Windows)
    known: bool = False
    new: Tally = Tally()
    old: Tally = Tally()
    window: Window = Window()
    brief: Window = Window()  # the shorter one of the severe lanes
    lanes: tuple[LaneEvidence, ...] = ()
    favour: tuple[float, ...] = ()  # `favour.fold`
    seen_until: float = 0.0
    sighted: float = 0.0  # seconds, without gaps, in which the new version was seen
    sighted_at: float = 0.0
    served_at: float = 0.0  # start of the block in which the new version began to serve in earnest
    ill_since: float = 0.0  # start of the newest blocks without a break in which it, young pods too, exceeds the bound
    pace: float = 0.0  # most requests on it in a block
    broken: str = ""

    @property
    def usual(self) -> Windows:
        """What was usual before the release: seen by this process or an earlier one, whichever saw more."""
        return self.before if self.before.total >= self.kept.total else self.kept


@dataclass(frozen=True, slots=True)
class QueryEvidence:
    """What a query check has seen."""

    check: str
    basis: str = ""  # `policy.basis` of the check that it was measured by
    values: int = 0
    last: float | None = None
    last_at: float = 0.0
    over_since: float | None = None
    over_before: bool = False


@dataclass(frozen=True, slots=True)
class AvailabilityEvidence:
    """What the availability lane has seen."""

    whole: int = 0  # replicas that were wanted when the workload was last whole; lowered by scaling down
    short_since: float | None = None
    progress: int = 0  # most updated and ready replicas of the release so far
    progressed_at: float | None = None


@dataclass(frozen=True, slots=True)
class RecoveryEvidence:
    """What a check that had fired sees after the way back: slots in a row within and beyond its limit.

    A slot lasts as long as a scrape interval, so that each pod is seen in it; `open` is the number of the one that is
    not over, `tally` and `proof` what all pods, and those past warm-up, have shown in it.
    `basis` is `policy.basis` of the check when the way back was there: `limit` says nothing of blocks of another.
    """

    check: str
    basis: str = ""
    limit: float = 0.0
    good: int = 0
    bad: int = 0
    seen: Tally = Tally()
    beyond: Tally = Tally()
    open: int = 0
    tally: Tally = Tally()
    proof: Tally = Tally()
    seen_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen of a release.  Folded again from raw samples after a restart.

    `budget` is the probability of a false breach that the user accepts, fixed with the first look; 0 before it.
    """

    counters: tuple[CounterEvidence, ...] = ()
    queries: tuple[QueryEvidence, ...] = ()
    availability: AvailabilityEvidence = AvailabilityEvidence()
    budget: float = 0.0
