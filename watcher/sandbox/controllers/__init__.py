"""Simulated controllers: what kube-controller-manager, a kubelet, Argo Rollouts, Argo CD and Flux do to the objects
in the store.

Each looks at the whole state of one object and takes the next step towards what its spec asks for, synchronously;
the loop in `runtime` calls it again after every change that concerns it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.sandbox.controllers.daemon_sets import DaemonSetController
from watcher.sandbox.controllers.deployments import DeploymentController
from watcher.sandbox.controllers.flux_helm import HelmReleaseController
from watcher.sandbox.controllers.flux_kustomize import KustomizationController
from watcher.sandbox.controllers.flux_sources import GitRepositoryController
from watcher.sandbox.controllers.garbage import GarbageCollector, NamespaceController
from watcher.sandbox.controllers.gitops import GitOpsController
from watcher.sandbox.controllers.jobs import JobController
from watcher.sandbox.controllers.kubelet import Kubelet
from watcher.sandbox.controllers.replica_sets import ReplicaSetController
from watcher.sandbox.controllers.rollouts import RolloutController
from watcher.sandbox.controllers.stateful_sets import StatefulSetController

if TYPE_CHECKING:
    from watcher.sandbox.controllers.runtime import Controller
    from watcher.sandbox.controllers.world import World


def all_controllers(world: World) -> list[Controller]:
    """Every controller of the sandbox."""
    return [
        DeploymentController(world),
        ReplicaSetController(world),
        StatefulSetController(world),
        DaemonSetController(world),
        RolloutController(world),
        JobController(world),
        GitOpsController(world),
        GitRepositoryController(world),
        KustomizationController(world),
        HelmReleaseController(world),
        Kubelet(world),
        GarbageCollector(world),
        NamespaceController(world),
    ]
