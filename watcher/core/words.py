"""The vocabulary: the same words in code, API, log, metrics and documentation."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Kinds of workload that are watched."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    DAEMON_SET = "DaemonSet"
    ROLLOUT = "Rollout"


class Verdict(StrEnum):
    """What the evidence says of a release, or of one check of it."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    BREACH = "breach"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no_data"


class Action(StrEnum):
    """What a decision is: a way back, forward, waiting, or nothing."""

    FLAG_OFF = "flag_off"
    ROLL_BACK = "roll_back"
    ROLL_FORWARD = "roll_forward"
    HOLD = "hold"
    NONE = "none"


GOING_BACK = (Action.FLAG_OFF, Action.ROLL_BACK)
"""Actions that are carried out, rung by rung."""


class Mode(StrEnum):
    """How far an action may go by itself, laxest last; the strictest that applies counts."""

    NONE = "none"
    OBSERVE = "observe"
    PROPOSE = "propose"
    ACT = "act"


class Rung(StrEnum):
    """One way back."""

    FLAG = "flag"
    ABORT = "abort"
    GIT = "git"
    BRIDGE = "bridge"
    UNDO = "undo"
    SYNC = "sync"


class Outcome(StrEnum):
    """How a rollback ended."""

    RESTORED = "restored"
    RESTORED_UNCONFIRMED = "restored_unconfirmed"
    DID_NOT_HELP = "did_not_help"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    WAITING_FOR_PERSON = "waiting_for_person"


class Durability(StrEnum):
    """Whether Git and cluster agree on the way back."""

    DURABLE = "durable"
    CLUSTER_ONLY = "cluster_only"
    GIT_ONLY = "git_only"


class Lane(StrEnum):
    """One running test of one check."""

    NEW_VS_OLD = "new_vs_old"
    NEW_VS_MAX = "new_vs_max"
    NEW_VS_BEFORE = "new_vs_before"
    SEVERE_5 = "severe_5"
    SEVERE_20 = "severe_20"
    SEVERE_40 = "severe_40"
    AVAILABILITY = "availability"
    TRAFFIC = "traffic"
    QUERY = "query"


class Change(StrEnum):
    """What a release changed of the pod template."""

    VERSION = "version"
    CONFIGURATION = "configuration"  # only config checksums: undo would restart onto the same ConfigMap
    RESTART = "restart"  # only restart marks: nothing to go back to


class Provenance(StrEnum):
    """Why a revision counts as known good, best last."""

    PRESUMED = "presumed"
    SOAKED = "soaked"
    PASSED = "passed"


class Phase(StrEnum):
    """Where the watch of a release stands."""

    WATCHING = "watching"
    PARKED = "parked"  # in progress beyond bake.max: severe and availability lanes only
    MIGRATING = "migrating"  # a down migration that belongs to the way back runs
    ACTING = "acting"  # a rung's write is intended or sent
    CONFIRMING = "confirming"  # the rung was acknowledged; the workload is on its way to the target
    RECOVERING = "recovering"  # on target; waiting for metrics that show it recovered
    CLOSED = "closed"


class Sight(StrEnum):
    """Whether a workload can be watched, as far as its last release showed."""

    WATCHABLE = "watchable"
    QUIET = "quiet"  # its last release was seen, with too little traffic for a verdict
    BLIND = "blind"
    UNKNOWN = "unknown"  # no release of it was looked at yet
    EXCLUDED = "excluded"  # on the never list
    UNMATCHED = "unmatched"  # no entry of the thresholds file is for it


class Stage(StrEnum):
    """What people are told of."""

    ROLLING_BACK = "rolling_back"
    COMMANDED = "commanded"  # a person has commanded a rollback, and it begins
    PROPOSED = "proposed"
    WOULD_ROLL_BACK = "would_roll_back"
    HELD = "held"
    ROLL_FORWARD = "roll_forward"  # going back would break data
    APPROVED = "approved"
    APPROVAL_REFUSED = "approval_refused"
    APPROVAL_LAPSED = "approval_lapsed"
    RUNG_DONE = "rung_done"  # the workload is on target; recovery is still to be proven
    RUNG_FAILED = "rung_failed"  # and another rung is taken
    RESTORED = "restored"
    RESTORED_UNCONFIRMED = "restored_unconfirmed"
    DID_NOT_HELP = "did_not_help"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    WAITING_FOR_PERSON = "waiting_for_person"
    PASSED = "passed"
    DURABLE = "durable"  # Git holds the good version by now
    BRIDGE_OVERDUE = "bridge_overdue"
    BAD_VERSION_BACK = "bad_version_back"
    CONFIG_REJECTED = "config_rejected"
    SOURCE_BLIND = "source_blind"


STRICTNESS: tuple[Mode, ...] = (Mode.NONE, Mode.OBSERVE, Mode.PROPOSE, Mode.ACT)


def strictest(*modes: Mode) -> Mode:
    """The strictest of several modes: none < observe < propose < act."""
    return min(modes, key=STRICTNESS.index)
