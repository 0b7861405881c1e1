"""Projects ReplicaSets and ControllerRevisions, and gives back the templates they keep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from watcher.adapters.kubernetes import rollouts, workloads
from watcher.adapters.kubernetes.fields import (
    Json,
    annotations_of,
    at,
    condition,
    controller,
    count,
    created,
    labels_of,
)
from watcher.adapters.kubernetes.slim import SlimRevision
from watcher.core import template as templates
from watcher.core.model import Revision

POD_HASH = {"Deployment": "pod-template-hash", "Rollout": "rollouts-pod-template-hash"}
NUMBER = {"Deployment": workloads.REVISION, "Rollout": rollouts.REVISION}
EPHEMERAL = "rollout.argoproj.io/ephemeral-metadata"
RETIRES = "scale-down-deadline"


def replica_set(raw: Json) -> SlimRevision | None:
    """Project a ReplicaSet; None for one that belongs to no Deployment or Rollout."""
    owner = controller(raw)
    if owner is None or owner.kind not in POD_HASH:
        return None
    failure = condition(raw, "ReplicaFailure")
    return SlimRevision(
        namespace=raw["metadata"]["namespace"],
        uid=raw["metadata"]["uid"],
        owner=owner.uid,
        revision=_revision(
            raw,
            number=workloads.revision_number(annotations_of(raw).get(NUMBER[owner.kind])),
            name=labels_of(raw).get(POD_HASH[owner.kind], ""),
            counts=(
                count(raw, "spec", "replicas", default=1),
                count(raw, "status", "readyReplicas"),
                count(raw, "status", "availableReplicas"),
            ),
        ),
        trouble=failure.get("message", "") if failure.get("status") == "True" else "",
        retiring=bool(annotations_of(raw).get(RETIRES)),
    )


def controller_revision(raw: Json) -> SlimRevision | None:
    """Project a ControllerRevision; None for one that belongs to no StatefulSet or DaemonSet."""
    owner = controller(raw)
    if owner is None or owner.kind not in ("StatefulSet", "DaemonSet") or not _template(raw):
        return None
    return SlimRevision(
        namespace=raw["metadata"]["namespace"],
        uid=raw["metadata"]["uid"],
        owner=owner.uid,
        revision=_revision(raw, number=count(raw, "revision"), name=raw["metadata"]["name"], counts=(0, 0, 0)),
    )


def kept_template(raw: Json) -> dict[str, Any]:
    """The template that a ReplicaSet or ControllerRevision keeps, as its workload had it; empty if there is none."""
    injected = _ephemeral(raw)
    return templates.as_written(_template(raw), injected.get("labels") or (), injected.get("annotations") or ())


def _revision(raw: Json, number: int, name: str, counts: tuple[int, int, int]) -> Revision:
    template = kept_template(raw) if _ephemeral(raw) else _template(raw)
    return Revision(
        number=number,
        name=name,
        template_id=templates.template_id(template),
        code_id=templates.code_id(template),
        images=templates.images(template),
        created=created(raw),
        desired=counts[0],
        ready=counts[1],
        available=counts[2],
        roll_forward_only=templates.roll_forward_only(template),
        config_refs=templates.config_refs(template),
        commit=templates.commit(template),
        flag=templates.flag(template),
        migrations=templates.migrations(template),
    )


def _template(raw: Json) -> Json:
    kept = at(raw, "data", "spec", "template") if "data" in raw else at(raw, "spec", "template")
    return kept or {}


def _ephemeral(raw: Json) -> Mapping[str, Any]:
    """Labels and annotations that the Rollouts controller put on the pods for as long as they are canary or stable."""
    text = annotations_of(raw).get(EPHEMERAL)
    if not text:
        return {}
    try:
        injected = json.loads(text)
    except ValueError:
        return {}
    return injected if isinstance(injected, dict) else {}
