"""The outside, as the daemon sees it: one small Protocol per system, and the errors they raise.

Each port has one contract suite in `tests/contract`, which the stand-in and the real adapter both pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from watcher.core.deciding.breaker import Closing
from watcher.core.deciding.holding import Hold
from watcher.core.election import KeptLease, Lease
from watcher.core.measuring.native import NativeSample
from watcher.core.model import PastRollback, Pod, RungReport, Workload, WorkloadView
from watcher.core.orders import Announce, RungOrder


class WatcherError(Exception):
    """An error with what, where, why and how to mend in its message."""


class Unavailable(WatcherError):
    """The other side could not be reached, timed out or asked to come back later; a later call may succeed."""


class Unanswered(Unavailable):
    """What was asked for was sent, and nobody knows what came of it: it may have been carried out."""


class NotLeading(Unavailable):
    """The write was not sent, because this process does not lead (any more): it is another one's to make."""

    def __init__(self, what: str = "") -> None:
        said = "not sent, for this process does not lead any more"
        super().__init__(f"{what}: {said}" if what else said)


class Rejected(WatcherError):
    """The other side understood and refused: asking again the same way is no use."""


class Forbidden(Rejected):
    """A permission is missing; the message names verb, resource and namespace."""


class Changed(Rejected):
    """What the call was to hold for is not as it was (any more): look again, and decide again."""


class Clock(Protocol):
    """Time, injected so that tests run in virtual time."""

    def now(self) -> float:
        """Wall clock, Unix seconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class RawSeries:
    """Samples of one series as they were scraped: (Unix seconds, value), oldest first; of a native histogram apart."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]
    histograms: Sequence[NativeSample] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    at: float
    value: float


class MetricsSource(Protocol):
    """A Prometheus-compatible query API."""

    name: str

    async def raw(self, selector: str, window: float, at: float) -> list[RawSeries]:
        """Samples of `selector` in (at - window, at], as scraped.

        Raises Unavailable when the source is down, times out, or answers partially; Rejected for a bad query.
        """

    async def instant(self, query: str, at: float) -> list[Sample]:
        """Evaluate a PromQL expression at one time.  Raises as `raw`."""

    async def range(self, query: str, start: float, end: float, step: float) -> list[RawSeries]:
        """Evaluate a PromQL expression at every `step` seconds from `start` to `end`.  Raises as `raw`."""


class Cluster(Protocol):
    """The cluster, read through a cache that follows it."""

    def workloads(self) -> Iterable[WorkloadView]:
        """All workloads of the cache; pods only of those that are followed."""

    def view(self, workload: Workload) -> WorkloadView | None:
        """One workload of the cache, or None when there is no such."""

    def knows(self, workload: Workload) -> bool:
        """Whether the cache would show this workload if it existed; False while its kind cannot be read there."""

    def age(self) -> float:
        """Seconds since the cache was last known to be true."""

    def age_of(self, workload: Workload) -> float:
        """Seconds since everything that concerns this workload was last known to be true; infinite: never."""

    def holds(self) -> tuple[Hold, ...]:
        """Holds that stand in the cluster and are in force now."""

    def rehearses(self, namespace: str) -> bool:
        """Whether this namespace is there for rehearsals only; False while that is not known."""

    def problems(self) -> tuple[str, ...]:
        """What cannot be followed now and why, one sentence each."""

    def clock_offset(self) -> float | None:
        """Seconds by which the API server's clock is ahead of ours, as of its last answer; None: not known."""

    async def pending(self) -> tuple[tuple[Workload, Pod], ...]:
        """Pods that have not started, of any workload that can be seen, a few hundred at the most, read now.

        Raises Unavailable, Forbidden.
        """

    async def follow(self, workloads: frozenset[Workload]) -> None:
        """Keep pods (and deleted pods for a while) of just these workloads."""

    async def changed(self) -> frozenset[Workload]:
        """Wait until something changed; the workloads concerned since the last call."""

    async def configurations(self, namespace: str, names: Iterable[str]) -> Mapping[str, str]:
        """Content hash of each "ConfigMap/name" that exists, read now.  Raises Unavailable, Forbidden."""


class Actuator(Protocol):
    """Performs rungs on the cluster: each call is safe to repeat and carries its preconditions."""

    async def perform(self, order: RungOrder) -> RungReport:
        """Attempt the order once.  Never raises for what the API answers: the report's result tells."""


class Courier(Protocol):
    """Brings notifications to one channel."""

    async def deliver(self, notification: Notification) -> None:
        """Send it once.

        Raises Unavailable when a later attempt may succeed, Rejected when this one message is refused.  No error names
        a secret.
        """


class Announcer(Protocol):
    """Tells people."""

    async def announce(self, announcement: Announce) -> None:
        """Create a Kubernetes Event.  Raises Unavailable, Forbidden; a lost Event must not stop anything."""

    async def warn(self, reason: str, text: str) -> None:
        """Create a Kubernetes Event about this process itself, in its own namespace.  Raises as `announce`."""


class LeaseChanged(WatcherError):
    """The Lease is not any more as it was read: somebody else was quicker, or deleted it."""


class LeaseLock(Protocol):
    """The one Lease by which processes agree on who may write.  `within`: seconds that a call may take at the most.

    Both raise Unavailable when nobody knows what came of it, Forbidden, Rejected.
    """

    async def read(self, within: float) -> KeptLease | None:
        """The Lease as it is, or None where there is none."""

    async def write(self, lease: Lease, version: str, within: float) -> KeptLease:
        """Put it in the place of the one of this version; an empty version: create it.  Raises LeaseChanged."""


class NoSuchDecision(WatcherError):
    """No decision, or more than one, has an id that begins like this; `near` holds ids that may be meant."""

    def __init__(self, message: str, near: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.near = near


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a workload's state machine, complete enough to be replayed through the core.

    `workload` is written Kind/namespace/name; `schema` is the version in which the four blobs are encoded;
    `policy_hash` names a policy that the log holds; `kind` says in a word what changed.  The store gives `id`.
    """

    at: float
    workload: str
    uid: str
    release: str
    schema: int
    policy_hash: str
    kind: str
    state_before: bytes
    observation: bytes
    state_after: bytes
    commands: bytes
    id: int = 0


@dataclass(frozen=True, slots=True)
class StoredState:
    """The newest state of one workload, by its uid."""

    uid: str
    workload: str
    at: float
    schema: int
    state: bytes


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision: what is searched for as columns, everything as JSON in `body`.  Empty: there is none."""

    id: str
    at: float
    workload: str
    release: str
    verdict: str
    action: str
    mode: str
    guard: str
    rung: str
    target: str
    outcome: str
    durability: str
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release: what is searched for as columns, the rest as JSON in `body`.  `ended` is None under watch."""

    id: str
    workload: str
    revision: str
    image: str
    began: float
    verdict: str
    action: str
    outcome: str
    ended: float | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says of a decision afterwards: that it was `right` or `wrong`.  The newest word on it counts."""

    decision: str
    verdict: str
    author: str
    at: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """Whether one workload of the cluster can be watched, and whether there is a way back; so `since` then.

    `sight` is a `Sight`, `why` says in a sentence why it is not `watchable`.  `rung` is the way back that a bad release
    would get now (empty: none), `rung_mode` how far it may go by itself, `rung_why` the reason for either.
    """

    workload: str
    since: float
    mode: str
    sight: str
    why: str
    rung: str
    rung_mode: str
    rung_why: str


@dataclass(frozen=True, slots=True)
class BlindnessRow:
    """Seconds of one hour in which a source was `asked`, and in which it was `blind`: gave no usable answer.

    `hour` is its start, Unix seconds.  A row of the same hour and source adds to the one that is there.  The source
    `API_SERVER` stands for the view of the cluster, which is asked for as long as the daemon runs.
    """

    hour: float
    source: str
    asked: float
    blind: float


API_SERVER = "kubernetes"
"""Name of the cluster among the sources of a `BlindnessRow`."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to one channel, in the outbox until it was delivered or given up.

    `event` names what is told, the same on every channel and at every attempt; `key` adds the channel.  `workload` is
    written Kind/namespace/name, empty where the message is about the daemon.  `body` is JSON, for programs.  `result`
    is empty while it waits, then one of those of `Told`; `done` is when, Unix seconds.
    """

    key: str
    event: str
    channel: str
    at: float
    stage: str
    workload: str
    title: str
    text: str
    body: bytes
    result: str = ""
    done: float | None = None


DELIVERED, SUMMED_UP, LOST = "delivered", "summed_up", "lost"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the notification of this key: DELIVERED, SUMMED_UP (told by number in another) or LOST."""

    key: str
    result: str
    at: float


@dataclass(frozen=True, slots=True)
class RehearsalRow:
    """One rung of one workload, rehearsed at `at`: `result` is PASSED or FAILED, `message` says why in one sentence.

    `seconds` is what it took from the bad release until the service was proven to be restored; `body` is JSON with
    the time of each step.  `author` names whose token brought it.
    """

    id: str
    at: float
    workload: str
    rung: str
    result: str
    seconds: float
    author: str
    message: str
    body: bytes


PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True, slots=True)
class FlagRestore:
    """A person's command to put a flag back to the `state` that a decision found, given at that time by `author`.

    `result` is empty from before it was sent until it is known what came of it: RESTORED, ALREADY where it stood so, or
    a sentence that says why not.
    """

    decision: str
    at: float
    flag: str
    author: str
    reason: str
    state: str
    result: str = ""


RESTORED, ALREADY = "restored", "already"


@dataclass(frozen=True, slots=True)
class Commit:
    """What is written in one durable transaction: all of it or nothing.

    A transition also becomes its workload's newest state.  `states` are states without a transition, `gone` uids
    whose state is no longer needed, `uncovered` workloads that are gone from the cluster, `lifted` scopes whose hold
    is over.  `policies` (hash, JSON) holds the policy of every transition: the log keeps one of each, and drops it with
    the last record that needs it.  Rows with a known id replace the old ones; a notification with a known key is told
    already, and left as it is.
    """

    transitions: tuple[Transition, ...] = ()
    states: tuple[StoredState, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    releases: tuple[ReleaseRow, ...] = ()
    policies: tuple[tuple[str, bytes], ...] = ()
    gone: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    coverage: tuple[CoverageRow, ...] = ()
    uncovered: tuple[str, ...] = ()
    blindness: tuple[BlindnessRow, ...] = ()
    holds: tuple[Hold, ...] = ()
    lifted: tuple[str, ...] = ()
    notifications: tuple[Notification, ...] = ()
    told: tuple[Told, ...] = ()
    rehearsals: tuple[RehearsalRow, ...] = ()
    closings: tuple[Closing, ...] = ()
    flag_restores: tuple[FlagRestore, ...] = ()


class StoreReader(Protocol):
    """The decision log, read.  Workloads are written Kind/namespace/name; an empty one means all.

    Every method raises Rejected when the log is damaged, Unavailable when it cannot be read now.
    """

    def states(self) -> list[StoredState]:
        """The newest state of each workload."""

    def state(self, uid: str) -> StoredState | None:
        """The newest state of the workload of this uid, or None."""

    def decisions(self, workload: str = "", *, limit: int = 100, since: float = 0.0) -> list[DecisionRow]:
        """Decisions at or after `since`, newest first."""

    def decision(self, prefix: str) -> DecisionRow:
        """The decision of this id, or the only one whose id begins so.  Raises NoSuchDecision."""

    def releases(
        self, workload: str = "", *, limit: int = 100, since: float = 0.0, unfinished: bool = False
    ) -> list[ReleaseRow]:
        """Releases that began at or after `since`, newest first; `unfinished`: only those under watch."""

    def transitions(self, release: str = "", *, after: int = 0) -> Iterator[Transition]:
        """Transitions in the order they were written, from the one behind the id `after`."""

    def policy(self, digest: str) -> bytes | None:
        """The policy of this hash as JSON, or None."""

    def rollbacks(self, since: float) -> tuple[PastRollback, ...]:
        """Rollbacks that were decided to be acted on at or after `since`, oldest first; the breaker counts them.

        Those that a person has commanded are not among them.
        """

    def begun(self, since: float) -> tuple[int, float | None]:
        """How many releases began at or after `since`, and when the oldest record was written; None: there is none."""

    def holds(self) -> list[Hold]:
        """Holds that are not in the cluster, those that have ended too, by scope."""

    def labels(self, since: float = 0.0) -> list[Label]:
        """What people said of decisions at or after `since`, oldest first; one for each decision."""

    def decided(self, since: float) -> Iterator[DecisionRow]:
        """Every decision at or after `since`, oldest first, a page at a time."""

    def history(self, since: float) -> Iterator[ReleaseRow]:
        """Every release that began at or after `since`, oldest first, a page at a time."""

    def coverage(self) -> list[CoverageRow]:
        """What is known of each workload of the cluster, by name."""

    def blindness(self, since: float) -> list[BlindnessRow]:
        """Hours that begin at or after `since`, oldest first."""

    def outbox(self, channel: str, *, limit: int = 100) -> list[Notification]:
        """Notifications that wait for this channel, oldest first."""

    def notified(self, decision: str) -> list[Notification]:
        """Notifications about this decision (its whole id), oldest first, be they delivered or not."""

    def backlog(self) -> dict[str, tuple[int, float]]:
        """How many notifications wait for each channel, and the time of the oldest; no channel without any."""

    def rehearsals(self, workload: str = "", *, limit: int = 100, since: float = 0.0) -> list[RehearsalRow]:
        """Rehearsals at or after `since`, newest first."""

    def last_rehearsals(self) -> list[RehearsalRow]:
        """The newest rehearsal of each rung of each workload, by workload and rung."""

    def closings(self, since: float) -> list[Closing]:
        """Closings of the breaker at or after `since`, oldest first."""

    def flag_restores(self, decision: str) -> list[FlagRestore]:
        """Commands to put back the flag that this decision switched, oldest first."""

    def close(self) -> None:
        """Let go of the log."""


class Store(StoreReader, Protocol):
    """The decision log, written by one process, from one thread at a time."""

    def commit(self, commit: Commit) -> tuple[int, ...]:
        """Write all of it durably, or nothing; returns the ids given to the transitions.

        Raises Unavailable when it could not be written (nothing was), Rejected when the log is damaged, ValueError
        for a transition whose policy is not in the commit.
        """

    def expire(self, now: float) -> int:
        """Remove one small batch of what is too old; returns the number of rows: call again until it is 0."""

    def degraded(self) -> str:
        """Why the log is in danger (disk full), or an empty string."""
