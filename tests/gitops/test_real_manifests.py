"""Surveys and reverts on layouts that people have, with real Git and the real reading of manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.gitops.real import RealRepository
from tests.gitops.test_surveying import question
from tests.gitops.world import NOW, World
from watcher.adapters.manifests.commands import Commands
from watcher.adapters.manifests.of_repositories import RepositoryManifests
from watcher.core.gitops import Application, Deployed, GitSource, Prospect, Route
from watcher.core.model import Result
from watcher.gitops.drafting import Drafting
from watcher.gitops.durations import Durations
from watcher.gitops.reverting import Reverting
from watcher.gitops.surveying import Surveying

OVERLAY = "resources: [../../bases/web]\nimages:\n- name: shop/checkout\n  newTag: '{}'\n"


def deployment(tag: str, name: str = "checkout") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\n"
        f"spec:\n  template:\n    spec:\n      containers:\n      - image: shop/{name}:{tag}\n"
    )


class Place:
    """A repository whose last commit brought version 2.5 to an application at `path`, in place of 2.4."""

    def __init__(self, directory: Path) -> None:
        self.repository = RealRepository(directory)
        self.world = World(self.repository)
        manifests = RepositoryManifests(Commands())
        self.world.means = replace(self.world.means, manifests=manifests)
        self.drafting = Drafting(manifests)

    def brought(self, path: str, before: Mapping[str, str], after: Mapping[str, str | None]) -> Application:
        emptied = dict.fromkeys(self.repository.files_of("main"))
        self.good = self.repository.commit("2.4", emptied | dict(before))
        self.bad = self.repository.commit("2.5", after, author="bob")
        source = GitSource(self.repository.url, "main", self.bad, (path,))
        history = (Deployed((self.good,), NOW - 4000.0), Deployed((self.bad,), NOW - 62.0))
        return Application("argocd", "argocd/checkout", (source,), automated=True, history=history)

    async def survey(self, application: Application) -> Prospect:
        surveying = Surveying(self.world.means, self.drafting, self.world.protections, Durations())
        return await surveying.survey(question(self.world, application=application))

    async def revert(self, prospect: Prospect) -> str:
        self.world.reverting = Reverting(
            self.world.means, self.drafting, self.world.protections, self.world.holding, lambda: 0.5
        )
        commits = tuple(each.sha for each in prospect.commits)
        order = self.world.order(source=prospect.source, good=prospect.good, commits=commits)
        return (await self.world.perform(order)).result


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_plain_manifests_are_pushed(place: Place) -> None:
    before = {
        "apps/checkout/deployment.yaml": deployment("2.4"),
        "apps/cart/deployment.yaml": deployment("1.0", "cart"),
    }
    application = place.brought("apps/checkout", before, {"apps/checkout/deployment.yaml": deployment("2.5")})
    prospect = await place.survey(application)
    assert (prospect.route, prospect.why) == (Route.PUSH, "")
    assert await place.revert(prospect) == Result.APPLIED
    assert place.repository.files_of("main") == before


async def test_what_the_revert_would_remove_is_for_a_person(place: Place) -> None:
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\n"
    after = {"apps/checkout/deployment.yaml": deployment("2.5"), "apps/checkout/claim.yaml": claim}
    application = place.brought("apps/checkout", {"apps/checkout/deployment.yaml": deployment("2.4")}, after)
    prospect = await place.survey(application)
    assert (prospect.route, prospect.why) == (
        Route.PULL_REQUEST,
        "it would remove PersistentVolumeClaim shop/data",
    )


async def test_a_tag_in_an_overlay_is_pushed_without_kustomize(place: Place) -> None:
    before = {
        "apps/checkout/kustomization.yaml": OVERLAY.format("2.4"),
        "bases/web/kustomization.yaml": "resources: [deployment.yaml]\n",
        "bases/web/deployment.yaml": deployment("0"),
    }
    application = place.brought("apps/checkout", before, {"apps/checkout/kustomization.yaml": OVERLAY.format("2.5")})
    prospect = await place.survey(application)
    assert (prospect.route, prospect.why) == (Route.PUSH, "")
    assert await place.revert(prospect) == Result.APPLIED
    assert place.repository.files_of("main") == before


async def test_a_base_that_others_share_is_for_a_person(place: Place) -> None:
    before = {
        "apps/checkout/kustomization.yaml": "resources: [../../bases/web]\n",
        "apps/cart/kustomization.yaml": "resources: [../../bases/web]\n",
        "bases/web/kustomization.yaml": "resources: [deployment.yaml]\n",
        "bases/web/deployment.yaml": deployment("2.4"),
    }
    application = place.brought("apps/checkout", before, {"bases/web/deployment.yaml": deployment("2.5")})
    prospect = await place.survey(application)
    assert (prospect.route, prospect.why) == (Route.PULL_REQUEST, "the same files go into apps/cart")
    assert [each.author for each in prospect.commits] == ["bob"]


async def test_values_of_a_chart_are_pushed_where_nothing_but_the_tag_changes(place: Place) -> None:
    chart = {"chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "chart/templates/x.yaml": "{{ 1 }}\n"}
    values = "image:\n  repository: shop/checkout\n  tag: '{}'\nreplicas: {}\n"
    before = chart | {"chart/values.yaml": values.format("2.4", 3)}
    prospect = await place.survey(place.brought("chart", before, {"chart/values.yaml": values.format("2.5", 3)}))
    assert (prospect.route, prospect.why) == (Route.PUSH, "")


async def test_more_than_the_tag_needs_a_renderer_or_a_person(place: Place) -> None:
    chart = {"chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "chart/templates/x.yaml": "{{ 1 }}\n"}
    values = "image:\n  repository: shop/checkout\n  tag: '{}'\nreplicas: {}\n"
    before = chart | {"chart/values.yaml": values.format("2.4", 3)}
    prospect = await place.survey(place.brought("chart", before, {"chart/values.yaml": values.format("2.5", 9)}))
    assert prospect.route is Route.PULL_REQUEST
    assert prospect.why.startswith("how far it would reach cannot be told: ")
