"""Releases that came of one change: they break together, and none of them speaks for the innocence of another.

They have an origin in common: the commit that the pod template names, or an image that both releases brought.
"""

from __future__ import annotations

from collections.abc import Mapping

from watcher.core.model import Revision, Suspect, Workload
from watcher.core.state import Mark, Release, Watch


def origins(before: Mark, newest: Revision) -> tuple[str, ...]:
    """What tells where a release comes from.  An image that both versions have, as that of a sidecar, tells nothing."""
    brought = sorted(set(newest.images) - set(before.images))
    return (*([f"commit {newest.commit}"] if newest.commit else []), *(f"image {image}" for image in brought))


def suspected_siblings(release: Release, suspects: tuple[Suspect, ...]) -> tuple[Suspect, ...]:
    """Those of the suspected releases that have an origin in common with this one."""
    return tuple(each for each in suspects if set(release.origins) & set(each.origins))


def released_together(workload: Workload, watches: Mapping[Workload, Watch]) -> frozenset[Workload]:
    """This workload, and those under watch whose release has an origin in common with its own."""
    own = set(watches[workload].release.origins) if workload in watches else set[str]()
    return frozenset({workload, *(name for name, watch in watches.items() if own & set(watch.release.origins))})
