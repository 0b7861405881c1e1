"""What must have happened in the histories, or the proof has lost its teeth."""

from __future__ import annotations

from tests.prove import simulated_events, wire
from tests.prove.causes import STORIES
from tests.prove.events import EVENTS
from tests.prove.history import Told
from tests.prove.simulated_chance import MOMENTARY
from watcher.core.deciding.guards import GUARDS
from watcher.core.words import Outcome

ENOUGH = 5000
"""Histories in which everything must have come."""

RARE = frozenset({"waiting_for_person", "restored_unconfirmed", "did_not_help"})
"""Outcomes that come after more time, or less traffic, than most histories have."""

UNHELD = frozenset(
    (
        *("superseded", "outdated", "forbidden", "git_unknown", "no_way_back", "not_watched", "mode"),
        *("down_migration", "flag_unknown", "not_known_good", "not_its_fault"),
    )
)
"""Guards that come up amid a rollback or at a person's command, where they seldom are the one that is named."""

STEERED = frozenset({"lag", "later", "silently", "until", "until_sent", "until_decided"})
"""Events of the histories that are drawn for mutations."""


def wanted() -> frozenset[str]:
    """Everything that must be there."""
    return frozenset(
        (
            *(f"event {name}" for name in {*EVENTS, *simulated_events.EVENTS} - STEERED),
            *(f"cause {guard}" for guard in (*MOMENTARY, *STORIES)),
            *(f"guard {guard}" for guard in GUARDS if guard not in UNHELD),
            *(f"fault {name}" for name in wire.FAULTS),
            *(f"outcome {outcome}" for outcome in Outcome if outcome not in RARE),
            *("crash", "refused write", "write undo", "write abort", "write revert", "transition stood_down"),
            *("transition pass", "transition breach", "transition no_data"),
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
