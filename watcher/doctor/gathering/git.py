"""What can be learnt of Git for the workloads that come from there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from watcher.core.gitops import Application
from watcher.core.words import Mode, Rung
from watcher.doctor.facts import WorkloadFacts
from watcher.doctor.gathering.asked import Asked
from watcher.doctor.gathering.branches import MOST
from watcher.doctor.gathering.listing import Lists
from watcher.doctor.gathering.writers import Written, written
from watcher.doctor.git_facts import GitFacts, Place, place
from watcher.ports import Unavailable


async def git(asked: Asked, lists: Lists, workloads: Sequence[WorkloadFacts]) -> GitFacts | None:
    """Ask repositories, forges, and the tools' objects; None where nothing was given to ask with.

    What does not answer becomes part of the facts: never raises for it.
    """
    if asked.git is None:
        return None
    applications = list(_applications(workloads))
    if not applications:
        return GitFacts()
    urls = dict(_urls(workloads))
    if len(urls) > MOST:
        lists.unasked[f"{len(urls) - MOST} of {len(urls)} branches in Git: too many to look at"] = None
    asked.tell(f"asking {min(len(urls), MOST)} branches in Git")
    branches = await asked.git.look(asked.thresholds.gitops, dict(list(urls.items())[:MOST]))
    outside = asked.git.outside
    try:
        found = await written(lists, applications, here=asked.thresholds.gitops.argocd is None)
    except Unavailable as error:
        lists.unasked[f"who else writes images: {error}"] = None
        found = Written()
    took = {str(each): seconds for each in applications if (seconds := outside.took(each)) is not None}
    return GitFacts(branches, took, outside.renderers, found.by, found.kept)


def _applications(workloads: Iterable[WorkloadFacts]) -> Iterator[Application]:
    """Each once, but for those through which nothing goes back."""
    seen = set[str]()
    for each in workloads:
        application = each.view.application
        if application is not None and not application.refused and str(application) not in seen:
            seen.add(str(application))
            yield application


def _urls(workloads: Iterable[WorkloadFacts]) -> Iterator[tuple[Place, str]]:
    """The branches in which something may have to be reverted, with the URL of their repository."""
    for each in workloads:
        application = each.view.application
        if application is None or application.refused or each.policy.rung_mode(Rung.GIT) is Mode.NONE:
            continue
        for source in application.sources:
            yield place(application, source), source.repo
