"""Which programs write images for an application, as the objects of image updaters tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.core.applications import REPO, a_git_repository, an_application
from watcher.core.gitops import Application, GitSource
from watcher.doctor.gathering.writers import written

FLUX = Application(
    "flux-kustomize", "flux-system/apps", (GitSource(REPO, "main", "2" * 40, ("apps/cart",)),), automated=True
)
ARGO = Application("argocd", "argocd/cart", FLUX.sources, automated=True)


class Served:
    """Lists of these objects, whatever the namespace."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self._objects = objects

    async def within(self, resource: Any, namespace: str) -> AsyncIterator[dict[str, Any]]:
        async for each in self.optional(resource):
            if each["metadata"]["namespace"] == namespace:
                yield each

    async def optional(self, resource: Any) -> AsyncIterator[dict[str, Any]]:
        for each in self._objects:
            if (each["apiVersion"], each["kind"]) == (resource.api_version, resource.kind):
                yield each


def automation(path: str, repository: str = "deploy") -> dict[str, Any]:
    return {
        "apiVersion": "image.toolkit.fluxcd.io/v1",
        "kind": "ImageUpdateAutomation",
        "metadata": {"namespace": "flux-system", "name": "images"},
        "spec": {"sourceRef": {"kind": "GitRepository", "name": repository}, "update": {"path": path}},
    }


def updater(pattern: str, namespace: str = "argocd") -> dict[str, Any]:
    return {
        "apiVersion": "argocd-image-updater.argoproj.io/v1alpha1",
        "kind": "ImageUpdater",
        "metadata": {"namespace": namespace, "name": "images"},
        "spec": {"applicationRefs": [{"namePattern": pattern}]},
    }


@pytest.mark.parametrize(
    ("raw", "writes"),
    [
        (automation("./apps"), True),
        (automation("./apps/cart/images"), True),
        (automation(""), True),
        (automation("./apps/search"), False),
        (automation("./apps", "another"), False),
    ],
)
async def test_an_automation_of_flux_writes_for_what_comes_from_its_path(raw: dict[str, Any], writes: bool) -> None:
    found = await written(Served(raw, a_git_repository()), [FLUX], here=True)  # type: ignore[arg-type]
    wanted = {"flux-kustomize flux-system/apps": ("Flux (ImageUpdateAutomation flux-system/images)",)}
    assert found.by == (wanted if writes else {})


@pytest.mark.parametrize(
    ("raw", "writes"),
    [(updater("ca*"), True), (updater("search"), False), (updater("cart", "lab"), False)],
)
async def test_an_image_updater_writes_for_the_names_it_matches(raw: dict[str, Any], writes: bool) -> None:
    found = await written(Served(raw, an_application()), [ARGO], here=True)  # type: ignore[arg-type]
    wanted = {"argocd argocd/cart": ("Argo CD Image Updater (ImageUpdater argocd/images)",)}
    assert found.by == (wanted if writes else {})


async def test_how_much_history_is_kept_is_read_where_the_applications_are() -> None:
    few = an_application({"spec": {"revisionHistoryLimit": 1}}, name="few")
    served = Served(few, an_application())
    applications = [ARGO, replace(ARGO, name="argocd/few")]
    found = await written(served, applications, here=True)  # type: ignore[arg-type]
    assert found.kept == {"argocd argocd/few": 1, "argocd argocd/cart": 10}
    elsewhere = await written(served, applications, here=False)  # type: ignore[arg-type]
    assert elsewhere.kept == {}
