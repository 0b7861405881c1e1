"""What roles and bindings add up to, as RBAC understands them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.chart.variants import Json
from watcher.adapters.kubernetes.permissions import Permission

Grant = tuple[str, str, str, str, str]
"""Verb, API group, resource with its subresource, namespace (empty: all), name (empty: any)."""


def grants(objects: Iterable[Json]) -> set[Grant]:
    """Everything that is granted to anybody by the bindings among these objects."""
    every = list(objects)
    roles = {_key(each["kind"], each): each for each in every if each["kind"] in ("Role", "ClusterRole")}
    bindings = [each for each in every if each["kind"].endswith("Binding")]
    return {grant for binding in bindings for grant in _of(roles[_key(binding["roleRef"]["kind"], binding)], binding)}


def asked(permissions: Iterable[Permission]) -> set[Grant]:
    """The same of what is needed."""
    return {
        (
            each.verb,
            each.resource.group,
            f"{each.resource.plural}/{each.subresource}".rstrip("/"),
            each.namespace,
            each.name,
        )
        for each in permissions
    }


def _key(kind: str, found: Json) -> tuple[str, str, str]:
    """Of a role, or of the role that a binding is for."""
    named: Json = found.get("roleRef") or found["metadata"]
    return kind, "" if kind == "ClusterRole" else found["metadata"]["namespace"], named["name"]


def _of(role: Json, binding: Json) -> Iterator[Grant]:
    namespace = binding["metadata"].get("namespace", "") if binding["kind"] == "RoleBinding" else ""
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames") or ("",):
                        yield verb, group, resource, namespace, name
