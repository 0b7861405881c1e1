"""How a workload's manifests come from Git into the cluster, and what going back there would mean: plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class GitSource:
    """One Git repository that an application is rendered from.

    `repo` is its URL without credentials, `branch` what is followed there (HEAD: the default branch), `deployed` the
    commit that the cluster was last brought to (empty: not known).  `paths` are directories and files, relative to the
    root of the repository, by which the application names what it is rendered from; an empty one is the root.  First
    comes the one that is rendered, then value files in their order.  `beyond` names what its objects depend on that is
    in none of these files (values in the application itself), so that they cannot be told from them alone.
    """

    repo: str
    branch: str
    deployed: str
    paths: tuple[str, ...]
    beyond: str = ""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A full sync in an application's history: the commit of each of its `sources`, in their order; began `at`, Unix
    seconds.  Syncs of other charts, paths or fixed revisions than today's are none that a commit would bring back."""

    revisions: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Application:
    """What keeps a workload as Git says: an Argo CD Application, a Flux Kustomization or HelmRelease.

    `name` is written namespace/name.  `sources` are those in Git that follow a branch.  `automated`: new commits are
    synced by itself; `self_heal`: changes made past Git are put back.  `synced`: the cluster was found to be as the
    `deployed` commits say.  `syncing`: an operation or a look at its sources runs or is asked for.  `reconciled` is
    when it was last compared, Unix seconds.  `parent` names what would undo a change of this object itself
    ("ApplicationSet/name").  `refused` tells why no way back through it is taken, and what a person should do.
    `overridden` names what is set past Git in the object itself (image parameters), so that a version need not have
    come by a commit.  `pinned` is the decision that has pinned it to an earlier commit; `pinned_from` the branch that
    it followed before.  `through` is the address of Argo CD's own API, where it is in another cluster.
    """

    tool: str  # argocd, flux-kustomize, flux-helm
    name: str
    sources: tuple[GitSource, ...] = ()
    automated: bool = False
    self_heal: bool = False
    synced: bool = False
    healthy: bool = False
    syncing: bool = False
    reconciled: float | None = None
    history: tuple[Deployed, ...] = ()  # oldest first
    parent: str = ""
    refused: str = ""
    overridden: str = ""
    pinned: str = ""
    pinned_from: str = ""
    message: str = ""  # of the last operation or condition, where it failed
    through: str = ""

    def __str__(self) -> str:
        return f"{self.tool} {self.name}"

    @property
    def follows_commits(self) -> bool:
        """Whether it can be told to follow a commit; Flux follows its branch alone, and can only be kept off."""
        return self.tool == "argocd"


@dataclass(frozen=True, slots=True)
class CommitNote:
    """A commit as people are told of it; `at` is when it was made, Unix seconds."""

    sha: str
    author: str
    subject: str
    at: float


ASSUMED = 60.0
"""Seconds that the way through Git takes where nothing was measured."""

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


class Route(StrEnum):
    """How a revert may come into the branch."""

    PUSH = "push"
    PULL_REQUEST = "pull_request"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Prospect:
    """What going back in Git would mean for one release, as it was looked at `at` that time (Unix seconds).

    `source` is the application's source that is reverted, `good` the commit at which the target ran, `commits` are what
    lies between it and what is deployed on the application's paths, newest first.  `route` says how a revert may come
    into the branch, and `why` why not by a push, or not at all.  `reverted_by` is a commit that has done it already.
    `automation` names the program that made the newest of the commits, if it was one.  `seconds` is how long the way
    through Git takes here, from the push until the cluster is as Git says, as measured or assumed.  `target` is the
    template that it leads to; empty: not noted.
    """

    at: float
    release: str
    source: GitSource
    good: str
    commits: tuple[CommitNote, ...]
    route: Route
    why: str = ""
    reverted_by: str = ""
    automation: str = ""
    seconds: float = ASSUMED
    target: str = field(default="", metadata={"added": True})  # as `model.ADDED`, which comes later


class PullState(StrEnum):
    """Where a pull request stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of a revert: whether the commit that the cluster was last brought to contains it.

    `contained_in` are commits of which this is known.  `pull` is the state of the pull request, where there is one, and
    `merged` the commit by which it came into the branch.
    """

    at: float
    contained_in: tuple[str, ...] = ()
    pull: PullState | None = None
    merged: str = ""
    problem: str = ""
    of: str = ""  # the commit of the revert, or its pull request where there is none yet


def unpinned(application: Application, source: GitSource) -> GitSource:
    """The source as it follows its branch, also while it is pinned to a commit."""
    pinned = application.pinned_from and _COMMIT.fullmatch(source.branch)
    return replace(source, branch=application.pinned_from) if pinned else source


def deployed_before(application: Application, began: float) -> Deployed | None:
    """The full sync before the one that brought a release that `began` then (Unix seconds), or None.

    A sync begins before the new ReplicaSet is made, so the newest one that began by then brought the release, unless
    another one was under way: what is returned differs from it in some commit.
    """
    earlier = [each for each in application.history if each.at <= began + CLOCKS]
    brought = earlier[-1].revisions if earlier else ()
    return next((each for each in reversed(earlier) if each.revisions != brought), None)


CLOCKS = 2.0
"""Seconds by which times of two controllers may differ: they are written in whole ones."""
