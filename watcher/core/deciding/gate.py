"""The gate before everything that changes the version: what the migrations between target and release allow.

The reviewed notes say whether the version before works on the schema after; nothing here looks at a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watcher.core.migrations import NO_MIGRATION, MigrationNote, MigrationSight, Safety
from watcher.core.model import Observation, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import DownRun, Watch


class Gate(StrEnum):
    """What is known of the migrations in between."""

    NONE = "none"  # there are none
    SAFE = "safe"  # noted as safe, or taken back by down migrations that have run
    DOWN_AUTOMATIC = "down_automatic"  # safe once down migrations have run, which may run by themselves
    DOWN_APPROVAL = "down_approval"  # the same, and one of them may not
    UNSAFE = "unsafe"
    UNNOTED = "unnoted"  # something may have changed the schema, and no note says whether it is safe
    UNNOTED_REQUIRED = "unnoted_required"  # the same where notes are required
    UNSEEN = "unseen"  # it could not be found out
    UNSEEN_REQUIRED = "unseen_required"  # the same where notes are required, or a version names some


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether a way back passes the gate: `why` is a clause, empty where there is nothing to say.

    `pending` are the notes whose down migration has yet to run, in the order in which that is done.
    """

    gate: Gate
    why: str = ""
    pending: tuple[MigrationNote, ...] = ()


def relevant(observation: Observation, watch: Watch, target: str) -> MigrationSight | None:
    """What was seen of the migrations between this target (a template_id) and the release under watch.

    What the decision was made on counts as long as nothing newer is known, as after a start.
    """
    decided = watch.decision.migrations if watch.decision is not None else None
    both = (observation.surroundings.migrations, decided)
    fitting = [each for each in both if each is not None and (each.release, each.target) == (watch.release.id, target)]
    return next((each for each in fitting if not each.problem), next(iter(fitting), None))


def ask(sight: MigrationSight | None, runs: tuple[DownRun, ...], view: WorkloadView, policy: Policy) -> Passage:
    """Whether the version may be changed.  `runs`: down migrations so far.

    Where somebody has written notes they have to be seen, be it that none is required.
    """
    required = policy.migrations_required
    if sight is None or sight.problem:
        why = sight.problem if sight is not None else "nobody has looked yet"
        unknown = f"whether the database can follow is not known: {why}"
        needed = required or are_named(view)
        return Passage(Gate.UNSEEN_REQUIRED, unknown) if needed else Passage(Gate.UNSEEN, unknown if sight else "")
    unsafe = next((each for each in sight.notes if _unsafe(each)), None)
    if unsafe is not None:
        return Passage(Gate.UNSAFE, _why_unsafe(unsafe))
    twice = _contradicted(sight.notes)
    if twice is not None:
        return Passage(Gate.UNSAFE, f"notes of the same name say how to take it back in several ways: {twice}")
    unnoted = ", ".join(sight.unnoted)
    if unnoted and required:
        return Passage(Gate.UNNOTED_REQUIRED, f"no migration note tells whether it is safe to go back: {unnoted}")
    pending = _pending(sight, runs)
    said = f"no migration note was required: {unnoted}" if unnoted else ""
    if any(each.down is not None and not each.down.automatic for each in pending):
        return Passage(Gate.DOWN_APPROVAL, said, pending)
    if pending:
        return Passage(Gate.DOWN_AUTOMATIC, said, pending)
    if unnoted:
        return Passage(Gate.UNNOTED, said)
    return Passage(Gate.SAFE if sight.notes else Gate.NONE)


def are_named(view: WorkloadView) -> bool:
    """Whether a version of the workload names notes on its migrations."""
    return any(each.migrations not in ("", NO_MIGRATION) for each in view.revisions)


def downs(sight: MigrationSight | None) -> tuple[str, ...]:
    """Names of the migrations whose down migration goes along, be it that some of these have run."""
    return tuple(each.name for each in sight.notes if each.safety is Safety.AFTER_DOWN) if sight is not None else ()


def names(passage: Passage) -> str:
    """The down migrations that have yet to run, as a clause names them."""
    return f"down migration {' and '.join(each.name for each in passage.pending)}"


def _contradicted(notes: tuple[MigrationNote, ...]) -> str | None:
    """The migration that several notes want taken back, each otherwise: it is known by its name, and runs once."""
    downs = {(each.name, each.down) for each in notes if each.safety is Safety.AFTER_DOWN}
    names = [name for name, _ in downs]
    return next((each for each in sorted(names) if names.count(each) > 1), None)


def _pending(sight: MigrationSight, runs: tuple[DownRun, ...]) -> tuple[MigrationNote, ...]:
    done = {each.note for each in runs if each.done}
    return tuple(each for each in sight.notes if each.safety is Safety.AFTER_DOWN and each.name not in done)


def _unsafe(note: MigrationNote) -> bool:
    return note.safety is Safety.UNSAFE or (note.safety is Safety.AFTER_DOWN and note.down is None)


def _why_unsafe(note: MigrationNote) -> str:
    if note.safety is Safety.AFTER_DOWN:
        return f"migration {note.name} ({note.where}) needs a down migration first, and its note names none"
    return f"migration {note.name} is unsafe to go back over, says {note.reviewer} in {note.where}: {note.reason}"
