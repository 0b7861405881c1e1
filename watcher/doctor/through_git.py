"""The way back for a workload that a GitOps tool keeps, as its ladder would choose it for the next release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from watcher.core.deciding.managed import Outlook, out_of_reach, ways
from watcher.core.gitops import ASSUMED, Application, Deployed, Prospect, Route
from watcher.core.policy import Policy
from watcher.core.state import RungStep
from watcher.core.words import Mode, Rung
from watcher.doctor.facts import WorkloadFacts
from watcher.doctor.git_facts import Branch, GitFacts, place

NEXT_RELEASE = "0" * 40
"""A commit that is not there yet."""


@dataclass(frozen=True, slots=True)
class Through:
    """A rung through an application: what is done, by itself at most so far, and in how many seconds.

    `seconds` is None where a person is waited for, `measured` whether it is more than an assumption.
    """

    application: Application
    rung: Rung
    mode: Mode
    what: str
    seconds: float | None = None
    measured: bool = False


def through(each: WorkloadFacts, git: GitFacts | None, now: float) -> Through | str:
    """The first rung that could be taken for the next release of a managed workload, or why there is none.

    `git` None: nobody looked there; that the branch takes a push is assumed then.  `now` in Unix seconds.
    """
    application = each.view.application
    why = out_of_reach(each.view)
    if why or application is None:
        return why
    if not application.sources:
        return f"{application} has no source in Git"
    worst = _worst(application, git)
    step = _first(each, application, worst, git, now)
    if step is None:
        return _no_rung(each.policy, application, worst)
    seconds, measured = _seconds(application, git)
    if step.rung is Rung.GIT and _route(worst) is Route.PULL_REQUEST:
        return Through(application, step.rung, step.mode, f"pull request onto {_where(application)}")
    return Through(application, step.rung, step.mode, _what(step, application, worst), seconds, measured)


def _worst(application: Application, git: GitFacts | None) -> Branch | None:
    """Any source may bring the next release, so that the one with the least of a way counts; None: not looked at."""
    order = (Route.NONE, Route.PULL_REQUEST, Route.PUSH)
    found = list(git.of(application)) if git is not None else []
    return min(found, key=lambda each: order.index(each.route), default=None)


def _route(branch: Branch | None) -> Route:
    return Route.PUSH if branch is None else branch.route


def _first(
    each: WorkloadFacts, application: Application, branch: Branch | None, git: GitFacts | None, now: float
) -> RungStep | None:
    seconds, _ = _seconds(application, git)
    source = application.sources[0]
    why = "" if branch is None else branch.closed or branch.by_pull_request
    prospect = Prospect(now, "", source, source.deployed, (), _route(branch), why, seconds=seconds)
    view = replace(each.view, application=_after_next(application, git, now))
    steps = ways(view, each.policy, Outlook(prospect, 0.0, now))
    return next((step for step in steps if step.taken and step.mode is not Mode.NONE), None)


def _after_next(application: Application, git: GitFacts | None, now: float) -> Application:
    """The application once the next release is synced: the sync of today is then the one before it."""
    if not remembers(application, git):
        return replace(application, history=())
    following = Deployed((NEXT_RELEASE,) * len(application.sources), now)
    return replace(application, history=(*application.history, following))


def remembers(application: Application, git: GitFacts | None) -> bool:
    """Whether the sync of today is still known after the next one."""
    kept = git.kept.get(str(application)) if git is not None else None
    return bool(application.history) and (kept is None or kept > 1)


def _no_rung(policy: Policy, application: Application, branch: Branch | None) -> str:
    if policy.rung_mode(Rung.GIT) is Mode.NONE:
        return f"managed by {application}, and rungs.git is none"
    return branch.closed if branch is not None and branch.closed else f"managed by {application}: no rung can be taken"


def _what(step: RungStep, application: Application, branch: Branch | None) -> str:
    where = _where(application)
    if step.rung is Rung.SYNC:
        return "sync to the commit before"
    if step.rung is Rung.BRIDGE:
        return f"pinned to the last good commit until a person merges the pull request onto {where}"
    if step.rung is Rung.UNDO:
        ways_of = {Route.PUSH: "with a revert on", Route.PULL_REQUEST: "with a pull request onto"}
        along = ways_of.get(_route(branch))
        return f"undo {along} {where}" if along else "undo, until the next sync brings the bad version back"
    return f"revert on {where}"


def _where(application: Application) -> str:
    return " or ".join(dict.fromkeys(_places(application)))


def _places(application: Application) -> Iterator[str]:
    for source in application.sources:
        yield str(Branch(*place(application, source)))


def _seconds(application: Application, git: GitFacts | None) -> tuple[float, bool]:
    took = git.took.get(str(application)) if git is not None else None
    return (ASSUMED, False) if took is None else (took, True)
