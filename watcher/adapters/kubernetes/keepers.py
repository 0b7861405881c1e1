"""Which application keeps which workload: by the workload's own marks, or because the application lists it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from watcher.adapters.kubernetes.slim import SlimWorkload
from watcher.core.gitops import Application
from watcher.core.keepers import argocd, flux
from watcher.core.keepers.flux import GitRepository
from watcher.core.keepers.keeper import Keeper
from watcher.core.model import Manager, Workload

ELSEWHERE = (
    "it says that it deploys to another cluster, or to this one by a name that is not known here: revert in Git by hand"
)
CLAIMED_TWICE = "{} both say that it is theirs: take it out of all but one, and revert in Git by hand until then"

Name = tuple[str, str, str]
Mark = tuple[str, str]
Key = TypeVar("Key")
Value = TypeVar("Value")


class Renew(Protocol):
    """Told of each workload whose keeper changed."""

    def __call__(self, name: Workload, *, news: bool) -> None:
        """`news`: in more than when it was last looked at."""


class Keepers:
    """Applications as they are seen.  `control_plane` is the namespace whose Applications Argo CD names without it."""

    def __init__(self, renew: Renew, control_plane: str) -> None:
        self._renew = renew
        self._control_plane = control_plane
        self._keepers: dict[Name, Keeper] = {}
        self._repositories: dict[str, GitRepository] = {}
        self._users: dict[str, set[Name]] = defaultdict(set)  # by GitRepository
        self._listing: dict[Workload, set[Name]] = defaultdict(set)  # Argo CD's Applications that list it
        self._namesakes: dict[str, set[Name]] = defaultdict(set)  # Argo CD's Applications by name without namespace
        self._tools: dict[Workload, str] = {}  # by whose marks they carry
        self._marked: dict[Mark, set[Workload]] = defaultdict(set)  # workloads by what their marks name

    def put(self, keeper: Keeper) -> None:
        """An application is new or changed."""
        name = _name(keeper)
        before = self._keepers.get(name)
        self._keepers[name] = keeper
        self._index(before, keeper)
        news = before is None or _without_time(before) != _without_time(keeper)
        self._renew_all(self._kept_by(before, keeper), news=news)

    def drop(self, keeper: Keeper) -> None:
        """An application is gone."""
        gone = self._keepers.pop(_name(keeper), None)
        self._index(gone, None)
        self._renew_all(self._kept_by(gone), news=True)

    def put_repository(self, repository: GitRepository) -> None:
        """A GitRepository of Flux is new or changed."""
        self._repositories[repository.name] = repository
        self._renew_users(repository)

    def drop_repository(self, repository: GitRepository) -> None:
        """A GitRepository of Flux is gone."""
        self._repositories.pop(repository.name, None)
        self._renew_users(repository)

    def refer(self, before: SlimWorkload | None, now: SlimWorkload | None) -> None:
        """Keep in mind which workloads name which application."""
        for item, add in ((before, False), (now, True)):
            if item is not None and item.manager is not None:
                _enter(self._marked, (item.manager.tool, item.manager.name), item.workload, add=add)
        for item in (before, now):
            if item is not None:
                self._tools.pop(item.workload, None)
        if now is not None and now.manager is not None:
            self._tools[now.workload] = now.manager.tool

    def names(self, tool: str) -> bool:
        """Whether any workload carries the marks of this tool."""
        return any(named == tool for named, _ in self._marked)

    def tool_of(self, workload: Workload) -> str:
        """The tool that keeps a workload, as far as that is known; empty: none."""
        return self._tools.get(workload, argocd.TOOL if workload in self._listing else "")

    def of(self, found: SlimWorkload, source: SlimWorkload | None = None) -> tuple[Manager | None, Application | None]:
        """What keeps a workload, and the application where it can be seen.

        `source` is the Deployment that holds the template of a Rollout: its marks count for the Rollout.
        """
        for each in (found, source):
            if each is not None and each.manager is not None:
                return each.manager, self._application(each.manager, each)
        for each in (found, source):
            if each is not None and (application := self._lister(each.workload)):
                return Manager(argocd.TOOL, application.name), application
        return None, None

    def _application(self, manager: Manager, found: SlimWorkload) -> Application | None:
        if manager.tool == argocd.TOOL:
            return self._tracked(manager.name, found.workload)
        keeper = self._keepers.get((manager.tool, manager.name, ""))
        if keeper is None:
            return None
        application = flux.on(keeper, self._repositories.get(keeper.source))
        if manager.tool == flux.KUSTOMIZE:  # what keeps it off a single object is written on that
            return replace(application, pinned=found.bridge)
        return application

    def _tracked(self, tracked: str, workload: Workload) -> Application | None:
        """The Application that a tracking id names: `name` in the control plane's namespace, else `namespace_name`.

        What that namespace is called is only known by a setting, so that any one that lists the workload fits.  One
        that lists others, but not this, has the name of one in another cluster.
        """
        namespace, apart, name = tracked.partition("_")
        namesakes = [self._keepers[each] for each in sorted(self._namesakes.get(name if apart else tracked, ()))]
        named = [each for each in namesakes if not apart or each.application.name == f"{namespace}/{name}"]
        fitting = [each for each in named if workload in (each.keeps or ())]
        if not fitting:
            fitting = [each for each in named if each.keeps is None and (apart or self._is_first(each))]
        return _only([each for each in fitting if self._is_first(each)] or fitting)

    def _lister(self, workload: Workload) -> Application | None:
        return _only([self._keepers[name] for name in sorted(self._listing.get(workload, ()))])

    def _is_first(self, keeper: Keeper) -> bool:
        return keeper.application.name.startswith(f"{self._control_plane}/")

    def _index(self, before: Keeper | None, now: Keeper | None) -> None:
        for keeper, add in ((before, False), (now, True)):
            if keeper is None:
                continue
            if keeper.source:
                _enter(self._users, keeper.source, _name(keeper), add=add)
            if keeper.application.tool == argocd.TOOL:
                _enter(self._namesakes, keeper.application.name.partition("/")[2], _name(keeper), add=add)
                for workload in (keeper.keeps or ()) if keeper.here else ():
                    _enter(self._listing, workload, _name(keeper), add=add)

    def _kept_by(self, *keepers: Keeper | None) -> Iterator[Workload]:
        """Workloads that an application lists, or whose marks name it."""
        for keeper in keepers:
            if keeper is None:
                continue
            yield from keeper.keeps or ()
            tool, name, _ = _name(keeper)
            namespace, _, own = name.partition("/")
            for mark in (name, own, f"{namespace}_{own}"):
                yield from self._marked.get((tool, mark), ())

    def _renew_users(self, repository: GitRepository) -> None:
        using = (self._keepers[name] for name in self._users.get(repository.name, ()))
        self._renew_all(self._kept_by(*using), news=True)

    def _renew_all(self, workloads: Iterable[Workload], *, news: bool) -> None:
        for each in set(workloads):
            self._renew(each, news=news)


def _name(keeper: Keeper) -> Name:
    return keeper.application.tool, keeper.application.name, keeper.application.through


def _only(keepers: list[Keeper]) -> Application | None:
    """The one application that fits.  Of several the first, through which nothing is done."""
    if not keepers:
        return None
    application = keepers[0].application
    if len(keepers) > 1:
        each = (f"{keeper.application.name}{_at(keeper.application)}" for keeper in keepers)
        return replace(application, refused=CLAIMED_TWICE.format(" and ".join(each)))
    if keepers[0].here or application.refused:
        return application
    return replace(application, refused=ELSEWHERE)


def _at(application: Application) -> str:
    return f" at {application.through}" if application.through else ""


def _without_time(keeper: Keeper) -> Keeper:
    return replace(keeper, application=replace(keeper.application, reconciled=None))


def _enter(index: dict[Key, set[Value]], key: Key, value: Value, *, add: bool) -> None:
    if add:
        index[key].add(value)
    elif key in index:
        index[key].discard(value)
        if not index[key]:
            del index[key]
