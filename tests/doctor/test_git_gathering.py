"""The preflight of a service that comes from Git: an Application at the embedded API server, and a real repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.applications import an_application, merged
from tests.doctor.world import READING, World, about, documented, ids, world
from tests.e2e.controlplane.repository import Repository
from watcher.adapters.forges import ConfiguredForges
from watcher.adapters.git import GitRepositories
from watcher.config import load
from watcher.config.gitops import bare
from watcher.doctor.examine import Report
from watcher.doctor.gathering.branches import Branches, GitOutside
from watcher.sandbox.kubernetes.authorization import AccessRule

MANIFEST = "image: shop/cart:1.0.0\n"
TRACKED = {"argocd.argoproj.io/tracking-id": "cart:apps/Deployment:shop/cart"}
GIT = AccessRule(("get", "list", "watch", "patch"), ("argoproj.io",), ("applications",))


class Deployed:
    """Cart in the embedded cluster, as an Application has it from a repository of this machine."""

    def __init__(self, here: World, directory: Path) -> None:
        self.here, self.directory = here, directory
        self.repository = Repository.create(directory / "shop.git", "")
        self.url = self.repository.file_url
        self.commit = self.repository.commit("cart 1.0.0", {"apps/cart/workload.yaml": MANIFEST})

    async def apply(self, change: dict[str, Any] | None = None) -> None:
        """Apply both."""
        source = {"repoURL": self.url, "path": "apps/cart", "targetRevision": "main"}
        entry = {"id": 1, "revision": self.commit, "source": source, "deployedAt": "2026-11-02T10:00:02Z"}
        compared = {"source": source, "destination": {"namespace": "shop"}}
        sync = {"revision": self.commit, "comparedTo": compared}
        raw = an_application({"spec": {"source": source}, "status": {"sync": sync, "history": [entry]}})
        await self.here.cluster.apply(merged(raw, change or {}))
        self.here.counts(await self.here.deploy("cart", metadata={"annotations": TRACKED}))

    async def examined(self, *entries: dict[str, Any], **asked: Any) -> Report:
        """The preflight, with these entries of gitops.repositories."""
        thresholds = self.here.write(gitops={"repositories": list(entries)}) if entries else self.here.write()
        configured = load(thresholds).gitops
        now = self.here.clock.now
        repositories = GitRepositories(lambda: configured, self.directory / "cache", now)
        outside = GitOutside(repositories, ConfiguredForges(lambda: configured, now), renderers=frozenset({"helm"}))
        return await self.here.examined(thresholds, git=Branches(outside, now), **asked)


@pytest.fixture
def entry() -> dict[str, Any]:
    return {"url": "file:///**"}


async def test_a_way_back_through_git_without_fault(tmp_path: Path, entry: dict[str, Any]) -> None:
    async with world(tmp_path, (*documented(), GIT)) as here:
        deployed = Deployed(here, tmp_path)
        await deployed.apply()
        report = await deployed.examined(entry)
        assert ids(report) == {"managed-by-git"}
        (cart,) = report.workloads
        where = f"main of {bare(deployed.url)}"
        assert str(cart.way) == f"through argocd argocd/cart: revert on {where}, about 60 s (assumed)"
        assert deployed.repository.head("main") == deployed.commit  # nothing was pushed
        assert deployed.repository.branches == ["main"]


async def test_a_repository_that_is_not_configured_or_not_there_is_a_finding(
    tmp_path: Path, entry: dict[str, Any]
) -> None:
    async with world(tmp_path, (*documented(), GIT)) as here:
        deployed = Deployed(here, tmp_path)
        await deployed.apply()
        assert ids(await deployed.examined()) == {"managed-by-git", "repository-unknown"}
        deployed.repository.bare.rename(tmp_path / "away.git")
        assert ids(await deployed.examined(entry)) == {"managed-by-git", "repository-refused"}


async def test_what_is_rendered_and_by_whom_images_are_written_is_found(tmp_path: Path, entry: dict[str, Any]) -> None:
    async with world(tmp_path, (*documented(), GIT)) as here:
        deployed = Deployed(here, tmp_path)
        deployed.repository.commit("kustomize", {"apps/cart/kustomization.yaml": "resources: [workload.yaml]\n"})
        updater = "argocd-image-updater.argoproj.io"
        marks = {f"{updater}/image-list": "shop/cart", f"{updater}/write-back-method": "git"}
        manual = {"automated": None}
        spec = {"syncPolicy": manual, "revisionHistoryLimit": 1}
        await deployed.apply({"metadata": {"annotations": marks}, "spec": spec})
        report = await deployed.examined(entry)
        assert ids(report) == {"managed-by-git", "renderer-missing", "images-written", "sync-forgets"}
        (forgets,) = [each for each in report.findings if each.kind.id == "sync-forgets"]
        assert "too few syncs (1)" in forgets.what


async def test_without_the_right_to_read_applications_the_workload_is_nobodys(
    tmp_path: Path, entry: dict[str, Any]
) -> None:
    allowed = (AccessRule(("get", "list", "watch"), ("", "apps"), ("*",)), READING[1])
    async with world(tmp_path, allowed) as here:
        deployed = Deployed(here, tmp_path)
        await deployed.apply()
        report = await deployed.examined(entry)
        assert "application-unseen" in ids(report)
        missing = [each.what for each in report.findings if each.kind.id == "permission-missing"]
        assert any("may not get, list, patch, watch applications" in each for each in missing)
        assert not any("kustomizations" in each for each in missing)  # Flux keeps nothing here
        assert about(report, "cart") == set()


async def test_the_verb_that_a_refresh_needs_is_only_missed_where_it_is_used(
    tmp_path: Path, entry: dict[str, Any]
) -> None:
    async with world(tmp_path) as here:
        deployed = Deployed(here, tmp_path)
        await deployed.apply()
        (missing,) = [each for each in (await deployed.examined(entry)).findings if each.kind.id.startswith("perm")]
        assert "may not patch applications" in missing.what
        observed = await deployed.here.examined(deployed.here.write(mode="observe"))
        assert "permission-missing" not in ids(observed)
