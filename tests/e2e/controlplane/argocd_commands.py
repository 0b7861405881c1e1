"""How each process of Argo CD is called. Flags that are not self-evident say why they are there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.controlplane.ports import free_ports
from tests.e2e.controlplane.process import Part

RESYNC_SECONDS = 10  # so old may what it knows of Git get without a refresh; 120 s as it is installed
QUIET = ("--loglevel=warn",)


@dataclass(frozen=True)
class ArgoPorts:
    """Ports of 127.0.0.1, all different; each process keeps its own over restarts."""

    redis: int
    repo_server: int
    repo_server_health: int
    controller_health: int
    api: int
    api_health: int

    @classmethod
    def free(cls) -> ArgoPorts:
        """Ports that are free now."""
        return cls(*free_ports(6))


@dataclass(frozen=True)
class ArgoCommands:
    """The command lines. ``tools`` is name to path as ``build_tools.installed_tools`` has it."""

    tools: Mapping[str, Path]
    directory: Path
    kubeconfig: Path
    namespace: str
    ports: ArgoPorts

    def redis(self) -> Part:
        """Its cache."""
        return self._part("argocd-redis", [self.tools["argocd-redis"], f"127.0.0.1:{self.ports.redis}"])

    def repo_server(self) -> Part:
        """What clones and renders. Whatever it writes goes below its own directory."""
        own = {
            "TMPDIR": self._made("clones"),
            "ARGOCD_GNUPGHOME": self._made("gnupg"),
            "ARGOCD_TLS_DATA_PATH": self._made("tls"),
            "ARGOCD_SSH_DATA_PATH": self._made("ssh"),
            "ARGOCD_PLUGINSOCKFILEPATH": self._made("plugins"),
            "ARGOCD_ASK_PASS_SOCK": self.directory / "ask-pass.sock",
        }
        environment = {name: str(path) for name, path in own.items()}
        environment |= {"ARGOCD_GPG_ENABLED": "false", "PATH": f"{self._programs()}:{os.environ['PATH']}"}
        flags = [
            "--address=127.0.0.1",
            f"--port={self.ports.repo_server}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={self.ports.repo_server_health}",
            "--disable-tls",
            "--client-ca-path=",  # its default contradicts --disable-tls
            "--parallelismlimit=2",
            f"--revision-cache-expiration={RESYNC_SECONDS}s",  # else a resync compares with the sha of before
            *self._cache(),
        ]
        return self._argo("argocd-repo-server", flags, environment)

    def application_controller(self) -> Part:
        """What compares and syncs."""
        flags = [
            *self._cluster(),
            *self._repo_server(),
            *self._cache(),
            f"--metrics-port={self.ports.controller_health}",
            f"--app-resync={RESYNC_SECONDS}",
            "--app-resync-jitter=0",
            "--repo-error-grace-period-seconds=0",  # a repository that does not answer is seen in the status at once
            "--status-processors=2",
            "--operation-processors=2",
            "--kubectl-parallelism-limit=2",
        ]
        return self._argo("argocd-application-controller", flags)

    def server(self) -> Part:
        """Its API server."""
        flags = [
            *self._cluster(),
            *self._repo_server(),
            *self._cache(),
            "--insecure",
            "--address=127.0.0.1",
            f"--port={self.ports.api}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={self.ports.api_health}",
            f"--staticassets={self._made('assets')}",
        ]
        return self._argo("argocd-server", flags)

    def _argo(self, role: str, flags: list[str], environment: Mapping[str, str] | None = None) -> Part:
        """There is one program for all roles."""
        chosen = {"ARGOCD_BINARY_NAME": role, "ARGOCD_FAKE_IN_CLUSTER": "true", "KUBECONFIG": str(self.kubeconfig)}
        return self._part(role, [self.tools["argocd"], *flags, *QUIET], chosen | dict(environment or {}))

    def _part(self, name: str, argv: list[str | Path], environment: Mapping[str, str] | None = None) -> Part:
        return Part(name, argv, self.directory / f"{name}.log", environment)

    def _cluster(self) -> list[str]:
        return [f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}"]

    def _repo_server(self) -> list[str]:
        return [f"--repo-server=127.0.0.1:{self.ports.repo_server}", "--repo-server-plaintext"]

    def _cache(self) -> list[str]:
        return [f"--redis=127.0.0.1:{self.ports.redis}"]

    def _made(self, name: str) -> Path:
        made = self.directory / name
        made.mkdir(exist_ok=True)
        return made

    def _programs(self) -> Path:
        """A directory with what the repo-server calls, under the names that it uses; Git is the machine's.

        Helm is of the version that Argo CD 3.6.1 is shipped with. ``argocd`` is what Git asks for a password.
        """
        directory = self._made("programs")
        for name, tool in {"argocd": "argocd", "helm": "helm4", "kustomize": "kustomize"}.items():
            (directory / name).unlink(missing_ok=True)
            (directory / name).symlink_to(self.tools[tool])
        verify = directory / "git-verify-wrapper.sh"  # says who signed a commit: here nobody did
        verify.write_text("#!/bin/sh\n")
        verify.chmod(0o755)
        return directory
