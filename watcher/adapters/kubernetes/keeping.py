"""Follows the objects of Argo CD and Flux that keep workloads as Git says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.fields import Json
from watcher.adapters.kubernetes.keepers import Keepers
from watcher.adapters.kubernetes.reflector import Reader, Reflector
from watcher.adapters.kubernetes.resources import Resource
from watcher.adapters.kubernetes.sinks import Methods
from watcher.core.keepers import argocd, flux
from watcher.core.keepers.keeper import Keeper
from watcher.core.model import Workload
from watcher.ports import Clock


@dataclass(frozen=True, slots=True)
class ControlPlanes:
    """The namespaces of Argo CD and Flux; theirs are read beside the watched ones.  Empty: there is none.

    `applications_here` is False where Argo CD's Applications are in another cluster, and come from its own API.
    """

    argocd: str = "argocd"
    flux: str = "flux-system"
    applications_here: bool = True


def _read_in(namespaces: tuple[str, ...], plane: str) -> tuple[str, ...]:
    """Where the objects of a tool are read, beside the watched namespaces in its own; none is watched by name: all."""
    return tuple(dict.fromkeys(each for each in (*namespaces, plane) if each)) if namespaces else ("",)


class Follower(Protocol):
    """What keeps `Keepers` as a control plane has it: a reflector, or a poll of Argo CD's own API."""

    absent: bool
    problem: str

    @property
    def settled(self) -> bool:
        """Whether it is known what there is, or that it is not for us to see."""

    @property
    def unreadable(self) -> bool:
        """Whether others should not wait for it any more."""

    def age(self) -> float:
        """Seconds since it was last known to be true."""

    async def run(self) -> None:
        """Follow until cancelled."""


class Keeping:
    """The followers of both tools.  What is not installed, or keeps nothing that is watched, is no problem."""

    def __init__(
        self, client: Reader, clock: Clock, keepers: Keepers, planes: ControlPlanes, namespaces: tuple[str, ...]
    ) -> None:
        self._keepers = keepers
        self._of_tool: dict[str, list[Follower]] = {argocd.TOOL: [], flux.KUSTOMIZE: [], flux.HELM: []}

        def follow(resource: Resource, project: Callable[[Json], Any], sink: Methods, plane: str, *tools: str) -> None:
            for namespace in _read_in(namespaces, plane):
                follower = Reflector(client, resource, project, sink, clock).within(namespace)
                for tool in tools:
                    self._of_tool[tool].append(follower)

        put = Methods(keepers.put, keepers.drop)
        repositories = Methods(keepers.put_repository, keepers.drop_repository)
        if planes.applications_here:
            follow(resources.APPLICATIONS, argocd.keeper, put, planes.argocd, argocd.TOOL)
        follow(resources.KUSTOMIZATIONS, flux.kustomization, put, planes.flux, flux.KUSTOMIZE)
        follow(resources.HELM_RELEASES, flux.helm_release, put, planes.flux, flux.HELM)
        tools = (flux.KUSTOMIZE, flux.HELM)
        follow(resources.GIT_REPOSITORIES, flux.git_repository, repositories, planes.flux, *tools)

    @property
    def followers(self) -> tuple[Follower, ...]:
        """All of them, each once."""
        return tuple({id(each): each for followers in self._of_tool.values() for each in followers}.values())

    def add(self, follower: Follower) -> None:
        """Follow Argo CD's Applications by this one too; before `run`."""
        self._of_tool[argocd.TOOL].append(follower)

    def put(self, keeper: Keeper) -> None:
        """An application is new or changed: for a follower that was added."""
        self._keepers.put(keeper)

    def drop(self, keeper: Keeper) -> None:
        """An application is gone: for a follower that was added."""
        self._keepers.drop(keeper)

    def problems(self) -> Iterator[str]:
        """What cannot be followed though a watched workload is kept by it, one sentence each."""
        for tool, followers in self._of_tool.items():
            if self._keepers.names(tool):
                yield from (each.problem for each in followers if each.problem and not each.absent)

    def age(self, workload: Workload) -> float:
        """Seconds since what keeps this workload was last known to be true; zero where nothing does."""
        return max((each.age() for each in self._following(workload) if not each.unreadable), default=0.0)

    def _following(self, workload: Workload) -> Iterable[Follower]:
        return self._of_tool.get(self._keepers.tool_of(workload), ())
