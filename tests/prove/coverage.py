"""What must have happened in the histories, or the proof has lost its teeth."""

from __future__ import annotations

from tests.prove import simulated_events, wire
from tests.prove.causes import CAUSES
from tests.prove.events import EVENTS
from tests.prove.history import Told
from watcher.core.guards import GUARDS
from watcher.core.words import Outcome

ENOUGH = 5000
"""Histories in which everything must have come."""

NEVER_HERE = frozenset({"waiting_for_person"})
"""Outcomes that come after more time than a history has."""

UNHELD = frozenset({"superseded", "outdated", "forbidden", "git_unknown", "no_way_back", "not_watched", "mode"})
"""Guards that come up amid a rollback, where they may only be seen as one that stands down."""


def wanted() -> frozenset[str]:
    """Everything that must be there."""
    return frozenset(
        (
            *(f"event {name}" for name in (*EVENTS, *simulated_events.EVENTS)),
            *(f"cause {guard}" for guard in CAUSES),
            *(f"guard {guard}" for guard in GUARDS if guard not in UNHELD),
            *(f"fault {name}" for name in wire.FAULTS),
            *(f"outcome {outcome}" for outcome in Outcome if outcome not in NEVER_HERE),
            *("crash", "refused write", "write undo", "write abort", "write revert", "transition stood_down"),
            *("transition pass", "transition breach", "transition no_data", "transition inconclusive"),
        )
    )


def missing(told: Told) -> list[str]:
    """What never happened."""
    return sorted(each for each in wanted() if not told.counts[each])


def summary(told: Told) -> str:
    """All counts, one group a line."""
    groups: dict[str, list[str]] = {}
    for what, count in sorted(told.counts.items()):
        group, _, name = what.partition(" ")
        groups.setdefault(group, []).append(f"{name or 'so often'} {count:,}")
    return "\n".join(f"{group:>10}: {', '.join(found)}" for group, found in groups.items())
