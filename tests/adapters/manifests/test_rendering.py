"""Objects of an application's files, or why there are none."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from tests.adapters.manifests.files import FilesOnly
from watcher.adapters.manifests.commands import Commands
from watcher.adapters.manifests.of_repositories import RepositoryManifests
from watcher.ports.git import Rendered

CART = "{apiVersion: v1, kind: Service, metadata: {name: cart}}"
BANK = "{apiVersion: v1, kind: Service, metadata: {name: bank}}"


async def render(files: dict[str, str], *paths: str, commands: Commands | None = None) -> Rendered:
    return await RepositoryManifests(commands or Commands()).render(FilesOnly(files), "head", paths)


def names(rendered: Rendered) -> list[str]:
    assert rendered.objects is not None, rendered.why
    return [each["metadata"]["name"] for each in rendered.objects]


async def test_plain_manifests_below_a_directory_are_its_objects() -> None:
    files = {
        "shop/a.yaml": f"{CART}\n---\n{BANK}\n---\n",
        "shop/below/b.json": '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "json"}}',
        "shop/values.yml": "replicas: 2",
        "shop/README.md": "{",
        "other/a.yaml": CART,
    }
    assert names(await render(files, "shop")) == ["cart", "bank", "json"]


async def test_lists_are_taken_apart() -> None:
    assert names(await render({"a.yaml": f"{{apiVersion: v1, kind: List, items: [{CART}, {BANK}]}}"}, "")) == [
        "cart",
        "bank",
    ]


async def test_only_what_is_named_first_is_rendered() -> None:
    files = {"shop/a.yaml": CART, "bank/a.yaml": BANK}
    assert names(await render(files, "shop", "bank", "bank/a.yaml")) == ["cart"]


async def test_a_kustomization_below_a_plain_directory_is_rendered_unless_another_one_is_made_from_it(
    tmp_path: Path,
) -> None:
    files = {
        "shop/a.yaml": CART,
        "shop/base/kustomization.yaml": "resources: [a.yaml]",
        "shop/base/a.yaml": BANK,
        "shop/prod/kustomization.yaml": "resources: [../base]",
        "shop/chart/Chart.yaml": "",
        "shop/chart/templates/a.yaml": "{{ not: yaml",
    }
    commands = Commands(kustomize=(program(tmp_path, ECHO),))
    rendered = await render(files, "shop", commands=commands)
    assert names(rendered) == ["cart", "seen"]
    assert rendered.objects is not None
    assert rendered.objects[1]["arguments"] == ["shop/prod"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"shop/a.yaml": "a: b: c"}, "shop/a.yaml: it is no valid YAML in line 1"),
        ({"shop/main.jsonnet": "{}"}, "shop/main.jsonnet is Jsonnet, which is not rendered here"),
        ({"bank/a.yaml": BANK}, "shop is no directory at head"),
        ({"shop": "a: b"}, "shop is no directory at head"),
        ({"shop/a.yaml": "replicas: 2"}, "shop renders to nothing"),
        (
            {"shop/Chart.yaml": "", "shop/values.yaml": "", "shop/values-prod.yaml": ""},
            "which value files shop is rendered with is not known: shop/values-prod.yaml?",
        ),
        (
            {"shop/a/kustomization.yaml": "resources: [../b]", "shop/b/kustomization.yaml": "resources: [../a]"},
            "kustomizations below shop are made from each other in a circle",
        ),
        (
            {f"shop/{number}/kustomization.yaml": "" for number in range(51)},
            "more than 50 kustomizations are below shop",
        ),
        ({"shop/kustomization.yaml": ""}, "neither kustomize nor kubectl is on PATH"),
        ({"shop/deep/kustomization.yaml": ""}, "neither kustomize nor kubectl is on PATH"),
        ({"shop/Chart.yaml": "", "shop/values.yaml": ""}, "helm is not on PATH"),
        (
            {"shop/kustomization.yaml": "resources: ['https://me:secret@example.org/base?ref=v1']"},
            "shop/kustomization.yaml takes https://example.org/base?ref=v1, which is not in the repository",
        ),
        (
            {"shop/kustomization.yaml": "resources: [../base]", "base/kustomization.yaml": "resources: [../../../etc]"},
            "base/kustomization.yaml takes ../../../etc, which is not in the repository",
        ),
        (
            {"shop/kustomization.yaml": "helmCharts: [{name: redis, repo: 'https://example.org'}]"},
            "shop/kustomization.yaml takes chart redis of https://example.org, which is not in the repository",
        ),
    ],
)
async def test_why_there_are_no_objects(files: dict[str, str], reason: str) -> None:
    rendered = await render(files, "shop")
    assert rendered.objects is None
    assert reason in rendered.why
    assert "secret" not in rendered.why


def program(directory: Path, source: str) -> str:
    """A command of ours, in the place of a renderer."""
    path = directory / "renderer"
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(source)}")
    path.chmod(0o755)
    return str(path)


ECHO = """
    import json, os, sys
    arguments = [os.path.relpath(each) if each.startswith("/") else each for each in sys.argv[1:]]
    files = sorted(os.path.join(at, each) for at, _, names in os.walk(".") for each in names)
    seen = {"apiVersion": "v1", "kind": "Seen", "metadata": {"name": "seen"}, "arguments": arguments, "files": files}
    print(json.dumps(seen))
"""


async def test_kustomize_is_given_the_directory_and_what_it_is_made_from(tmp_path: Path) -> None:
    files = {
        "prod/kustomization.yaml": "resources: [../base]",
        "base/kustomization.yaml": "resources: [a.yaml]",
        "base/a.yaml": CART,
        "staging/kustomization.yaml": "resources: [../base]",
    }
    commands = Commands(kustomize=(program(tmp_path, ECHO), "build"))
    rendered = await render(files, "prod", "base", commands=commands)
    assert rendered.objects is not None
    (seen,) = rendered.objects
    assert seen["arguments"] == ["build", "prod"]
    assert seen["files"] == ["./base/a.yaml", "./base/kustomization.yaml", "./prod/kustomization.yaml"]


async def test_what_others_are_made_from_changes_nothing(tmp_path: Path) -> None:
    files = {"shop/cart/kustomization.yaml": "", "other/kustomization.yaml": "resources: [../shop/cart]"}
    manifests = RepositoryManifests(Commands(kustomize=(program(tmp_path, ECHO),)))
    repository = FilesOnly(files)
    assert await manifests.shared_with(repository, "head", ["shop"], ["shop/cart/kustomization.yaml"]) == ("other",)
    assert names(await manifests.render(repository, "head", ["shop"])) == ["seen"]


async def test_helm_is_given_the_chart_its_values_in_order_and_local_dependencies(tmp_path: Path) -> None:
    files = {
        "cart/Chart.yaml": "dependencies: [{name: common, repository: 'file://../common'}]",
        "common/Chart.yaml": "dependencies: [{name: base, repository: 'file://../base'}]",
        "base/Chart.yaml": "",
        "envs/prod.yaml": "",
        "envs/all.yaml": "",
    }
    commands = Commands(helm=program(tmp_path, ECHO.replace('each.startswith("/")', '"/" == each[0]')))
    rendered = await render(files, "cart", "envs/prod.yaml", "envs/all.yaml", commands=commands)
    assert rendered.objects is not None
    (seen,) = rendered.objects
    assert seen["arguments"][:5] == ["template", "release", "cart", "--namespace=default", "--include-crds"]
    assert [each.rpartition("/envs/")[2] for each in seen["arguments"][5:]] == ["prod.yaml", "all.yaml"]
    assert [each for each in seen["files"] if each.startswith("./cart/")] == [
        *("./cart/Chart.yaml", "./cart/charts/common/Chart.yaml", "./cart/charts/common/charts/base/Chart.yaml"),
    ]


async def test_charts_that_depend_on_each_other_end(tmp_path: Path) -> None:
    files = {
        "cart/Chart.yaml": "dependencies: [{name: common, repository: 'file://../common'}]",
        "common/Chart.yaml": "dependencies: [{name: cart, repository: 'file://../cart'}, {repository: 'file://..'}]",
    }
    assert names(await render(files, "cart", commands=Commands(helm=program(tmp_path, ECHO)))) == ["seen"]


async def test_a_command_that_fails_says_why_without_the_directory_it_worked_in(tmp_path: Path) -> None:
    failing = program(tmp_path, "import os, sys; sys.exit(f'cannot read {os.getcwd()}/prod/a.yaml')")
    rendered = await render({"prod/kustomization.yaml": ""}, "prod", commands=Commands(kustomize=(failing,)))
    assert rendered == Rendered(None, "prod: renderer failed: cannot read prod/a.yaml")


async def test_a_command_whose_output_is_no_yaml_gives_no_objects(tmp_path: Path) -> None:
    commands = Commands(kustomize=(program(tmp_path, "print('a: [')"),))
    rendered = await render({"prod/kustomization.yaml": ""}, "prod", commands=commands)
    assert rendered.objects is None
    assert "what prod renders to: it is no valid YAML" in rendered.why
