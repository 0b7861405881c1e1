"""The rule for query checks: a value beyond its bound for a stretch of time.

Such a check stands outside any statistical promise.  A missing value moves nothing; after a silence longer than
`MAX_SILENCE` the stretch begins anew, for nobody knows what was in between.
"""

from __future__ import annotations

import math
from dataclasses import replace

from watcher.core.judging.evidence import QueryEvidence
from watcher.core.model import QueryValue
from watcher.core.policy import QueryCheck, basis
from watcher.core.sentence import seconds
from watcher.core.state import Finding, Release
from watcher.core.words import Lane, Mode, Verdict

MAX_SILENCE = 60.0
"""Seconds without a value after which a stretch does not count on."""

STALE = 180.0
"""Seconds after which the newest value says nothing of now."""


def begin(check: QueryCheck) -> QueryEvidence:
    """Nothing seen yet."""
    return QueryEvidence(check.name, basis(check))


def fold(check: QueryCheck, evidence: QueryEvidence, value: QueryValue, release: Release) -> QueryEvidence:
    """Add one evaluation.  Older ones than seen, and ones without a value, change nothing."""
    if value.value is None or math.isnan(value.value) or value.at <= evidence.last_at:
        return evidence
    over = _over(check, value.value)
    if value.at < release.began:
        return replace(evidence, over_before=over, last_at=value.at)
    silent = evidence.values > 0 and value.at - evidence.last_at > MAX_SILENCE
    since = None if not over else value.at if evidence.over_since is None or silent else evidence.over_since
    return replace(
        evidence,
        values=evidence.values + 1,
        last=value.value,
        last_at=value.at,
        over_since=since,
        over_before=evidence.over_before and over,
    )


def read(check: QueryCheck, evidence: QueryEvidence, now: float) -> Finding:
    """What the check says now."""
    if evidence.last is None:
        return Finding(check.name, Verdict.NO_DATA, f"{check.name}: the query returned nothing", source=check.source)
    if now - evidence.last_at > STALE:
        text = f"{check.name}: the query has returned nothing for {seconds(now - evidence.last_at)}"
        return Finding(check.name, Verdict.NO_DATA, text, source=check.source)
    if evidence.over_before:
        text = f"{check.name}: {evidence.last:g} is beyond its bound, and was before the release"
        return Finding(check.name, None, text, source=check.source)
    lasted = 0.0 if evidence.over_since is None else evidence.last_at - evidence.over_since
    if evidence.over_since is None or lasted < check.hold_for:
        return Finding(check.name, None, f"{check.name}: {evidence.last:g} now", source=check.source)
    may, why = _may(check)
    return Finding(
        check=check.name,
        verdict=Verdict.BREACH,
        sentence=f"{check.name}: {evidence.last:g} for {seconds(lasted)}; allowed is {_bounds(check)}",
        lane=Lane.QUERY,
        may=may,
        why_may=why,
        since=evidence.over_since,
        limit=check.max if check.max is not None and evidence.last > check.max else check.min,
        source=check.source,
    )


def _may(check: QueryCheck) -> tuple[Mode, str]:
    if check.may is Mode.ACT and not check.identify.sees_versions:
        return Mode.PROPOSE, f"check {check.name} cannot tell versions apart"
    return check.may, "" if check.may is Mode.ACT else f"check {check.name} may only {check.may}"


def _over(check: QueryCheck, value: float) -> bool:
    return (check.max is not None and value > check.max) or (check.min is not None and value < check.min)


def _bounds(check: QueryCheck) -> str:
    parts = [f"at least {check.min:g}"] if check.min is not None else []
    parts += [f"at most {check.max:g}"] if check.max is not None else []
    return " and ".join(parts)
