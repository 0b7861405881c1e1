"""Each variant's roles grant exactly what the daemon, set as the variant sets it, asks for."""

from __future__ import annotations

import re

import pytest

from tests.chart.grants import asked, grants
from tests.chart.variants import NAMESPACE, VARIANTS, Json, Variant
from watcher.adapters.kubernetes.permissions import for_down, for_flags, needed

WITH_ROLES = [pytest.param(each, id=each.name) for each in VARIANTS if each.has_roles]
READING = {"get", "list", "watch"}


def rules(variant: Variant) -> list[Json]:
    return [rule for each in variant.objects() if each["kind"].endswith("Role") for rule in each["rules"]]


@pytest.mark.parametrize("variant", WITH_ROLES)
def test_what_is_needed_is_granted_and_nothing_else(variant: Variant) -> None:
    wanted = asked(
        needed(
            act=bool(variant.rungs),
            rungs=variant.rungs,
            events=variant.events,
            namespaces=variant.namespaces,
            own_namespace=NAMESPACE,
            planes=variant.planes,
            lease=variant.environment().get("WATCHER_LEASE", ""),
        )
    )
    if variant.down:
        wanted |= asked(for_down(variant.namespaces))
    if variant.sees_flags:
        wanted |= asked(for_flags(variant.namespaces, switch=variant.switches_flags))
    if not variant.follows_namespaces:
        wanted -= {each for each in wanted if each[2] == "namespaces"}
    assert grants(variant.objects()) == wanted


@pytest.mark.parametrize("variant", WITH_ROLES)
def test_the_daemon_is_set_as_its_permissions_are(variant: Variant) -> None:
    settings = variant.environment()
    assert settings["WATCHER_READ_ONLY"] == ("false" if variant.rungs else "true")
    assert settings["WATCHER_EVENTS"] == ("true" if variant.events else "false")
    assert settings["WATCHER_NAMESPACES"] == ",".join(variant.namespaces)


@pytest.mark.parametrize("variant", WITH_ROLES)
def test_who_only_observes_can_write_nothing_but_events(variant: Variant) -> None:
    if not variant.rungs:
        written = {each for each in grants(variant.objects()) if each[0] not in READING}
        assert {each[2] for each in written} == ({"events"} if variant.events else set())


@pytest.mark.parametrize("variant", WITH_ROLES)
def test_no_rule_has_wildcards_or_secrets(variant: Variant) -> None:
    for rule in rules(variant):
        every = [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert not any("*" in each for each in every)
        assert "secrets" not in rule["resources"]
        assert "nonResourceURLs" not in rule


@pytest.mark.parametrize("variant", WITH_ROLES)
def test_every_rule_has_its_reason_in_what_is_rendered(variant: Variant) -> None:
    lines = variant.rendered.read_text().splitlines()
    begins = [index for index, line in enumerate(lines) if line.startswith("  - apiGroups:")]
    assert len(begins) == len(rules(variant))
    for index in begins:
        assert re.fullmatch(r"  # .*[a-z]\)?\.", lines[index - 1]), f"no reason before line {index + 1}"


@pytest.mark.parametrize("variant", WITH_ROLES)
def test_everything_is_granted_to_the_account_of_the_pod(variant: Variant) -> None:
    account = {"kind": "ServiceAccount", "name": variant.pod()["serviceAccountName"], "namespace": NAMESPACE}
    for each in variant.objects():
        assert each.get("subjects", [account]) == [account]


def test_without_cluster_roles_only_roles_are_made() -> None:
    (variant,) = [each for each in VARIANTS if not each.follows_namespaces]
    assert not [each for each in variant.objects() if each["kind"].startswith("ClusterRole")]
