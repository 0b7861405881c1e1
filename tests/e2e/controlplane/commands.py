"""How each part is called. Flags that are not self-evident say why they are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.controlplane.audit import POLICY
from tests.e2e.controlplane.ports import free_ports

LOG = "".join(f"migrating down, step {number}\n" for number in range(1, 41)) + "finished talking\n"
"""What every pod writes: kwok reads it from a file, in which each line begins as a container runtime begins it."""

STAGES = Path(__file__).with_name("stages.yaml")
CONTROLLERS = ",".join(
    (
        *("deployment", "replicaset", "statefulset", "daemonset", "job", "namespace", "serviceaccount"),
        *("garbagecollector", "endpointslice", "resourcequota"),
    )
)

LOGS = """\
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {{name: logs}}
spec:
  logs:
  - logsFile: {file}
    follow: false
"""
"""For kwok: where every pod's log is."""


@dataclass(frozen=True)
class Ports:
    """Ports of 127.0.0.1, all different; each part keeps its own over restarts."""

    etcd: int
    etcd_peer: int
    api_server: int
    controller_manager: int
    scheduler: int
    kwok: int
    rollouts_metrics: int
    rollouts_health: int

    @classmethod
    def free(cls) -> Ports:
        """Ports that are free now."""
        return cls(*free_ports(8))


@dataclass(frozen=True)
class Commands:
    """The command lines. ``tools`` is name to path as ``build_tools.installed_tools`` has it."""

    tools: Mapping[str, Path]
    directory: Path
    ports: Ports

    @property
    def certificates(self) -> Path:
        """Where the API server writes its self-signed certificate (``apiserver.crt``, with its CA) and key."""
        return self.directory / "certificates"

    def kubeconfig(self, user: str) -> Path:
        """Where the kubeconfig of a user lies."""
        return self.directory / f"{user}.kubeconfig"

    def etcd(self) -> list[str | Path]:
        """etcd; without fsync, since its data need not outlive the tests."""
        client, peer = f"http://127.0.0.1:{self.ports.etcd}", f"http://127.0.0.1:{self.ports.etcd_peer}"
        listen = [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"]
        peers = [
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
        ]
        return [self.tools["etcd"], "--unsafe-no-fsync", f"--data-dir={self.directory / 'etcd'}", *listen, *peers]

    def api_server(self) -> list[str | Path]:
        """kube-apiserver. The key of its self-signed certificate signs service account tokens as well."""
        key = self.certificates / "apiserver.key"
        return [
            self.tools["kube-apiserver"],
            f"--etcd-servers=http://127.0.0.1:{self.ports.etcd}",
            f"--secure-port={self.ports.api_server}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",  # else it looks for an interface with a default route
            "--endpoint-reconciler-type=none",  # a loopback address may not be published as an endpoint
            f"--cert-dir={self.certificates}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            f"--token-auth-file={self.directory / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            # Pods need no service account token here; and nothing would take the taint of a new node away.
            "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
            f"--audit-policy-file={POLICY}",
            f"--audit-log-path={self.directory / 'audit.log'}",
            "--audit-log-maxsize=10000",  # MB; what is rotated away is not found any more
            "--audit-log-mode=blocking",  # an answered request is in the log
        ]

    def controller_manager(self) -> list[str | Path]:
        """kube-controller-manager with the controllers that workloads need."""
        return [
            self.tools["kube-controller-manager"],
            *self._client("kube-controller-manager"),
            f"--secure-port={self.ports.controller_manager}",
            f"--service-account-private-key-file={self.certificates / 'apiserver.key'}",
            "--use-service-account-credentials=false",
            f"--controllers={CONTROLLERS}",
        ]

    def scheduler(self) -> list[str | Path]:
        """kube-scheduler, so that pod templates and DaemonSets need not name the node."""
        return [self.tools["kube-scheduler"], *self._client("kube-scheduler"), f"--secure-port={self.ports.scheduler}"]

    def kwok(self) -> list[str | Path]:
        """kwok with its own stages for nodes and ours for pods; the API server asks it for logs, as a kubelet."""
        log, logs = self.directory / "pod.log", self.directory / "logs.yaml"
        log.write_text("".join(f"2026-01-01T00:00:00.000000000Z stdout F {line}\n" for line in LOG.splitlines()))
        logs.write_text(LOGS.format(file=log))
        key = self.certificates / "apiserver"
        kubelet = [
            "--node-ip=127.0.0.1",
            f"--node-port={self.ports.kwok}",
            f"--tls-cert-file={key.with_suffix('.crt')}",
            f"--tls-private-key-file={key.with_suffix('.key')}",
        ]
        nodes = [*self.tools["kwok-node-fast"].iterdir(), *self.tools["kwok-node-heartbeat"].iterdir()]
        return [
            self.tools["kwok"],
            f"--kubeconfig={self.kubeconfig('kwok')}",
            "--manage-all-nodes=true",
            f"--server-address=127.0.0.1:{self.ports.kwok}",
            *kubelet,
            *(f"--config={file}" for file in (*sorted(nodes), STAGES, logs)),
        ]

    def rollouts(self, version: str) -> list[str | Path]:
        """The Argo Rollouts controller of a version."""
        return [
            self.tools[f"rollouts-controller-{version}"],
            f"--kubeconfig={self.kubeconfig('rollouts-controller')}",
            "--leader-elect=false",
            f"--metricsPort={self.ports.rollouts_metrics}",
            f"--healthzPort={self.ports.rollouts_health}",
        ]

    def _client(self, user: str) -> list[str]:
        return [f"--kubeconfig={self.kubeconfig(user)}", "--leader-elect=false", "--bind-address=127.0.0.1"]
