"""The traffic lane: the new version gets no requests at all although the one before did."""

from __future__ import annotations

import math

from watcher.core.judging.evidence import CounterEvidence
from watcher.core.policy import CounterCheck, Policy
from watcher.core.sentence import seconds
from watcher.core.state import Finding, Watch
from watcher.core.words import Lane, Mode, Verdict

CHECK = "traffic"

LEAST = 300.0
"""Seconds after the end of the rollout in which no request came, at the least."""

DISPERSION = 10.0
"""Traffic comes and goes: so many times more requests must be missing than if they came independently."""


def read(check: CounterCheck, evidence: CounterEvidence, watch: Watch, policy: Policy) -> Finding:
    """What the lane says now, by the requests that this check counts.

    Without requests for a time t at a usual rate r, a new version that is served as before shows this with a
    probability of exp(-rt) if requests are independent.
    """
    missing, lasted = _missing(check, evidence, watch)
    needed = -DISPERSION * math.log(watch.evidence.budget or policy.promise.budget(0.0))
    if missing < needed or lasted < LEAST or watch.rolled_out_at is None:
        return Finding(CHECK, None, f"{CHECK}: {evidence.new.total:,.0f} requests on the new version")
    text = f"{CHECK}: no request on the new version for {seconds(lasted)}, about {missing:,.0f} are usual"
    return Finding(
        CHECK,
        Verdict.BREACH,
        text,
        lane=Lane.TRAFFIC,
        may=policy.traffic,
        why_may="" if policy.traffic is Mode.ACT else f"check {CHECK} may {policy.traffic}",
        since=watch.rolled_out_at,
        source=check.source,
    )


def _missing(check: CounterCheck, evidence: CounterEvidence, watch: Watch) -> tuple[float, float]:
    """Requests that should have come since the new version is everywhere, and for how many seconds none came."""
    usual, rolled_out = evidence.usual, watch.rolled_out_at
    blind = evidence.broken or not check.identify.sees_versions or rolled_out is None
    if blind or rolled_out is None or evidence.new.total > 0 or not usual.count or not evidence.window.length:
        return 0.0, 0.0
    lasted = max(0.0, evidence.sighted_at - rolled_out)
    return lasted * usual.total / (usual.count * evidence.window.length), lasted
