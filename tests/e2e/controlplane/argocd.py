"""Argo CD as processes: repo-server, application-controller, its cache, and its API server where a test asks for it."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from tests.e2e.controlplane.api import Json
from tests.e2e.controlplane.argocd_commands import ArgoCommands, ArgoPorts
from tests.e2e.controlplane.cluster import ControlPlane

NAMESPACE = "argocd"
PROJECT = "default"
IN_CLUSTER = "https://kubernetes.default.svc"  # what Applications call the cluster that Argo CD itself is in
START_SECONDS = 90.0  # all together take 3 s on an idle machine with 2 cores
ROLE = "tests"


class ArgoCD:
    """Argo CD in namespace ``argocd`` of a control plane, with the AppProject ``default``, as user ``argocd``.

    Made by ``start``; ``stop`` ends every process. ``directory`` holds its logs and its clones.
    """

    def __init__(self, tools: Mapping[str, Path], plane: ControlPlane, directory: Path) -> None:
        self.plane = plane
        self._tools = tools
        self._ports = ArgoPorts.free()
        commands = ArgoCommands(tools, directory, plane.kubeconfig("argocd"), NAMESPACE, self._ports)
        parts = (commands.redis(), commands.repo_server(), commands.application_controller(), commands.server())
        self.parts = {part.name: part for part in parts}

    @property
    def url(self) -> str:
        """Its API server, without a slash at the end; answers after ``start_server``."""
        return f"http://127.0.0.1:{self._ports.api}"

    def start(self) -> None:
        """Start all but its API server, and wait until it works. Raises PartError, and leaves nothing running then."""
        try:
            self._install()
            self._start("argocd-redis", self._redis_listens)
            self._start("argocd-repo-server", _healthy(self._ports.repo_server_health, full="true"))
            self._start("argocd-application-controller", _healthy(self._ports.controller_health))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process."""
        for part in reversed(list(self.parts.values())):
            part.kill()  # what it knows is in the control plane, nothing needs an orderly end

    def start_server(self) -> None:
        """Start its API server, unless that runs already. Raises PartError."""
        if not self.parts["argocd-server"].running:
            self._start("argocd-server", _healthy(self._ports.api, full="true"))

    def give_access(self, url: str, token: str) -> None:
        """Give it a token for a repository, or a wrong one, in a Secret as people do."""
        name = url.rpartition("://")[2].removesuffix(".git").replace("/", "-").replace(":", "-")
        metadata = {
            "namespace": NAMESPACE,
            "name": f"repository-{name}".lower(),
            "labels": {"argocd.argoproj.io/secret-type": "repository"},
        }
        access = {"type": "git", "url": url, "username": "argocd", "password": token}
        self.plane.admin.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": access})

    def role_token(self, *policies: str) -> str:
        """A token of a role of the project, for its API server, which is started if need be.

        A policy is ``applications, sync, default/*, allow``. The role is one for all: its policies are replaced.
        """
        self.start_server()
        subject = f"proj:{PROJECT}:{ROLE}"
        role = {"name": ROLE, "policies": [f"p, {subject}, {policy}" for policy in policies]}
        path = self.plane.admin.path("AppProject", NAMESPACE, PROJECT, version="argoproj.io/v1alpha1")
        self.plane.admin.patch(path, {"spec": {"roles": [role]}})
        session = self._post("session", {"username": "admin", "password": self._admin_password()})["token"]
        return str(self._post(f"projects/{PROJECT}/roles/{ROLE}/token", {}, session)["token"])

    def _install(self) -> None:
        self.plane.define(self._tools["argocd-crds"])
        self.plane.namespace(NAMESPACE)
        config = f"--filename={self._tools['argocd-config']}"
        self.plane.kubectl("apply", "--server-side", f"--namespace={NAMESPACE}", config)
        self.plane.admin.apply(_project())

    def _start(self, name: str, ready: Callable[[], bool]) -> None:
        self.parts[name].start()
        self.parts[name].wait_ready(ready, START_SECONDS)

    def _redis_listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._ports.redis), timeout=1.0).close()
        except OSError:
            return False
        return True

    def _admin_password(self) -> str:
        path = self.plane.admin.path("Secret", NAMESPACE, "argocd-initial-admin-secret", version="v1")
        return base64.b64decode(self.plane.admin.get(path)["data"]["password"]).decode()

    def _post(self, path: str, body: Json, token: str = "") -> Json:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx.post(f"{self.url}/api/v1/{path}", json=body, headers=headers, trust_env=False, timeout=30)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        answered: Json = answer.json()
        return answered


def _healthy(port: int, **params: str) -> Callable[[], bool]:
    def healthy() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/healthz", params=params, trust_env=False, timeout=5).is_success
        except httpx.TransportError:
            return False

    return healthy


def _project() -> Json:
    everything = [{"group": "*", "kind": "*"}]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"namespace": NAMESPACE, "name": PROJECT},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"namespace": "*", "server": "*"}],
            "clusterResourceWhitelist": everything,
        },
    }
