"""What goes along with a way back, as documents: its feature flag, the migrations in between, and those taken back."""

from __future__ import annotations

from watcher.core.migrations import MigrationNote, MigrationSight
from watcher.core.state import Decision, DownRun, Watch

Body = dict[str, object]


def flag_body(watch: Watch, decision: Decision) -> Body | None:
    """The flag that the decision switches off, how it stood before and after; None where it switches none."""
    if decision.flag is None:
        return None
    after, switched = decision.flag_after, watch.switched
    off = switched is not None and switched.decision == decision.id
    return {
        "name": str(decision.flag.flag),
        "before": decision.flag.state,
        "after": after.state if after is not None else "",
        "version": decision.flag.version,
        "switched_at": switched.at if switched is not None and off else None,
        "restore": restore_command(decision.id) if off else "",
    }


def restore_command(decision: str) -> str:
    """The command that switches the flag of a decision on again."""
    return f"watcher flags restore {decision}"


def migrations_body(decision: Decision) -> Body | None:
    """The migrations between target and release, as they were known; None where nobody had looked."""
    sight = decision.migrations
    return None if sight is None else _sight(sight)


def down_body(run: DownRun) -> Body:
    """One down migration and what became of its Job; times are Unix seconds."""
    return {
        "note": run.note,
        "when": run.down.when.value,
        "automatic": run.down.automatic,
        "job": run.job,
        "decision": run.decision,
        "ordered_at": run.ordered,
        "ended_at": run.ended,
        "failed": run.failed,
        "message": run.message,
        "logs": run.logs,
    }


def _sight(sight: MigrationSight) -> Body:
    return {
        "notes": [_note(each) for each in sight.notes],
        "unnoted": list(sight.unnoted),
        "problem": sight.problem,
    }


def _note(note: MigrationNote) -> Body:
    return {
        "name": note.name,
        "safety": note.safety.value,
        "reason": note.reason,
        "reviewer": note.reviewer,
        "where": note.where,
        "down": note.down.job if note.down is not None else "",
    }
