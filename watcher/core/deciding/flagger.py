"""When Flagger decides on a release by itself, so that nobody else should.

As Flagger 1.44 goes through its phases: while it is Progressing, Waiting or WaitingPromotion it counts failed checks,
and goes back at its next look once they are as many as its threshold; it copies the new version to the primary while it
is Promoting, and turns the traffic back while it is Finalising; Failed stays until the next version, with no traffic
on this one.
"""

from __future__ import annotations

from watcher.core.model import Canary

_COUNTING = frozenset({"Progressing", "Waiting", "WaitingPromotion"})
_PROMOTING = frozenset({"Promoting", "Finalising"})


def flagger_decides(canary: Canary) -> str:
    """Why to stand down, or an empty string: its analysis is under way, and has not come to an end."""
    name = f"Flagger's Canary {canary.name}"
    if canary.phase in _COUNTING and canary.failed >= canary.threshold > 0:
        return f"{name} has failed {canary.failed} of {canary.threshold} checks and is going back by itself"
    if canary.phase in _PROMOTING:
        return f"{name} is {canary.phase.lower()} this version: what it does now cannot be stopped half way"
    if canary.phase == "Failed":
        return f"{name} has failed: Flagger has taken the traffic off this version already"
    return f"{name} is being deleted, and gives the workload back" if canary.phase == "Terminating" else ""
