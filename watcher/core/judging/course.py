"""How the shares of bad requests went over time, in few numbers: the picture that is kept with a decision.

Evidence is running sums, which tell that a bound was exceeded and not how it looked.  A course tells that, and nothing
is decided on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from watcher.core.model import Block, Observation, WorkloadView
from watcher.core.policy import Policy, QueryCheck, basis

MOST = 80
"""Stretches of one check that are kept; beyond that neighbours become one, the older the sooner."""

BEFORE = 900.0
"""Seconds before the release that belong to the picture."""

AVAILABILITY = "availability"
"""Name of the course of replicas.  Of those that are wanted (`new`, `old`), `new_bad` do not serve in the version that
the spec asks for, `old_bad` in none."""


@dataclass(frozen=True, slots=True)
class Course:
    """One check over time: stretch by stretch from `starts` to `ends` (Unix seconds), oldest first.

    Requests of the new version, and of all others (`old`), all and the bad ones among them.  A check that sees no
    versions has all of them as `new`.  Of a query check `new` is its value, and the rest is 0.
    """

    check: str
    starts: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()
    new: tuple[float, ...] = ()
    new_bad: tuple[float, ...] = ()
    old: tuple[float, ...] = ()
    old_bad: tuple[float, ...] = ()

    @property
    def until(self) -> float:
        """End of the newest stretch; what ends earlier is known."""
        return self.ends[-1] if self.ends else 0.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is added to a course."""

    start: float
    end: float
    new: float
    new_bad: float = 0.0
    old: float = 0.0
    old_bad: float = 0.0


class Released(Protocol):
    """The release that the picture is of."""

    @property
    def revision(self) -> str:
        """The name by which pods are joined to it."""

    @property
    def began(self) -> float:
        """When it began, Unix seconds."""


def fold(
    courses: tuple[Course, ...],
    observation: Observation,
    view: WorkloadView,
    policy: Policy,
    release: Released,
    now: float,
) -> tuple[Course, ...]:
    """The courses with all that is new: of each check, and of the replicas."""
    found = {each.check: each for each in courses}
    bases = {check.name: basis(check) for check in policy.checks}
    wanted = [each for each in observation.blocks if each.start >= release.began - BEFORE and _holds(each, bases)]
    for block in sorted(wanted, key=lambda each: each.start):
        _add(found, block.check, _of_block(block, release.revision), merge=True)
    queries = {check.name for check in policy.checks if isinstance(check, QueryCheck)}
    for value in observation.queries:
        if value.check in queries and value.value is not None:
            _add(found, value.check, Stretch(value.at, value.at, value.value), merge=False)
    _add_replicas(found, view, now)
    return tuple(found.values())


def _holds(block: Block, bases: dict[str, str]) -> bool:
    """Whether its numbers mean what the check asks for now."""
    return block.check in bases and not block.broken and block.basis in ("", bases[block.check])


def _of_block(block: Block, revision: str) -> Stretch:
    new = [pod for pod in block.pods if pod.revision in ("", revision)]
    old = [pod for pod in block.pods if pod.revision not in ("", revision)]
    return Stretch(
        block.start,
        block.end,
        sum(pod.total for pod in new),
        sum(pod.bad for pod in new),
        sum(pod.total for pod in old),
        sum(pod.bad for pod in old),
    )


def _add(found: dict[str, Course], check: str, stretch: Stretch, *, merge: bool) -> None:
    course = found.get(check, Course(check))
    if course.starts and stretch.start < course.until - 1e-6:
        return
    found[check] = _bounded(_joined(course, stretch), merge=merge)


def _add_replicas(found: dict[str, Course], view: WorkloadView, now: float) -> None:
    """Only where something has changed: it holds until the next one."""
    newest, wanted = view.newest(), view.desired
    behind = max(0, wanted - (newest.available if newest is not None else 0))
    seen = (float(wanted), float(behind), float(wanted), float(max(0, wanted - view.available)))
    known = found.get(AVAILABILITY, Course(AVAILABILITY))
    if known.starts and (known.new[-1], known.new_bad[-1], known.old[-1], known.old_bad[-1]) == seen:
        return
    if not known.starts or now > known.until:
        found[AVAILABILITY] = _bounded(_joined(known, Stretch(now, now, *seen)), merge=False)


def _joined(course: Course, stretch: Stretch) -> Course:
    return Course(
        course.check,
        (*course.starts, stretch.start),
        (*course.ends, stretch.end),
        (*course.new, stretch.new),
        (*course.new_bad, stretch.new_bad),
        (*course.old, stretch.old),
        (*course.old_bad, stretch.old_bad),
    )


def _bounded(course: Course, *, merge: bool) -> Course:
    """At most `MOST` stretches.  Counts of two neighbours are added; of values that hold until the next, one goes."""
    if len(course.starts) <= MOST:
        return course
    newest = course.until
    spans = [(end - start, newest - start) for start, end in zip(course.starts[:-1], course.ends[1:], strict=True)]
    place = min(range(len(spans)), key=lambda index: (spans[index][0] / max(spans[index][1], 1e-9), index))
    return _merged(course, place) if merge else _without(course, place)


def _merged(course: Course, place: int) -> Course:
    def added(numbers: tuple[float, ...]) -> tuple[float, ...]:
        return (*numbers[:place], numbers[place] + numbers[place + 1], *numbers[place + 2 :])

    return replace(
        course,
        starts=(*course.starts[: place + 1], *course.starts[place + 2 :]),
        ends=(*course.ends[:place], *course.ends[place + 1 :]),
        new=added(course.new),
        new_bad=added(course.new_bad),
        old=added(course.old),
        old_bad=added(course.old_bad),
    )


def _without(course: Course, place: int) -> Course:
    def rest(numbers: tuple[float, ...]) -> tuple[float, ...]:
        return (*numbers[:place], *numbers[place + 1 :])

    columns = (course.starts, course.ends, course.new, course.new_bad, course.old, course.old_bad)
    return Course(course.check, *map(rest, columns))
