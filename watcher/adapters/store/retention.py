"""What is removed from the log by age, one small batch at a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

_DAY = 86400.0
_BATCH = 500  # rows of one transaction: a few milliseconds, so that no commit waits long


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in seconds.  What belongs to a release under watch is kept whatever its age."""

    decisions: float = (
        400 * _DAY
    )  # decisions, releases, hours of blindness, rehearsals, closings of the breaker, flags put back
    transitions: float = 90 * _DAY  # and notifications that were told


_OPEN = "SELECT id FROM releases WHERE ended IS NULL"

# Each finds at most a batch of rows and removes them.  A release outlives its decisions, a policy its records; a
# label goes with its decision.
_OLD_TRANSITIONS = f"""
    DELETE FROM transitions WHERE id IN (
        SELECT id FROM transitions WHERE at < :transitions AND release NOT IN ({_OPEN}) LIMIT :batch)
"""  # noqa: S608 - a constant
_OLD_DECISIONS = f"""
    DELETE FROM decisions WHERE id IN (
        SELECT id FROM decisions WHERE at < :decisions AND release NOT IN ({_OPEN}) LIMIT :batch)
"""  # noqa: S608 - a constant
_OLD_LABELS = """
    DELETE FROM labels WHERE decision IN (
        SELECT decision FROM labels
        WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE id = labels.decision) LIMIT :batch)
"""
_OLD_BLINDNESS = """
    DELETE FROM blindness WHERE rowid IN (SELECT rowid FROM blindness WHERE hour < :decisions LIMIT :batch)
"""
_OLD_REHEARSALS = """
    DELETE FROM rehearsals WHERE id IN (SELECT id FROM rehearsals WHERE at < :decisions LIMIT :batch)
"""
_OLD_CLOSINGS = """
    DELETE FROM breaker_closings WHERE rowid IN (SELECT rowid FROM breaker_closings WHERE at < :decisions LIMIT :batch)
"""
_OLD_FLAG_RESTORES = """
    DELETE FROM flag_restores WHERE rowid IN (SELECT rowid FROM flag_restores WHERE at < :decisions LIMIT :batch)
"""
_ENDED_HOLDS = """
    DELETE FROM holds WHERE scope IN (SELECT scope FROM holds WHERE until <= :now LIMIT :batch)
"""
_OLD_RELEASES = """
    DELETE FROM releases WHERE id IN (
        SELECT id FROM releases WHERE ended < :decisions
        AND NOT EXISTS (SELECT 1 FROM decisions WHERE release = releases.id) LIMIT :batch)
"""
_UNUSED_POLICIES = """
    DELETE FROM policies WHERE hash IN (
        SELECT hash FROM policies
        WHERE NOT EXISTS (SELECT 1 FROM transitions WHERE policy_hash = policies.hash) LIMIT :batch)
"""
_TOLD = """
    DELETE FROM outbox WHERE key IN (SELECT key FROM outbox WHERE done < :transitions LIMIT :batch)
"""  # what waits is given up by who delivers, and tells so
_RULES = (
    _OLD_TRANSITIONS,
    _OLD_DECISIONS,
    _OLD_LABELS,
    _ENDED_HOLDS,
    _OLD_RELEASES,
    _OLD_BLINDNESS,
    _OLD_REHEARSALS,
    _OLD_CLOSINGS,
    _OLD_FLAG_RESTORES,
    _TOLD,
    _UNUSED_POLICIES,
)


def remove_batch(connection: sqlite3.Connection, retention: Retention, now: float) -> int:
    """Remove at most one batch of each kind; returns the number of rows."""
    values = {
        "now": now,
        "transitions": now - retention.transitions,
        "decisions": now - retention.decisions,
        "batch": _BATCH,
    }
    return sum(connection.execute(rule, values).rowcount for rule in _RULES)
