"""What holds for one workload: its effective checks and settings, as plain values.

The thresholds file becomes these after all matching entries were merged.  Durations are seconds,
shares are ratios in [0, 1], factors are plain numbers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from watcher.core.model import ADDED
from watcher.core.words import Mode, Provenance, Rung

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Subject:
    """What entries of the thresholds file are matched against: a workload, with its own (not its pods') labels."""

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


class Replicas(StrEnum):
    """What stands behind a source's address where Prometheus runs more than once."""

    SINGLE = "single"
    SEPARATE = "separate"  # an HA pair behind one address: each answers from its own scrapes
    DEDUPLICATED = "deduplicated"  # Thanos or Mimir made one series of the pair's


class PartialResponse(StrEnum):
    """What is done with an answer that comes with warnings that parts of it are missing."""

    REFUSE = "refuse"
    ALLOW = "allow"


class Delivery(StrEnum):
    """How samples come to a source."""

    SCRAPE = "scrape"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Auth:
    """Who we are for a source: a bearer token's file, or a user and the password's file.  Empty: nobody."""

    bearer_file: str = ""
    user: str = ""
    password_file: str = ""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files (PEM) of the authority that signed the source's certificate and of our own certificate and key."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A Prometheus-compatible API.

    `interval` is the scrape interval in seconds, None: learnt from the samples.  `tenant` is sent as X-Scope-OrgID.
    `scope` holds (label, value) pairs, added as equality matchers to every selector.  Files are absolute paths.
    """

    name: str
    url: str
    interval: float | None = None
    tenant: str = ""
    auth: Auth = Auth()
    tls: Tls = Tls()
    headers: tuple[tuple[str, str], ...] = ()
    scope: tuple[tuple[str, str], ...] = ()
    replicas: Replicas = Replicas.SINGLE
    partial_response: PartialResponse = PartialResponse.REFUSE
    delivery: Delivery = Delivery.SCRAPE


class By(StrEnum):
    """How a series tells whose requests it counts."""

    POD = "pod"
    WORKLOAD = "workload"
    SERVICE = "service"
    VERSION = "version"
    ROLE = "role"
    FIXED = "fixed"


TARGET_INFO = "target_info"
"""The series by which OpenTelemetry names the resource behind `job` and `instance`."""


@dataclass(frozen=True, slots=True)
class Identify:
    """Which labels name the server of a request.

    ``pod``: `namespace` and `pod` name label names; with `join` they are labels of `target_info`, and the series carry
    `job` and `instance`.  All others but ``fixed``: `namespace` (may be empty: the label is absent and the workload's
    own namespace is meant) and `workload` name label names; `strip` are suffixes of which one is cut from the label's
    value, `map` translates values to workload names.  ``service``: the same where the value is the name of a Service.
    ``version``: the label `version` says what the pods' label `pod_label` does.  ``role``: the label `role` fits the
    pattern `canary` on the new version's requests and `stable` on the old one's; an empty pattern: it is absent.
    ``fixed``: the query is about this workload only.
    """

    by: By = By.POD
    namespace: str = "namespace"
    pod: str = "pod"
    workload: str = ""
    strip: tuple[str, ...] = ()
    map: tuple[tuple[str, str], ...] = ()
    join: str = ""
    version: str = ""
    pod_label: str = ""
    role: str = ""
    canary: str = ""
    stable: str = ""

    @property
    def sees_versions(self) -> bool:
        """Whether old and new requests can be told apart."""
        return self.by in (By.POD, By.VERSION, By.ROLE)

    @property
    def needs_pods(self) -> bool:
        """Whether nothing can be told while no pod is known."""
        return self.by in (By.POD, By.VERSION)

    @property
    def subject(self) -> str:
        """The label that names the pod, or else the workload; empty where none does."""
        return self.pod if self.by is By.POD else self.workload


Patterns = tuple[tuple[str, str], ...]
"""(label, pattern) pairs; patterns are fully anchored RE2 as in PromQL."""


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """Share of bad requests.  Counters in; differences are judged.

    `bad` holds alternatives on `total` (any of them makes a request bad; each alternative is a conjunction); `errors`
    names a counter of its own instead.  Series count that match all of `only` and none of `exclude`.
    """

    name: str
    source: str
    total: str
    bad: tuple[Patterns, ...] = ()
    errors: str = ""
    only: Patterns = ()
    exclude: Patterns = ()
    max: float | None = None
    increase: float | None = None
    floor: float = 0.005
    min_bad: int = 10
    may: Mode = Mode.ACT
    identify: Identify = Identify()


@dataclass(frozen=True, slots=True)
class HistogramCheck:
    """Share of requests slower than a bucket bound.  `bound` is in the metric's own unit.

    Series count that match all of `only` and none of `exclude`.
    """

    name: str
    source: str
    histogram: str
    bound: float
    only: Patterns = ()
    exclude: Patterns = ()
    max: float | None = None
    increase: float | None = None
    floor: float = 0.005
    min_bad: int = 10
    may: Mode = Mode.ACT
    identify: Identify = Identify()


@dataclass(frozen=True, slots=True)
class QueryCheck:
    """Any PromQL against a plain threshold that must hold for `hold_for` seconds."""

    name: str
    source: str
    query: str
    max: float | None = None
    min: float | None = None
    hold_for: float = 120.0
    may: Mode = Mode.PROPOSE
    identify: Identify = Identify(by=By.FIXED)


CounterCheck = RatioCheck | HistogramCheck
Check = RatioCheck | HistogramCheck | QueryCheck


@lru_cache(maxsize=4096)
def basis(check: Check) -> str:
    """A short name for what a check measures and which bounds it measures against.

    Evidence of one basis says nothing of another.  Left out is what is only asked of evidence when it is read: how far
    a check may go, the bad requests and the duration that it needs.
    """
    if isinstance(check, QueryCheck):
        bare: Check = replace(check, may=Mode.ACT, hold_for=0.0)
    else:
        bare = replace(check, may=Mode.ACT, min_bad=0)
    return hashlib.sha256(repr(bare).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Bake:
    """How long a release is watched, in seconds; `min_requests` on the new version before a PASS."""

    hold_for: float = 1800.0
    max: float = 14400.0
    min_requests: int = 0


@dataclass(frozen=True, slots=True)
class KnownGoodRules:
    """When a revision may be a target: seconds of soak, seconds since it last ran, least provenance."""

    soak: float = 86400.0
    max_age: float = 14 * 86400.0
    accept: Provenance = Provenance.PRESUMED


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `max` automatic rollbacks in `window` seconds."""

    max: int
    window: float


@dataclass(frozen=True, slots=True)
class Promise:
    """At most `count` wrong rollbacks in so many releases; in a quarter of a year, of all workloads, where None."""

    count: float = 1.0
    releases: float | None = 1000.0

    def budget(self, releases: float) -> float:
        """Probability of a wrong rollback that one release may have.  `releases`: in a quarter; 0: not known."""
        return min(self.count / (self.releases or releases or BUSY), 0.1)


BUSY = 1000.0
"""Releases in a quarter that are reckoned with while nothing is known, where wrong rollbacks are promised by it."""

QUARTER = 90 * 86400.0
"""Seconds."""

DOUBT = 86400.0
"""Seconds of a pace of `BUSY` that are added to what was seen: half of a log's first day, little after a month."""


def pace(begun: int, seconds: float) -> float:
    """Releases in a quarter, where so many began in the last `seconds`, a quarter at the most."""
    return round((begun * QUARTER + BUSY * DOUBT) / (min(max(seconds, 0.0), QUARTER) + DOUBT), 1)


@dataclass(frozen=True, slots=True)
class JudgeRules:
    """Settings of the judge: seconds of pod age that are masked, seconds after which blame is doubtful."""

    warm_up: float = 60.0
    blame_window: float = 900.0
    early_pass: bool = False


DEFAULT_RUNGS: tuple[tuple[Rung, Mode], ...] = (
    (Rung.FLAG, Mode.ACT),
    (Rung.ABORT, Mode.ACT),
    (Rung.GIT, Mode.ACT),
    (Rung.UNDO, Mode.ACT),
    (Rung.BRIDGE, Mode.NONE),
    (Rung.SYNC, Mode.ACT),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that was configured for one workload."""

    checks: tuple[Check, ...] = ()
    mode: Mode = Mode.OBSERVE
    rungs: tuple[tuple[Rung, Mode], ...] = DEFAULT_RUNGS
    require: tuple[str, ...] = ()
    bake: Bake = field(default_factory=Bake)
    known_good: KnownGoodRules = field(default_factory=KnownGoodRules)
    judge: JudgeRules = field(default_factory=JudgeRules)
    promise: Promise = field(default_factory=Promise)
    availability: Mode = Mode.ACT
    traffic: Mode = Mode.PROPOSE
    progress_deadline: float = 600.0
    cooldown: float = 1800.0
    breaker: Limit = Limit(3, 3600.0)
    namespace_breaker: Limit = Limit(2, 3600.0)
    never: bool = False
    watched: bool = True  # False: no entry of the thresholds file matches any more; only what is under way is finished
    repeat: bool = field(default=False, metadata=ADDED)
    """Whether a version that was rolled back goes back again, without a trial, when an automation brings it."""
    bridge_for: float = field(default=4 * 3600.0, metadata=ADDED)  # seconds that an application may be pinned
    flag: str = field(default="", metadata=ADDED)
    """The flag of `services[].flag`: it covers a release only if it was changed since that began."""
    migrations_required: bool = field(default=False, metadata=ADDED)
    """Whether a release without migration notes counts as one whose migrations are not known."""

    def check(self, name: str) -> Check | None:
        """The check of this name, or None."""
        return next((check for check in self.checks if check.name == name), None)

    def rung_mode(self, rung: Rung) -> Mode:
        """How far this rung may go by itself."""
        return dict(self.rungs).get(rung, Mode.NONE)


__all__ = [
    "BUSY",
    "DEFAULT_RUNGS",
    "DOUBT",
    "QUARTER",
    "TARGET_INFO",
    "Auth",
    "Bake",
    "By",
    "Check",
    "CounterCheck",
    "Delivery",
    "HistogramCheck",
    "Identify",
    "JudgeRules",
    "KnownGoodRules",
    "Limit",
    "PartialResponse",
    "Patterns",
    "Policy",
    "Promise",
    "QueryCheck",
    "RatioCheck",
    "Replicas",
    "Source",
    "Subject",
    "Tls",
    "basis",
    "pace",
]
