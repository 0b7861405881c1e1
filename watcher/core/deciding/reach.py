"""How far a decision may go by itself: the strictest of all that limits it, and the reason for it."""

from __future__ import annotations

from watcher.core.deciding import gate
from watcher.core.deciding.framework import Course
from watcher.core.deciding.gate import Passage
from watcher.core.deciding.ladder import FAR_BACK
from watcher.core.policy import Policy
from watcher.core.state import Finding, RungStep, Target, Watch
from watcher.core.words import STRICTNESS, Action, Mode, Rung, strictest


def down(passage: Passage, course: Course) -> tuple[Mode, str]:
    """How far the down migrations let it go, and why not farther."""
    limits = course.action is Action.ROLL_BACK and course.most is not Mode.ACT
    return (course.most, f"{gate.names(passage)} runs with a person's approval only") if limits else (Mode.ACT, "")


def strongest(watch: Watch, findings: tuple[Finding, ...], policy: Policy) -> tuple[Finding, Mode, str]:
    """The finding on which one may go farthest, how far that is, and why not farther."""
    limited = [(finding, *_own_limit(watch, finding, policy)) for finding in findings]
    return max(limited, key=lambda each: STRICTNESS.index(each[1]))


def _own_limit(watch: Watch, finding: Finding, policy: Policy) -> tuple[Mode, str]:
    late = _late_onset(watch, finding, policy)
    if STRICTNESS.index(late) < STRICTNESS.index(finding.may):
        return late, "the fault began long after the last change of exposure"
    return finding.may, finding.why_may


def limited(
    finding: tuple[Mode, str],
    chosen: RungStep | None,
    target: Target | None,
    policy: Policy,
    by_down: tuple[Mode, str],
) -> tuple[Mode, str]:
    """The strictest of everything that limits how far this may go, and the reason for it."""
    limits = [
        (policy.mode, f"mode is {policy.mode}"),
        finding,
        (chosen.mode if chosen else Mode.NONE, f"rung {chosen.rung}: {chosen.reason}" if chosen else "no rung"),
        (_far_back(chosen, target), "the target is several releases back"),
        by_down,
    ]
    mode = strictest(*(limit for limit, _ in limits))
    return mode, "" if mode is Mode.ACT else next(why for limit, why in limits if limit is mode)


def _late_onset(watch: Watch, finding: Finding, policy: Policy) -> Mode:
    """A fault that begins late, with no old pods to compare with, is mostly a dependency's."""
    if finding.compared or finding.since is None or watch.exposure_changed_at is None:
        return Mode.ACT
    late = finding.since - watch.exposure_changed_at > policy.judge.blame_window
    return Mode.PROPOSE if late else Mode.ACT


def _far_back(chosen: RungStep | None, target: Target | None) -> Mode:
    if chosen is not None and chosen.rung is Rung.FLAG:
        return Mode.ACT
    return Mode.PROPOSE if target is not None and target.releases_back > FAR_BACK else Mode.ACT
