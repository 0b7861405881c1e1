"""A whole Kubernetes control plane, Argo Rollouts, Argo CD, Git and Prometheus on loopback, for tests.

No container engine, no privileges: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok (a fake
kubelet) and the Argo Rollouts controller, made by ``build_tools.py``. RBAC and the audit log are real.
"""

from tests.e2e.controlplane.api import Api, ApiError, Json
from tests.e2e.controlplane.argocd import ArgoCD
from tests.e2e.controlplane.audit import AuditEntry, AuditLog
from tests.e2e.controlplane.cluster import FLAGGER, ControlPlane
from tests.e2e.controlplane.git_server import GitServer
from tests.e2e.controlplane.process import Part, PartError
from tests.e2e.controlplane.prometheus import Prometheus
from tests.e2e.controlplane.repository import Commit, Repository
from tests.e2e.controlplane.waiting import eventually

__all__ = [
    "FLAGGER",
    "Api",
    "ApiError",
    "ArgoCD",
    "AuditEntry",
    "AuditLog",
    "Commit",
    "ControlPlane",
    "GitServer",
    "Json",
    "Part",
    "PartError",
    "Prometheus",
    "Repository",
    "eventually",
]
