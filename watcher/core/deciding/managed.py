"""Ways back for a workload that a GitOps tool keeps as Git says: only what Git says as well will last.

Facts on how Argo CD answers an undo, a revert and both, in either order, were measured on Argo CD 3.6.1; see
`docs/gitops.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.deciding.flagged import UNTIED, Tie
from watcher.core.gitops import Application, Prospect, Route, deployed_before
from watcher.core.model import Observation, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Finding, Release, RungStep, Watch
from watcher.core.words import Change, Lane, Mode, Rung, strictest

URGENT = 10.0
"""Seconds of a complete outage that the way through Git may cost before an undo goes first."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the ladder depends on beside the workload and its settings.

    `failing` is the share of all requests that fail, a ratio in [0, 1]; `began` when the release began, Unix seconds.
    `prospect` is None while it is not known what going back in Git would mean.  `configuration`: nothing else changed,
    so that the pod template alone does not lead back.  `tie`: the feature flag that covers the release.
    """

    prospect: Prospect | None = None
    failing: float = 0.0
    began: float = 0.0
    configuration: bool = False
    tie: Tie = UNTIED


def outlook(watch: Watch, observation: Observation, findings: tuple[Finding, ...]) -> Outlook:
    """What is known when these findings speak against the release under watch."""
    release, switched = watch.release, watch.switched
    failing = max((each.new.plus(each.old).share for each in findings), default=0.0)
    configuration = release.change is Change.CONFIGURATION
    pods = any(each.lane is Lane.AVAILABILITY and not each.excuse for each in findings)
    spent = switched is not None and switched.heard
    tie = Tie(release.flag, release.began, observation.surroundings.flag, pods, spent)
    return Outlook(prospect(release, observation), failing, release.began, configuration, tie)


def prospect(release: Release, observation: Observation) -> Prospect | None:
    """What going back in Git would mean for this release; None while it is not known."""
    found = observation.surroundings.prospect
    return found if found is not None and found.release == release.id else None


def urgent(outlook: Outlook) -> bool:
    """Whether so many requests fail that the way through Git, as long as it takes here, would cost too much."""
    seconds = outlook.prospect.seconds if outlook.prospect is not None else 0.0
    return outlook.failing * seconds > URGENT


def out_of_reach(view: WorkloadView) -> str:
    """Why nothing that the tool may put back is written, or an empty string; nobody manages it: empty as well."""
    if view.manager is None:
        return ""
    name = f"{view.manager.tool} {view.manager.name}"
    if view.application is None:
        return f"managed by {name}, which is not to be seen from here: revert the commit there"
    if view.application.refused:
        return f"managed by {name}: {view.application.refused}"
    return ""


def ways(view: WorkloadView, policy: Policy, outlook: Outlook) -> tuple[RungStep, ...]:
    """The rungs behind flag and abort, in the order in which they are tried."""
    why, application = out_of_reach(view), view.application
    if why or application is None:
        return tuple(_skipped(rung, why) for rung in (Rung.GIT, Rung.UNDO))
    git, undo = _git(application, policy, outlook), _undo(application, policy, outlook)
    if not application.automated:
        return (_sync(application, policy, outlook), undo, _along(git), _no_bridge("nothing is synced by itself"))
    sync = _skipped(Rung.SYNC, f"{application} syncs by itself: what it follows must change")
    bridge = _bridge(application, policy, outlook)
    if _route(outlook) is Route.PULL_REQUEST:
        return (bridge, undo, git, sync)
    return (undo, git, bridge, sync) if urgent(outlook) else (git, undo, bridge, sync)


def _route(outlook: Outlook) -> Route:
    return outlook.prospect.route if outlook.prospect is not None else Route.NONE


def _git(application: Application, policy: Policy, outlook: Outlook) -> RungStep:
    prospect = outlook.prospect
    if prospect is None:
        return _skipped(Rung.GIT, "what a revert would do is not known yet")
    if prospect.route is Route.NONE:
        return _skipped(Rung.GIT, prospect.why)
    mode = policy.rung_mode(Rung.GIT)
    if prospect.reverted_by:
        text = f"taken back by {prospect.reverted_by[:8]} already: {application} is asked to look"
        return _taken(Rung.GIT, mode, text)
    what = ", ".join(f"{each.sha[:8]} ({each.subject}, {each.author})" for each in prospect.commits[:SHOWN])
    more = f" and {len(prospect.commits) - SHOWN} more" if len(prospect.commits) > SHOWN else ""
    where = f"on {prospect.source.branch} of {prospect.source.repo}"
    if prospect.route is Route.PULL_REQUEST:
        return _taken(Rung.GIT, mode, f"by a pull request: {prospect.why}; reverts {what}{more} {where}")
    return _taken(Rung.GIT, mode, f"reverts {what}{more} {where}")


SHOWN = 3
"""Commits that are named, at the most."""


def _along(git: RungStep) -> RungStep:
    """Where nothing is synced by itself a revert alone changes nothing in the cluster."""
    if not git.taken:
        return git
    return _skipped(Rung.GIT, f"goes along with the rungs above it: {git.reason}", git.mode)


def _undo(application: Application, policy: Policy, outlook: Outlook) -> RungStep:
    mode = strictest(policy.rung_mode(Rung.UNDO), policy.rung_mode(Rung.GIT))
    route = _route(outlook)
    if route is Route.PUSH:
        first = "urgent: the revert is pushed, and not waited for" if urgent(outlook) else "with the revert in Git"
        return _taken(Rung.UNDO, mode, f"restores the known good pod template, {first}", paired=True)
    if application.self_heal:
        reason = f"{application} would put the bad version back: Git holds it until a person has changed that"
        return _skipped(Rung.UNDO, reason)
    if route is Route.PULL_REQUEST:
        reason = "restores the known good pod template; the pull request is opened along with it"
        return _taken(Rung.UNDO, mode, reason, paired=True)
    reason = f"Git keeps the bad version, and the next sync of {application} brings it back"
    return _taken(Rung.UNDO, strictest(mode, Mode.PROPOSE), reason)


def _sync(application: Application, policy: Policy, outlook: Outlook) -> RungStep:
    if not application.follows_commits:
        return _skipped(Rung.SYNC, f"{application} cannot be synced to an earlier commit")
    before = deployed_before(application, outlook.began)
    if before is None:
        return _skipped(Rung.SYNC, f"{application} tells of no sync before this release")
    mode = strictest(policy.rung_mode(Rung.SYNC), policy.rung_mode(Rung.GIT))
    where = ", ".join(each[:8] for each in before.revisions)
    return _taken(Rung.SYNC, mode, f"syncs {application} to what it had before: {where}", paired=True)


def _bridge(application: Application, policy: Policy, outlook: Outlook) -> RungStep:
    if _route(outlook) is not Route.PULL_REQUEST:
        return _no_bridge("no pull request is to be waited for")
    if not application.self_heal:
        return _no_bridge(f"{application} puts nothing back")
    if application.parent:
        return _no_bridge(f"{application.parent} would undo it")
    mode = policy.rung_mode(Rung.BRIDGE)
    if application.follows_commits:
        reason = f"{application} follows the last good commit until the pull request is merged"
        return _taken(Rung.BRIDGE, mode, reason, paired=True)
    if outlook.configuration:
        return _no_bridge(f"{application} can only be kept off an undo, and only configuration changed")
    if policy.rung_mode(Rung.UNDO) is Mode.NONE:
        return _no_bridge(f"{application} can only be kept off an undo, and rungs.undo is none")
    reason = f"{application} is kept off until the pull request is merged; restores the known good pod template"
    return _taken(Rung.BRIDGE, strictest(mode, policy.rung_mode(Rung.UNDO)), reason, paired=True)


def _no_bridge(reason: str) -> RungStep:
    return _skipped(Rung.BRIDGE, reason)


def _skipped(rung: Rung, reason: str, mode: Mode = Mode.NONE) -> RungStep:
    return RungStep(rung, mode, taken=False, reason=reason)


def _taken(rung: Rung, mode: Mode, reason: str, *, paired: bool = False) -> RungStep:
    if mode is Mode.NONE:
        return _skipped(rung, f"switched off: rungs.{rung} is none")
    return RungStep(rung, mode, taken=True, reason=reason, paired=paired)
