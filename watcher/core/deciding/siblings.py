"""Releases that came of one change: they break together, and none of them speaks for the innocence of another.

They have an origin in common: the commit that the pod template names, an image that both releases brought, or a commit
in Git by which both came.
"""

from __future__ import annotations

from collections.abc import Mapping

from watcher.core.gitops import Prospect, Route
from watcher.core.model import Revision, Suspect, Workload
from watcher.core.state import Mark, Release, Watch


def origins(before: Mark, newest: Revision) -> tuple[str, ...]:
    """What tells where a release comes from.  An image that both versions have, as that of a sidecar, tells nothing."""
    brought = sorted(set(newest.images) - set(before.images))
    return (*([f"commit {newest.commit}"] if newest.commit else []), *(f"image {image}" for image in brought))


def known_origins(release: Release, prospect: Prospect | None) -> tuple[str, ...]:
    """The origins of a release, with the commits that a revert would take back where it came from Git.

    One commit may bring another image to each of several workloads, so that nothing else tells.
    """
    if prospect is None or prospect.release != release.id or prospect.route is Route.NONE:
        return release.origins
    return tuple(dict.fromkeys((*release.origins, *(f"commit {each.sha}" for each in prospect.commits))))


def suspected_siblings(own: tuple[str, ...], suspects: tuple[Suspect, ...]) -> tuple[Suspect, ...]:
    """Those of the suspected releases that have an origin in common with one that has these."""
    return tuple(each for each in suspects if set(own) & set(each.origins))


def released_together(
    workload: Workload, watches: Mapping[Workload, Watch], prospects: Mapping[Workload, Prospect]
) -> frozenset[Workload]:
    """This workload, and those under watch whose release has an origin in common with its own."""
    origins_of = {name: set(known_origins(each.release, prospects.get(name))) for name, each in watches.items()}
    own = origins_of.get(workload, set())
    return frozenset({workload, *(name for name, theirs in origins_of.items() if own & theirs)})
