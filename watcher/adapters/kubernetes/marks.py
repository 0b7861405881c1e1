"""Annotations and labels that mean something: our own, and those by which tools trace what they manage."""

from __future__ import annotations

from watcher.adapters.kubernetes.fields import Json, annotations_of, at, controller, labels_of
from watcher.core.model import Manager

HOLD = "watcher.dev/hold"
DECISION = "watcher.dev/decision"
UNDO = "watcher.dev/undo"  # the decision that put a template back; written in the same patch as the template
HOLD_CONFIG_MAP = "watcher-hold"

_TRACKING = "argocd.argoproj.io/tracking-id"
_FLUX = {"flux-helm": "helm.toolkit.fluxcd.io", "flux-kustomize": "kustomize.toolkit.fluxcd.io"}


def hold(raw: Json) -> str:
    """The reason of the hold that the object carries and where it stands, or an empty string."""
    if HOLD not in annotations_of(raw):
        return ""
    reason = annotations_of(raw)[HOLD].strip() or "no reason given"
    return f"{reason} (annotation {HOLD} on {raw.get('kind', 'object')} {at(raw, 'metadata', 'name')})"


def config_map_hold(raw: Json) -> str:
    """The reason that the ConfigMap `watcher-hold` gives: its existence holds everything."""
    reason = (at(raw, "data", "reason") or "").strip() or "no reason given"
    metadata = raw["metadata"]
    return f"{reason} (ConfigMap {metadata['namespace']}/{metadata['name']})"


def manager(raw: Json, kind: str, group: str) -> Manager | None:
    """The GitOps tool that keeps this object, or None.

    Argo CD's tracking id counts only where it names the object itself, because controllers copy annotations.
    The label `app.kubernetes.io/instance` proves nothing: plain Helm sets it too.
    """
    name, namespace = at(raw, "metadata", "name"), at(raw, "metadata", "namespace")
    application, _, tracked = annotations_of(raw).get(_TRACKING, "").partition(":")
    if application and tracked == f"{group}/{kind}:{namespace}/{name}":
        return Manager("argocd", application)
    for tool, prefix in _FLUX.items():
        owner = labels_of(raw).get(f"{prefix}/name")
        if owner:
            return Manager(tool, f"{labels_of(raw).get(f'{prefix}/namespace', namespace)}/{owner}")
    return None


def operator(raw: Json) -> str:
    """The operator that owns this workload, as "Kind/name", or an empty string."""
    owner = controller(raw)
    return f"{owner.kind}/{owner.name}" if owner else ""


def is_flagger_primary(raw: Json) -> bool:
    """Whether Flagger made this Deployment as the stable copy of another."""
    owner = controller(raw)
    return owner is not None and owner.kind == "Canary" and at(raw, "metadata", "name").endswith("-primary")
