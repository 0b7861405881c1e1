"""Kubernetes: the cluster as it is, the ways back, and Events.

`Client.connect` finds the API server; `KubernetesCluster`, `KubernetesActuator`, `KubernetesApplications`,
`KubernetesAnnouncer` and `KubernetesFeatureFlags` are the ports `Cluster`, `Actuator`, `Applications`, `Announcer` and
`Flags` over it.
"""

from watcher.adapters.kubernetes.actuator import KubernetesActuator
from watcher.adapters.kubernetes.announcer import KubernetesAnnouncer
from watcher.adapters.kubernetes.applications import KubernetesApplications
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.cluster import KubernetesCluster
from watcher.adapters.kubernetes.feature_flags import KubernetesFeatureFlags
from watcher.adapters.kubernetes.permissions import Permission, missing, needed

__all__ = [
    "Client",
    "KubernetesActuator",
    "KubernetesAnnouncer",
    "KubernetesApplications",
    "KubernetesCluster",
    "KubernetesFeatureFlags",
    "Permission",
    "missing",
    "needed",
]
