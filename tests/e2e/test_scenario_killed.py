"""Scenario 7: killed before or after any of its writes, the daemon rolls back exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.controlplane import ApiError, ControlPlane, Prometheus
from tests.e2e.harness import Daemon, Service, thresholds
from tests.e2e.harness.fixtures import REPLAYED
from tests.e2e.harness.permissions import leads, lets_act, reads_holds
from tests.e2e.interleaving import interleave
from tests.e2e.killing import CASES, FIRST, FIXED, GOOD, WAYS, Case, Trial
from tests.e2e.proxy import Proxy
from tests.e2e.traffic import Traffic
from tests.e2e.writes import carried_out

pytestmark = pytest.mark.alone

AT_ONCE = 10  # daemons that run beside one another; more of them slow each other down on two cores
ROLLOUTS = "1.10.2"  # 1.9.3 loses aborts and promotions, which are rightly sent again then


@dataclass
class Trials:
    """All trials, played."""

    plays: dict[Case, Trial]
    failed: dict[Case, Exception]
    applied: dict[str, list[str]]  # by namespace: what each write was for that the API server carried out


@pytest.fixture(scope="module")
def trials(
    request: pytest.FixtureRequest,
    rbac: None,
    control_plane: ControlPlane,
    prometheus: Prometheus,
    traffic: Traffic,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Trials]:
    before = control_plane.rollouts_version
    control_plane.use_rollouts(ROLLOUTS)
    proxy = Proxy(control_plane.url, control_plane.ca)
    proxy.start()
    directory = tmp_path_factory.mktemp("killed")
    plays = {}
    for case in CASES:
        space = control_plane.namespace(str(case))
        control_plane.admin.apply_all(
            [lets_act("watcher", space), *reads_holds("watcher", space), leads("watcher", space)]
        )
        service = Service(control_plane, WAYS[case.way].make(space, "cart", FIRST))
        daemon = Daemon(control_plane, space, directory / space)
        daemon.server = proxy.url
        daemon.environment["WATCHER_NAMESPACE"] = space
        daemon.configure(thresholds(prometheus.url, space))
        plays[case] = Trial(case, service, daemon, proxy, traffic, thresholds(prometheus.url, space, bake="2m"))
    failed = interleave({case: trial.play for case, trial in plays.items()}, AT_ONCE)
    applied = carried_out(control_plane.audit.entries(control_plane.users["watcher"].username, writes=True))
    yield Trials(plays, failed, applied)
    proxy.stop()
    for trial in plays.values():
        trial.daemon.kill()
        control_plane.admin.delete(control_plane.admin.path("Namespace", name=trial.service.namespace, version="v1"))
    control_plane.use_rollouts(before)
    for trial in plays.values():
        if trial.daemon.store.exists():
            request.config.stash[REPLAYED].add(trial.daemon.store)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_rollback(trials: Trials, case: Case) -> None:
    trial = trials.plays[case]
    if case in trials.failed:
        raise AssertionError(f"{case}; end of its log:\n{trial.daemon.process.tail()}") from trials.failed[case]
    assert len(trial.decisions) == 1, [each["reason"] for each in trial.decisions]
    (decision,) = trial.decisions
    assert (decision["action"], decision["mode"], decision["outcome"]) == ("roll_back", "act", "restored")
    applied = Counter(trials.applied[trial.service.namespace])
    del applied["wake"]  # a change of a Rollout's status message, for a controller that is slow to look
    assert applied == Counter(trial.way.writes)

    live = trial.service.live
    assert live["metadata"]["annotations"]["watcher.dev/decision"] == decision["id"]
    if case.way == "canary":
        is_aborted(trial.service)
    else:
        trial.service.serves(GOOD)
        assert revision(trial.service) == 4  # the first, the good, the bad, and the good again: not once more
    trial.service.release(FIXED)  # no conflict with the applier, wherever the undo was cut off


@pytest.mark.parametrize("case", [case for case in CASES if str(case).endswith("before-template")], ids=str)
def test_a_write_that_was_delayed_for_long_changes_nothing(
    trials: Trials, control_plane: ControlPlane, case: Case
) -> None:
    hold = trials.plays[case].hold
    assert hold is not None
    assert hold.write is not None
    before = trials.plays[case].service.live["spec"]
    with pytest.raises(ApiError) as refused:
        control_plane.api("watcher").patch(hold.write.path, hold.write.body, kind="json")
    assert refused.value.status == 422
    assert trials.plays[case].service.live["spec"] == before


def is_aborted(service: Service) -> None:
    """The stable version carries everything, and the Rollout says why."""
    status = service.live["status"]
    assert (status["phase"], status["abort"]) == ("Degraded", True)
    assert {pod["spec"]["containers"][0]["image"] for pod in service.pods} == {GOOD}
    assert revision(service) == 3


def revision(service: Service) -> int:
    """The highest number of a revision."""
    annotations = service.live["metadata"]["annotations"]
    for key in ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"):
        if key in annotations:
            return int(annotations[key])
    path = service.plane.admin.path("ControllerRevision", service.namespace)
    return max(int(each["revision"]) for each in service.plane.admin.items(path))
