"""Objects of Argo CD and Flux as their controllers leave them."""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]

REPO = "https://git.example.com/platform/deploy.git"
OLD, NEW = "1" * 40, "2" * 40
CART: Json = {
    "group": "apps",
    "version": "v1",
    "kind": "Deployment",
    "namespace": "shop",
    "name": "cart",
    "status": "Synced",
    "health": {"status": "Healthy"},
}
SERVICE: Json = {"version": "v1", "kind": "Service", "namespace": "shop", "name": "cart", "status": "Synced"}
SOURCE: Json = {"repoURL": REPO, "path": "apps/cart", "targetRevision": "main"}


def merged(base: Json, change: Json) -> Json:
    """`base` with a change: mappings are merged, None removes, everything else replaces."""
    both = copy.deepcopy(base)
    for key, value in change.items():
        if value is None:
            both.pop(key, None)
        elif isinstance(value, dict) and isinstance(both.get(key), dict):
            both[key] = merged(both[key], value)
        else:
            both[key] = copy.deepcopy(value)
    return both


def an_application(change: Json | None = None, name: str = "cart", namespace: str = "argocd") -> Json:
    """An Application that is synced by itself, and was brought to a second commit."""
    raw = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"namespace": namespace, "name": name, "generation": 7},
        "spec": {
            "project": "default",
            "source": SOURCE,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["CreateNamespace=true"]},
        },
        "status": {
            "reconciledAt": "2026-11-02T10:05:00Z",
            "health": {"status": "Healthy", "lastTransitionTime": "2026-11-02T10:00:10Z"},
            "sync": {
                "status": "Synced",
                "revision": NEW,
                "comparedTo": {"source": SOURCE, "destination": {"namespace": "shop"}},
            },
            "history": [
                an_entry(0, OLD, "2026-11-01T09:00:00Z", "2026-11-01T09:00:02Z"),
                an_entry(1, NEW, "2026-11-02T10:00:00Z", "2026-11-02T10:00:02Z"),
            ],
            "operationState": {
                "phase": "Succeeded",
                "message": "successfully synced (all tasks run)",
                "startedAt": "2026-11-02T10:00:00Z",
                "finishedAt": "2026-11-02T10:00:02Z",
                "operation": {"initiatedBy": {"automated": True}, "sync": {"revision": NEW}},
                "syncResult": {"revision": NEW, "source": SOURCE},
            },
            "resources": [CART, SERVICE],
            "summary": {"images": ["shop/cart:2.4.0"]},
        },
    }
    return merged(raw, change or {})


def an_entry(number: int, revision: str, started: str, deployed: str, source: Json | None = None) -> Json:
    """An entry of an Application's history."""
    return {
        "id": number,
        "revision": revision,
        "source": source or SOURCE,
        "deployStartedAt": started,
        "deployedAt": deployed,
        "initiatedBy": {"automated": True},
    }


def of_sources(*sources: Json, **change: Any) -> Json:
    """An Application of several sources, of which the history holds two states."""
    then = [f"{place}{OLD[1:]}" for place in range(len(sources))]
    now = [f"{place}{NEW[1:]}" for place in range(len(sources))]
    history = [
        {"id": 0, "revisions": then, "sources": list(sources), "deployedAt": "2026-11-01T09:00:00Z"},
        {"id": 1, "revisions": now, "sources": list(sources), "deployedAt": "2026-11-02T10:00:00Z"},
    ]
    several = {
        "spec": {"source": None, "sources": list(sources)},
        "status": {
            "sync": {"revision": None, "revisions": now, "comparedTo": {"source": None, "sources": list(sources)}},
            "history": history,
        },
    }
    return merged(an_application(several), change)


def a_git_repository(change: Json | None = None) -> Json:
    """A GitRepository of Flux."""
    raw = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"namespace": "flux-system", "name": "deploy", "generation": 1},
        "spec": {"interval": "1m0s", "url": REPO, "ref": {"branch": "main"}},
        "status": {
            "observedGeneration": 1,
            "artifact": {"revision": f"main@sha1:{NEW}"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded"}],
        },
    }
    return merged(raw, change or {})


def a_kustomization(change: Json | None = None) -> Json:
    """A Kustomization of Flux that has applied a second commit."""
    raw = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"namespace": "flux-system", "name": "shop", "generation": 2},
        "spec": {
            "interval": "10m0s",
            "path": "./apps/cart",
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": "deploy"},
        },
        "status": {
            "observedGeneration": 2,
            "lastAppliedRevision": f"main@sha1:{NEW}",
            "lastAttemptedRevision": f"main@sha1:{NEW}",
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "ReconciliationSucceeded",
                    "message": f"Applied revision: main@sha1:{NEW}",
                    "lastTransitionTime": "2026-11-02T10:00:00Z",
                }
            ],
            "history": [
                a_snapshot(NEW, "2026-11-02T10:00:00Z", "2026-11-02T10:20:00Z"),
                a_snapshot(OLD, "2026-11-01T09:00:00Z", "2026-11-02T09:50:00Z"),
            ],
        },
    }
    return merged(raw, change or {})


def a_snapshot(revision: str, first: str, last: str, status: str = "ReconciliationSucceeded") -> Json:
    """An entry of a Kustomization's history."""
    return {
        "digest": f"sha256:{revision}",
        "firstReconciled": first,
        "lastReconciled": last,
        "lastReconciledStatus": status,
        "totalReconciliations": 3,
        "metadata": {"revision": f"main@sha1:{revision}"},
    }


def a_helm_release(change: Json | None = None) -> Json:
    """A HelmRelease of Flux whose chart is in Git, and made anew for each commit."""
    raw = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"namespace": "shop", "name": "cart", "generation": 1},
        "spec": {
            "interval": "10m0s",
            "chart": {
                "spec": {
                    "chart": "./charts/cart",
                    "reconcileStrategy": "Revision",
                    "sourceRef": {"kind": "GitRepository", "name": "deploy", "namespace": "flux-system"},
                    "valuesFiles": ["./charts/cart/values.yaml", "./values/prod.yaml"],
                }
            },
            "driftDetection": {"mode": "enabled"},
            "values": {"replicaCount": 3},
        },
        "status": {
            "observedGeneration": 1,
            "lastAttemptedRevision": f"1.2.0+{NEW[:12]}.1",
            "conditions": [{"type": "Ready", "status": "True", "reason": "UpgradeSucceeded"}],
            "history": [{"chartVersion": f"1.2.0+{NEW[:12]}.1", "status": "deployed", "name": "cart"}],
        },
    }
    return merged(raw, change or {})
