"""Who else is rendered from the same files: recognised by the repository alone."""

from __future__ import annotations

import time

from tests.adapters.manifests.files import FilesOnly
from watcher.adapters.manifests.commands import Commands
from watcher.adapters.manifests.of_repositories import RepositoryManifests

SHOP = {
    "base/kustomization.yaml": "resources: [deployment.yaml]",
    "base/deployment.yaml": "",
    "base/README.md": "",
    "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: replicas.yaml}]",
    "prod/replicas.yaml": "",
    "staging/kustomization.yaml": "resources: [../base]",
    "bank/kustomization.yaml": "resources: [deployment.yaml]",
    "bank/deployment.yaml": "",
}


async def shared(files: dict[str, str], paths: list[str], *changed: str) -> tuple[str, ...]:
    return await RepositoryManifests(Commands()).shared_with(FilesOnly(files), "head", paths, changed)


async def test_another_overlay_of_a_changed_base_is_found() -> None:
    assert await shared(SHOP, ["prod"], "base/deployment.yaml") == ("staging",)
    assert await shared(SHOP, ["prod"], "base/kustomization.yaml", "prod/replicas.yaml") == ("staging",)


async def test_files_of_its_own_concern_nobody_else() -> None:
    assert await shared(SHOP, ["prod"], "prod/replicas.yaml", "prod/kustomization.yaml") == ()
    assert await shared(SHOP, ["prod"]) == ()


async def test_files_that_nothing_is_rendered_from_concern_nobody() -> None:
    assert await shared(SHOP, ["prod"], "base/README.md", "docs/README.md") == ()


async def test_the_base_itself_is_no_other_application() -> None:
    assert (
        await shared({each: SHOP[each] for each in SHOP if "staging" not in each}, ["prod"], "base/deployment.yaml")
        == ()
    )


async def test_those_who_are_rendered_from_an_overlay_are_found_too() -> None:
    files = SHOP | {
        "europe/kustomization.yaml": "resources: [../prod]",
        "all/kustomization.yaml": "components: [../europe]",
    }
    assert await shared(files, ["prod"], "base/deployment.yaml") == ("all", "europe", "staging")
    assert await shared(files, ["prod"], "prod/replicas.yaml") == ("all", "europe")


async def test_overlays_below_their_base_are_others() -> None:
    files = {
        "cart/kustomization.yaml": "resources: [deployment.yaml]",
        "cart/deployment.yaml": "",
        "cart/prod/kustomization.yaml": "resources: [..]",
        "cart/staging/kustomization.yaml": "resources: [..]",
    }
    assert await shared(files, ["cart/prod"], "cart/deployment.yaml") == ("cart/staging",)


async def test_charts_that_depend_on_a_changed_chart_are_found() -> None:
    files = {
        "common/Chart.yaml": "name: common",
        "common/templates/_names.tpl": "",
        "cart/Chart.yaml": "dependencies: [{name: common, repository: 'file://../common'}]",
        "bank/Chart.yaml": "dependencies: [{name: common, repository: 'file://../common'}]",
        "shop/Chart.yaml": "dependencies: [{name: common, repository: 'https://example.org/common'}]",
    }
    assert await shared(files, ["cart"], "common/templates/_names.tpl") == ("bank",)


async def test_a_large_repository_takes_seconds_and_is_read_once() -> None:
    files = {f"docs/{number // 100}/{number}.md": "" for number in range(20_000)}
    files |= {f"bases/{number}/kustomization.yaml": "resources: [a.yaml]" for number in range(100)}
    files |= {f"bases/{number}/a.yaml": "" for number in range(100)}
    for number in range(300):
        files[f"apps/{number}/kustomization.yaml"] = f"resources: [../../bases/{number // 3}]\nnamespace: shop"
        files[f"apps/{number}/patch.yaml"] = ""
    repository, manifests = FilesOnly(files), RepositoryManifests(Commands())
    begun = time.process_time()
    assert await manifests.shared_with(repository, "head", ["apps/3"], ["bases/1/a.yaml"]) == ("apps/4", "apps/5")
    assert time.process_time() - begun < 15
    exported = repository.exported
    assert await manifests.shared_with(repository, "head", ["apps/0"], ["bases/0/a.yaml"]) == ("apps/1", "apps/2")
    assert repository.exported == exported


def overlays(number: int) -> dict[str, str]:
    files = {f"apps/{each}/kustomization.yaml": "resources: [../../base]" for each in range(number)}
    return files | {"base/kustomization.yaml": "resources: [a.yaml]", "base/a.yaml": ""}


async def test_of_the_next_revision_only_what_has_changed_is_read() -> None:
    was = overlays(200)
    becomes = was | {
        "apps/7/kustomization.yaml": "resources: [b.yaml]",
        "apps/200/Kustomization": "bases: [../../base]",
    }
    del becomes["apps/8/kustomization.yaml"], becomes["base/a.yaml"]
    repository, manifests = FilesOnly(was, next=becomes), RepositoryManifests(Commands())
    before = await manifests.shared_with(repository, "head", ["apps/0"], ["base/kustomization.yaml"])
    assert set(before) == {f"apps/{each}" for each in range(1, 200)}
    exported = repository.exported
    after = await manifests.shared_with(repository, "next", ["apps/0"], ["base/kustomization.yaml"])
    assert set(after) == {f"apps/{each}" for each in range(1, 201)} - {"apps/7", "apps/8"}
    assert await manifests.shared_with(repository, "next", ["apps/0"], ["base/a.yaml"]) == ()
    assert repository.exported <= exported + 4  # two of its own, two that have changed


async def test_a_revision_that_is_gone_is_no_obstacle() -> None:
    repository, manifests = FilesOnly(overlays(200), next=overlays(150)), RepositoryManifests(Commands())
    await manifests.shared_with(repository, "head", ["apps/0"], ["base/a.yaml"])
    repository.forget("head")
    assert len(await manifests.shared_with(repository, "next", ["apps/0"], ["base/a.yaml"])) == 149
