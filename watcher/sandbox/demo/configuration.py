"""The configuration repository of the shop, and the services that a simulated GitOps controller keeps as it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from watcher.sandbox.cluster import SandboxCluster
from watcher.sandbox.controllers.gitops import REFRESH
from watcher.sandbox.controllers.gitops_applying import CONTROL_PLANE
from watcher.sandbox.kubernetes.kinds import APPLICATION
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.patches import merge_patch
from watcher.sandbox.repository import MAIN, BareRepository
from watcher.sandbox.shop.services import NAMESPACE, Service

TEAM = "alice"


@dataclass(frozen=True)
class Configuration:
    """The repository, and the cluster in which its Applications are."""

    repository: BareRepository
    cluster: SandboxCluster

    @classmethod
    async def begun(cls, path: Path, cluster: SandboxCluster, services: Iterable[Service]) -> Configuration:
        """Make the repository, with a first commit of these services, and an Application for each of them."""
        made = cls(BareRepository.create(path), cluster)
        for service in services:
            made.commit(service)
            await cluster.apply(made._application(service))
        return made

    def commit(self, service: Service) -> str:
        """The team commits what the service is to run from now on; the commit."""
        files = {f"{service.name}/workload.yaml": yaml.safe_dump(service.manifest(), sort_keys=False)}
        now = self.cluster.clock.now().timestamp()
        return self.repository.commit(f"{service.name} {service.tag}", files, author=TEAM, at=now)

    def release(self, service: Service, tag: str) -> str:
        """The team commits another version, and the controller is told, as the webhook of a forge does; the commit."""
        commit = self.commit(replace(service, tag=tag))
        asked = {"metadata": {"annotations": {REFRESH: "normal"}}}
        self.cluster.registry.modify(
            APPLICATION, CONTROL_PLANE, service.name, lambda live: dict(merge_patch(live, asked)), Writer("webhook")
        )
        return commit

    def _application(self, service: Service) -> dict[str, Any]:
        return {
            "apiVersion": APPLICATION.api_version,
            "kind": APPLICATION.kind,
            "metadata": {"name": service.name, "namespace": CONTROL_PLANE},
            "spec": {
                "project": "default",
                "source": {"repoURL": self.repository.url, "targetRevision": MAIN, "path": service.name},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
                "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            },
        }
