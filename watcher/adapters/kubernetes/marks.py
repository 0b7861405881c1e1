"""Annotations and labels that mean something: our own, and those by which tools trace what they manage."""

from __future__ import annotations

from datetime import UTC, datetime

from watcher.adapters.kubernetes.fields import Json, annotations_of, at, controller, labels_of, seconds
from watcher.core.deciding.holding import Hold, Scope
from watcher.core.model import Approval, Manager

HOLD = "watcher.dev/hold"
HOLD_BY = "watcher.dev/hold-by"
HOLD_UNTIL = "watcher.dev/hold-until"  # RFC 3339
APPROVE = "watcher.dev/approve"  # id of the decision that may be carried out
DECISION = "watcher.dev/decision"
UNDO = "watcher.dev/undo"  # the decision that put a template back; written in the same patch as the template
MIGRATION = "watcher.dev/migration"  # on a Job: the note that it takes back
WORKLOAD = "watcher.dev/workload"  # on a Job: the workload that it is about, Kind/namespace/name
HOLD_CONFIG_MAP = "watcher-hold"
REHEARSAL = "watcher.dev/rehearsal"
"""Label of a Namespace that is there for rehearsals only, with the value `true`; annotation of a workload that is being
rehearsed on: what there is to put back."""

LONGEST_ID = 64
"""Characters of a decision's id, at the most."""

_TRACKING = "argocd.argoproj.io/tracking-id"
_FLUX = {"flux-helm": "helm.toolkit.fluxcd.io", "flux-kustomize": "kustomize.toolkit.fluxcd.io"}


def hold(raw: Json, scope: Scope) -> Hold | None:
    """The hold that the object carries, or None.  One whose end cannot be read does not end."""
    if HOLD not in annotations_of(raw):
        return None
    where = f"annotation {HOLD} on {raw.get('kind', 'object')} {at(raw, 'metadata', 'name')}"
    marks = annotations_of(raw)
    return _hold(scope, where, marks[HOLD], marks.get(HOLD_BY), marks.get(HOLD_UNTIL))


def rehearses(namespace: Json) -> bool:
    """Whether a Namespace is there for rehearsals only."""
    return labels_of(namespace).get(REHEARSAL) == "true"


def config_map_hold(raw: Json) -> Hold:
    """The hold that the ConfigMap `watcher-hold` stands for: its existence holds everything."""
    metadata, data = raw["metadata"], at(raw, "data") or {}
    where = f"ConfigMap {metadata['namespace']}/{metadata['name']}"
    return _hold(Scope(), where, data.get("reason"), data.get("by"), data.get("until"))


def _hold(scope: Scope, where: str, reason: str | None, author: str | None, until: str | None) -> Hold:
    ends, text = None, (until or "").strip()
    try:
        ends = _end(text)
    except ValueError:
        where += f", until {text[:40]!r}, which is no RFC 3339 time, so it does not end by itself"
    return Hold(str(scope), (reason or "").strip() or "no reason given", (author or "").strip(), None, ends, where)


def _end(text: str) -> float | None:
    """When a hold ends by itself, Unix seconds; None: never.  Raises ValueError for what does not say so.

    A time without its offset may mean an earlier or a later one, and no hold may end before its author meant it to.
    """
    if not text:
        return None
    ends = datetime.fromisoformat(text)
    if ends.tzinfo is None:
        raise ValueError("it has no offset")
    moment = ends.timestamp()
    datetime.fromtimestamp(moment, UTC)  # by its offset it may lie outside of the years that can be told
    return moment


def approval(raw: Json) -> Approval | None:
    """The approval that stands on the object, or None.

    An annotation has no author: the API server only keeps which program set it, and when that wrote last.
    """
    decision = annotations_of(raw).get(APPROVE, "").strip()
    if not decision:
        return None
    manager, time = _set_by(raw, APPROVE)
    return Approval(decision[:LONGEST_ID], f"annotation ({manager or 'unknown program'})", time, "annotation")


def _set_by(raw: Json, annotation: str) -> tuple[str, float]:
    """The field manager that owns an annotation, and when it wrote last (Unix seconds); empty and 0: not known."""
    for entry in at(raw, "metadata", "managedFields") or ():
        owned = at(entry, "fieldsV1", "f:metadata", "f:annotations") or {}
        if f"f:{annotation}" in owned:
            try:
                return str(entry.get("manager", "")), seconds(entry.get("time")) or 0.0
            except ValueError:
                return str(entry.get("manager", "")), 0.0
    return "", 0.0


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
    """Whether Flagger made this workload as the stable copy of another."""
    owner = controller(raw)
    return owner is not None and owner.kind == "Canary" and at(raw, "metadata", "name").endswith("-primary")
