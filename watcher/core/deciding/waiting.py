"""What the first decision on a breach waits for, as it is being looked at just now: for some seconds, not longer."""

from __future__ import annotations

from watcher.core.deciding import flagged, gate, managed
from watcher.core.deciding.blame import fleet_unknown
from watcher.core.deciding.commanded import sought
from watcher.core.deciding.fleet import FOLLOW
from watcher.core.deciding.managed import Outlook
from watcher.core.state import Finding
from watcher.core.turn import Turn

FLEET_PATIENCE = 10.0
"""Seconds that it waits for what the other services tell."""

GIT_PATIENCE = 20.0
"""Seconds that it waits for what going back in Git would mean."""

FLAG_PATIENCE = 10.0
"""Seconds that it waits for how the release's flag stands."""

NOTES_PATIENCE = 20.0
"""Seconds that it waits for what the migration notes say."""


def is_due(turn: Turn, breaches: tuple[Finding, ...], *, by_version: bool = False) -> bool:
    """Whether the decision waits; `by_version`: no flag is asked."""
    ahead = managed.outlook(turn.watch, turn.observation, breaches)
    if _waits_for_fleet(turn, breaches) or (not by_version and _waits_for_flag(turn, ahead)):
        return True
    by_flag = not by_version and flagged.step(ahead.tie, turn.policy).taken
    return not by_flag and (_waits_for_git(turn, ahead) or _waits_for_notes(turn))


def _waits_for_fleet(turn: Turn, breaches: tuple[Finding, ...]) -> bool:
    """Whether the other services are being looked at just now, and without that the guard would hold."""
    fleet = turn.observation.surroundings.fleet
    if fleet_unknown(breaches, fleet, turn.now) is None:
        return False
    breached, seen = turn.watch.breached_at or turn.now, fleet is not None and not fleet.problem
    followed = max((each.since for each in breaches if each.since is not None), default=turn.now) + FOLLOW
    return turn.now < (max(breached, followed) if seen else breached) + FLEET_PATIENCE


def _waits_for_flag(turn: Turn, ahead: Outlook) -> bool:
    return flagged.unseen(ahead.tie, turn.policy) and _since(turn) < FLAG_PATIENCE


def _waits_for_git(turn: Turn, ahead: Outlook) -> bool:
    """Whether it is being looked at just now what going back in Git would mean, and that leads the way."""
    if turn.view.application is None or managed.out_of_reach(turn.view) or _aborts(turn):
        return False
    return ahead.prospect is None and _since(turn) < GIT_PATIENCE


def _waits_for_notes(turn: Turn) -> bool:
    """Whether there may be migration notes, and they are being looked for just now."""
    target = sought(turn.state, turn.view, turn.policy, turn.watch, turn.now)
    if target is None or gate.relevant(turn.observation, turn.watch, target.template_id) is not None:
        return False
    noted = any(each.migrations for each in turn.view.revisions)
    expected = noted or turn.policy.migrations_required or turn.view.application is not None
    return expected and _since(turn) < NOTES_PATIENCE


def _since(turn: Turn) -> float:
    return turn.now - (turn.watch.breached_at or turn.now)


def _aborts(turn: Turn) -> bool:
    return turn.view.rollout is not None and turn.view.rollout.in_progress
