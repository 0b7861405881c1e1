"""How each stage that people are told of is called."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.words import Stage


@dataclass(frozen=True, slots=True)
class Told:
    """Names of one stage.

    `reason` is that of its Kubernetes Event, in CamelCase; `warning` whether a person should look; `by_default` whether
    a channel that does not choose its stages is told of it; `title` what a message about it begins with.
    """

    reason: str
    title: str
    warning: bool = True
    by_default: bool = True


TOLD: dict[Stage, Told] = {
    Stage.ROLLING_BACK: Told("RollingBack", "Rolling back"),
    Stage.COMMANDED: Told("RollbackCommanded", "Rolling back at a person's command:"),
    Stage.PROPOSED: Told("RollbackProposed", "A person must decide: roll back"),
    Stage.WOULD_ROLL_BACK: Told("WouldRollBack", "Would have rolled back"),
    Stage.HELD: Told("RollbackHeld", "Bad release, rollback held:"),
    Stage.ROLL_FORWARD: Told("RollForward", "ROLL FORWARD, going back would break data:"),
    Stage.APPROVED: Told("RollbackApproved", "Approved, rolling back", warning=False),
    Stage.APPROVAL_REFUSED: Told("ApprovalRefused", "Approval refused:"),
    Stage.APPROVAL_LAPSED: Told("ApprovalLapsed", "Approval counts no more:"),
    Stage.RUNG_DONE: Told("RungDone", "Way back taken, proof awaited:", warning=False, by_default=False),
    Stage.RUNG_FAILED: Told("RungFailed", "Way back failed, trying the next:"),
    Stage.RESTORED: Told("RolledBack", "Recovered after rollback:", warning=False),
    Stage.RESTORED_UNCONFIRMED: Told("RollbackUnconfirmed", "Rolled back, recovery not proven:"),
    Stage.DID_NOT_HELP: Told("RollbackDidNotHelp", "ROLLBACK DID NOT HELP:"),
    Stage.FAILED: Told("RollbackFailed", "ROLLBACK FAILED:"),
    Stage.SUPERSEDED: Told("RollbackSuperseded", "Rollback superseded by a newer release:", warning=False),
    Stage.WAITING_FOR_PERSON: Told("WaitingForPerson", "Rollback waits for a person:"),
    Stage.DURABLE: Told("GitAgrees", "Git and cluster agree again:", warning=False),
    Stage.BRIDGE_OVERDUE: Told("BridgeOverdue", "Pinned for too long, merge the revert:"),
    Stage.PASSED: Told("ReleasePassed", "Release passed:", warning=False, by_default=False),
    Stage.BAD_VERSION_BACK: Told("BadVersionBack", "Bad version is back:"),
    Stage.CONFIG_REJECTED: Told("ThresholdsRejected", "Thresholds file refused"),
    Stage.SOURCE_BLIND: Told("SourceBlind", "Blind: no usable answer from source"),
}

ENDS = (
    Stage.RESTORED,
    Stage.RESTORED_UNCONFIRMED,
    Stage.DID_NOT_HELP,
    Stage.FAILED,
    Stage.SUPERSEDED,
    Stage.WAITING_FOR_PERSON,
)
"""Stages with which a rollback ends, and after which its note is written."""


def note_command(decision: str) -> str:
    """The command that gives the post-incident note on a decision."""
    return f"watcher decisions note {decision}"


ABOUT_THE_DAEMON = (Stage.CONFIG_REJECTED, Stage.SOURCE_BLIND)
"""Stages that are about no workload."""
