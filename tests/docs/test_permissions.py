"""The documented RBAC grants what is needed and nothing more."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.docs.pages import ROOT
from watcher.adapters.kubernetes.permissions import THROUGH_GIT, WRITING, Permission, for_down, for_flags, needed

FILE = ROOT / "config" / "rbac.yaml"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all(FILE.read_text()))
READING = {"get", "list", "watch"}
OWN_NAMESPACE = "watcher"


def _named(kind: str, name: str) -> dict[str, Any]:
    (found,) = [each for each in OBJECTS if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


OBSERVE = _named("ClusterRole", "watcher-observe")["rules"]
ACT = _named("ClusterRole", "watcher-act")["rules"]
GIT = _named("ClusterRole", "watcher-git")["rules"]
HOLD = _named("Role", "watcher-hold")["rules"]
LEAD = _named("Role", "watcher-lead")["rules"]
DOWN = _named("ClusterRole", "watcher-down")["rules"]
SEE_FLAGS = _named("ClusterRole", "watcher-flags-view")["rules"]
FLAGS = _named("ClusterRole", "watcher-flags")["rules"]
RULES = [*OBSERVE, *ACT, *GIT, *DOWN, *SEE_FLAGS, *FLAGS, *HOLD, *LEAD]
GOING_BACK = needed(act=True, rungs=WRITING | THROUGH_GIT, own_namespace=OWN_NAMESPACE)
EVERYTHING = (*GOING_BACK, *for_down(), *for_flags(switch=True))


def _grants(rule: dict[str, Any], permission: Permission) -> bool:
    what = permission.resource.plural + (f"/{permission.subresource}" if permission.subresource else "")
    names = rule.get("resourceNames")
    return (
        permission.resource.group in rule["apiGroups"]
        and what in rule["resources"]
        and permission.verb in rule["verbs"]
        and (names is None or permission.name in names)
    )


def _granted(permission: Permission, rules: list[dict[str, Any]]) -> bool:
    return any(_grants(rule, permission) for rule in rules)


def _rules_for(permission: Permission, cluster: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*cluster, *HOLD, *LEAD] if permission.namespace == OWN_NAMESPACE else cluster


@pytest.mark.parametrize("permission", needed(act=False, own_namespace=OWN_NAMESPACE), ids=str)
def test_observing_is_granted(permission: Permission) -> None:
    assert _granted(permission, [*OBSERVE, *HOLD] if permission.namespace == OWN_NAMESPACE else OBSERVE)


@pytest.mark.parametrize("permission", needed(act=True, own_namespace=OWN_NAMESPACE), ids=str)
def test_acting_is_granted(permission: Permission) -> None:
    assert _granted(permission, _rules_for(permission, [*OBSERVE, *ACT]))


@pytest.mark.parametrize("permission", GOING_BACK, ids=str)
def test_going_through_git_is_granted(permission: Permission) -> None:
    assert _granted(permission, _rules_for(permission, [*OBSERVE, *ACT, *GIT]))


@pytest.mark.parametrize("permission", for_down(), ids=str)
def test_down_migrations_are_granted(permission: Permission) -> None:
    assert _granted(permission, DOWN)


@pytest.mark.parametrize("permission", for_flags(switch=True), ids=str)
def test_flags_are_granted(permission: Permission) -> None:
    assert _granted(permission, [*SEE_FLAGS, *FLAGS])
    assert _granted(permission, SEE_FLAGS) is (permission.verb in READING)


def test_nothing_is_granted_that_is_not_needed() -> None:
    wanted = {
        (each.resource.group, each.resource.plural + (f"/{each.subresource}" if each.subresource else ""), each.verb)
        for each in EVERYTHING
    }
    granted = {
        (group, resource, verb)
        for rule in RULES
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert granted == wanted


def test_the_roles_that_are_bound_cannot_write() -> None:
    bound = {(each["roleRef"]["kind"], each["roleRef"]["name"]) for each in OBJECTS if "roleRef" in each}
    assert bound == {("ClusterRole", "watcher-observe"), ("Role", "watcher-hold")}
    assert all(set(rule["verbs"]) <= READING for rule in (*OBSERVE, *HOLD))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: "/".join(rule["resources"]))
def test_no_rule_has_wildcards_or_secrets(rule: dict[str, Any]) -> None:
    every = [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
    assert not any("*" in each for each in every)
    assert "secrets" not in rule["resources"]
    assert "nonResourceURLs" not in rule


def test_every_rule_has_its_reason() -> None:
    lines = FILE.read_text().splitlines()
    rules = [index for index, line in enumerate(lines) if line.startswith("  - apiGroups:")]
    assert len(rules) == len(RULES)
    assert all(lines[index - 1].strip().startswith("#") for index in rules)


def test_bindings_are_for_the_service_account() -> None:
    account = _named("ServiceAccount", "watcher")["metadata"]
    for each in OBJECTS:
        for subject in each.get("subjects", ()):
            assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
