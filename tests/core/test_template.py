from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.template import as_written, code_id, commit, config_refs, images, roll_forward_only, template_id


def template(**metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "shop"}, **metadata},
        "spec": {
            "containers": [{"name": "app", "image": "shop:1", "env": [{"name": "MODE", "value": "fast"}]}],
            "initContainers": [{"name": "wait", "image": "wait:7"}],
        },
    }


def with_annotation(key: str, value: str = "x") -> dict[str, Any]:
    return template(annotations={key: value})


@pytest.mark.parametrize(
    "annotation",
    ["kubectl.kubernetes.io/restartedAt", "sidecar.istio.io/status", "linkerd.io/proxy-version"],
)
def test_marks_of_restarts_and_injectors_make_no_version(annotation: str) -> None:
    assert template_id(with_annotation(annotation)) == template_id(template())


@pytest.mark.parametrize("label", ["pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash"])
def test_a_revision_has_the_id_of_the_workload_it_was_made_from(label: str) -> None:
    kept = template(labels={"app": "shop", label: "5c8f"}, creationTimestamp=None)
    assert template_id({**kept, "$patch": "replace"}) == template_id(template())


@pytest.mark.parametrize(
    "annotation",
    ["prometheus.io/scrape", "sidecar.istio.io/inject", "linkerd.io/inject", "watcher.dev/roll-forward-only"],
)
def test_other_annotations_make_a_version(annotation: str) -> None:
    assert template_id(with_annotation(annotation)) != template_id(template())
    assert code_id(with_annotation(annotation)) != code_id(template())


@pytest.mark.parametrize(
    "annotation", ["checksum/config", "checksum/secret", "wave.pusher.com/config-hash", "example.com/config-checksum"]
)
def test_checksums_are_configuration_and_no_code(annotation: str) -> None:
    assert template_id(with_annotation(annotation, "1")) != template_id(with_annotation(annotation, "2"))
    assert code_id(with_annotation(annotation, "1")) == code_id(with_annotation(annotation, "2")) == code_id(template())


def test_reloaders_variables_are_configuration_and_no_code() -> None:
    one, two = template(), template()
    for each, value in ((one, "1"), (two, "2")):
        each["spec"]["containers"][0]["env"].append({"name": "STAKATER_SHOP_CONFIGMAP", "value": value})
    assert template_id(one) != template_id(two)
    assert code_id(one) == code_id(two) == code_id(template())


def test_another_image_is_other_code() -> None:
    other = template()
    other["spec"]["containers"][0]["image"] = "shop:2"
    assert code_id(other) != code_id(template())


def test_images_are_those_of_containers_and_then_init_containers() -> None:
    assert images(template()) == ("shop:1", "wait:7")


def test_the_reason_not_to_go_back_is_read_from_the_template() -> None:
    assert roll_forward_only(with_annotation("watcher.dev/roll-forward-only", "schema 12")) == "schema 12"
    assert roll_forward_only(with_annotation("watcher.dev/roll-forward-only", "")) == "roll-forward-only"
    assert roll_forward_only(template()) == ""


def test_the_commit_is_read_from_the_template() -> None:
    assert commit(with_annotation("watcher.dev/commit", "3f9a")) == "3f9a"
    assert commit(template()) == ""


def test_all_config_maps_are_found_and_no_secrets() -> None:
    subject = template()
    subject["spec"]["containers"][0] |= {
        "env": [
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "from-env", "key": "a"}}},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "b"}}},
        ],
        "envFrom": [{"configMapRef": {"name": "from-env-from"}}, {"secretRef": {"name": "hidden"}}],
    }
    subject["spec"]["volumes"] = [
        {"name": "a", "configMap": {"name": "volume"}},
        {"name": "b", "secret": {"secretName": "hidden"}},
        {"name": "c", "projected": {"sources": [{"configMap": {"name": "projected"}}, {"secret": {"name": "hidden"}}]}},
    ]
    assert config_refs(subject) == (
        "ConfigMap/from-env",
        "ConfigMap/from-env-from",
        "ConfigMap/projected",
        "ConfigMap/volume",
    )


def test_what_is_written_back_has_lost_the_marks_of_controllers_only() -> None:
    kept = template(
        labels={"app": "shop", "pod-template-hash": "5c8f", "role": "canary"},
        annotations={"kubectl.kubernetes.io/restartedAt": "2026-11-23T10:00:00Z"},
        creationTimestamp=None,
    )
    assert as_written({**kept, "$patch": "replace"}, labels=["role"]) == template(
        annotations={"kubectl.kubernetes.io/restartedAt": "2026-11-23T10:00:00Z"}
    )


def test_an_empty_template_has_an_id() -> None:
    assert template_id({}) == template_id({"metadata": {"annotations": {}, "creationTimestamp": None}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=12,
)
TEMPLATES = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "labels": st.dictionaries(st.sampled_from(["app", "tier", "pod-template-hash"]), st.text(max_size=3)),
                "annotations": st.dictionaries(
                    st.sampled_from(["a", "checksum/config", "kubectl.kubernetes.io/restartedAt"]), st.text(max_size=3)
                ),
            },
        ),
        "spec": st.fixed_dictionaries({"containers": st.lists(st.fixed_dictionaries({"x": JSON}), max_size=2)}),
    }
)


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(each) for each in value] if isinstance(value, list) else value


@given(TEMPLATES)
def test_ids_depend_on_content_and_not_on_order_and_change_nothing(subject: dict[str, Any]) -> None:
    before = copy.deepcopy(subject)
    assert template_id(subject) == template_id(shuffled(subject))
    assert code_id(subject) == code_id(shuffled(subject))
    assert subject == before


@given(TEMPLATES)
def test_writing_a_kept_template_back_gives_the_same_version(subject: dict[str, Any]) -> None:
    written = as_written(subject)
    assert template_id(written) == template_id(subject)
    assert as_written(written) == written


@given(TEMPLATES, TEMPLATES)
def test_equal_templates_have_equal_code(one: dict[str, Any], other: dict[str, Any]) -> None:
    if template_id(one) == template_id(other):
        assert code_id(one) == code_id(other)
