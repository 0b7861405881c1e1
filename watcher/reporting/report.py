"""What a report says, as plain values.  Its fields are the keys of `-o json` and of the HTTP API.

Times are Unix seconds, fields that end in `_s` are seconds, shares are ratios in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

VERSION = 1
"""Of the shape; raised with every change that a reader of the JSON document would notice, but for added keys."""


class Answer(StrEnum):
    """What people did about a release."""

    WENT_BACK = "went_back"  # an earlier version was released again
    ABORTED = "aborted"  # the Rollout was aborted, by a person or an analysis
    WENT_FORWARD = "went_forward"  # another version was released within a day
    BROUGHT_BACK = "brought_back"  # the version that watcher had undone was released again
    DELETED = "deleted"  # the workload was deleted
    NOTHING = "nothing"  # nothing for a day
    NOT_YET = "not_yet"  # nothing so far, and the day is not over


class Missed(StrEnum):
    """Why a release from which people went back was not one that watcher would have undone."""

    PASSED = "passed"  # it was called good
    UNDECIDED = "undecided"  # too little data, or none
    HELD = "held"  # it was found bad, and a guard held
    FASTER = "faster"  # people were there before there was a verdict


@dataclass(frozen=True, slots=True)
class Spread:
    """Several durations in short; None where there are none."""

    count: int = 0
    shortest_s: float | None = None
    median_s: float | None = None
    longest_s: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Workloads that cannot be watched for the same reason; ten of their names at the most."""

    sight: str
    why: str
    count: int
    workloads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Workloads of the cluster, each counted once, as of the newest look."""

    matched: int = 0
    watchable: int = 0
    quiet: int = 0
    blind: int = 0
    unknown: int = 0
    excluded: int = 0
    unmatched: int = 0
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Releases:
    """Releases that began in the time of the report.  `verdicts` counts those whose watch ended, by verdict; `none`
    are those that were superseded, aborted or deleted before there was one."""

    seen: int = 0
    restarts: int = 0
    under_watch: int = 0
    judged: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rollback:
    """One release that was undone, or would have been, and what people did then.

    `to_decision_s` and `to_restore_s` count from the first bad block.  `answer_after_s` counts from the decision.
    `label` is what a person said of the decision: right, wrong, or empty.
    """

    workload: str
    release: str
    revision: str
    image: str
    decision: str
    at: float
    mode: str
    done: bool
    rung: str
    target: str
    evidence: str
    outcome: str
    to_decision_s: float | None
    to_restore_s: float | None
    answer: Answer
    answer_at: float | None
    answer_after_s: float | None
    answer_image: str
    label: str
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class Miss:
    """One release from which people went back, and that watcher would not have undone."""

    workload: str
    release: str
    image: str
    missed: Missed
    why: str
    answer: Answer
    at: float
    after_s: float


@dataclass(frozen=True, slots=True)
class Blindness:
    """How long a source gave no usable answer while it was asked; `days` holds (day, blind seconds) of bad days."""

    source: str
    asked_s: float
    blind_s: float
    days: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard that held: for how many releases, and from how many of them people went back themselves."""

    guard: str
    held: int
    people_went_back: int
    example: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """A workload whose releases were watched without coming to a verdict."""

    workload: str
    undecided: int
    watched: int
    why: str


@dataclass(frozen=True, slots=True)
class Bound:
    """How many rollbacks may be wrong: `at_most` is the upper bound of the share, None while nobody labelled one."""

    right: int
    wrong: int
    unlabelled: int
    confidence: float
    at_most: float | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A workload for which acting is justified, and by what."""

    workload: str
    because: str


@dataclass(frozen=True, slots=True)
class NotReady:
    """A workload for which it is not, and what is missing."""

    workload: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One rung that was rehearsed on a workload.

    `median_s` and `trend_s` (oldest first) are of those that passed: seconds from the bad release to the proof of
    recovery.  `failure` is what the last one that failed said.
    """

    workload: str
    rung: str
    held: int
    failed: int
    last_at: float
    last_result: str
    last_s: float
    median_s: float | None
    trend_s: tuple[float, ...]
    failure: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that can be said of a stretch of time.  `recorded_from` is the oldest record of the log."""

    since: float
    until: float
    made_at: float
    namespace: str
    recorded_from: float | None
    coverage: Coverage
    releases: Releases
    rollbacks: tuple[Rollback, ...]
    misses: tuple[Miss, ...]
    lead: Spread
    to_decision: Spread
    to_restore: Spread
    blindness: tuple[Blindness, ...]
    bound: Bound
    guards: tuple[Guard, ...]
    quiet: tuple[Quiet, ...]
    ready: tuple[Ready, ...]
    acting: tuple[str, ...]
    not_ready: tuple[NotReady, ...]
    yaml: str
    version: int = VERSION
    rehearsals: tuple[Rehearsal, ...] = ()
