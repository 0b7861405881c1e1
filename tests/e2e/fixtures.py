"""The real parts as fixtures, started once a session."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.build_tools import installed_tools
from tests.e2e.controlplane import ArgoCD, ControlPlane, Prometheus
from tests.e2e.controlplane.ports import free_ports
from tests.e2e.traffic import Traffic

ABSENT = "the real parts are not built; run: make e2e"


@pytest.fixture(scope="session")
def tools() -> Mapping[str, Path]:
    """Name to path of the built tools. Skips without them, or fails where WATCHER_E2E=require."""
    installed = installed_tools()
    if installed is not None:
        return installed
    if os.environ.get("WATCHER_E2E") == "require":
        pytest.fail(ABSENT)
    pytest.skip(ABSENT)


@pytest.fixture(scope="session")
def control_plane(tools: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A running Kubernetes control plane with the Argo Rollouts controller."""
    plane = ControlPlane(tools, tmp_path_factory.mktemp("control-plane"))
    plane.start()
    yield plane
    plane.stop()


@pytest.fixture(scope="session")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file by which Prometheus finds the pods."""
    return tmp_path_factory.mktemp("targets") / "targets.json"


@pytest.fixture(scope="session")
def traffic(control_plane: ControlPlane, targets: Path) -> Iterator[Traffic]:
    """Requests to every Ready pod, with the faults that its image tag asks for."""
    token = control_plane.users["traffic"].token
    exporter = Traffic(control_plane.url, token, control_plane.ca, free_ports(1)[0], targets)
    exporter.start()
    yield exporter
    exporter.stop()


@pytest.fixture(scope="session")
def prometheus(
    tools: Mapping[str, Path], traffic: Traffic, targets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """A running Prometheus that scrapes the traffic of every pod each second."""
    server = Prometheus(tools, tmp_path_factory.mktemp("prometheus"), targets)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def argocd(
    tools: Mapping[str, Path], control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ArgoCD]:
    """A running Argo CD; its API server is not started."""
    running = ArgoCD(tools, control_plane, tmp_path_factory.mktemp("argocd"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of the test's own; deleted afterwards, without waiting for that."""
    name = control_plane.namespace(f"shop-{uuid4().hex[:8]}")
    yield name
    control_plane.admin.delete(control_plane.admin.path("Namespace", name=name, version="v1"))


@pytest.fixture(params=["1.9.3", "1.10.2"])
def rollouts_version(request: pytest.FixtureRequest, control_plane: ControlPlane) -> Iterator[str]:
    """Another version of the Argo Rollouts controller, for one test."""
    usual = control_plane.rollouts_version
    control_plane.use_rollouts(request.param)
    yield request.param
    control_plane.use_rollouts(usual)
