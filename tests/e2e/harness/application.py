"""A service that Argo CD deploys from Git, and what its developers and operators do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import ArgoCD, ControlPlane, Json, Repository, eventually
from tests.e2e.controlplane.argocd import IN_CLUSTER, NAMESPACE, PROJECT
from tests.e2e.controlplane.repository import MAIN
from tests.e2e.harness.shop import WITHIN, Service

VERSION = "argoproj.io/v1alpha1"
REFRESH = "argocd.argoproj.io/refresh"
SELF_HEALING = {"automated": {"enabled": True, "prune": True, "selfHeal": True}}


@dataclass
class Application:
    """An Application of Argo CD on the directory of one service; ``service.manifest`` is what Git has.

    ``service.apply`` and ``service.release`` go past Git: a test calls ``release`` of this.
    """

    service: Service
    repository: Repository
    url: str

    @property
    def plane(self) -> ControlPlane:
        """The control plane that it is in."""
        return self.service.plane

    @property
    def name(self) -> str:
        """Its name, in namespace ``argocd``."""
        return f"{self.service.namespace}-{self.service.name}"

    @property
    def directory(self) -> str:
        """Its path in the repository."""
        return self.service.name

    @property
    def file(self) -> str:
        """The only manifest in there."""
        return f"{self.directory}/workload.yaml"

    @property
    def path(self) -> str:
        """Its path at the API server."""
        return self.plane.admin.path("Application", NAMESPACE, self.name, version=VERSION)

    @property
    def live(self) -> Json:
        """The object as it is now."""
        return self.plane.admin.get(self.path)

    @property
    def history(self) -> list[str]:
        """The commits of its full syncs, oldest first."""
        return [each["revision"] for each in self.live["status"].get("history", [])]

    def create(self, *, automated: bool, **source: Any) -> None:
        """Apply it, with auto-sync, pruning and self-heal, or with no automation at all.

        ``source`` adds to what it is rendered from, as ``helm``.
        """
        source = {"repoURL": self.url, "targetRevision": MAIN, "path": self.directory, **source}
        spec: Json = {
            "project": PROJECT,
            "source": source,
            "destination": {"server": IN_CLUSTER, "namespace": self.service.namespace},
        }
        metadata = {"namespace": NAMESPACE, "name": self.name}
        policy = {"syncPolicy": SELF_HEALING} if automated else {}
        self.plane.admin.apply(
            {"apiVersion": VERSION, "kind": "Application", "metadata": metadata, "spec": spec | policy}
        )

    def remove(self) -> None:
        """Delete it, and leave its workload."""
        self.plane.admin.delete(self.path)

    def release(self, image: str, annotations: dict[str, str] | None = None, *, author: str = "alice") -> str:
        """Somebody commits another image, with these annotations on the pods; returns the sha."""
        self.service.manifest = workloads.with_image(self.service.manifest, image, annotations)
        return self.commit(f"{self.service.name}: {image}", author=author)

    def commit(self, message: str, *, author: str = "alice") -> str:
        """Somebody commits the manifest as it is; returns the sha."""
        return self.repository.commit(message, {self.file: yaml.safe_dump(self.service.manifest)}, author=author)

    def refresh(self) -> None:
        """Have it look at Git now."""
        self.plane.admin.patch(self.path, {"metadata": {"annotations": {REFRESH: "normal"}}})

    def sync_to(self, sha: str) -> None:
        """Ask for a sync to a commit, as `argocd app sync --revision` does; refused while an operation runs."""
        operation = {"initiatedBy": {"username": "alice"}, "sync": {"revision": sha}}
        self.plane.admin.patch(
            self.path,
            [
                {"op": "test", "path": "/operation", "value": None},
                {"op": "add", "path": "/operation", "value": operation},
            ],
            "json",
        )

    def settles(self, sha: str, within: float = WITHIN) -> None:
        """Wait until it is Synced with a commit or a later one, and Healthy, and nothing is under way."""

        def settled() -> bool:
            live = self.live
            status, annotations = live.get("status", {}), live["metadata"].get("annotations", {})
            sync, health = status.get("sync", {}), status.get("health", {})
            message = status.get("operationState", {}).get("message")
            seen = f"{sync}, {health}, {status.get('conditions')}, {message}"
            assert (sync.get("status"), health.get("status")) == ("Synced", "Healthy"), seen
            assert self.repository.contains(sha, sync.get("revision", "")), seen
            return "operation" not in live and REFRESH not in annotations

        eventually(settled, within, f"Application {self.name} is Synced with {sha[:8]} and Healthy")


@dataclass
class ShopInGit:
    """The services of one namespace, each in a directory of one repository and deployed from there.

    ``url`` is how Argo CD reaches the repository.
    """

    argocd: ArgoCD
    repository: Repository
    namespace: str
    url: str
    applications: list[Application] = field(default_factory=list)

    def add(
        self, make: Callable[..., Json], name: str, image: str, *, automated: bool = True, **spec: Any
    ) -> Application:
        """Commit a workload made by one of ``workloads``, and create the Application on it."""
        service = Service(self.argocd.plane, make(self.namespace, name, image, **spec))
        application = Application(service, self.repository, self.url)
        application.commit(f"{name}: {image}")
        application.create(automated=automated)
        self.applications.append(application)
        return application

    def commit(self, message: str, files: Mapping[str, Any]) -> str:
        """Somebody commits files, each a document or a text as it is; returns the sha."""
        texts = {path: each if isinstance(each, str) else yaml.safe_dump(each) for path, each in files.items()}
        return self.repository.commit(message, texts)

    def add_rendered(self, name: str, image: str, files: Mapping[str, Any], **source: Any) -> Application:
        """Commit files, and create the Application on directory ``name``, which makes a Deployment of this name.

        ``source`` as for ``Application.create``.
        """
        self.commit(f"{name}: {image}", files)
        service = Service(self.argocd.plane, workloads.deployment(self.namespace, name, image))
        application = Application(service, self.repository, self.url)
        application.create(automated=True, **source)
        self.applications.append(application)
        return application

    def deploy(self, make: Callable[..., Json], name: str, image: str, **spec: Any) -> Application:
        """As ``add``, with automation, and wait until it is Synced, Healthy and serves."""
        application = self.add(make, name, image, **spec)
        application.settles(self.repository.head())
        application.service.serves(image)
        return application

    def close(self) -> None:
        """Remove its Applications, so that nothing is put back into a namespace that is being deleted."""
        for application in self.applications:
            application.remove()
