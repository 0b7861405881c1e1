"""What the rules are told of Git: the branches that applications follow, and what else writes to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from watcher.config.gitops import ConfigRepository, Write, bare
from watcher.core.gitops import Application, GitSource, Route, unpinned

Place = tuple[str, str]
"""A repository, as `bare` writes its URL, and the name of a branch; HEAD is the default one."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that applications follow, and whether a revert may come into it.

    `entry` is what is configured for the repository, None: nothing.  `missing` are files that the entry names and that
    cannot be read here; nothing was asked of the repository then.  `away`: why the repository does not answer;
    `refused`: why it lets nobody read; `read_only`: why it takes no push.  `forge`: whether one is configured, and
    `forge_problem` why it does not answer.  `kustomizations` and `charts` are the directories of these.
    """

    repo: str
    name: str
    entry: ConfigRepository | None = None
    missing: tuple[str, ...] = ()
    away: str = ""
    refused: str = ""
    read_only: str = ""
    protected: bool = False
    forge: bool = False
    forge_problem: str = ""
    kustomizations: frozenset[str] = frozenset()
    charts: frozenset[str] = frozenset()

    @property
    def place(self) -> Place:
        """By what it is known."""
        return self.repo, self.name

    @property
    def by_pull_request(self) -> str:
        """Why a revert does not come in by a push, where it does not."""
        if self.protected:
            return "it is protected"
        if self.entry is not None and self.entry.write is Write.PULL_REQUEST:
            return "pull requests are asked for (write: pullRequest)"
        return ""

    @property
    def closed(self) -> str:
        """Why no revert can come in at all; empty: one can."""
        if self.entry is None:
            return f"no entry of gitops.repositories fits {self.repo}"
        if self.missing:
            return f"{', '.join(self.missing)} cannot be read"
        if self.by_pull_request and not self.forge:
            return f"{self.by_pull_request}, and no forge is configured"
        return self.away or self.refused or self.read_only

    @property
    def route(self) -> Route:
        """How a revert comes in."""
        if self.closed:
            return Route.NONE
        return Route.PULL_REQUEST if self.by_pull_request else Route.PUSH

    def __str__(self) -> str:
        name = "the default branch" if self.name == "HEAD" else self.name
        return f"{name} of {self.repo}"


@dataclass(frozen=True, slots=True)
class GitFacts:
    """What was learnt of Git.

    `took` are seconds that the way through Git took, by application, where that was measured.  `renderers` are the
    commands at hand, of kustomize and helm.  `writers` are programs that write images, and `kept` how many syncs are
    remembered, both by application.
    """

    branches: Mapping[Place, Branch] = field(default_factory=dict)
    took: Mapping[str, float] = field(default_factory=dict)
    renderers: frozenset[str] = frozenset({"kustomize", "helm"})
    writers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)

    def of(self, application: Application) -> Iterator[Branch]:
        """The branches that an application follows, as far as they were looked at."""
        for source in application.sources:
            found = self.branches.get(place(application, source))
            if found is not None:
                yield found


def place(application: Application, source: GitSource) -> Place:
    """The branch of a source; while it is pinned to a commit that of before."""
    return bare(source.repo), unpinned(application, source).branch
