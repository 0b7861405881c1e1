"""Who may do what: role-like rules, for the requests themselves and for SelfSubjectAccessReview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

USER = "sandbox"
"""The one user of the sandbox, as named in 403 messages."""


@dataclass(frozen=True)
class Attributes:
    """What a request wants to do. `subresource`, `namespace` and `name` may be empty."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def full_resource(self) -> str:
        """`rollouts/status`, or `rollouts`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True)
class AccessRule:
    """Allows these verbs on these resources; `*` stands for all. Without `namespaces`: in all of them."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    namespaces: tuple[str, ...] = ("*",)
    names: tuple[str, ...] = ("*",)

    def allows(self, wanted: Attributes) -> bool:
        """Whether this rule alone allows it."""
        pairs = (
            (self.verbs, wanted.verb),
            (self.groups, wanted.group),
            (self.resources, wanted.full_resource),
            (self.namespaces, wanted.namespace),
            (self.names, wanted.name),
        )
        return all("*" in listed or value in listed for listed, value in pairs)


EVERYTHING = (AccessRule(("*",), ("*",), ("*",)),)


def allowed(rules: Sequence[AccessRule], wanted: Attributes) -> bool:
    """Whether any rule allows it."""
    return any(rule.allows(wanted) for rule in rules)


def denial(wanted: Attributes) -> str:
    """The sentence of a 403, naming user, verb, resource, group and namespace."""
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    return f'User "{USER}" cannot {wanted.verb} resource "{wanted.full_resource}" in API group "{wanted.group}" {where}'


def review(rules: Sequence[AccessRule], body: Mapping[str, Any]) -> dict[str, Any]:
    """The SelfSubjectAccessReview answered: the request's spec with `status.allowed`."""
    spec = body.get("spec") or {}
    resource: Mapping[str, str] | None = spec.get("resourceAttributes")
    may = True
    if resource is not None:
        fields = ("verb", "group", "resource", "subresource", "namespace", "name")
        may = allowed(rules, Attributes(**{field: resource.get(field, "") for field in fields}))
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "metadata": {},
        "spec": spec,
        "status": {"allowed": may, "reason": "allowed by a rule" if may else "no rule allows it"},
    }
