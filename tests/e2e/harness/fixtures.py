"""The shop and the daemon as fixtures; after each test every record of its daemons is replayed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from tests.e2e.controlplane import ControlPlane, Json, Prometheus
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.records import Replayed, replay_all
from tests.e2e.harness.shop import Shop
from tests.e2e.harness.thresholds import thresholds

RBAC = Path(__file__).parents[3] / "config" / "rbac.yaml"
READER = "watcher-readonly"
REPLAYED = pytest.StashKey[Replayed]()
MEASURED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Nothing was replayed or measured yet."""
    config.stash[REPLAYED] = Replayed()
    config.stash[MEASURED] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was measured and how many records were replayed."""
    replayed, measured = config.stash[REPLAYED], config.stash[MEASURED]
    if not replayed.logs and not measured:
        return
    terminalreporter.section("scenarios")
    for line in measured:
        terminalreporter.line(line)
    terminalreporter.line(
        f"{replayed.transitions} records of {replayed.logs} daemons replayed through the core, all byte-equal"
    )


@pytest.fixture(scope="session")
def rbac(control_plane: ControlPlane) -> None:
    """The documented roles, as they are in ``config/rbac.yaml``; the read-only account gets the same bindings.

    That file lets nobody act: ``watcher-act`` is granted in each test's own namespace, as it says.
    """
    documents: list[Json] = list(yaml.safe_load_all(RBAC.read_text()))
    control_plane.admin.apply_all(documents)
    for binding in copy.deepcopy(documents):
        if binding["kind"].endswith("Binding"):
            binding["metadata"]["name"] += "-readonly"
            for subject in binding["subjects"]:
                subject["name"] = READER
            control_plane.admin.apply(binding)


@pytest.fixture
def shop(control_plane: ControlPlane, namespace: str) -> Shop:
    """A namespace in which workloads can be deployed."""
    return Shop(control_plane, namespace)


@pytest.fixture
def daemons(
    request: pytest.FixtureRequest,
    rbac: None,
    control_plane: ControlPlane,
    prometheus: Prometheus,
    namespace: str,
    tmp_path: Path,
) -> Iterator[Callable[[str], Daemon]]:
    """Makes daemons for the test's namespace, configured and not started, by the name of their account.

    All are stopped after the test, and their decision logs replayed.
    """
    with ExitStack() as ending:

        def make(user: str) -> Daemon:
            daemon = Daemon(control_plane, namespace, tmp_path / f"{user}-{uuid4().hex[:4]}", user)
            daemon.configure(thresholds(prometheus.url, namespace))
            ending.callback(_finish, daemon, request.config.stash[REPLAYED])
            return daemon

        yield make


@pytest.fixture
def watcher(daemons: Callable[[str], Daemon], control_plane: ControlPlane, namespace: str) -> Daemon:
    """A daemon that may act in the test's namespace; configured, not started."""
    control_plane.kubectl(
        *("--namespace", namespace, "create", "rolebinding", "watcher-act"),
        *("--clusterrole=watcher-act", "--serviceaccount=watcher:watcher"),
    )
    return daemons("watcher")


@pytest.fixture
def observer(daemons: Callable[[str], Daemon]) -> Daemon:
    """A daemon whose account may only read, and that creates no Events; configured to act, not started."""
    daemon = daemons(READER)
    daemon.environment["WATCHER_EVENTS"] = "false"
    return daemon


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line to what is said at the end of the session."""
    return request.config.stash[MEASURED].append


def _finish(daemon: Daemon, replayed: Replayed) -> None:
    """Stop a daemon and replay its records. What it logged last is shown where the test failed."""
    print(f"end of {daemon.log}:\n{daemon.process.tail()}")  # noqa: T201 - pytest shows it with a failure
    if not daemon.log.exists():
        return  # the test failed before it was started
    daemon.stop()
    if daemon.store.exists():
        replayed.transitions += replay_all(daemon.store)
        replayed.logs += 1
    crashed = [line for line in daemon.log_lines() if "exception" in line]
    assert not crashed, crashed
