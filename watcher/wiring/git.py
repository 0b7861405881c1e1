"""Wiring only: the way back through Git, from its adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from watcher.adapters.argocd.applications import ArgoCdApplications
from watcher.adapters.argocd.feed import ArgoCdFeed
from watcher.adapters.argocd.server import ArgoCdServer
from watcher.adapters.forges import ConfiguredForges
from watcher.adapters.git import GitRepositories
from watcher.adapters.kubernetes.applications import KubernetesApplications
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.cluster import KubernetesCluster
from watcher.adapters.manifests.commands import Commands
from watcher.adapters.manifests.of_repositories import RepositoryManifests
from watcher.config.gitops import ArgoApi, GitOps
from watcher.core.keepers import argocd
from watcher.daemon.prospects import GitWay
from watcher.doctor.gathering.branches import Branches, GitOutside
from watcher.gitops.drafting import Drafting
from watcher.gitops.durations import Durations
from watcher.gitops.following import Following
from watcher.gitops.git_notes import GitNotes
from watcher.gitops.means import Holding, Means
from watcher.gitops.performing import GitOpsActuator
from watcher.gitops.protections import Protections
from watcher.gitops.reverting import Reverting
from watcher.gitops.surveying import Surveying
from watcher.gitops.tools import EachTool
from watcher.ports import Actuator, Clock
from watcher.ports.git import Applications


@dataclass(frozen=True)
class Reach:
    """By what means Git and its tools are reached.

    `configured` gives the section `gitops` as it is now, `cache` is the folder for clones; `hub` reaches applications
    of tools in another cluster.
    """

    configured: Callable[[], GitOps]
    cache: Path
    hub: Mapping[str, Applications]


def git_way(
    client: Client, held: Holding, reach: Reach, clock: Clock, *, read_only: bool
) -> tuple[Actuator, GitWay, Branches, GitNotes]:
    """Who performs orders by way of Git, who looks into it, what the preflight asks of it, and migration notes there.

    A push that outlives the Lease does no harm: the branch tells whoever leads then of the decision.
    """
    repositories = GitRepositories(reach.configured, reach.cache, clock.now)
    means = Means(
        repositories=repositories,
        manifests=RepositoryManifests(),
        forges=ConfiguredForges(reach.configured, clock.now),
        applications=EachTool(KubernetesApplications(client, clock), reach.hub),
        configured=reach.configured,
        clock=clock,
    )
    drafting, protections, durations = Drafting(means.manifests), Protections(clock), Durations()
    reverting = Reverting(means, drafting, protections, held)
    by_git = GitOpsActuator(reverting, means.applications, held, clock, read_only=read_only)
    surveying, following = Surveying(means, drafting, protections, durations), Following(means)
    way = GitWay(surveying.survey, following.followed, durations.note)
    outside = GitOutside(repositories, means.forges, durations.measured, at_hand())
    return by_git, way, Branches(outside, clock.now), GitNotes(means)


def hub_of(cluster: KubernetesCluster, api: ArgoApi | None, clock: Clock) -> dict[str, Applications]:
    """Reach Argo CD by its own API, and have the cluster show its Applications; nothing where they are in here."""
    if api is None:
        return {}
    server = ArgoCdServer(api)
    cluster.keeping.add(ArgoCdFeed(server, api.destination, clock, cluster.keeping.put, cluster.keeping.drop))
    return {argocd.TOOL: ArgoCdApplications(server)}


def branches(configured: Callable[[], GitOps], cache: Path, clock: Clock) -> Branches:
    """What a preflight without a daemon asks of Git."""
    repositories, forges = GitRepositories(configured, cache, clock.now), ConfiguredForges(configured, clock.now)
    return Branches(GitOutside(repositories, forges, renderers=at_hand()), clock.now)


def at_hand() -> frozenset[str]:
    """The programs that can render here."""
    commands = Commands.on_path()
    return frozenset(each for each, found in (("kustomize", commands.kustomize), ("helm", commands.helm)) if found)
