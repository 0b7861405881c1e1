"""What it changes about a way back that a person has commanded it: where it leads, by which rungs, past which guards.

Everything else is as with a decision of its own making.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from watcher.core.deciding.gate import Gate, Passage
from watcher.core.deciding.guards import GUARDS, SCHEMA
from watcher.core.deciding.ladder import choose_target, describe_target, target_still_accepted
from watcher.core.deciding.ledger import accepted, quarantined
from watcher.core.model import Observation, Request, Revision, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import (
    Decision,
    Finding,
    GuardFinding,
    KnownGood,
    Release,
    RungStep,
    Target,
    Watch,
    WorkloadState,
)
from watcher.core.words import Change, Mode, Provenance, Rung

CHECK = "person"
"""Name of what a person says, beside the names of checks."""

DOWN = "down_migration"
"""The guard on a down migration that a person has to approve: a command does so only where it is named with it."""

UNPROVEN = "not_known_good"
"""The guard on a target that a person has named, and that is not known to be good."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version that a person has named."""

    template_id: str
    revision: str
    images: tuple[str, ...]


def finding(request: Request) -> Finding:
    """The person's word, in the place of a check that has fired.  Nothing is proven by it."""
    return Finding(CHECK, None, f"{request.by} commanded it: {request.reason}", compared=True)


def evidence(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings that guards ask for their excuse: those of checks, where there are any.

    A person's word has none, and must not make those of checks unheard.
    """
    return tuple(each for each in findings if each.check != CHECK) or findings


def behind(findings: tuple[Finding, ...], state: WorkloadState) -> Request | None:
    """The command that is waited on, where these findings are made of it."""
    is_command = any(each.check == CHECK for each in findings)
    return state.wanted.request if is_command and state.wanted is not None else None


def aim(
    state: WorkloadState, view: WorkloadView, policy: Policy, bad: str, now: float, request: Request | None
) -> KnownGood | None:
    """The version to go back to: the one that the person has named, else as `choose_target` does.

    `bad` is the template to get away from.  One that is not known to be good comes with why, as revoked.
    """
    if request is None or not request.to:
        return choose_target(state, view, policy, bad, now)
    named = find(state, view, request.to)
    return entry_of(state, view, named.template_id) if named is not None else None


def entry_of(state: WorkloadState, view: WorkloadView, template_id: str) -> KnownGood | None:
    """What the ledger holds of this template; of one that it does not hold, what the cluster does, as revoked."""
    revision, bad = view.with_template(template_id), quarantined(state, template_id)
    kept = next((each for each in state.known_good if each.template_id == template_id), None)
    if kept is not None:
        serves = view.rollout is not None and view.rollout.in_progress and view.stable() == revision
        return replace(kept, last_ran=None) if serves else kept
    if revision is None:
        return None
    why = f"bad version: {bad.reason}" if bad is not None else "nobody has seen it work"
    return KnownGood(
        template_id, revision.name, revision.images, Provenance.PRESUMED, revision.created, revision.created, why
    )


def find(state: WorkloadState, view: WorkloadView, text: str) -> Version | None:
    """The version that a revision's name or number means; None: neither cluster nor ledger know it."""
    for each in reversed(view.revisions):
        if text in (each.name, str(each.number)):
            return Version(each.template_id, each.name, each.images)
    entry = next((each for each in reversed(state.known_good) if each.revision == text), None)
    if entry is not None:
        return Version(entry.template_id, entry.revision, entry.images)
    bad = next((each for each in reversed(state.quarantined) if each.revision == text), None)
    return Version(bad.template_id, bad.revision, ()) if bad is not None else None


def described(target: KnownGood | None, view: WorkloadView, policy: Policy, now: float) -> Target | None:
    """The target as the decision names it; one that is not known to be good has no provenance."""
    if target is None:
        return None
    found = describe_target(target, view)
    return found if accepted(target, policy.known_good, now) else replace(found, provenance=None)


def steered(
    rungs: tuple[RungStep, ...], view: WorkloadView, release: Release, target: KnownGood | Target | None, to: str
) -> tuple[RungStep, ...]:
    """The ladder without rungs that lead elsewhere than to the target; `to`: how a person has named that, if at all."""
    return tuple(_skipped(each, _elsewhere(each.rung, view, release, target, to)) for each in rungs)


def _skipped(step: RungStep, why: str) -> RungStep:
    if not why or not (step.taken or step.rung is Rung.FLAG):
        return step
    return RungStep(step.rung, Mode.NONE, taken=False, reason=why)


def _elsewhere(rung: Rung, view: WorkloadView, release: Release, target: KnownGood | Target | None, to: str) -> str:
    if rung is Rung.FLAG and to:
        return "a revision was named, and a flag changes no version"
    if target is None or rung not in (Rung.ABORT, Rung.SYNC):
        return ""
    stable = view.stable()
    if rung is Rung.ABORT and stable is not None and stable.template_id != target.template_id:
        return f"leads to revision {stable.name}, not to {target.revision}"
    if rung is Rung.SYNC and release.previous != target.template_id:
        return f"leads to what ran before this release, and that is not revision {target.revision}"
    return ""


def named(decision: Decision | None) -> frozenset[str]:
    """Guards that the person who commanded this decision lets it pass."""
    return passable(decision.request) if decision is not None and decision.request is not None else frozenset()


def runs_now(text: str, newest: Revision) -> bool:
    """Whether a revision's name or number means what runs now, and not the same template when it ran before."""
    return text in (newest.name, str(newest.number))


def line(workload: str, leaving: str, reason: str, to: str, overrides: tuple[str, ...]) -> str:
    """The command as a person types it; with `leaving` it undoes no release that begins until they do."""
    quoted = "'" + reason.replace("'", "'\\''") + "'" if " " in reason or "'" in reason else reason
    past = "".join(f" --override {each}" for each in overrides)
    revisions = f"{f' --from {leaving}' if leaving else ''}{f' --to {to}' if to else ''}"
    return f"watcher rollback {workload}{revisions} --reason {quoted}{past}"


def past_hold(decision: Decision) -> bool:
    """Whether the orders of this decision pass the holds."""
    return "hold" in named(decision)


def passable(request: Request | None) -> frozenset[str]:
    """Those of the guards named with a command that people may pass."""
    overrides = request.overrides if request is not None else ()
    return frozenset(each for each in overrides if each in GUARDS and GUARDS[each].passable)


def holding(guards: tuple[GuardFinding, ...], passed: frozenset[str]) -> tuple[GuardFinding, ...]:
    """Those of the guards that are not passed."""
    return tuple(each for each in guards if each.id not in passed)


def let_through(passage: Passage, found: tuple[GuardFinding, ...], passed: frozenset[str]) -> Passage:
    """The gate of the migrations as it stands for whoever passes the guard that it is."""
    open_to = any(each.id in SCHEMA and each.id in passed for each in found)
    return replace(passage, gate=Gate.UNNOTED) if open_to else passage


def towards(release: Release, newest: Revision, view: WorkloadView, target: KnownGood | None) -> Release:
    """The release with what the way to this target would change: a restart since says nothing of that."""
    back = view.with_template(target.template_id) if target is not None else None
    if back is None or back.template_id == newest.template_id:
        return release
    alike = back.code_id == newest.code_id
    return replace(release, change=Change.CONFIGURATION if alike else Change.VERSION)


def leads_to(state: WorkloadState, view: WorkloadView, policy: Policy, now: float) -> str:
    """The template that a way back of the release under watch leads to: what was decided on, or would be now."""
    watch, newest = state.watch, view.newest()
    if watch is not None and watch.carrying_out and watch.decision is not None and watch.decision.target is not None:
        return watch.decision.target.template_id
    target = choose_target(state, view, policy, newest.template_id, now) if newest is not None else None
    return target.template_id if target is not None else ""


def sought(state: WorkloadState, view: WorkloadView, policy: Policy, watch: Watch, now: float) -> KnownGood | None:
    """The version that it is to be known of what going back to it would mean: that of a command that waits, the one
    that was decided on if it is still accepted, else the one that would be chosen."""
    bad = watch.release.template_id
    if state.wanted is not None:
        return aim(state, view, policy, bad, now, state.wanted.request)
    decided, request = (watch.decision.target, watch.decision.request) if watch.decision is not None else (None, None)
    if decided is not None:
        if request is not None and request.to:
            return entry_of(state, view, decided.template_id)
        accepted = target_still_accepted(state, view, policy, decided.template_id, now)
        if accepted is not None:
            return accepted
    return choose_target(state, view, policy, bad, now)


def aimed(observation: Observation, target: str) -> Observation:
    """The observation without what going back in Git would mean for another target than this one."""
    around = observation.surroundings
    if around.prospect is None or around.prospect.target in ("", target):
        return observation
    return replace(observation, surroundings=replace(around, prospect=None))
