"""What speaks against pushing a revert without a person: each rule on both of its sides."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.keepers.blast import objections

Thing = dict[str, Any]


def thing(kind: str, name: str, api: str = "v1", namespace: str | None = "shop", **more: Any) -> Thing:
    place = {} if namespace is None else {"namespace": namespace}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **place}, **more}


def deployment(image: str, name: str = "cart") -> Thing:
    containers = [{"name": "app", "image": image}]
    return thing("Deployment", name, "apps/v1", spec={"template": {"spec": {"containers": containers}}})


def job(image: str, annotations: dict[str, str], name: str = "migrate") -> Thing:
    spec = {"template": {"spec": {"containers": [{"name": "migrate", "image": image}]}}}
    made = thing("Job", name, "batch/v1", spec=spec)
    made["metadata"]["annotations"] = annotations
    return made


CLAIM = thing("PersistentVolumeClaim", "data", spec={"storage": "1Gi"})
DEFINITION = thing("CustomResourceDefinition", "carts.shop.io", "apiextensions.k8s.io/v1", None, spec={"a": 1})
PRE_SYNC = {"argocd.argoproj.io/hook": "PreSync"}


def changed(each: Thing) -> Thing:
    other = copy.deepcopy(each)
    other["metadata"]["labels"] = {"changed": "yes"}
    return other


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([deployment("cart:2")], [deployment("cart:1")], id="another image"),
        pytest.param([thing("Service", "cart")], [thing("Service", "cart"), thing("Service", "new")], id="one comes"),
        pytest.param([thing("ConfigMap", "cart-gh5k2mtb4f")], [thing("ConfigMap", "cart-7b2kcf99dt")], id="hash"),
        pytest.param([CLAIM, deployment("cart:2")], [CLAIM, deployment("cart:1")], id="a claim stays as it is"),
        pytest.param(
            [thing("Namespace", "a", "shop.io/v1")],
            [changed(thing("Namespace", "a", "shop.io/v1"))],
            id="a namespace of another group",
        ),
        pytest.param([job("cart:2", {})], [job("cart:1", {})], id="a job that is no hook"),
        pytest.param([job("cart:1", PRE_SYNC)], [changed(job("cart:1", PRE_SYNC))], id="a hook with the same image"),
        pytest.param(
            [job("cart:2", {"helm.sh/hook": "test"})], [job("cart:1", {"helm.sh/hook": "test"})], id="run by no sync"
        ),
        pytest.param(
            [thing("Role", "cart", namespace="other", rules=[1])],
            [thing("Role", "cart", namespace="other", rules=[2])],
            id="an object in another namespace",
        ),
    ],
)
def test_nothing_speaks_against(before: list[Thing], after: list[Thing]) -> None:
    assert objections(before, after, 10) == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([thing("Service", "cart")], [], "it would remove Service shop/cart"),
        ([thing("ClusterRole", "cart", namespace=None)], [], "it would remove ClusterRole cart"),
        ([CLAIM], [], "it would remove PersistentVolumeClaim shop/data"),
        ([thing("Secret", "cart-gh5k2mtb4f")], [], "it would remove Secret shop/cart-*"),
        ([thing("Secret", "cart-gh5k2mtb4f")], [thing("Secret", "cart")], "it would remove Secret shop/cart-*"),
        (
            [thing("ConfigMap", "cart-gh5k2mtb4f")],
            [thing("ConfigMap", "shop-gh5k2mtb4f")],
            "it would remove ConfigMap shop/cart-*",
        ),
        (
            [thing("Service", "cart-gh5k2mtb4f")],
            [thing("Service", "cart-7b2kcf99dt")],
            "it would remove Service shop/cart-gh5k2mtb4f",
        ),
        (
            [thing("ConfigMap", "cart-01aeijlnop")],
            [thing("ConfigMap", "cart-7b2kcf99dt")],
            "it would remove ConfigMap shop/cart-01aeijlnop",
        ),
        (
            [thing("ConfigMap", "cart-gh5k2mtb4f"), thing("ConfigMap", "cart-7b2kcf99dt")],
            [thing("ConfigMap", "cart-7b2kcf99dt")],
            "it would remove ConfigMap shop/cart-*",
        ),
        (
            [thing("Ingress", "cart", "extensions/v1beta1")],
            [thing("Ingress", "cart", "networking.k8s.io/v1")],
            "it would remove Ingress shop/cart",
        ),
        (
            [thing("Service", str(number)) for number in range(7)],
            [],
            "it would remove Service shop/0, Service shop/1, Service shop/2, Service shop/3, Service shop/4 and 2 more",
        ),
        ([CLAIM], [changed(CLAIM)], "it would change PersistentVolumeClaim shop/data, which holds data"),
        ([], [CLAIM], "it would create PersistentVolumeClaim shop/data, which holds data"),
        (
            [DEFINITION],
            [changed(DEFINITION)],
            "it would change CustomResourceDefinition carts.shop.io, by which other objects live",
        ),
        (
            [thing("Namespace", "shop", namespace=None)],
            [changed(thing("Namespace", "shop", namespace=None))],
            "it would change Namespace shop, which holds other objects",
        ),
        (
            [job("cart:2", PRE_SYNC)],
            [job("cart:1", PRE_SYNC)],
            "it would run the hook Job shop/migrate with cart:1",
        ),
        ([], [job("cart:1", PRE_SYNC)], "it would run the hook Job shop/migrate with cart:1"),
        (
            [job("cart:2", {"helm.sh/hook": "pre-upgrade, test"})],
            [job("cart:1", {"helm.sh/hook": "pre-upgrade, test"})],
            "it would run the hook Job shop/migrate with cart:1",
        ),
        ([job("cart:2", PRE_SYNC)], [], "it would remove Job shop/migrate"),
    ],
)
def test_what_speaks_against(before: list[Thing], after: list[Thing], expected: str) -> None:
    assert objections(before, after, 10) == (expected,)


def test_hooks_with_generated_names_are_told_apart_by_their_images() -> None:
    def hook(image: str) -> Thing:
        made = job(image, PRE_SYNC)
        made["metadata"] = {"generateName": "migrate-", "annotations": PRE_SYNC}
        return made

    assert objections([hook("a:1"), hook("b:1")], [hook("b:1"), hook("a:1")], 10) == ()
    assert objections([hook("a:1"), hook("b:1")], [hook("a:1"), hook("b:0")], 10) == (
        "it would run the hook Job migrate-* with a:1, b:0",
    )
    assert objections([hook("a:1"), hook("a:1")], [hook("a:1")], 10) == ("it would remove Job migrate-*",)


def test_as_many_objects_as_allowed_may_change_and_not_one_more() -> None:
    before = [deployment("cart:2", f"cart-{number}") for number in range(3)]
    after = [deployment("cart:1", f"cart-{number}") for number in range(3)]
    same = [thing("Service", "cart")]
    assert objections([*before, *same], [*after, *same], 3) == ()
    assert objections([*before, *same], [*after, *same], 2) == ("it would touch 3 objects, 2 allowed",)


def test_other_places_of_the_same_files_are_named() -> None:
    assert objections([], [], 10, ["b", "a", "", "a"]) == ("the same files go into the root of the repository, a, b",)


def test_a_boolean_and_a_number_are_not_the_same() -> None:
    assert objections([thing("Service", "cart", a=True)], [thing("Service", "cart", a=1)], 0)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "cart:1", "cart:2"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["image", "spec", "name"]), inner, max_size=3)
    ),
    max_leaves=5,
)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["cart", "cart-gh5k2mtb4f", "cart-7b2kcf99dt"]),
        "generateName": st.just("cart-"),
        "namespace": st.sampled_from(["shop", "bank"]),
        "annotations": st.dictionaries(st.just("helm.sh/hook"), st.sampled_from(["test", "pre-upgrade"])) | st.none(),
    },
)
THINGS = st.fixed_dictionaries(
    {},
    optional={
        "apiVersion": st.sampled_from(["v1", "batch/v1"]),
        "kind": st.sampled_from(["Namespace", "PersistentVolumeClaim", "ConfigMap", "Job"]),
        "metadata": METADATA | st.none(),
        "spec": VALUES,
    },
)


@given(st.lists(THINGS, max_size=5), st.randoms(use_true_random=False))
def test_the_same_in_any_order_of_objects_and_keys_is_no_change(before: list[Thing], chance: random.Random) -> None:
    assert objections(before, [shuffled(each, chance) for each in chance.sample(before, len(before))], 0) == ()


@given(st.lists(THINGS, max_size=5), st.lists(THINGS, max_size=5), st.randoms(use_true_random=False))
def test_the_order_changes_nothing(before: list[Thing], after: list[Thing], chance: random.Random) -> None:
    mixed = [chance.sample(before, len(before)), [shuffled(each, chance) for each in chance.sample(after, len(after))]]
    assert objections(before, after, 2) == objections(mixed[0], mixed[1], 2)


@given(st.lists(THINGS, max_size=5), st.lists(THINGS, max_size=5))
def test_nothing_is_let_through_that_would_be_gone(before: list[Thing], after: list[Thing]) -> None:
    if len(before) > len(after):
        assert objections(before, after, 100)[0].startswith("it would remove ")


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = chance.sample(list(value), len(value))
        return {key: shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [shuffled(each, chance) for each in value]
    return value
