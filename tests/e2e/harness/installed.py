"""The chart as a user installs it, with the daemon's process in place of the pod."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import yaml

from tests.chart.variants import CHART
from tests.e2e.controlplane import ControlPlane, Json
from tests.e2e.harness.daemon import Daemon

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
OF_THE_POD = {"WATCHER_CONFIG", "WATCHER_STORE", "WATCHER_PORT"}  # paths in the container, and a port that is taken


@dataclass
class Installed:
    """A release of the chart in a namespace of its own, where Pod Security "restricted" is enforced.

    ``render`` asks Helm for the manifests with some values, ``apply`` brings them to the API server, ``equip`` gives a
    daemon what the pod would have: account, settings and thresholds.
    """

    plane: ControlPlane
    directory: Path
    name: str = field(default_factory=lambda: f"watcher-{uuid4().hex[:8]}")
    manifests: str = ""

    def __post_init__(self) -> None:
        self.plane.namespace(self.name, labels=RESTRICTED)

    @property
    def objects(self) -> list[Json]:
        """What was rendered last."""
        return [each for each in yaml.safe_load_all(self.manifests) if each]

    def one(self, kind: str) -> Json:
        """The only object of a kind."""
        (found,) = [each for each in self.objects if each["kind"] == kind]
        return found

    def render(self, values: Json, *more: str) -> None:
        """What ``helm template`` makes of these values."""
        file = self.directory / f"{self.name}.json"
        file.write_text(json.dumps({"image": {"repository": "registry.example.com/sre/watcher"}} | values))
        within = (self.name, str(CHART), f"--namespace={self.name}", f"--values={file}", "--skip-tests")
        self.manifests = self.plane.helm("template", *within, *more)

    def apply(self) -> None:
        """As ``helm template | kubectl apply`` does; a field that the API server does not know is an error."""
        self.plane.kubectl("apply", "--server-side", "--validate=strict", "--filename=-", stdin=self.manifests)

    def remove(self) -> None:
        """Delete everything, without waiting for that."""
        self.plane.kubectl("delete", "--ignore-not-found", "--wait=false", "--filename=-", stdin=self.manifests)
        self.plane.admin.delete(self.plane.admin.path("Namespace", name=self.name, version="v1"))

    def equip(self, daemon: Daemon) -> None:
        """Account, settings and thresholds of the pod, for the next start."""
        pod = self.one("Deployment")["spec"]["template"]["spec"]
        self.plane.users[daemon.user] = self.plane.log_in(self.name, pod["serviceAccountName"])
        given = {each["name"]: each.get("value", self.name) for each in pod["containers"][0]["env"]}
        daemon.environment = {name: value for name, value in given.items() if name not in OF_THE_POD}
        daemon.config.write_text(self.one("ConfigMap")["data"]["thresholds.yaml"])
