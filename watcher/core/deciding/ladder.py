"""The ladder: the ways back in the order they are tried, chosen from the real state of the workload."""

from __future__ import annotations

import math
from dataclasses import replace

from watcher.core.deciding import flagged, managed
from watcher.core.deciding.ledger import accepted
from watcher.core.deciding.managed import Outlook
from watcher.core.model import RolloutStatus, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import KnownGood, RungStep, Target, WorkloadState
from watcher.core.words import Mode, Rung

FAR_BACK = 3
"""A target more releases back than this is only proposed."""


def choose_target(state: WorkloadState, view: WorkloadView, policy: Policy, bad: str, now: float) -> KnownGood | None:
    """The known-good revision to go back to: the stable one of a Rollout in progress, else the one that ran last.

    `bad` is the template to get away from.  None when no entry is accepted.
    """
    usable = [each for each in _accepted(state, view, policy, now) if each.template_id != bad]
    return max(usable, key=lambda each: math.inf if each.last_ran is None else each.last_ran, default=None)


def target_still_accepted(
    state: WorkloadState, view: WorkloadView, policy: Policy, template_id: str, now: float
) -> KnownGood | None:
    """The entry of a target that was chosen before, or None where it would not be accepted any more."""
    return next((each for each in _accepted(state, view, policy, now) if each.template_id == template_id), None)


def _accepted(state: WorkloadState, view: WorkloadView, policy: Policy, now: float) -> list[KnownGood]:
    entries, stable = list(state.known_good), _stable_template(view)
    if stable is not None:  # it serves beside the new one, so it is never too long ago
        entries = [replace(each, last_ran=None) for each in entries if each.template_id == stable]
    return [each for each in entries if accepted(each, policy.known_good, now)]


def describe_target(target: KnownGood, view: WorkloadView) -> Target:
    """The target as the decision names it."""
    revision = view.with_template(target.template_id)
    newer = sum(1 for each in view.revisions if revision is not None and each.number > revision.number)
    name, number = (revision.name, revision.number) if revision is not None else (target.revision, 0)
    return Target(target.template_id, name, target.images, target.provenance, max(newer, 1), number)


def climb(view: WorkloadView, policy: Policy, outlook: Outlook | None = None) -> tuple[RungStep, ...]:
    """Every rung in the order in which they are tried: whether it can be taken here, how far it may go, and why."""
    ahead = outlook or Outlook()
    first = (flagged.step(ahead.tie, policy), _abort(view, policy))
    if view.manager is not None:
        return (*first, *managed.ways(view, policy, ahead))
    return (*first, _no_git(), _undo(policy))


def next_rung(rungs: tuple[RungStep, ...]) -> RungStep | None:
    """The first rung that can be taken and has not failed."""
    return next((each for each in rungs if each.taken and not each.failed), None)


def _stable_template(view: WorkloadView) -> str | None:
    if view.rollout is None or not view.rollout.in_progress:
        return None
    stable = view.stable()
    return stable.template_id if stable is not None else ""


def _abort(view: WorkloadView, policy: Policy) -> RungStep:
    reason = _no_abort(view.rollout)
    if reason:
        return RungStep(Rung.ABORT, Mode.NONE, taken=False, reason=reason)
    step = _taken(Rung.ABORT, policy.rung_mode(Rung.ABORT), "the Rollout is in progress; the stable version takes over")
    return replace(step, paired=step.taken and view.application is not None and not managed.out_of_reach(view))


def _no_abort(rollout: RolloutStatus | None) -> str:
    if rollout is None:
        return "not an Argo Rollout"
    if not rollout.in_progress:
        return "the Rollout is fully promoted"
    if rollout.invalid_spec:
        return "the Rollout's spec is invalid, so its controller never acts on an abort"
    return "the Rollout is aborted already" if rollout.aborted_at else ""


def _no_git() -> RungStep:
    return RungStep(Rung.GIT, Mode.NONE, taken=False, reason="nobody manages the workload from Git")


def _undo(policy: Policy) -> RungStep:
    return _taken(Rung.UNDO, policy.rung_mode(Rung.UNDO), "restores the known good pod template")


def _taken(rung: Rung, mode: Mode, reason: str) -> RungStep:
    if mode is Mode.NONE:
        return RungStep(rung, mode, taken=False, reason=f"switched off: rungs.{rung} is none")
    return RungStep(rung, mode, taken=True, reason=reason)
