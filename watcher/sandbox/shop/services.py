"""The services of the shop, as they are before the demo begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from watcher.core.model import Workload
from watcher.core.words import Kind

NAMESPACE = "shop"
_NAME = "app.kubernetes.io/name"
_PORT = 8080
_CANARY: dict[str, Any] = {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}]}}
_ROLLING: dict[str, Any] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}


@dataclass(frozen=True, slots=True)
class Service:
    """One service: a workload, the tag of its image, and how many requests it gets each second."""

    name: str
    replicas: int
    tag: str
    requests_per_second: float
    canary: bool = False  # an Argo Rollout that stops at a quarter, instead of a Deployment
    in_git: bool = False  # kept as a Git repository says, where there is one

    @property
    def kind(self) -> Kind:
        """Kind of its workload."""
        return Kind.ROLLOUT if self.canary else Kind.DEPLOYMENT

    @property
    def workload(self) -> Workload:
        """The workload that runs it."""
        return Workload(self.kind, NAMESPACE, self.name)

    def image(self, tag: str = "") -> str:
        """Its image with a tag, that of before the demo by default."""
        return f"{NAMESPACE}/{self.name}:{tag or self.tag}"

    def manifest(self) -> dict[str, Any]:
        """The workload's object."""
        labels = {_NAME: self.name}
        container = {"name": self.name, "image": self.image(), "ports": [{"name": "http", "containerPort": _PORT}]}
        return {
            "apiVersion": "argoproj.io/v1alpha1" if self.canary else "apps/v1",
            "kind": str(self.kind),
            "metadata": {"name": self.name, "namespace": NAMESPACE, "labels": labels},
            "spec": {
                "replicas": self.replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
                "strategy": _CANARY if self.canary else _ROLLING,
            },
        }


SERVICES: tuple[Service, ...] = (
    Service("catalog", replicas=3, tag="2.4.0", requests_per_second=120.0),
    Service("cart", replicas=4, tag="1.8.0", requests_per_second=80.0),
    Service("search", replicas=2, tag="5.1.3", requests_per_second=60.0, in_git=True),
    Service("checkout", replicas=4, tag="3.0.0", requests_per_second=80.0, canary=True),
)
"""One of each that the demo plays with."""


def manifests(services: Sequence[Service] = SERVICES) -> list[dict[str, Any]]:
    """Everything to be created, in this order."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return [namespace, *(service.manifest() for service in services)]


def rates(services: Sequence[Service] = SERVICES) -> dict[Workload, float]:
    """Requests per second by workload."""
    return {service.workload: service.requests_per_second for service in services}
