"""The control plane as a whole: starts and stops its parts, and gives tests their way in."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import yaml

from tests.e2e.controlplane.api import Api, Json
from tests.e2e.controlplane.audit import AuditLog
from tests.e2e.controlplane.commands import Commands, Ports
from tests.e2e.controlplane.credentials import NAMESPACE, User, users, write_kubeconfig
from tests.e2e.controlplane.process import Part, PartError
from tests.e2e.controlplane.waiting import eventually

START_SECONDS = 90.0  # all together take 6 s on an idle machine with 2 cores
FLAGGER = Path(__file__).parent / "flagger"  # a stand-in for its CRD, without its controller
LOST_ABORT_VERSION = "1.9.3"  # loses an abort that lands right after the controller's own pause
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-0", "labels": {"kubernetes.io/hostname": "node-0"}},
}


class ControlPlane:
    """A Kubernetes control plane on loopback. Made by ``start``; ``stop`` ends every process.

    ``directory`` holds data, logs (``<part>.log``, ``audit.log``), the certificate and the kubeconfigs.
    """

    def __init__(self, tools: Mapping[str, Path], directory: Path) -> None:
        self.directory = directory
        self.users = users()
        self.rollouts_version = LOST_ABORT_VERSION
        self._tools = tools
        self._ports = Ports.free()
        self._commands = Commands(tools, directory, self._ports)
        self._apis: dict[str, Api] = {}
        commands = {
            "etcd": self._commands.etcd(),
            "kube-apiserver": self._commands.api_server(),
            "kube-controller-manager": self._commands.controller_manager(),
            "kube-scheduler": self._commands.scheduler(),
            "kwok": self._commands.kwok(),
            "rollouts-controller": self._commands.rollouts(self.rollouts_version),
        }
        self.parts = {name: Part(name, argv, directory / f"{name}.log") for name, argv in commands.items()}

    @property
    def url(self) -> str:
        """The API server, without a slash at the end."""
        return f"https://127.0.0.1:{self._ports.api_server}"

    @property
    def ca(self) -> Path:
        """The certificate authority of the API server, as PEM."""
        return self._commands.certificates / "apiserver.crt"

    @property
    def admin(self) -> Api:
        """The API server as the tests themselves see it."""
        return self.api("admin")

    @property
    def audit(self) -> AuditLog:
        """The API server's audit log."""
        return AuditLog(self.directory / "audit.log", self.admin)

    def api(self, user: str) -> Api:
        """The API server as a user of ``users`` sees it."""
        if user not in self._apis:
            self._apis[user] = Api(self.url, self.users[user].token, self.ca)
        return self._apis[user]

    def kubeconfig(self, user: str) -> Path:
        """The kubeconfig of a user."""
        return self._commands.kubeconfig(user)

    def kubectl(self, *arguments: str, user: str = "alice", stdin: str | None = None) -> str:
        """What kubectl prints, called as a user. Raises AssertionError with its complaint."""
        return self._run("kubectl", user, arguments, stdin)

    def helm(self, *arguments: str, version: int = 4, user: str = "alice") -> str:
        """What Helm 3 or 4 prints, called as a user. Raises AssertionError with its complaint."""
        return self._run(f"helm{version}", user, arguments)

    def start(self) -> None:
        """Start everything and wait until it works. Raises PartError, and leaves nothing running then."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process; also after a failed or interrupted start."""
        for api in self._apis.values():
            api.close()
        self._apis.clear()
        for part in reversed(list(self.parts.values())):
            part.kill()  # data and logs are kept, nothing needs an orderly end

    def restart_api_server(self, *more: str) -> None:
        """Stop the API server and start it again, with ``more`` flags this time only; wait until it is ready."""
        self.stop_api_server()
        self.start_api_server(*more)

    def stop_api_server(self) -> None:
        """Stop the API server; its port refuses connections until it is started again.

        It would wait a minute for its watchers to leave; they are cut off after a second.
        """
        self.parts["kube-apiserver"].stop(grace=1.0)

    def start_api_server(self, *more: str) -> None:
        """Start the API server on its own port and wait until it is ready."""
        server = self.parts["kube-apiserver"]
        server.start(*more)
        server.wait_ready(lambda: self.ca.exists() and self.admin.ready(), START_SECONDS)

    def use_rollouts(self, version: str) -> None:
        """Run this version of the Argo Rollouts controller from now on, with its CRDs."""
        old = self.parts["rollouts-controller"]
        if version == self.rollouts_version and old.running:
            return
        old.kill()
        self.define(self._tools[f"rollouts-crds-{version}"])
        self.parts[old.name] = Part(old.name, self._commands.rollouts(version), old.log)
        self.rollouts_version = version
        self.parts[old.name].start()
        self._wait_http(old.name, f"http://127.0.0.1:{self._ports.rollouts_health}/healthz")

    def define(self, directory: Path) -> None:
        """Apply the CustomResourceDefinitions of a directory, and wait until they are established and served."""
        files = sorted(directory.iterdir())
        definitions = [yaml.load(file.read_text(), Loader=yaml.CSafeLoader) for file in files]
        self.admin.apply_all(definitions)
        paths = [self.admin.path_of(definition) for definition in definitions]
        eventually(lambda: all(_established(self.admin.get(path)) for path in paths), 30, "the CRDs are established")
        groups = {each["spec"]["group"] for each in definitions}
        eventually(lambda: groups <= self._served(), 30, "the CRDs are served")

    def _served(self) -> set[str]:
        return {each["name"] for each in self.admin.get("/apis")["groups"]}

    def log_in(self, namespace: str, account: str) -> User:
        """A user with a token of this ServiceAccount, which must exist, as a pod of it would have."""
        path = self.admin.path("ServiceAccount", namespace, account, version="v1")
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        token = self.admin.request("POST", f"{path}/token", body=body)["status"]["token"]
        return User(f"{namespace}/{account}", f"system:serviceaccount:{namespace}:{account}", (), token)

    def namespace(
        self, name: str, annotations: Mapping[str, str] | None = None, labels: Mapping[str, str] | None = None
    ) -> str:
        """Create a namespace and return its name."""
        metadata = {"name": name, "annotations": dict(annotations or {}), "labels": dict(labels or {})}
        self.admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        return name

    def _run(self, tool: str, user: str, arguments: Sequence[str], stdin: str | None = None) -> str:
        argv = [str(self._tools[tool]), f"--kubeconfig={self.kubeconfig(user)}", *arguments]
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise AssertionError(f"{tool} {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def _start(self) -> None:
        self._write_tokens()
        self.parts["etcd"].start()
        self._wait_http("etcd", f"http://127.0.0.1:{self._ports.etcd}/readyz")
        self.start_api_server()
        for user in self.users.values():
            write_kubeconfig(self.kubeconfig(user.name), user, self.url, self.ca)
        self.define(self._tools[f"rollouts-crds-{self.rollouts_version}"])
        self.admin.apply(NODE)
        self.namespace(NAMESPACE)
        self._start_controllers()
        node = self.admin.path("Node", name="node-0", version="v1")
        eventually(
            lambda: _is_ready(self.admin.get(node)), START_SECONDS, f"the node is ready\n{self.parts['kwok'].tail()}"
        )

    def _start_controllers(self) -> None:
        ports = self._ports
        health = {
            "kube-controller-manager": f"https://127.0.0.1:{ports.controller_manager}/healthz",
            "kube-scheduler": f"https://127.0.0.1:{ports.scheduler}/healthz",
            "kwok": f"http://127.0.0.1:{ports.kwok}/healthz",
            "rollouts-controller": f"http://127.0.0.1:{ports.rollouts_health}/healthz",
        }
        for name in health:
            self.parts[name].start()
        for name, url in health.items():
            self._wait_http(name, url)

    def _write_tokens(self) -> None:
        file = self.directory / "tokens.csv"
        file.touch(mode=0o600)
        file.write_text("".join(user.row() for user in self.users.values()))

    def _wait_http(self, name: str, url: str) -> None:
        """Wait until a health address answers 200; the certificates of controllers are their own."""

        def healthy() -> bool:
            try:
                return httpx.get(url, verify=False, trust_env=False, timeout=2.0).is_success  # noqa: S501
            except httpx.TransportError:
                return False

        self.parts[name].wait_ready(healthy, START_SECONDS)


def _condition(thing: Json, name: str) -> bool:
    conditions = thing.get("status", {}).get("conditions") or []
    return any(each["type"] == name and each["status"] == "True" for each in conditions)


def _established(definition: Json) -> bool:
    return _condition(definition, "Established")


def _is_ready(node: Json) -> bool:
    return _condition(node, "Ready")


__all__ = ["ControlPlane", "PartError"]
