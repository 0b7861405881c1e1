"""The metric contract: whether a check's numbers still mean what they meant.

A release that renames a metric or a label makes errors invisible.  That is no data: neither zero errors nor zero
traffic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from watcher.core.measuring.native import Reduced
from watcher.core.measuring.series import Labels, Part
from watcher.core.policy import CounterCheck, HistogramCheck, RatioCheck

CHANGED = "metric-contract-changed"
MISSING = "metric-missing"

_EXCESS_SHARE = 0.05  # of the total: bad requests are counted a moment before the total they belong to
_EXCESS = 5.0


@dataclass(slots=True)
class _Seen:
    """What the pods of one revision have shown so far."""

    total: bool = False
    errors: bool = False
    within: bool = False
    requests: float = 0.0  # total and bad ones so far
    bad: float = 0.0
    alternatives: set[int] = field(default_factory=set)  # of `bad`, whose labels are all there


class Contract:
    """What one check needs of its metrics, and what each revision was seen to have of it."""

    def __init__(self, check: CounterCheck) -> None:
        self._check = check
        self._seen: dict[str, _Seen] = {}
        self._errors_from_zero: set[str] = set()  # revisions that export the error counter before the first error
        self.bounds: tuple[float, ...] = ()  # bucket bounds that exist, when they were asked for
        self._counted_above: float | None = None  # the bound in use, where that of the check is none of a native one's
        self._split: tuple[float, float, float] | None = None  # the earliest sample of a bucket that holds the bound

    def note(self, revision: str, part: Part, labels: Labels) -> None:
        """A series of this revision was seen."""
        seen = self._seen.setdefault(revision, _Seen())
        if part is Part.ERRORS:
            seen.errors = True
        elif part is Part.WITHIN:
            seen.within = True
        else:
            seen.total = True
            seen.alternatives |= self._satisfied(labels)

    def note_native(self, reduced: Reduced) -> None:
        """Samples of a native histogram were seen, and reduced to this."""
        assert isinstance(self._check, HistogramCheck)  # noqa: S101 - for the type checker; others have no buckets
        if reduced.bound != self._check.bound:
            self._counted_above = reduced.bound
        if reduced.split is not None:
            self._split = min(reduced.split, self._split or reduced.split)

    def note_zero(self, revision: str) -> None:
        """An error counter of this revision stood at zero: it is there from the start, not from the first error."""
        self._errors_from_zero.add(revision)

    def _satisfied(self, labels: Labels) -> set[int]:
        if not isinstance(self._check, RatioCheck):
            return set()
        return {
            place for place, each in enumerate(self._check.bad) if all(labels.get(name, "") != "" for name, _ in each)
        }

    @property
    def lacks_bound(self) -> bool:
        """Whether a histogram was seen whose buckets do not include the bound."""
        return any(seen.total and not seen.within for seen in self._seen.values()) and isinstance(
            self._check, HistogramCheck
        )

    def broken(
        self, counts: Mapping[str, tuple[float, float]], scraped: Iterable[str], unbounded: Set[str] = frozenset()
    ) -> str:
        """Why this block means nothing; empty when it does mean something.

        `counts`: total and bad requests of each revision in the block.  `scraped`: revisions whose pods have been ready
        and scraped for long enough to show the metric.  `unbounded`: revisions of which requests, but no bucket of the
        bound was seen in this block: a native histogram may lower its resolution at any time.
        """
        for revision, (total, bad) in sorted(counts.items()):
            seen = self._seen.setdefault(revision, _Seen())
            seen.requests += total
            seen.bad += bad
        silent = (self._no_series(revision) for revision in scraped if not self._has_total(revision))
        coarse = unbounded if self._split is not None else frozenset[str]()
        changed = (self._problem(revision, *counts[revision], coarse=revision in coarse) for revision in sorted(counts))
        return next((problem for problem in (*silent, *changed) if problem), "")

    def _has_total(self, revision: str) -> bool:
        return revision in self._seen and self._seen[revision].total

    def _no_series(self, revision: str) -> str:
        metric = _metric(self._check)
        if any(seen.total for seen in self._seen.values()):
            return (
                f"{CHANGED}: the pods of {revision} are ready and scraped but have no series of {metric}, which other "
                "pods have: renamed by the release, or no request reaches them"
            )
        return f"{MISSING}: no pod of this workload has a series of {metric}; see `total` and `identify` of the check"

    def _problem(self, revision: str, total: float, bad: float, *, coarse: bool) -> str:
        check, seen = self._check, self._seen[revision]
        if isinstance(check, HistogramCheck):
            lacking = coarse or (seen.total and not seen.within)
            return self._no_bound(revision) if lacking else ""
        if bad > total and seen.bad > seen.requests * (1 + _EXCESS_SHARE) + _EXCESS:
            return f"{CHANGED}: {bad:.0f} bad of {total:.0f} requests{_on(revision)}: they are no part of the total"
        if check.bad and seen.total and not seen.alternatives:
            return self._no_label(check, revision)
        if check.errors and total > 0 and not seen.errors and self._errors_from_zero - {revision}:
            return (
                f"{CHANGED}: {check.errors} is missing{_on(revision)}, while other pods have it before the first error"
            )
        return ""

    def _no_label(self, check: RatioCheck, revision: str) -> str:
        names = " or ".join(sorted({name for each in check.bad for name, _ in each}))
        if any(seen.alternatives for seen in self._seen.values()):
            return f"{CHANGED}: label {names} of {check.total} is missing{_on(revision)}, which other pods have"
        return f"{MISSING}: no series of {check.total} has label {names}; see `bad` of the check"

    def _no_bound(self, revision: str) -> str:
        check = self._check
        assert isinstance(check, HistogramCheck)  # noqa: S101 - for the type checker; `_problem` asks only then
        bounds = self.bounds or (self._split or ())[1:]
        below = max((each for each in bounds if each < check.bound), default=None)
        above = min((each for each in bounds if each > check.bound), default=None)
        near = ", ".join(f"{each:g}" for each in (below, above) if each is not None)
        hint = f"; nearest: {near}" if near else ""
        word = CHANGED if any(seen.within for seen in self._seen.values()) else MISSING
        return f"{word}: {check.bound:g} is no bucket bound of {check.histogram}{_on(revision)}{hint}"

    def notes(self) -> Iterator[str]:
        """What a reader of the numbers should know of how they came about."""
        if self._counted_above is not None:
            yield f"a native histogram: slower than {self._counted_above:g} is counted, the next bound of its buckets"
        if self._split is not None:
            _, left, right = self._split
            yield f"buckets of a native histogram are as wide as from {left:g} to {right:g}: such samples are left out"
        note = self.assumed_zero()
        if note:
            yield note

    def assumed_zero(self) -> str:
        """A note where absent errors are taken for none although the metric was never seen; empty otherwise."""
        check = self._check
        if not isinstance(check, RatioCheck) or not check.errors or any(seen.errors for seen in self._seen.values()):
            return ""
        if not any(seen.total for seen in self._seen.values()):
            return ""
        return f"{check.errors} was never seen on any pod: taken for zero errors; is the name right?"


def _metric(check: CounterCheck) -> str:
    return check.histogram if isinstance(check, HistogramCheck) else check.total


def _on(revision: str) -> str:
    return f" on {revision}" if revision else ""
