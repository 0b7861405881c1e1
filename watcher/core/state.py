"""What the core remembers of a workload between two steps.  Everything here is stored and replayed."""

from __future__ import annotations

from dataclasses import dataclass, field

from watcher.core.flags import Flag, FlagSight
from watcher.core.gitops import Application, CommitNote, GitSource
from watcher.core.judging.course import Course
from watcher.core.judging.evidence import Evidence, RecoveryEvidence, Tally
from watcher.core.migrations import Down, MigrationSight
from watcher.core.model import ADDED, Approval, Request, Word, Workload
from watcher.core.words import Action, Change, Durability, Lane, Mode, Outcome, Phase, Provenance, Rung, Verdict

CARRYING_OUT = (Phase.MIGRATING, Phase.ACTING, Phase.CONFIRMING, Phase.RECOVERING)
"""Phases of a rollback under way."""


@dataclass(frozen=True, slots=True)
class Release:
    """One change of a workload's pod template.

    `id` is `<workload UID>/<revision number>`.  A Rollout that is set going again after an abort keeps its revision and
    is a release of its own all the same: `<workload UID>/<revision number>.<returned>`.
    """

    id: str
    workload: Workload
    uid: str
    number: int
    revision: str
    template_id: str
    images: tuple[str, ...]
    change: Change
    began: float
    previous: str = ""  # template_id that ran before; empty for the first
    previous_revision: str = ""  # the name of its revision; empty where it is no measure of what is usual
    never_undo: str = ""  # why it is watched and never undone: recovery release, roll-forward-only
    origins: tuple[str, ...] = ()  # "commit NAME", "image NAME" of what it brought: siblings have one in common
    returned: int = 0  # times that an aborted Rollout was set going again at this very revision; part of the id
    flag: str = field(default="", metadata=ADDED)  # watcher.dev/flag of its pod template


@dataclass(frozen=True, slots=True)
class KnownGood:
    """A revision that is known to have worked, with what it ran on."""

    template_id: str
    revision: str
    images: tuple[str, ...]
    provenance: Provenance
    since: float
    last_ran: float | None = None  # None while it is the running version
    revoked: str = ""
    digests: tuple[tuple[str, str], ...] = ()
    configurations: tuple[tuple[str, str], ...] = ()
    deployed: tuple[str, ...] = field(default=(), metadata=ADDED)  # commits of the application's sources then
    by: str = field(default="", metadata=ADDED)  # whoever called it good; empty: it was seen to be


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A version that was taken back: its return is an alarm.  `reason` is a clause, `since` Unix seconds."""

    template_id: str
    revision: str
    reason: str
    since: float
    origins: tuple[str, ...] = field(default=(), metadata=ADDED)  # what the release of it brought: commit, images
    again: bool = field(default=False, metadata=ADDED)  # it came back by an automation and was taken back once more
    by: str = field(default="", metadata=ADDED)  # whoever called it bad: nothing but a person's word lifts that


@dataclass(frozen=True, slots=True)
class AbortSeen:
    """A Rollout was seen aborted at this revision, whoever did it; `since` is when, Unix seconds."""

    revision: str
    since: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of the release now.

    `verdict` is None while undecided.  `may` is how far an action on this finding may go by itself.
    `limit` is the share (or value) that was exceeded, `since` the start of the first bad block.  `compared` tells that
    the new version was seen beside the old one, or concerns its own pods.
    """

    check: str
    verdict: Verdict | None
    sentence: str
    lane: Lane | None = None
    may: Mode = Mode.ACT
    why_may: str = ""
    since: float | None = None
    limit: float | None = None
    source: str = ""
    excuse: str = ""  # evidence that it is not this release's fault
    excused_by: str = ""  # id of the guard that this evidence is for
    compared: bool = False
    earliest: float | None = None  # when the fault may have begun, unseen until `since`
    latest: float | None = None  # until when it may have begun, if what was seen at `since` was chance
    settles: float = 0.0  # seconds after `since` in which other services that suffer the same would show it
    worth: float = 0.0  # evidence of all lanes together: a good release shows this at most once in so many
    new: Tally = field(default_factory=Tally)
    old: Tally = field(default_factory=Tally)


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """A reason not to act although there is a breach."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What kept a write from being made, and until when no other is tried; each time (`times`) for longer."""

    guard: GuardFinding
    until: float
    times: int


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rollback leads.  `number` is that of its revision when it was decided; 0: the cluster keeps none."""

    template_id: str
    revision: str
    images: tuple[str, ...]
    provenance: Provenance | None
    releases_back: int = 1
    number: int = 0


@dataclass(frozen=True, slots=True)
class RungStep:
    """One rung of the ladder as a decision saw it, and what became of it."""

    rung: Rung
    mode: Mode
    taken: bool
    reason: str
    at: float | None = None
    done_at: float | None = None
    failed: str = ""
    paired: bool = field(default=False, metadata=ADDED)  # with the revert in Git in the same rollback


@dataclass(frozen=True, slots=True)
class Decision:
    """Verdicts, guards and ladder, and what is done."""

    id: str
    attempt: int
    at: float
    action: Action
    mode: Mode
    reason: str
    why_mode: str = ""
    findings: tuple[Finding, ...] = ()
    guards: tuple[GuardFinding, ...] = ()
    rungs: tuple[RungStep, ...] = ()
    target: Target | None = None
    siblings: tuple[str, ...] = ()  # suspected workloads that were released by the same change
    approval: Approval | None = field(
        default=None, metadata=ADDED
    )  # of a person, without which it would only be proposed
    source: GitSource | None = field(default=None, metadata=ADDED)  # in Git, that the version came from
    good: str = field(default="", metadata=ADDED)  # commit of it before that
    commits: tuple[CommitNote, ...] = field(default=(), metadata=ADDED)  # that brought the version, newest first
    request: Request | None = field(default=None, metadata=ADDED)  # the command of a person that it carries out
    overridden: tuple[GuardFinding, ...] = field(default=(), metadata=ADDED)  # guards that the person has passed
    flag: FlagSight | None = field(default=None, metadata=ADDED)  # the release's, as it stood when it was decided
    flag_after: FlagSight | None = field(default=None, metadata=ADDED)  # the same once it was switched off
    migrations: MigrationSight | None = field(default=None, metadata=ADDED)  # as known when it was decided

    @property
    def guard(self) -> GuardFinding | None:
        """The guard that holds, the first if several do."""
        return self.guards[0] if self.guards else None


@dataclass(frozen=True, slots=True)
class Revert:
    """The revert in Git that a rollback consists of, or goes along with.

    Everything up to `propose` is fixed with the first order, so that a repeated one asks for the same; `decision` is
    the one that gave it, which a later one of the same release goes on with.  `tried` counts
    the orders; `next_order` is when another may be given.  `revision` is the commit that holds it, `link` the pull
    request that waits for a person, `failed` why it will not come by itself.
    """

    application: Application
    source: GitSource
    good: str
    commits: tuple[str, ...]
    propose: bool
    began: float
    tried: int = 0
    next_order: float = 0.0
    revision: str = ""
    link: str = ""
    failed: str = ""
    message: str = ""
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What a rollback that ended at `since` (Unix seconds) has left to be done in Git, and with its tool.

    Git still holds the bad version, perhaps with a pull request of `revert` that waits; a `bridge` stands until that is
    merged, or comes `down` at once where it led nowhere; a `sync` that was asked for may still wait for its window.
    `overdue`: people were reminded of the bridge.
    """

    decision: str
    release: str
    since: float
    revert: Revert | None = None
    bridge: bool = False
    down: bool = False
    sync: bool = False
    overdue: bool = False
    tried: int = 0
    next_order: float = 0.0


@dataclass(frozen=True, slots=True)
class Rollback:
    """A decision being carried out.

    `waited` are seconds on the verification clock of this phase, which stands while metrics or API are blind.
    `tried` counts the orders given for this rung; `next_order` is when another may be given, in Unix seconds.
    `again` is the guard for which the decision is to be taken anew at `next_order`, instead of being sent again.
    `denied` is the answer to the last order where a permission was missing.
    `applied` tells that the change was seen to be made, whatever became of it afterwards.
    `complete` tells that an attempt has reported on this rung: what is due after the change itself is done as well.
    """

    rung: Rung
    began: float
    phase_began: float
    tried: int = 0
    next_order: float = 0.0
    waited: float = 0.0
    recovery: tuple[RecoveryEvidence, ...] = ()
    message: str = ""
    again: GuardFinding | None = None
    complete: bool = False
    applied: bool = False
    denied: str = ""
    ignorant_since: float | None = None  # since when it is not sent because something has not been looked at yet
    revert: Revert | None = field(default=None, metadata=ADDED)
    put_back: bool = field(default=False, metadata=ADDED)  # the bad version was put back once by who manages it


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """A flag that this decision has switched off `at` that time (Unix seconds); it stays so until restored.

    Not `heard`: it was ordered, and nobody knows what came of it.
    """

    flag: Flag
    decision: str
    at: float
    heard: bool = True

    @property
    def stands(self) -> str:
        """How it stands, as a clause."""
        return f"{self.flag} {'stays' if self.heard else 'may be'} off"


@dataclass(frozen=True, slots=True)
class DownRun:
    """A down migration on the way back from a release, and what became of it; each runs once.

    `decision` has ordered it, first at `ordered` (Unix seconds); `begun` is when its Job was known to be there, `ended`
    when it was known to have succeeded or failed.  `tried` counts the orders; `next_order` is when another may be
    given.  `message` and `logs` (the last lines) are what the Job says, or the last attempt to order it.
    """

    note: str
    down: Down
    decision: str = ""
    ordered: float | None = None
    begun: float | None = None
    ended: float | None = None
    job: str = ""
    failed: str = ""
    message: str = ""
    logs: str = ""
    tried: int = 0
    next_order: float = 0.0

    @property
    def done(self) -> bool:
        """Whether it has succeeded."""
        return self.ended is not None and not self.failed

    @property
    def under_way(self) -> bool:
        """Whether it was ordered, and its end is not known."""
        return self.ordered is not None and self.ended is None


@dataclass(frozen=True, slots=True)
class Consent:
    """An approval that was taken up, and what it is for: this way back, to the template of this id, with the down
    migrations of these names."""

    approval: Approval
    rung: Rung
    target: str
    downs: tuple[str, ...] = field(default=(), metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Watch:
    """A release under observation."""

    release: Release
    phase: Phase = Phase.WATCHING
    evidence: Evidence = field(default_factory=Evidence)
    exposed_at: float | None = None
    exposure_changed_at: float | None = None
    exposure: int = 0  # ready pods of the new revision, or the router's weight
    rolled_out_at: float | None = None
    counted_from: float | None = None  # a parked watch that was resumed counts its time from here
    verdict: Verdict | None = None
    breached_at: float | None = None  # since when it stands at breach; None again once that was seen to be over
    decision: Decision | None = None
    conflicts: int = 0  # orders that met a changed object
    bar: Bar | None = None
    rollback: Rollback | None = None
    outcome: Outcome | None = None
    durability: Durability | None = None
    ended_at: float | None = None
    end_reason: str = ""
    consent: Consent | None = field(default=None, metadata=ADDED)
    revert: Revert | None = field(default=None, metadata=ADDED)  # of an intent that was given up after it was ordered
    switched: SwitchedOff | None = field(default=None, metadata=ADDED)
    downs: tuple[DownRun, ...] = field(default=(), metadata=ADDED)  # in the order in which they run
    said: Word | None = field(default=None, metadata=ADDED)  # the last word of a person on its version
    reopened: float | None = field(default=None, metadata=ADDED)  # since when, for a command, though nothing is judged
    causes: tuple[str, ...] = field(default=(), metadata=ADDED)  # likely ones, likeliest first, where it did not help
    courses: tuple[Course, ...] = field(default=(), metadata=ADDED)  # the picture; gone with a watch without a decision

    @property
    def carrying_out(self) -> bool:
        """Whether a rollback is under way."""
        return self.phase in CARRYING_OUT

    @property
    def measured_from(self) -> float:
        """Since when measurements are wanted, Unix seconds; their history before that is as well."""
        return self.release.began if self.reopened is None else self.reopened


@dataclass(frozen=True, slots=True)
class Commanded:
    """A person's command to go back from the release of this id; `decision` carries it out, empty: it waits."""

    request: Request
    release: str
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A person's command that was refused at that time (Unix seconds): by guards, or for the reason that is given.

    `revision` names what ran then, where that was known.
    """

    request: Request
    at: float
    reason: str
    guards: tuple[GuardFinding, ...] = ()
    revision: str = field(default="", metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Heard:
    """A person's word on a revision, whether it counts, and what they were told."""

    word: Word
    text: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """The revision that ran when the workload was last looked at."""

    number: int
    revision: str
    template_id: str
    code_id: str
    images: tuple[str, ...]
    since: float


@dataclass(frozen=True, slots=True)
class WorkloadState:
    """All that is remembered of one workload."""

    workload: Workload
    uid: str
    mark: Mark
    known_good: tuple[KnownGood, ...] = ()
    watch: Watch | None = None
    decisions: int = 0  # attempts so far of the release under watch
    last_rollback: float | None = None
    last_rolled_back: str = ""  # id of the release
    quarantined: tuple[Quarantined, ...] = ()
    aborted: AbortSeen | None = None  # of the marked revision of a Rollout
    stepped_at: float | None = None
    answered: str = field(
        default="", metadata=ADDED
    )  # decision that the annotation watcher.dev/approve named when it was last answered
    unsettled: Unsettled | None = field(default=None, metadata=ADDED)
    wanted: Commanded | None = field(default=None, metadata=ADDED)  # that waits for what was not looked at yet
    commanded: tuple[Commanded, ...] = field(default=(), metadata=ADDED)  # the last ones that were taken up
    refused: Refused | None = field(default=None, metadata=ADDED)  # the last one
    refused_before: tuple[Refused, ...] = field(default=(), metadata=ADDED)  # some before that one, oldest first
    heard: Heard | None = field(default=None, metadata=ADDED)  # the last word on a revision

    @property
    def open_watch(self) -> Watch | None:
        """The watch that still needs data, or None."""
        return None if self.watch is None or self.watch.phase is Phase.CLOSED else self.watch
