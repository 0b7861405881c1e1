"""The stage of a scenario as fixtures; after each, every record of its daemons is replayed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.build_tools import installed_tools
from tests.e2e.controlplane import ControlPlane, GitServer, Prometheus
from tests.e2e.harness.alongside import Scenes, scenario_of, scenarios
from tests.e2e.harness.application import ShopInGit
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.permissions import grant_documented
from tests.e2e.harness.records import Replayed
from tests.e2e.harness.shop import Shop
from tests.e2e.harness.stage import House, Stage
from tests.e2e.proxy import Proxy
from tests.e2e.traffic import Traffic

REPLAYED = pytest.StashKey[Replayed]()
MEASURED = pytest.StashKey[list[str]]()
SCENES = pytest.StashKey[Scenes]()


def pytest_configure(config: pytest.Config) -> None:
    """Nothing was replayed or measured yet."""
    config.stash[REPLAYED] = Replayed()
    config.stash[MEASURED] = []
    config.addinivalue_line("markers", "alone: disturbs all others, so it runs when no scenario is being played")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Scenarios played alongside are awaited after the tests that disturb nobody, and before those that do."""
    items.sort(key=lambda item: 2 if item.get_closest_marker("alone") else 1 if scenario_of(item) else 0)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let no test disturb the scenarios that are being played."""
    if item.get_closest_marker("alone") is not None and SCENES in item.config.stash:
        item.config.stash[SCENES].finish_all()


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
    """The documented permissions."""
    grant_documented(control_plane)


@pytest.fixture(scope="session")
def another_prometheus(
    tools: Mapping[str, Path], targets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Prometheus]:
    """Makes a Prometheus beside the one that all share, not started."""
    return lambda: Prometheus(tools, tmp_path_factory.mktemp("prometheus"), targets)


@pytest.fixture(scope="session")
def house(
    request: pytest.FixtureRequest,
    rbac: None,
    control_plane: ControlPlane,
    prometheus: Prometheus,
    another_prometheus: Callable[[], Prometheus],
    traffic: Traffic,
) -> House:
    """The real parts that all scenarios share."""
    stash = request.config.stash
    house = House(control_plane, prometheus, another_prometheus, traffic, stash[REPLAYED], stash[MEASURED])
    if any("shop_in_git" in _asked_for(item) for item in request.session.items):
        house.argocd = request.getfixturevalue("argocd")
    return house


def _asked_for(item: pytest.Item) -> Collection[str]:
    """The names that a test asks for, or its scenario."""
    scenario = scenario_of(item)
    return inspect.signature(scenario).parameters if scenario is not None else getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def scenes(request: pytest.FixtureRequest, house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenes]:
    """The scenarios that are played beside one another; begun when first asked for."""
    found = Scenes(house, scenarios(request.session), lambda name: tmp_path_factory.mktemp(name[:40]))
    request.config.stash[SCENES] = found
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _scenes_are_played_meanwhile(request: pytest.FixtureRequest) -> None:
    """Begin to play with the first test that needs real parts."""
    if request.node.get_closest_marker("e2e") is not None and installed_tools() and scenarios(request.session):
        request.getfixturevalue("scenes")


@pytest.fixture
def stage(house: House, tmp_path: Path) -> Iterator[Stage]:
    """A namespace of the test's own, and what there is in it."""
    with Stage(house, tmp_path) as entered:
        yield entered


@pytest.fixture
def shop(stage: Stage) -> Shop:
    """A namespace in which workloads can be deployed."""
    return stage.shop


@pytest.fixture
def forge(stage: Stage) -> GitServer:
    """The Git server of the test's own shop."""
    return stage.forge


@pytest.fixture
def shop_in_git(stage: Stage) -> ShopInGit:
    """A namespace and a repository from which Argo CD deploys into it."""
    return stage.shop_in_git


@pytest.fixture
def watcher(stage: Stage) -> Daemon:
    """A daemon that may act in the test's namespace; configured, not started."""
    return stage.watcher


@pytest.fixture
def proxy(stage: Stage) -> Proxy:
    """A proxy before the API server."""
    return stage.proxy


@pytest.fixture
def measured(stage: Stage) -> Callable[[str], None]:
    """Adds a line to what is said at the end of the session."""
    return stage.measured
