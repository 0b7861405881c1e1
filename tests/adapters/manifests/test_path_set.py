"""Everything in the repository that an application is rendered from, and nothing that others are rendered from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.manifests.files import FilesOnly
from watcher.adapters.manifests.commands import Commands
from watcher.adapters.manifests.of_repositories import RepositoryManifests
from watcher.core.keepers.paths import outermost, within

EVERYTHING = """
    resources: [deployment.yaml, ../../base, https://example.org/base?ref=v1, gone.yaml]
    bases: [../../old-base]
    components: [../../components/tracing]
    patches: [{path: ../../patches/replicas.yaml}, {patch: "- op: remove"}]
    patchesStrategicMerge:
    - ../../patches/merge.yaml
    - |
      kind: Deployment
    patchesJson6902: [{path: ../../patches/json.yaml}]
    configMapGenerator: [{name: a, files: [../../files/a.txt, key=../../files/b.txt], envs: [../../files/c.env]}]
    secretGenerator: [{name: a, env: ../../files/d.env}]
    helmCharts: [{name: redis, valuesFile: ../../values/redis.yaml, additionalValuesFiles: [../../values/more.yaml]}]
    helmGlobals: {chartHome: ../../vendor}
    crds: [../../crds/a.yaml]
    configurations: [../../configurations/a.yaml]
    generators: [../../generators]
    transformers: [../../transformers/a.yaml]
    replacements: [{path: ../../replacements/a.yaml}, {source: {kind: A}}]
    openapi: {path: ../../openapi/schema.json}
"""


async def path_set(files: dict[str, str], *paths: str) -> tuple[str, ...]:
    return await RepositoryManifests(Commands()).path_set(FilesOnly(files), "head", paths)


async def test_a_plain_directory_is_itself() -> None:
    assert await path_set({"apps/cart/a.yaml": "", "apps/b.yaml": ""}, "apps/cart") == ("apps/cart",)


async def test_all_that_a_kustomization_can_name() -> None:
    named = [
        *("base/kustomization.yaml", "base/sub/deployment.yaml", "old-base/Kustomization"),
        *("components/tracing/kustomization.yml", "patches/replicas.yaml", "patches/merge.yaml", "patches/json.yaml"),
        *("files/a.txt", "files/b.txt", "files/c.env", "files/d.env", "values/redis.yaml", "values/more.yaml"),
        *("vendor/redis/Chart.yaml", "crds/a.yaml", "configurations/a.yaml", "generators/kustomization.yaml"),
        *("transformers/a.yaml", "replacements/a.yaml", "openapi/schema.json"),
    ]
    unnamed = ["patches/other.yaml", "files/other.txt", "vendor/other/Chart.yaml", "values/other.yaml", "README.md"]
    files = dict.fromkeys([*named, *unnamed], "") | {
        "apps/cart/kustomization.yaml": EVERYTHING,
        "apps/cart/deployment.yaml": "",
    }
    found = await path_set(files, "apps/cart")
    assert {each for each in files if any(within(each, path) for path in found)} == {
        *named,
        "apps/cart/kustomization.yaml",
        "apps/cart/deployment.yaml",
    }
    assert "base" in found
    assert found == outermost(found)


async def test_bases_of_bases_are_followed_and_cycles_end() -> None:
    files = {
        "a/kustomization.yaml": "resources: [../b]",
        "b/kustomization.yaml": "resources: [../c, service.yaml]",
        "b/service.yaml": "",
        "c/kustomization.yaml": "resources: [../a]",
    }
    assert await path_set(files, "a") == ("a", "b", "c")


async def test_a_base_with_its_overlays_below_it_is_only_what_it_names() -> None:
    files = {
        "cart/kustomization.yaml": "resources: [deployment.yaml]",
        "cart/deployment.yaml": "",
        "cart/notes.md": "",
        "cart/overlays/prod/kustomization.yaml": "resources: [../..]",
        "cart/overlays/staging/kustomization.yaml": "resources: [../..]",
    }
    assert await path_set(files, "cart/overlays/prod") == (
        "cart/deployment.yaml",
        "cart/kustomization.yaml",
        "cart/overlays/prod",
    )


@pytest.mark.parametrize("reference", ["../../etc/passwd", "/base", "../..", "https://example.org/base", "gone", ""])
async def test_nothing_outside_of_the_repository_is_named(reference: str) -> None:
    files = {"apps/kustomization.yaml": f"resources: ['{reference}']", "base/kustomization.yaml": ""}
    assert await path_set(files, "apps") == ("apps",)


@pytest.mark.parametrize(
    "content", ["", "[", "- a", "resources: 5", "resources: [5, {a: b}, null]", "a: *b", "patches: x"]
)
async def test_a_kustomization_that_cannot_be_read_names_nothing(content: str) -> None:
    assert await path_set({"apps/kustomization.yaml": content}, "apps") == ("apps",)


async def test_a_chart_with_its_value_files_and_local_dependencies() -> None:
    files = {
        "charts/cart/Chart.yaml": """
            dependencies:
            - {name: common, repository: "file://../common"}
            - {name: redis, repository: "https://example.org"}
        """,
        "charts/cart/templates/deployment.yaml": "{{ .Values }}",
        "charts/common/Chart.yaml": "dependencies: [{name: base, repository: 'file://../../base'}]",
        "base/Chart.yaml": "",
        "envs/prod.yaml": "",
    }
    assert await path_set(files, "charts/cart", "envs/prod.yaml") == (
        *("base", "charts/cart", "charts/common"),
        "envs/prod.yaml",
    )


async def test_kustomizations_below_a_plain_directory_are_followed_as_flux_does() -> None:
    files = {"cluster/cart/kustomization.yaml": "resources: [../../base]", "base/kustomization.yaml": "", "a.yaml": ""}
    assert await path_set(files, "cluster") == ("base", "cluster")


async def test_the_root_covers_everything() -> None:
    assert await path_set({"kustomization.yaml": "resources: [base]", "base/kustomization.yaml": ""}, "") == ("",)


async def test_each_revision_is_looked_at_by_itself_and_once() -> None:
    repository = FilesOnly(
        {"a/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": ""},
        older={"a/kustomization.yaml": "resources: [../c]", "c/kustomization.yaml": ""},
    )
    manifests = RepositoryManifests(Commands())
    for _ in range(2):
        assert await manifests.path_set(repository, "head", ["a"]) == ("a", "b")
        assert await manifests.path_set(repository, "older", ["a"]) == ("a", "c")
    assert repository.exported == 4


DIRECTORIES = st.sampled_from(["", "a", "a/b", "b", "c/d"])
REFERENCES = st.sampled_from([".", "..", "../..", "b", "../b", "../a/b", "../../c/d", "c/d", "x.yaml", "../x.yaml"])


@settings(max_examples=40)
@given(st.dictionaries(DIRECTORIES, st.lists(REFERENCES, max_size=3), min_size=1))
async def test_any_knot_of_kustomizations_ends_and_stays_inside(knot: dict[str, list[str]]) -> None:
    files = {f"{each}/kustomization.yaml".lstrip("/"): f"resources: {named}" for each, named in knot.items()}
    files |= {"x.yaml": "", "a/x.yaml": ""}
    for start in knot:
        found = await path_set(files, start)
        assert found == outermost(found)
        assert any(within(start, path) for path in found)
        assert all(not path or any(within(file, path) for file in files) for path in found)
