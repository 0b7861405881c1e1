"""The commands that render, as they are: what they are given is enough for them, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.manifests.files import FilesOnly
from watcher.adapters.manifests.commands import Commands
from watcher.adapters.manifests.of_repositories import RepositoryManifests
from watcher.core.keepers.blast import objections
from watcher.ports.git import Rendered

pytestmark = pytest.mark.e2e

CART = {
    "base/kustomization.yaml": """
        resources: [deployment.yaml, crds]
        configMapGenerator: [{name: settings, files: [settings.txt]}]
    """,
    "base/deployment.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: cart}
        spec:
          template:
            spec:
              containers: [{name: app, image: shop/cart}]
              volumes: [{name: settings, configMap: {name: settings}}]
    """,
    "base/settings.txt": "colour=blue",
    "base/crds/kustomization.yml": "resources: [carts.yaml]",
    "base/crds/carts.yaml": """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: carts.shop.io}
        spec: {group: shop.io}
    """,
    "component/Kustomization": """
        apiVersion: kustomize.config.k8s.io/v1alpha1
        kind: Component
        patches: [{path: replicas.yaml, target: {kind: Deployment}}]
    """,
    "component/replicas.yaml": '[{"op": "add", "path": "/spec/replicas", "value": 3}]',
    "prod/kustomization.yaml": """
        namespace: shop
        resources: [../base]
        components: [../component]
        images: [{name: shop/cart, newTag: "2"}]
        secretGenerator: [{name: keys, envs: [keys.env]}]
    """,
    "prod/keys.env": "key=value",
    "staging/kustomization.yaml": "resources: [../base]",
}


@pytest.fixture(params=["kustomize", "kubectl"])
def kustomize(request: pytest.FixtureRequest, tools: Mapping[str, Path]) -> RepositoryManifests:
    verb = {"kustomize": "build", "kubectl": "kustomize"}[request.param]
    return RepositoryManifests(Commands(kustomize=(str(tools[request.param]), verb), helm=str(tools["helm3"])))


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tools: Mapping[str, Path]) -> RepositoryManifests:
    return RepositoryManifests(Commands(helm=str(tools[request.param])))


def objects(rendered: Rendered) -> tuple[Mapping[str, Any], ...]:
    assert rendered.objects is not None, rendered.why
    return rendered.objects


def changed(files: Mapping[str, str], **texts: tuple[str, str]) -> dict[str, str]:
    """The files with one text put in the place of another, by the end of the directory's name."""
    found = dict(files)
    for directory, (old, new) in texts.items():
        found |= {name: text.replace(old, new) for name, text in files.items() if name.startswith(f"{directory}/")}
    return found


async def test_an_overlay_renders_from_its_path_set_alone(kustomize: RepositoryManifests) -> None:
    rendered = objects(await kustomize.render(FilesOnly(CART), "head", ["prod"]))
    found = {each["kind"]: each for each in rendered}
    assert set(found) == {"ConfigMap", "CustomResourceDefinition", "Deployment", "Secret"}
    spec = found["Deployment"]["spec"]
    assert spec["replicas"] == 3
    assert spec["template"]["spec"]["containers"][0]["image"] == "shop/cart:2"
    assert spec["template"]["spec"]["volumes"][0]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]


async def test_another_tag_and_other_settings_are_nothing_to_object_to(kustomize: RepositoryManifests) -> None:
    before = FilesOnly(CART)
    texts = [f"colour={number}" for number in range(20)]
    revisions = {f"r{number}": changed(CART, base=("colour=blue", text)) for number, text in enumerate(texts)}
    after = FilesOnly({}, **revisions)
    was = objects(await kustomize.render(before, "head", ["prod"]))
    for revision in revisions:
        becomes = objects(await kustomize.render(after, revision, ["prod"]))
        assert objections(was, becomes, 3) == ()
        assert objections(was, becomes, 1) == ("it would touch 2 objects, 1 allowed",)


async def test_a_definition_and_what_is_removed_are_objected_to(kustomize: RepositoryManifests) -> None:
    repository = FilesOnly(CART, after=changed(CART, base=("group: shop.io", "group: cart.io"), prod=("keys", "more")))
    was = objects(await kustomize.render(repository, "head", ["prod"]))
    assert (await kustomize.render(repository, "after", ["prod"])).objects is None  # keys.env kept its name
    files = changed(CART, base=("group: shop.io", "group: cart.io"), prod=("name: keys", "name: more"))
    becomes = objects(await kustomize.render(FilesOnly(files), "head", ["prod"]))
    assert objections(was, becomes, 10) == (
        "it would remove Secret shop/keys-*",
        "it would change CustomResourceDefinition carts.shop.io, by which other objects live",
    )


async def test_nothing_is_fetched(kustomize: RepositoryManifests) -> None:
    for reference in ("https://127.0.0.1/base.yaml", "github.com/shop/cart//base?ref=v1", "shop.test/cart/base"):
        files = {"prod/kustomization.yaml": f"resources: ['{reference}']"}
        rendered = await kustomize.render(FilesOnly(files), "head", ["prod"])
        assert rendered.objects is None
        assert "prod" in rendered.why


async def test_a_kustomization_that_does_not_build_says_why(kustomize: RepositoryManifests) -> None:
    rendered = await kustomize.render(
        FilesOnly({"prod/kustomization.yaml": "resources: [gone.yaml]"}), "head", ["prod"]
    )
    assert rendered.objects is None
    assert "gone.yaml" in rendered.why
    assert "/tmp" not in rendered.why  # noqa: S108


async def test_a_local_chart_is_inflated_by_a_kustomization(kustomize: RepositoryManifests) -> None:
    files = {f"prod/charts/cart/{name.removeprefix('cart/')}": text for name, text in CHART.items() if "cart/" in name}
    files["prod/charts/cart/Chart.yaml"] = "{apiVersion: v2, name: cart, version: 1.0.0}"
    files["prod/kustomization.yaml"] = "helmCharts: [{name: cart, releaseName: cart, valuesFile: values.yaml}]"
    files["prod/values.yaml"] = "image: shop/cart:3"
    rendered = objects(await kustomize.render(FilesOnly(files), "head", ["prod"]))
    assert {each["kind"] for each in rendered} == {"Deployment", "Job"}


CHART = {
    "cart/Chart.yaml": """
        apiVersion: v2
        name: cart
        version: 1.0.0
        dependencies: [{name: common, version: 1.0.0, repository: "file://../common"}]
    """,
    "cart/values.yaml": "image: shop/cart:1",
    "cart/templates/deployment.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: "{{ .Release.Name }}-cart", namespace: {{ .Release.Namespace }}}
        spec: {template: {spec: {containers: [{name: app, image: {{ .Values.image }}}]}}}
    """,
    "cart/templates/migrate.yaml": """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: migrate, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
        spec: {template: {spec: {containers: [{name: app, image: {{ .Values.image }}}]}}}
    """,
    "common/Chart.yaml": "{apiVersion: v2, name: common, version: 1.0.0}",
    "common/templates/service.yaml": "{apiVersion: v1, kind: Service, metadata: {name: common}}",
    "envs/prod.yaml": "image: shop/cart:2",
}


async def test_a_chart_renders_with_its_values_and_local_dependencies(helm: RepositoryManifests) -> None:
    rendered = objects(await helm.render(FilesOnly(CHART), "head", ["cart", "envs/prod.yaml"]))
    found = {each["kind"]: each for each in rendered}
    assert set(found) == {"Deployment", "Job", "Service"}
    assert found["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/cart:2"


async def test_a_hook_of_a_chart_that_would_run_again_is_objected_to(helm: RepositoryManifests) -> None:
    repository = FilesOnly(CHART, after=changed(CHART, envs=("cart:2", "cart:1")))
    was = objects(await helm.render(repository, "head", ["cart", "envs/prod.yaml"]))
    becomes = objects(await helm.render(repository, "after", ["cart", "envs/prod.yaml"]))
    assert objections(was, becomes, 10) == ("it would run the hook Job migrate with shop/cart:1",)


async def test_dependencies_that_are_not_vendored_are_not_fetched(helm: RepositoryManifests) -> None:
    files = {
        "cart/Chart.yaml": """
            apiVersion: v2
            name: cart
            version: 1.0.0
            dependencies: [{name: redis, version: 1.0.0, repository: "https://charts.test"}]
        """
    }
    rendered = await helm.render(FilesOnly(files), "head", ["cart"])
    assert rendered.objects is None
    assert "missing in charts/ directory: redis" in rendered.why
