"""Database migrations that lie between two releases, as plain values: what the reviewed notes say of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NO_MIGRATION = "none"
"""What a pod template names instead of a ConfigMap where its release brings no migration."""


class Safety(StrEnum):
    """Whether the version before a migration works on the schema after it."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    AFTER_DOWN = "after-down"


class When(StrEnum):
    """When a down migration runs: before the version is changed, or once it was."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Down:
    """A down migration: a Job made of the Job template `job` (a CronJob's name in the workload's namespace), with
    `image` and `args` in place of its first container's (empty: its own).  `automatic`: it may run without a person's
    approval.  `deadline` are seconds after which it has failed.
    """

    job: str
    image: str = ""
    args: tuple[str, ...] = ()
    when: When = When.BEFORE
    automatic: bool = False
    deadline: float = 600.0


@dataclass(frozen=True, slots=True)
class MigrationNote:
    """What a reviewer has written of one migration.  `where` tells in which ConfigMap or file."""

    name: str
    safety: Safety
    reason: str
    reviewer: str
    where: str
    down: Down | None = None


@dataclass(frozen=True, slots=True)
class MigrationSight:
    """The migrations of all releases after `target` (a template_id) up to `release` (an id), newest first.

    `unnoted` names what changed the schema, or may have, without a valid note: each a clause that says what and where.
    `problem` tells why it could not be found out; then `notes` and `unnoted` are not to be relied on.  Looked at `at`
    that time, Unix seconds.
    """

    at: float
    release: str
    target: str
    notes: tuple[MigrationNote, ...] = ()
    unnoted: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DownSeen:
    """The Job of a down migration as it stands: `state` is running, succeeded, failed or gone.

    It is that of the note `note`, ordered by `decision`.  `logs` are the last lines that its pod wrote, `message` what
    the Job says of itself.
    """

    decision: str
    note: str
    at: float
    job: str
    state: str
    message: str = ""
    logs: str = ""
