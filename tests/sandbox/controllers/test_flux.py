"""The stand-in for Flux, held to what Flux documents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.controllers.simulation import NAMESPACE, Simulation, condition, workload
from watcher.sandbox.controllers.flux_requests import seconds
from watcher.sandbox.kubernetes.kinds import DEPLOYMENT
from watcher.sandbox.kubernetes.objects import Json, labels_of
from watcher.sandbox.repository import BareRepository

pytestmark = pytest.mark.looptime

GOOD, BAD = "shop/cart:1.8", "shop/cart:1.9-err20"
REQUESTED = "reconcile.fluxcd.io/requestedAt"
RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"
AT = 1_760_000_000.0


@dataclass
class Kept:
    """A Deployment that Flux keeps as a repository says."""

    simulation: Simulation
    repository: BareRepository
    path: str = "cart/workload.yaml"

    def commit(self, image: str, **metadata: Any) -> str:
        """Somebody commits this image; the sha."""
        manifest = workload("apps/v1", "Deployment", "cart", image)
        manifest["metadata"] |= {"namespace": NAMESPACE, **metadata}
        return self.write(self.path, yaml.safe_dump(manifest))

    def write(self, name: str, text: str) -> str:
        """Somebody commits a file; the sha."""
        return self.repository.commit(f"{name} is another", {name: text}, author="alice", at=AT)

    def create(self, **spec: Any) -> None:
        """The GitRepository, looked at every minute, and the Kustomization, every ten."""
        self.simulation.create(
            {
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "GitRepository",
                "metadata": {"name": "deploy"},
                "spec": {"interval": "1m0s", "url": self.repository.url, "ref": {"branch": "main"}},
            }
        )
        source = {"kind": "GitRepository", "name": "deploy"}
        self.simulation.create(
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": "shop"},
                "spec": {"interval": "10m0s", "path": "./cart", "prune": True, "sourceRef": source, **spec},
            }
        )

    async def deploy(self, **spec: Any) -> str:
        """A first commit, and wait until it is there; the sha."""
        sha = self.commit(GOOD)
        self.create(**spec)
        await self.simulation.until(lambda: self.applied(sha))
        return sha

    def status(self, kind: str = "Kustomization", name: str = "shop") -> Json:
        return dict(self.simulation.get(kind, name).get("status") or {})

    @property
    def deployment(self) -> Json:
        return self.simulation.get("Deployment", "cart")

    @property
    def image(self) -> str:
        return str(self.deployment["spec"]["template"]["spec"]["containers"][0]["image"])

    @property
    def ready(self) -> tuple[str, str]:
        return self.ready_of("Kustomization", "shop")

    def ready_of(self, kind: str, name: str) -> tuple[str, str]:
        """The condition Ready, and its reason."""
        found = condition(self.simulation.get(kind, name), "Ready")
        return found["status"], found["reason"]

    def applied(self, sha: str) -> bool:
        return str(self.status().get("lastAppliedRevision", "")).endswith(sha)

    def ask(self, token: str) -> None:
        """What `flux reconcile kustomization shop --with-source` does."""
        for kind, name in (("GitRepository", "deploy"), ("Kustomization", "shop")):
            self.simulation.patch(kind, name, {"metadata": {"annotations": {REQUESTED: token}}})

    def mark(self, value: str | None) -> None:
        self.simulation.patch("Deployment", "cart", {"metadata": {"annotations": {RECONCILE: value}}})


@pytest.fixture
def kept(simulation: Simulation, tmp_path: Path) -> Kept:
    return Kept(simulation, BareRepository.create(tmp_path / "config.git"))


async def test_a_first_commit_is_applied_and_labelled(kept: Kept) -> None:
    sha = await kept.deploy()
    assert kept.status("GitRepository", "deploy")["artifact"]["revision"] == f"main@sha1:{sha}"
    status = kept.status()
    assert status["lastAppliedRevision"] == status["lastAttemptedRevision"] == f"main@sha1:{sha}"
    assert status["observedGeneration"] == kept.simulation.get("Kustomization", "shop")["metadata"]["generation"]
    assert kept.ready == ("True", "ReconciliationSucceeded")
    assert status["inventory"]["entries"] == [{"id": "shop_cart_apps_Deployment", "v": "v1"}]
    assert labels_of(kept.deployment) == {
        "kustomize.toolkit.fluxcd.io/name": "shop",
        "kustomize.toolkit.fluxcd.io/namespace": NAMESPACE,
    }


async def test_what_is_asked_for_is_fetched_and_applied_at_once_and_the_request_named(kept: Kept) -> None:
    await kept.deploy()
    bad = kept.commit(BAD)
    kept.ask("token-1")
    assert await kept.simulation.until(lambda: kept.applied(bad)) < 1.0
    assert kept.image == BAD
    for kind, name in (("GitRepository", "deploy"), ("Kustomization", "shop")):
        assert kept.status(kind, name)["lastHandledReconcileAt"] == "token-1"
    assert [each["metadata"]["revision"][-40:] for each in kept.status()["history"]] == [
        bad,
        kept.repository.resolve(f"{bad}~1"),
    ]


async def test_a_new_commit_is_found_after_the_interval_of_the_source(kept: Kept) -> None:
    await kept.deploy()
    bad = kept.commit(BAD)
    assert 50.0 < await kept.simulation.until(lambda: kept.applied(bad)) <= 61.0


async def test_drift_is_put_back_at_the_interval_and_not_before(kept: Kept) -> None:
    await kept.deploy()
    kept.simulation.image("Deployment", "cart", BAD)
    assert 500.0 < await kept.simulation.until(lambda: kept.image == GOOD, 700.0) <= 601.0


async def test_an_object_that_says_so_is_left_alone_and_the_rest_goes_on(kept: Kept) -> None:
    await kept.deploy()
    kept.mark("disabled")
    bad = kept.commit(BAD)
    kept.ask("token-1")
    await kept.simulation.until(lambda: kept.applied(bad))
    assert (kept.image, kept.ready) == (GOOD, ("True", "ReconciliationSucceeded"))
    kept.mark(None)
    assert kept.image == GOOD
    kept.ask("token-2")
    await kept.simulation.until(lambda: kept.image == BAD)


async def test_suspended_nothing_is_applied_until_it_is_resumed(kept: Kept) -> None:
    await kept.deploy()
    kept.simulation.patch("Kustomization", "shop", {"spec": {"suspend": True}})
    bad = kept.commit(BAD)
    kept.ask("token-1")
    await kept.simulation.until(lambda: kept.status("GitRepository", "deploy").get("lastHandledReconcileAt") != "")
    assert not kept.applied(bad)
    assert "lastHandledReconcileAt" not in kept.status()
    kept.simulation.patch("Kustomization", "shop", {"spec": {"suspend": False}})
    await kept.simulation.until(lambda: kept.applied(bad))
    assert kept.status()["lastHandledReconcileAt"] == "token-1"


async def test_what_git_holds_no_more_is_removed_with_prune(kept: Kept) -> None:
    await kept.deploy()
    gone = kept.write(kept.path, "")
    kept.ask("token-1")
    await kept.simulation.until(lambda: kept.applied(gone))
    assert kept.simulation.registry.store.objects(DEPLOYMENT, NAMESPACE) == []


async def test_what_cannot_be_built_is_told_and_changes_nothing(kept: Kept) -> None:
    good = await kept.deploy()
    broken = kept.write(kept.path, "{")
    kept.ask("token-1")
    await kept.simulation.until(lambda: kept.ready[0] == "False")
    status = kept.status()
    assert kept.ready == ("False", "BuildFailed")
    assert status["lastAttemptedRevision"] == f"main@sha1:{broken}"
    assert status["lastAppliedRevision"] == f"main@sha1:{good}"
    assert kept.image == GOOD


async def test_a_repository_that_is_gone_keeps_its_artifact(kept: Kept) -> None:
    good = await kept.deploy()
    kept.simulation.patch("GitRepository", "deploy", {"spec": {"url": "file:///nowhere.git"}})
    await kept.simulation.until(lambda: kept.ready_of("GitRepository", "deploy")[0] == "False")
    assert kept.ready_of("GitRepository", "deploy") == ("False", "GitOperationFailed")
    assert kept.status("GitRepository", "deploy")["artifact"]["revision"] == f"main@sha1:{good}"


async def test_a_helm_release_tells_of_the_commit_that_its_chart_is_from(kept: Kept) -> None:
    sha = await kept.deploy()
    chart = {"chart": "charts/cart", "version": "1.2.0", "sourceRef": {"kind": "GitRepository", "name": "deploy"}}
    kept.simulation.create(
        {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"name": "cart", "annotations": {REQUESTED: "token-1"}},
            "spec": {"interval": "10m", "chart": {"spec": chart}},
        }
    )
    await kept.simulation.until(lambda: "history" in kept.status("HelmRelease", "cart"))
    kept.simulation.patch("HelmRelease", "cart", {"spec": {"suspend": True}})
    newer = kept.commit(BAD)
    await kept.simulation.until(lambda: kept.applied(newer))
    status = kept.status("HelmRelease", "cart")
    assert status["lastAttemptedRevision"] == status["history"][0]["chartVersion"] == f"1.2.0+{sha[:12]}"
    assert status["lastHandledReconcileAt"] == "token-1"
    kept.simulation.patch("HelmRelease", "cart", {"spec": {"suspend": None}})
    await kept.simulation.until(lambda: len(kept.status("HelmRelease", "cart")["history"]) == 2)
    assert kept.status("HelmRelease", "cart")["history"][0]["chartVersion"] == f"1.2.0+{newer[:12]}"


@pytest.mark.parametrize(("text", "found"), [("1m0s", 60.0), ("10m", 600.0), ("1h30m", 5400.0), ("500ms", 0.5)])
def test_durations(text: str, found: float) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["", "10", "m", "1m x"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        seconds(text)
