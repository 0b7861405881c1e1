"""The simulated GitOps controller, where it goes beyond what tests/contract/argocd asks of the real one too."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.sandbox.controllers.simulation import NAMESPACE, Simulation, workload
from watcher.sandbox.kubernetes.kinds import by_name
from watcher.sandbox.kubernetes.objects import Json, annotations_of
from watcher.sandbox.repository import BareRepository

pytestmark = pytest.mark.looptime

GOOD, BAD = "shop/cart:1.8", "shop/cart:1.9-err20"
REFRESH = "argocd.argoproj.io/refresh"
SELF_HEALING = {"automated": {"prune": True, "selfHeal": True}}
AT = 1_760_000_000.0


@dataclass
class Kept:
    """A Deployment that is kept as a repository says."""

    simulation: Simulation
    repository: BareRepository

    def commit(self, image: str, **spec: object) -> str:
        """Somebody commits this image, and more of the Deployment's spec."""
        return self.write("workload.yaml", yaml.safe_dump(workload("apps/v1", "Deployment", "cart", image, **spec)))

    def write(self, name: str, text: str) -> str:
        """Somebody commits a file; the sha."""
        return self.repository.commit(f"{name} is another", {f"cart/{name}": text}, author="alice", at=AT)

    def create(self, **policy: object) -> None:
        """The Application; with self-heal unless another policy is given."""
        source = {"repoURL": self.repository.url, "targetRevision": "main", "path": "cart"}
        spec: Json = {"source": source, "destination": {"namespace": NAMESPACE}}
        self.simulation.create(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": "cart"},
                "spec": {**spec, "syncPolicy": policy or SELF_HEALING},
            }
        )

    @property
    def live(self) -> Json:
        return self.simulation.get("Application", "cart")

    @property
    def deployment(self) -> Json:
        return self.simulation.get("Deployment", "cart")

    @property
    def image(self) -> str:
        return str(self.deployment["spec"]["template"]["spec"]["containers"][0]["image"])

    @property
    def phase(self) -> tuple[str, str]:
        """How the last operation ended, and what it said."""
        state = self.live["status"]["operationState"]
        return state["phase"], state["message"]

    def refresh(self) -> None:
        """Ask for a look at Git."""
        self.simulation.patch("Application", "cart", {"metadata": {"annotations": {REFRESH: "normal"}}})

    def refreshed(self) -> bool:
        return REFRESH not in annotations_of(self.live)

    def synced(self, revision: str) -> bool:
        """Whether the cluster is as the commit says, and nothing is under way."""
        status = self.live.get("status", {})
        sync, health = status.get("sync", {}), status.get("health", {})
        there = (sync.get("status"), sync.get("revision"), health.get("status"))
        return there == ("Synced", revision, "Healthy") and "operation" not in self.live

    async def deploy(self, image: str) -> str:
        """A first commit, and wait until it is there."""
        sha = self.commit(image)
        self.create()
        await self.simulation.until(lambda: self.synced(sha))
        return sha


@pytest.fixture
def kept(simulation: Simulation, tmp_path: Path) -> Kept:
    return Kept(simulation, BareRepository.create(tmp_path / "config.git"))


async def test_it_says_that_it_is_a_simulation(kept: Kept) -> None:
    await kept.deploy(GOOD)
    assert kept.phase == ("Succeeded", "successfully synced (all tasks run, by a simulated controller)")
    managers = {each["manager"] for each in kept.deployment["metadata"]["managedFields"]}
    assert "sandbox-gitops-controller" in managers


async def test_a_refresh_is_answered_within_half_a_second_and_a_sync_takes_one_more(kept: Kept) -> None:
    await kept.deploy(GOOD)
    bad = kept.commit(BAD)
    kept.refresh()
    assert 0.1 < await kept.simulation.until(kept.refreshed) < 0.5
    assert await kept.simulation.until(lambda: kept.image == BAD) < 0.5
    await kept.simulation.until(lambda: kept.synced(bad))


async def test_git_is_looked_at_from_time_to_time(kept: Kept) -> None:
    await kept.deploy(GOOD)
    kept.commit(BAD)
    assert 120 < await kept.simulation.until(lambda: kept.image == BAD) < 180


async def test_undo_after_undo_is_put_back_ever_later(kept: Kept) -> None:
    await kept.deploy(BAD)
    waits = []
    for _ in range(5):
        kept.simulation.image("Deployment", "cart", GOOD)
        waits.append(await kept.simulation.until(lambda: kept.image == BAD))
    assert waits == pytest.approx([0.9, 6, 18, 54, 162], rel=0.15)
    good = kept.commit(GOOD)
    kept.refresh()
    await kept.simulation.until(lambda: kept.synced(good))
    kept.simulation.image("Deployment", "cart", BAD)
    assert await kept.simulation.until(lambda: kept.image == GOOD) == pytest.approx(0.9, abs=0.1)


async def test_a_revert_that_nobody_was_told_of_is_found_by_the_sync_that_puts_an_undo_back(kept: Kept) -> None:
    await kept.deploy(BAD)
    seen: list[str] = []
    good = kept.commit(GOOD)
    with kept.simulation.checking(lambda _: seen.append(kept.image)):
        kept.simulation.image("Deployment", "cart", GOOD)
        await kept.simulation.until(lambda: kept.synced(good))
    changes = [image for index, image in enumerate(seen) if index == 0 or seen[index - 1] != image]
    assert changes == [GOOD, BAD, GOOD]


async def test_without_self_heal_an_undo_stays_until_the_next_commit(kept: Kept) -> None:
    sha = kept.commit(BAD)
    kept.create(automated={})
    await kept.simulation.until(lambda: kept.synced(sha))
    kept.simulation.image("Deployment", "cart", GOOD)
    await asyncio.sleep(600.0)
    assert (kept.image, kept.live["status"]["sync"]["status"]) == (GOOD, "OutOfSync")
    other = kept.write("notes.txt", "nothing of the Deployment has changed")
    await kept.simulation.until(lambda: kept.synced(other))
    assert kept.image == BAD


async def test_a_sync_to_an_earlier_commit_does_not_last_where_it_syncs_by_itself(kept: Kept) -> None:
    good = await kept.deploy(GOOD)
    bad = kept.commit(BAD)
    kept.refresh()
    await kept.simulation.until(lambda: kept.synced(bad))
    kept.simulation.patch("Application", "cart", {"operation": {"sync": {"revision": good}}})
    await kept.simulation.until(lambda: kept.image == GOOD)
    assert await kept.simulation.until(lambda: kept.image == BAD) < 0.5


async def test_a_sync_that_failed_is_not_tried_again(kept: Kept) -> None:
    await kept.deploy(GOOD)
    kept.commit(BAD, replicas=-1)
    kept.refresh()
    await kept.simulation.until(lambda: kept.phase[0] == "Failed")
    failed = kept.live["status"]["operationState"]
    assert "replicas" in failed["message"]
    await asyncio.sleep(600.0)
    assert kept.live["status"]["operationState"] == failed
    assert kept.image == GOOD


async def test_an_operation_that_is_terminated_applies_nothing(kept: Kept) -> None:
    sha = kept.commit(GOOD)
    kept.create(automated={"enabled": False})
    await kept.simulation.until(lambda: "sync" in kept.live.get("status", {}))
    kept.simulation.patch("Application", "cart", {"operation": {"sync": {"revision": sha}}})
    await kept.simulation.until(lambda: kept.live["status"].get("operationState", {}).get("phase") == "Running")
    kept.simulation.patch("Application", "cart", {"status": {"operationState": {"phase": "Terminating"}}})
    await kept.simulation.until(lambda: "operation" not in kept.live)
    assert kept.phase == ("Failed", "Operation terminated")
    assert kept.live["status"]["health"]["status"] == "Missing"


async def test_what_git_says_no_more_is_taken_away_and_what_others_added_stays(kept: Kept) -> None:
    await kept.deploy(GOOD)
    settings = yaml.safe_dump(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cart"}, "data": {"a": "1", "b": "2"}}
    )
    kept.write("settings.yaml", settings)
    kept.refresh()
    await kept.simulation.until(lambda: kept.synced(kept.repository.resolve("main")))
    kept.simulation.patch("ConfigMap", "cart", {"data": {"c": "3"}})
    kept.write("settings.yaml", settings.replace("  b: '2'\n", ""))
    kept.refresh()
    await kept.simulation.until(lambda: kept.synced(kept.repository.resolve("main")))
    assert kept.simulation.get("ConfigMap", "cart")["data"] == {"a": "1", "c": "3"}

    kept.write("settings.yaml", "# nothing\n")
    kept.refresh()
    await kept.simulation.until(lambda: kept.synced(kept.repository.resolve("main")))
    assert kept.simulation.registry.store.get(by_name("ConfigMap"), NAMESPACE, "cart") is None


async def test_an_object_that_somebody_deleted_comes_back(kept: Kept) -> None:
    sha = await kept.deploy(GOOD)
    kept.simulation.delete("Deployment", "cart")
    await kept.simulation.until(lambda: kept.live["status"]["health"]["status"] == "Missing")
    await kept.simulation.until(lambda: kept.synced(sha))


async def test_the_history_is_of_ten_syncs(kept: Kept) -> None:
    await kept.deploy(GOOD)
    for number in range(11):
        sha = kept.commit(f"shop/cart:2.{number}")
        kept.refresh()
        await kept.simulation.until(lambda sha=sha: kept.synced(sha))  # type: ignore[misc]
    assert [each["id"] for each in kept.live["status"]["history"]] == list(range(2, 12))


async def test_what_is_to_be_left_alone_is_left_alone(kept: Kept) -> None:
    await kept.deploy(BAD)
    skip = {"argocd.argoproj.io/skip-reconcile": "true"}
    kept.simulation.patch("Application", "cart", {"metadata": {"annotations": skip}})
    kept.simulation.image("Deployment", "cart", GOOD)
    await asyncio.sleep(600.0)
    assert kept.image == GOOD


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("kustomization.yaml", "resources: []", "plain files only; there is kustomization.yaml"),
        ("Chart.yaml", "name: cart", "plain files only; there is Chart.yaml"),
        ("workload.yaml", "a: [", "workload.yaml: while parsing"),
        ("workload.yaml", "a: 1", "workload.yaml: this is no Kubernetes object"),
        ("secret.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: a}}", "does not serve v1 Secret"),
    ],
)
async def test_what_it_cannot_do_it_says(kept: Kept, name: str, text: str, complaint: str) -> None:
    await kept.deploy(GOOD)
    kept.write(name, text)
    kept.refresh()
    await kept.simulation.until(lambda: bool(kept.live["status"].get("conditions")))
    (found,) = kept.live["status"]["conditions"]
    assert found["type"] == "ComparisonError"
    assert complaint in found["message"]
    assert kept.image == GOOD


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ({"repoURL": "https://git.example.com/shop"}, "reads repositories by file:// only"),
        ({"targetRevision": "nowhere"}, "unable to resolve 'nowhere' to a commit SHA"),
        ({"repoURL": None}, "takes applications with one source in Git only"),
    ],
)
async def test_a_source_that_it_cannot_read_is_told(kept: Kept, source: Json, complaint: str) -> None:
    await kept.deploy(GOOD)
    kept.simulation.patch("Application", "cart", {"spec": {"source": source}})
    await kept.simulation.until(lambda: bool(kept.live["status"].get("conditions")))
    assert complaint in kept.live["status"]["conditions"][0]["message"]
    assert kept.live["status"]["sync"]["status"] == "Unknown"
