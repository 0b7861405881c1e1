"""What the picture shows: for each check that spoke up one panel, with the marks that all of them share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.core.judging.course import AVAILABILITY, Course
from watcher.core.judging.parameters import SEVERE
from watcher.core.policy import Check, HistogramCheck, Policy, QueryCheck
from watcher.core.sentence import percent
from watcher.core.state import Finding
from watcher.core.words import Verdict
from watcher.incident.facts import Incident

MOST_PANELS = 3

BEFORE, AFTER = 300.0, 60.0
"""Seconds that are shown before the release, and after the end, as far as they were seen."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value that holds from `start` to `end`, Unix seconds."""

    start: float
    end: float
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel; `name` tells what it is, `kind` how it is drawn: new, old or all."""

    name: str
    kind: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """A threshold, and what it is."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart.  `shares`: values are ratios in [0, 1], shown in percent.  `bounds` are named thresholds.

    `steps`: each value holds until the next one.
    """

    title: str
    lines: tuple[Line, ...]
    bounds: tuple[Bound, ...] = ()
    shares: bool = True
    steps: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that is shown in all panels."""

    at: float
    text: str
    strong: bool = False


def panels(incident: Incident) -> tuple[Panel, ...]:
    """The checks that spoke up, strongest first; none where the log holds no course of them."""
    if incident.decision is None or incident.watch is None:
        return ()
    courses = {each.check: each for each in incident.courses}
    broken = [each for each in incident.decision.findings if each.verdict is Verdict.BREACH]
    found = [_panel(each, courses[each.check], incident) for each in broken if each.check in courses]
    return tuple(each for each in found if any(line.points for line in each.lines))[:MOST_PANELS]


def span(shown: Sequence[Panel], found: Sequence[Mark]) -> tuple[float, float]:
    """From when to when all panels go, Unix seconds."""
    points = [point for panel in shown for line in panel.lines for point in line.points]
    ends = [each.at for each in found]
    first, last = min(each.start for each in points), max(each.end for each in points)
    begin = max(first, min([*ends, last]) - BEFORE)
    end = min(max(last, *ends, begin + 60.0), max([*ends, last]) + AFTER) if ends else last
    return begin, max(end, begin + 60.0)


def marks(incident: Incident) -> tuple[Mark, ...]:
    """Release began, decided, each rung done, recovered: in order."""
    return tuple(sorted(_marks(incident), key=lambda each: each.at))


def _marks(incident: Incident) -> Iterator[Mark]:
    if incident.began is not None:
        yield Mark(incident.began, "release began")
    yield Mark(incident.decided_at, "decided", strong=True)
    for rung in incident.document.get("rungs") or []:
        if rung.get("at") is not None and rung.get("took_s") is not None:
            how = "failed" if rung.get("failed") else "done"
            yield Mark(float(rung["at"]) + float(rung["took_s"]), f"{rung['rung']} {how}")
    outcome, ended = incident.document.get("outcome"), incident.ended_at
    if outcome and ended is not None:
        yield Mark(ended, str(outcome).replace("_", " "), strong=True)


def _panel(finding: Finding, course: Course, incident: Incident) -> Panel:
    policy = incident.policy
    check = policy.check(finding.check) if policy is not None else None
    if finding.check == AVAILABILITY:
        behind = Line("in the new version", "new", tuple(_share(course, course.new, course.new_bad)))
        missing = Line("in any version", "old", tuple(_share(course, course.old, course.old_bad)))
        return Panel("Share of replicas that do not serve", (behind, missing), steps=True)
    if isinstance(check, QueryCheck):
        found = (("max", check.max), ("min", check.min))
        bounds = tuple(Bound(name, value) for name, value in found if value is not None)
        return Panel(finding.check, (Line("value", "new", _values(course)),), bounds, shares=False)
    title = f"{finding.check}: share of requests that {_verb(policy, finding.check)}"
    return Panel(title, _versions(course, incident), tuple(_bounds(finding, check)))


def _bounds(finding: Finding, check: Check | None) -> Iterator[Bound]:
    """What the thresholds file allows, and the bound that was proven to be exceeded where it is another."""
    allowed = check.max if check is not None else None
    proven = allowed_by(finding)
    if allowed is not None:
        yield Bound("max", allowed)
    if proven is not None and (allowed is None or abs(proven - allowed) > 1e-9):
        yield Bound("proven over", proven)


def allowed_by(finding: Finding) -> float | None:
    """The share that was proven to be exceeded, a ratio in [0, 1]."""
    return SEVERE.get(finding.lane, finding.limit) if finding.lane is not None else finding.limit


def _verb(policy: Policy | None, name: str) -> str:
    check = policy.check(name) if policy is not None else None
    return f"took longer than {check.bound:g} s" if isinstance(check, HistogramCheck) else "failed"


def _versions(course: Course, incident: Incident) -> tuple[Line, ...]:
    new = tuple(_share(course, course.new, course.new_bad))
    old = tuple(_share(course, course.old, course.old_bad))
    if not old:
        return (Line("all versions", "all", new),)
    assert incident.watch is not None  # noqa: S101 - there is a course
    release = incident.watch.release
    return (
        Line(f"new ({release.revision})", "new", new),
        Line(f"old ({release.previous_revision})" if release.previous_revision else "old", "old", old),
    )


def _share(course: Course, total: Sequence[float], bad: Sequence[float]) -> Iterator[Point]:
    for start, end, every, failed in zip(course.starts, course.ends, total, bad, strict=True):
        if every > 0:
            yield Point(start, end, min(1.0, failed / every))


def _values(course: Course) -> tuple[Point, ...]:
    return tuple(map(Point, course.starts, course.ends, course.new))


def told(value: float, *, shares: bool) -> str:
    """A value as it is written."""
    return percent(value) if shares else f"{value:,.6g}"
