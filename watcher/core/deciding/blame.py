"""Guards that ask whether the evidence speaks against the release at all."""

from __future__ import annotations

from collections.abc import Callable

from watcher.core.deciding.case import Case
from watcher.core.deciding.fleet import by_chance, tells_nothing, together
from watcher.core.deciding.siblings import known_origins, suspected_siblings
from watcher.core.model import Fleet
from watcher.core.state import Finding

ALIKE = 15.0
"""Seconds by which the beginnings of one fault may differ as two services show it."""


def source_unhealthy(case: Case) -> str | None:
    """Why nothing is blamed on the release: what speaks against it comes from a sick source."""
    concerned = [finding.source for finding in case.findings if finding.source in case.sick]
    if case.sound or not concerned:
        return None
    return f"metrics source {concerned[0]} is not healthy: {case.sick[concerned[0]]}"


def excused_by(guard: str) -> Callable[[Case], str | None]:
    """A guard for which the evidence itself carries the reason."""

    def excused(case: Case) -> str | None:
        reasons = [each.excuse for each in case.findings if each.excuse and each.excused_by == guard]
        return reasons[0] if reasons and not case.sound else None

    return excused


def _alone(sound: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings to be blamed on the release if none of them has the old version beside it for comparison."""
    return () if any(each.compared for each in sound) else sound


def fleet_unknown(findings: tuple[Finding, ...], fleet: Fleet | None, now: float) -> str | None:
    """Why it is not known whether other services suffer the same, where that matters."""
    alone = _alone(findings)
    if not alone:
        return None
    since = min((each.since for each in alone if each.since is not None), default=now)
    why = tells_nothing(fleet, since, max(each.settles for each in alone), *_onset(alone, now))
    return f"whether other services suffer the same is not known: {why}" if why else None


def fleet_not_known(case: Case) -> str | None:
    """Why it is not known whether other services suffer the same."""
    return fleet_unknown(case.sound, case.observation.surroundings.fleet, case.now)


def fleet_veto(case: Case) -> str | None:
    """Which other services suffer the same."""
    fleet = case.observation.surroundings.fleet
    if not _alone(case.sound) or fleet is None or fleet.problem:
        return None
    others = together(fleet, *_onset(case.sound, case.now))
    if others <= by_chance(fleet):
        return None
    return (
        f"{others} of {fleet.services} other services began to suffer the same at that time: look for what they share"
    )


def several_releases(case: Case) -> str | None:
    """Which other release may be the cause."""
    if not _alone(case.sound):
        return None
    begin, end = _onset(case.sound, case.now)
    suspects = case.observation.surroundings.suspects
    siblings = suspected_siblings(known_origins(case.release, case.observation.surroundings.prospect), suspects)
    others = [
        each
        for each in suspects
        if each.earliest <= end + ALIKE and each.since >= begin - ALIKE and each not in siblings
    ]
    if not others:
        return None
    names = ", ".join(str(each.workload) for each in others)
    proven = [each for each in others if each.compared]
    if proven:
        return f"{proven[0].workload}, released lately too, is proven to be bad: it comes first"
    return f"several releases may be the cause: {names} began to suffer at the same time"


def _onset(alone: tuple[Finding, ...], now: float) -> tuple[float, float]:
    """Between which times (Unix seconds) the fault began."""
    found = [each for each in alone if each.since is not None]
    since = min((each.since for each in found if each.since is not None), default=now)
    earliest = min((each.earliest for each in found if each.earliest is not None), default=since)
    return earliest, max((each.latest for each in found if each.latest is not None), default=since)
