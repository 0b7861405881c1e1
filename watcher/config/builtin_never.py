"""Workloads that are watched but never acted on, whatever a thresholds file says.

They carry the cluster itself: network, storage, traffic, certificates, deployment and measurement.  Undoing one of
them takes away what a rollback needs to work, or what shows whether it did.  The names are the namespaces and
workloads of the projects' own manifests and Helm charts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Protected:
    """A group of workloads: namespaces, or names in any namespace (globs), or one of some values of a label."""

    what: str
    namespaces: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    label: str = ""
    values: tuple[str, ...] = ()


BUILT_IN: tuple[Protected, ...] = (
    Protected("Kubernetes itself", namespaces=("kube-system", "kube-public", "kube-node-lease")),
    Protected(
        "the network (CNI)",
        namespaces=("calico-system", "calico-apiserver", "tigera-operator", "cilium*", "kube-flannel", "kube-ovn*"),
        names=("calico-*", "cilium", "cilium-*", "kube-flannel-ds*", "weave-net", "antrea-*", "kube-proxy", "multus*"),
    ),
    Protected(
        "storage (CSI)",
        namespaces=("longhorn-system", "rook-ceph", "openebs", "*-csi", "csi-*"),
        names=("csi-*", "*-csi-controller", "*-csi-node", "*-csi-driver", "ebs-csi-*", "efs-csi-*"),
    ),
    Protected(
        "ingress",
        namespaces=("ingress-nginx", "nginx-ingress", "traefik*", "haproxy-controller", "contour", "projectcontour"),
        names=("ingress-nginx-*", "nginx-ingress-*", "traefik", "haproxy-ingress*", "contour", "envoy-gateway"),
    ),
    Protected("the mesh", namespaces=("istio-system", "istio-ingress", "istio-operator", "linkerd*", "kuma-system")),
    Protected(
        "deployment (Argo, Flux, Flagger)",
        namespaces=("argocd", "argo-cd", "argo-rollouts", "flux-system", "flagger-system"),
        names=("argocd-*", "argo-rollouts", "argo-rollouts-*", "flagger"),
        label="app.kubernetes.io/part-of",
        values=("argocd", "argo-rollouts", "flux"),
    ),
    Protected(
        "measurement (Prometheus)",
        names=("prometheus-*", "prometheus", "*-prometheus-operator", "alertmanager-*", "thanos-*", "vmagent-*"),
        label="app.kubernetes.io/name",
        values=("prometheus", "prometheus-operator", "kube-state-metrics", "thanos", "mimir", "victoria-metrics"),
    ),
    Protected("certificates (cert-manager)", namespaces=("cert-manager",), names=("cert-manager", "cert-manager-*")),
    Protected(
        "watcher itself",
        names=("rollback-watcher", "rollback-watcher-*"),
        label="app.kubernetes.io/name",
        values=("watcher", "rollback-watcher"),
    ),
)
