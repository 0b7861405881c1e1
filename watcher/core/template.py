"""What makes a version of a pod template, and what a template says of itself.

Templates are plain mappings as the Kubernetes API gives them: of a Deployment, StatefulSet or Rollout, of a
ReplicaSet, or of a ControllerRevision's data.  All give the same id for the same version, because marks of
controllers, restarts and injectors do not count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Template = Mapping[str, Any]

ROLL_FORWARD_ONLY = "watcher.dev/roll-forward-only"
COMMIT = "watcher.dev/commit"
LONGEST = 600
"""Characters that are read of an annotation: more than any that means something, and each record holds them."""

FLAG = "watcher.dev/flag"
MIGRATIONS = "watcher.dev/migrations"

#: Labels by which controllers join pods to a revision.
CONTROLLER_LABELS = frozenset({"pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash"})

#: Annotations that only ask for new pods of the same version.
RESTART_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/restartedAt", "cattle.io/timestamp"})

#: Stamps that sidecar injectors leave; those they are configured by (`.../inject`) do make a version.
INJECTOR_ANNOTATIONS = frozenset(
    {
        "sidecar.istio.io/status",
        "linkerd.io/created-by",
        "linkerd.io/proxy-version",
        "linkerd.io/trust-root-sha256",
        "vault.hashicorp.com/agent-inject-status",
        "consul.hashicorp.com/connect-inject-status",
        "consul.hashicorp.com/transparent-proxy-status",
        "kuma.io/sidecar-injected",
    }
)

NOT_A_VERSION = RESTART_ANNOTATIONS | INJECTOR_ANNOTATIONS

#: Annotations that hold a hash of configuration, so that a change of it makes new pods (Helm's
#: `checksum/config`, Wave, Reloader).
CHECKSUM_PREFIXES = ("checksum/", "checksum.")
CHECKSUM_SUFFIXES = ("config-hash", "config-checksum", "configmap-hash", "secret-hash", "/last-reloaded-from")

#: Reloader's other way: an environment variable `STAKATER_<NAME>_CONFIGMAP` holding the hash.
CHECKSUM_VARIABLE = ("STAKATER_", ("_CONFIGMAP", "_SECRET"))


def template_id(template: Template) -> str:
    """SHA-256 (hex) over the template without what does not make a version."""
    return _digest(_without(template, CONTROLLER_LABELS, NOT_A_VERSION))


def code_id(template: Template) -> str:
    """As `template_id`, without configuration checksums too: equal for versions that differ in configuration only."""
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    checksums = frozenset(key for key in annotations if _is_checksum(key))
    bare = _without(template, CONTROLLER_LABELS, NOT_A_VERSION | checksums)
    spec = dict(bare.get("spec") or {})
    for field in ("initContainers", "containers"):
        if field in spec:
            spec[field] = [_without_checksum_variables(container) for container in spec[field] or ()]
    return _digest({**bare, "spec": spec} if spec else bare)


def as_written(template: Template, labels: Iterable[str] = (), annotations: Iterable[str] = ()) -> dict[str, Any]:
    """The template as it was before its controller took it: what to write to bring this version back.

    Without the controllers' labels, without the given injected `labels` and `annotations`, without the
    `$patch` directive of a ControllerRevision and without nulls.  Restart marks stay, so that the controller finds
    its old ReplicaSet again.
    """
    bare: dict[str, Any] = _without_nulls(_without(template, CONTROLLER_LABELS | {*labels}, frozenset(annotations)))
    return bare


def images(template: Template) -> tuple[str, ...]:
    """Images of the containers, then of the init containers, in their order."""
    return tuple(container["image"] for container in _containers(template) if container.get("image"))


def roll_forward_only(template: Template) -> str:
    """The reason not to go back from this version, or an empty string."""
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    if ROLL_FORWARD_ONLY not in annotations:
        return ""
    return str(annotations[ROLL_FORWARD_ONLY]) or "roll-forward-only"


def commit(template: Template) -> str:
    """The commit that the template says it was made from, or an empty string."""
    return _annotation(template, COMMIT)


def flag(template: Template) -> str:
    """The feature flag that the template says covers what it changed, as it is written there, or an empty string."""
    return _annotation(template, FLAG)


def migrations(template: Template) -> str:
    """Name of the ConfigMap with notes on the migrations of this version, or an empty string."""
    return _annotation(template, MIGRATIONS)


def _annotation(template: Template, name: str) -> str:
    return str(((template.get("metadata") or {}).get("annotations") or {}).get(name) or "")[:LONGEST]


def config_refs(template: Template) -> tuple[str, ...]:
    """The ConfigMaps that the template refers to, as sorted "ConfigMap/name".  Secrets are not looked at."""
    return tuple(sorted({f"ConfigMap/{name}" for name in _config_maps(template) if name}))


def _config_maps(template: Template) -> Iterator[str]:
    for container in _containers(template):
        for source in container.get("envFrom") or ():
            yield (source.get("configMapRef") or {}).get("name", "")
        for variable in container.get("env") or ():
            yield ((variable.get("valueFrom") or {}).get("configMapKeyRef") or {}).get("name", "")
    for volume in (template.get("spec") or {}).get("volumes") or ():
        yield (volume.get("configMap") or {}).get("name", "")
        for source in (volume.get("projected") or {}).get("sources") or ():
            yield (source.get("configMap") or {}).get("name", "")


def _containers(template: Template) -> Iterator[Mapping[str, Any]]:
    spec = template.get("spec") or {}
    yield from spec.get("containers") or ()
    yield from spec.get("initContainers") or ()


def _is_checksum(annotation: str) -> bool:
    return annotation.startswith(CHECKSUM_PREFIXES) or annotation.endswith(CHECKSUM_SUFFIXES)


def _without_checksum_variables(container: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = [variable for variable in container.get("env") or () if not _is_checksum_variable(variable.get("name", ""))]
    if len(kept) == len(container.get("env") or ()):
        return container
    bare = {key: value for key, value in container.items() if key != "env"}
    return {**bare, "env": kept} if kept else bare


def _is_checksum_variable(name: str) -> bool:
    prefix, suffixes = CHECKSUM_VARIABLE
    return name.startswith(prefix) and name.endswith(suffixes)


def _without(template: Template, labels: frozenset[str], annotations: frozenset[str]) -> dict[str, Any]:
    """A copy, as shallow as can be, without these labels and annotations and the `$patch` directive."""
    bare = {key: value for key, value in template.items() if key != "$patch" and value is not None}
    metadata = {key: value for key, value in bare.pop("metadata", {}).items() if value is not None}
    for field, dropped in (("labels", labels), ("annotations", annotations)):
        kept = {key: value for key, value in metadata.pop(field, {}).items() if key not in dropped}
        if kept:
            metadata[field] = kept
    return {**bare, "metadata": metadata} if metadata else bare


def _without_nulls(value: Any) -> Any:
    """A deep copy without keys whose value is null, as in `creationTimestamp: null`."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(each) for each in value]
    return value


def _digest(value: Any) -> str:
    canonical = _canonical(value)
    if "null" in canonical:  # seldom: spares all others the deep copy
        canonical = _canonical(_without_nulls(value))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
