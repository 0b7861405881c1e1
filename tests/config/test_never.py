"""Workloads that are watched but never acted on."""

from __future__ import annotations

import pytest

from tests.config.texts import thresholds
from watcher.core.policy import Subject

ALL = "  - match: {}\n"


@pytest.mark.parametrize(
    ("namespace", "name", "labels"),
    [
        ("kube-system", "coredns", {}),
        ("calico-system", "calico-typha", {}),
        ("tigera-operator", "tigera-operator", {}),
        ("network", "cilium-operator", {}),
        ("storage", "ebs-csi-controller", {}),
        ("ingress-nginx", "ingress-nginx-controller", {}),
        ("istio-system", "istiod", {}),
        ("linkerd-viz", "web", {}),
        ("argocd", "argocd-server", {}),
        ("argo-rollouts", "argo-rollouts", {}),
        ("flux-system", "source-controller", {}),
        ("monitoring", "prometheus-k8s", {}),
        ("monitoring", "metrics", {"app.kubernetes.io/name": "prometheus"}),
        ("cert-manager", "cert-manager-webhook", {}),
        ("platform", "rollback-watcher", {}),
        ("platform", "anything", {"app.kubernetes.io/name": "watcher"}),
    ],
)
def test_the_built_in_list(namespace: str, name: str, labels: dict[str, str]) -> None:
    found = thresholds(ALL).policy_for(Subject("Deployment", namespace, name, labels))
    assert found is not None
    assert found.never


@pytest.mark.parametrize("name", ["checkout", "prometheus2", "watcher", "traffic-cilium", "flagger-demo"])
def test_applications_are_not_on_it(name: str) -> None:
    found = thresholds(ALL).policy_for(Subject("Deployment", "shop", name, {"app.kubernetes.io/name": name + "-x"}))
    assert found is not None
    assert not found.never


def test_the_file_adds_to_it() -> None:
    loaded = thresholds(ALL, "never: [{namespace: [gitlab, vault*]}, {labels: {never: 'yes'}, not: {name: a}}]\n")
    for subject, expected in [
        (Subject("Deployment", "gitlab", "a"), True),
        (Subject("Deployment", "vault-1", "a"), True),
        (Subject("Deployment", "shop", "a"), False),
        (Subject("Deployment", "shop", "a", {"never": "yes"}), False),
        (Subject("Deployment", "shop", "b", {"never": "yes"}), True),
        (Subject("Deployment", "kube-system", "a"), True),
    ]:
        found = loaded.policy_for(subject)
        assert found is not None
        assert found.never is expected
