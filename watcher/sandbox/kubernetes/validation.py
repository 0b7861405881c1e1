"""Admission: what the API server refuses with 422, and what the sandbox refuses since it does not simulate it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.kinds import DAEMON_SET, DEPLOYMENT, JOB, POD, REPLICA_SET, ROLLOUT, STATEFUL_SET, Kind
from watcher.sandbox.kubernetes.objects import Json, name_of
from watcher.sandbox.kubernetes.selectors import selects

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
_MAX_NAME = 253
_WORKLOADS = frozenset({DEPLOYMENT.plural, REPLICA_SET.plural, STATEFUL_SET.plural, DAEMON_SET.plural})
_STRATEGIES = {
    DEPLOYMENT.plural: ("RollingUpdate", "Recreate"),
    STATEFUL_SET.plural: ("RollingUpdate", "OnDelete"),
    DAEMON_SET.plural: ("RollingUpdate", "OnDelete"),
}
_SHARE = re.compile(r"^[0-9]+%?$")
_INTEGERS = ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")


def validate_metadata(kind: Kind, obj: Json) -> None:
    """Raises 400 or 422 when name, labels or annotations are not what they must be."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        raise errors.bad_request("metadata must be an object")
    name = metadata.get("name")
    if not name or not isinstance(name, str):
        raise errors.invalid(kind, "", "metadata.name", "Required value: name or generateName is required")
    if len(name) > _MAX_NAME or not _NAME.match(name):
        problem = (
            f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case '
            "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
        )
        raise errors.invalid(kind, name, "metadata.name", problem)
    for part in ("labels", "annotations"):
        _text_map(kind, name, f"metadata.{part}", metadata.get(part))


def validate(kind: Kind, obj: Json, live: Json | None) -> None:
    """Raises 422 when the spec is not acceptable; `live` is what it replaces."""
    if kind.plural in _WORKLOADS:
        _workload(kind, obj)
        _immutable_selector(kind, obj, live)
    elif kind is JOB:
        _job(obj)
    elif kind is POD:
        _pod_spec(kind, name_of(obj), "spec", obj.get("spec"))
    elif kind is ROLLOUT:
        _rollout(obj)


def _text_map(kind: Kind, name: str, field: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, dict) or not all(isinstance(part, str) for part in value.values()):
        raise errors.bad_request(f"{kind.kind} {name!r}: {field} must map text to text, got {value!r}")


def _job(obj: Json) -> None:
    name, spec = name_of(obj), obj.get("spec")
    if not isinstance(spec, dict):
        raise errors.invalid(JOB, name, "spec", "Required value")
    _template(JOB, name, spec)
    policy = spec["template"]["spec"].get("restartPolicy")
    if policy not in ("Never", "OnFailure"):
        problem = f'Unsupported value: "{policy}": supported values: "OnFailure", "Never"'
        raise errors.invalid(JOB, name, "spec.template.spec.restartPolicy", problem)


def _workload(kind: Kind, obj: Json) -> None:
    name, spec = name_of(obj), obj.get("spec")
    if not isinstance(spec, dict):
        raise errors.invalid(kind, name, "spec", "Required value")
    _integers(kind, name, spec)
    _template(kind, name, spec)
    selector, labels = spec.get("selector"), spec["template"]["metadata"].get("labels") or {}
    if not isinstance(selector, dict):
        raise errors.invalid(kind, name, "spec.selector", "Required value")
    if not selects(selector, labels):
        problem = f"Invalid value: {labels!r}: `selector` does not match template `labels`"
        raise errors.invalid(kind, name, "spec.template.metadata.labels", problem)
    _strategy(kind, name, spec)


def _strategy(kind: Kind, name: str, spec: Json) -> None:
    field = "strategy" if kind is DEPLOYMENT else "updateStrategy"
    strategy = spec.get(field) or {}
    known = _STRATEGIES.get(kind.plural, ())
    if known and strategy.get("type", "RollingUpdate") not in known:
        problem = f'Unsupported value: "{strategy.get("type")}": supported values: {", ".join(known)}'
        raise errors.invalid(kind, name, f"spec.{field}.type", problem)
    rolling = strategy.get("rollingUpdate") or {}
    _shares(kind, name, f"spec.{field}.rollingUpdate", rolling)
    if kind is DAEMON_SET and rolling.get("maxSurge", 0) not in (0, "0%"):
        problem = "Invalid value: the sandbox does not simulate maxSurge of a DaemonSet"
        raise errors.invalid(kind, name, f"spec.{field}.rollingUpdate.maxSurge", problem)


def _shares(kind: Kind, name: str, field: str, rolling: Json) -> None:
    for part in ("maxSurge", "maxUnavailable", "partition"):
        value = rolling.get(part, 0)
        if not _SHARE.match(str(value)) or isinstance(value, bool):
            problem = f"Invalid value: {value!r}: must be a whole number or a percentage"
            raise errors.invalid(kind, name, f"{field}.{part}", problem)
    if kind is DEPLOYMENT and all(rolling.get(part) in (0, "0%") for part in ("maxSurge", "maxUnavailable")):
        problem = "Invalid value: 0: may not be 0 when `maxSurge` is 0"
        raise errors.invalid(kind, name, f"{field}.maxUnavailable", problem)


def _integers(kind: Kind, name: str, spec: Json) -> None:
    for field in _INTEGERS:
        value = spec.get(field, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            problem = f"Invalid value: {value!r}: must be a whole number greater than or equal to 0"
            raise errors.invalid(kind, name, f"spec.{field}", problem)


def _template(kind: Kind, name: str, spec: Json) -> None:
    template = spec.get("template")
    if not isinstance(template, dict):
        raise errors.invalid(kind, name, "spec.template", "Required value")
    metadata = template.setdefault("metadata", {})
    for part in ("labels", "annotations"):
        _text_map(kind, name, f"spec.template.metadata.{part}", metadata.get(part))
    _pod_spec(kind, name, "spec.template.spec", template.get("spec"))


def _pod_spec(kind: Kind, name: str, field: str, spec: object) -> None:
    containers = spec.get("containers") if isinstance(spec, dict) else None
    if not isinstance(containers, list) or not containers:
        raise errors.invalid(kind, name, f"{field}.containers", "Required value")
    seen: set[str] = set()
    for index, container in enumerate(containers):
        _container(kind, name, f"{field}.containers[{index}]", container)
        if container["name"] in seen:
            raise errors.invalid(
                kind, name, f"{field}.containers[{index}].name", f'Duplicate value: "{container["name"]}"'
            )
        seen.add(container["name"])


def _container(kind: Kind, name: str, field: str, container: object) -> None:
    for part in ("name", "image"):
        if not isinstance(container, dict) or not isinstance(container.get(part), str) or not container[part]:
            raise errors.invalid(kind, name, f"{field}.{part}", "Required value")


def _immutable_selector(kind: Kind, obj: Json, live: Json | None) -> None:
    if live is not None and live["spec"]["selector"] != obj["spec"]["selector"]:
        problem = f"Invalid value: {obj['spec']['selector']!r}: field is immutable"
        raise errors.invalid(kind, name_of(obj), "spec.selector", problem)


def _rollout(obj: Json) -> None:
    """Only the types that the custom resource's schema checks, and what the sandbox cannot simulate."""
    name, spec = name_of(obj), obj.get("spec")
    if not isinstance(spec, dict):
        raise errors.invalid(ROLLOUT, name, "spec", "Required value")
    _integers(ROLLOUT, name, spec)
    if "template" in spec:
        _template(ROLLOUT, name, spec)
    canary = (spec.get("strategy") or {}).get("canary")
    if not isinstance(canary, dict):
        problem = "Invalid value: the sandbox simulates Rollouts with strategy.canary only"
        raise errors.invalid(ROLLOUT, name, "spec.strategy", problem)
    _shares(ROLLOUT, name, "spec.strategy.canary", canary)
    _canary_steps(name, canary.get("steps") or ())
    if (spec.get("workloadRef") or {}).get("scaleDown", "never") != "never":
        problem = "Invalid value: the sandbox simulates scaleDown: never only"
        raise errors.invalid(ROLLOUT, name, "spec.workloadRef.scaleDown", problem)


def _canary_steps(name: str, steps: Sequence[Mapping[str, Any]]) -> None:
    for index, step in enumerate(steps):
        if set(step) not in ({"setWeight"}, {"pause"}):
            problem = f"Invalid value: {dict(step)!r}: the sandbox simulates the steps setWeight and pause only"
            raise errors.invalid(ROLLOUT, name, f"spec.strategy.canary.steps[{index}]", problem)
