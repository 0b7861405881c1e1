"""A namespace of services, and what their developers do to them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, eventually

WITHIN = 60.0  # seconds; far more than is needed on an idle machine


@dataclass
class Service:
    """One workload with container ``app``. ``manifest`` is what its pipeline applies, by server-side apply.

    With ``kubectl`` the pipeline calls that, else the API itself.
    """

    plane: ControlPlane
    manifest: Json
    kubectl: bool = False

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return str(self.manifest["metadata"]["namespace"])

    @property
    def workload(self) -> str:
        """``Kind/namespace/name``, as the daemon writes it."""
        return f"{self.manifest['kind']}/{self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """Its path at the API server."""
        return self.plane.admin.path_of(self.manifest)

    @property
    def live(self) -> Json:
        """The object as it is now."""
        return self.plane.admin.get(self.path)

    @property
    def image(self) -> str:
        """The image that its spec asks for now."""
        return str(self.live["spec"]["template"]["spec"]["containers"][0]["image"])

    @property
    def pods(self) -> list[Json]:
        """Its pods, without those that are being deleted."""
        path = self.plane.admin.path("Pod", self.namespace, version="v1")
        found = self.plane.admin.items(path, labelSelector=f"app={self.name}")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    @property
    def events(self) -> list[Json]:
        """The Kubernetes Events about it."""
        path = self.plane.admin.path("Event", self.namespace, version="v1")
        kind = self.manifest["kind"]
        return self.plane.admin.items(path, fieldSelector=f"involvedObject.name={self.name},involvedObject.kind={kind}")

    def apply(self) -> None:
        """The pipeline's server-side apply of the manifest; a field that another manager owns is a conflict."""
        if self.kubectl:
            self.plane.kubectl("apply", "--server-side", "--filename=-", stdin=yaml.safe_dump(self.manifest))
        else:
            self.plane.admin.apply(self.manifest, manager="pipeline", force=False)

    def release(self, image: str, annotations: dict[str, str] | None = None) -> None:
        """The pipeline releases another image, with these annotations on the pods."""
        self.manifest = workloads.with_image(self.manifest, image, annotations)
        self.apply()

    def serves(self, image: str, within: float = WITHIN) -> None:
        """Wait until all of its pods are of this image and available."""

        def served() -> bool:
            live, images = self.live, {pod["spec"]["containers"][0]["image"] for pod in self.pods}
            assert images == {image}, f"pods of {images}, status {live.get('status')}"
            return workloads.rolled_out(live)

        eventually(served, within, f"{self.workload} serves {image}")

    def pauses(self, within: float = WITHIN) -> None:
        """Wait until the Rollout's new version waits for a person, its first pods available."""

        def paused() -> bool:
            status = self.live.get("status", {})
            in_progress = status.get("currentPodHash") != status.get("stableRS")
            return in_progress and bool(status.get("pauseConditions")) and status.get("updatedReplicas", 0) > 0

        eventually(paused, within, f"{self.workload} pauses")

    def promote(self) -> None:
        """A person promotes the Rollout that pauses; where Rollouts 1.9.3 loses that, a change wakes it up."""
        self.pauses()

        def promoted() -> bool:
            status = self.live["status"]
            if status["currentPodHash"] == status["stableRS"]:
                return True
            change = {"promoteFull": True, "pauseConditions": None, "message": f"promoted at {time.time()}"}
            self.plane.admin.patch(f"{self.path}/status", {"status": change})
            return False

        eventually(promoted, WITHIN, f"{self.workload} is promoted", every=0.5)


@dataclass
class Shop:
    """The services of one namespace."""

    plane: ControlPlane
    namespace: str

    def add(self, make: Callable[..., Json], name: str, image: str, *, kubectl: bool = False, **spec: Any) -> Service:
        """Apply a workload made by one of ``workloads`` for the first time."""
        service = Service(self.plane, make(self.namespace, name, image, **spec), kubectl)
        service.apply()
        return service

    def deploy(
        self, make: Callable[..., Json], name: str, image: str, *, kubectl: bool = False, **spec: Any
    ) -> Service:
        """As ``add``, and wait until it serves."""
        service = self.add(make, name, image, kubectl=kubectl, **spec)
        service.serves(image)
        return service
