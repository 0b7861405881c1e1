"""Wiring only: the way back through Git, from its adapters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from watcher.adapters.forges import ConfiguredForges
from watcher.adapters.git import GitRepositories
from watcher.adapters.kubernetes.actuator import KubernetesActuator
from watcher.adapters.kubernetes.applications import KubernetesApplications
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.manifests.of_repositories import RepositoryManifests
from watcher.config.gitops import GitOps
from watcher.daemon.prospects import GitWay
from watcher.gitops.drafting import Drafting
from watcher.gitops.durations import Durations
from watcher.gitops.following import Following
from watcher.gitops.means import Means
from watcher.gitops.performing import GitOpsActuator, LadderActuator
from watcher.gitops.protections import Protections
from watcher.gitops.reverting import Reverting
from watcher.gitops.surveying import Surveying
from watcher.ports import Actuator, Clock


def ladder(
    client: Client,
    on_cluster: KubernetesActuator,
    configured: Callable[[], GitOps],
    cache: Path,
    clock: Clock,
    *,
    read_only: bool,
) -> tuple[Actuator, GitWay]:
    """Who performs every order, and who looks into Git; `configured` gives the section `gitops` as it is now."""
    repositories = GitRepositories(configured, cache, clock.now)
    means = Means(
        repositories=repositories,
        manifests=RepositoryManifests(),
        forges=ConfiguredForges(configured, clock.now),
        applications=KubernetesApplications(client, clock),
        configured=configured,
        clock=clock,
    )
    drafting, protections, durations = Drafting(means.manifests), Protections(clock), Durations()
    reverting = Reverting(means, drafting, protections, on_cluster.held)
    by_git = GitOpsActuator(reverting, means.applications, on_cluster.held, clock, read_only=read_only)
    surveying, following = Surveying(means, drafting, protections, durations), Following(means)
    return LadderActuator(on_cluster, by_git), GitWay(surveying.survey, following.followed, durations.note)
