from __future__ import annotations

from watcher.core.words import Kind
from watcher.sandbox.shop import NAMESPACE, SERVICES, manifests, rates


def test_the_namespace_comes_first_and_everything_is_in_it() -> None:
    namespace, *workloads = manifests()
    assert (namespace["kind"], namespace["metadata"]["name"]) == ("Namespace", NAMESPACE)
    assert {each["metadata"]["namespace"] for each in workloads} == {NAMESPACE}


def test_selectors_select_the_pods_of_the_template() -> None:
    for each in manifests()[1:]:
        assert each["spec"]["selector"]["matchLabels"] == each["spec"]["template"]["metadata"]["labels"]


def test_a_canary_is_a_rollout_and_everything_else_a_deployment() -> None:
    by_name = {each["metadata"]["name"]: each for each in manifests()[1:]}
    for service in SERVICES:
        manifest = by_name[service.name]
        assert manifest["kind"] == service.workload.kind
        assert ("canary" in manifest["spec"]["strategy"]) is (service.workload.kind is Kind.ROLLOUT)
        assert (
            manifest["spec"]["template"]["spec"]["containers"][0]["image"]
            == service.image()
            == f"shop/{service.name}:{service.tag}"
        )


def test_every_workload_gets_requests() -> None:
    assert set(rates()) == {service.workload for service in SERVICES}
    assert min(rates().values()) >= 50, "enough for a verdict within a minute"


def test_another_tag_is_another_release() -> None:
    assert SERVICES[0].image("9.9.9-err20") == f"shop/{SERVICES[0].name}:9.9.9-err20"
