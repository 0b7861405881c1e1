"""The model of Argo's template measures what the real controller measures through a real Prometheus, and ends with it.

Five minutes take three seconds: the template's interval is 3s, and queries go through a clock that asks Prometheus for
the release's own time. A wait of about the interval lets 300 s of it pass; the controller's own wait after an error,
which no template can change, the ten seconds that it takes. So samples, query, its window of 5 minutes, conditions and
limits are the documented ones; only waiting is shorter.

Approximate: the first measurement is put where the model's is (the template has no delay); scrapes are at whole
seconds, samples can be read at once, and a measurement takes no time.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks.judge.rivals.argo import INITIAL_DELAY, INTERVAL, RETRY, WINDOW, AnalysisRun, analyse
from benchmarks.judge.rivals.queries import JUST_NEW, served_from
from benchmarks.judge.rivals.rates import irate
from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, eventually
from tests.e2e.rivals.archive import archive
from tests.e2e.rivals.clock import Clock, Clocks
from tests.e2e.rivals.releases import Release
from tests.e2e.rivals.template import rollout, template

COMPRESSED = 3.0  # seconds for INTERVAL; 3 to 4 of them pass, as the controller keeps times in whole seconds
LONGEST = (COMPRESSED + 1 + RETRY) / 2  # a longer wait is that after an error
FIRST, SECOND = "shop/cart:1", "shop/cart:2"

RELEASES = {  # and the phases of their measurements: Successful, Failed, Error
    "clean": (("steady", "canary", 50.0, 2), "SSSSSS"),
    "bad": (("step_20_first", "canary", 50.0, 1), "FFFF"),
    "borderline": (("step_5_first", "canary", 50.0, 1), "SSFFSFF"),
    "borderline-kept": (("step_5_first", "canary", 2.0, 3), "SSSFFSF"),
    "no-requests": (("idle", "canary", 2.0, 1), "FFSFF"),  # 0/0
    "no-data": (("idle", "canary", 2.0, 5), "EEEEE"),
    "nothing-good": (("step_100_first", "canary", 50.0, 3), "EEEEE"),  # there is no series of good requests
    "crashing": (("crash_loop", "canary", 50.0, 4), "SSSSSES"),
}


def clock(release: Release) -> Clock:
    served = served_from(release.scenario)
    assert served is not None
    return Clock(served + INITIAL_DELAY, LONGEST, short=INTERVAL, long=RETRY)


def test_the_controller_measures_and_aborts_as_the_model_does(
    control_plane: ControlPlane, tools: Mapping[str, Path], namespace: str, tmp_path: Path
) -> None:
    releases = {name: Release(*each) for name, (each, _) in RELEASES.items()}
    clocks = {name: clock(release) for name, release in releases.items()}
    expected = {name: analyse(release.metrics) for name, release in releases.items()}
    assert {name: "".join(phase[0] for phase in run.phases) for name, run in expected.items()} == {
        name: phases for name, (_, phases) in RELEASES.items()
    }
    with archive(tools, tmp_path, releases) as prometheus, Clocks(prometheus, clocks) as before:
        control_plane.admin.apply(template(namespace, f"{COMPRESSED:.0f}s"))
        release_all(control_plane, namespace, {name: before.address(name) for name in releases})
        for name, model in expected.items():
            enough = partial(enough_measured, control_plane, namespace, name, model)
            real = eventually(enough, 120, f"the analysis of {name} is done")
            compare(releases[name], model, real, clocks[name])
            aborts = partial(aborted, control_plane, namespace, name)
            if model.ended:
                eventually(aborts, 10, f"the Rollout of {name} is aborted")
            else:
                assert not aborts()


def release_all(plane: ControlPlane, namespace: str, addresses: Mapping[str, str]) -> None:
    """Install the first version of all, then release the second one."""
    for image in (FIRST, SECOND):
        manifests = [rollout(namespace, name, image, address) for name, address in addresses.items()]
        plane.admin.apply_all(manifests)
        if image == FIRST:
            paths = [plane.admin.path_of(each) for each in manifests]
            eventually(partial(are_rolled_out, plane, paths), 60, "the first version of all is rolled out")


def are_rolled_out(plane: ControlPlane, paths: list[str]) -> bool:
    return all(workloads.rolled_out(plane.admin.get(each)) for each in paths)


def enough_measured(plane: ControlPlane, namespace: str, name: str, model: AnalysisRun) -> Json | None:
    """The status of the AnalysisRun of a Rollout, once it has as many measurements as the model, or has ended."""
    runs = plane.admin.items(plane.admin.path("AnalysisRun", namespace, version="argoproj.io/v1alpha1"))
    for run in runs:
        status: Json = run.get("status", {})
        if run["metadata"]["ownerReferences"][0]["name"] == name and status.get("metricResults"):
            over = status["phase"] not in ("Running", "Pending")
            enough = not model.ended and len(measurements(status)) >= len(model.phases)
            return status if over or enough else None
    return None


def measurements(status: Json) -> list[Json]:
    found: list[Json] = status["metricResults"][0]["measurements"]
    return found


def compare(release: Release, model: AnalysisRun, real: Json, clock: Clock) -> None:
    """Measurement by measurement: phases, times, values; and how the run ended."""
    measured = measurements(real)[: None if model.ended else len(model.phases)]
    assert [each["phase"] for each in measured] == model.phases
    assert clock.asked[: len(measured)] == model.times
    assert real["phase"] == (model.ended or "Running"), real
    good, total = release.metrics.good_share(np.array(model.times), WINDOW, JUST_NEW, irate)
    with np.errstate(invalid="ignore"):
        shares = good / total
    for each, phase, share in zip(measured, model.phases, shares.tolist(), strict=True):
        if phase != "Error":
            assert float(each["value"].strip("[]")) == pytest.approx(share, rel=1e-9, nan_ok=True)
    for wait, phase in zip(clock.waits, model.phases[:-1], strict=False):
        assert wait + 1 >= RETRY if phase == "Error" else wait < LONGEST, clock.waits


def aborted(plane: ControlPlane, namespace: str, name: str) -> bool:
    path = plane.admin.path("Rollout", namespace, name, version="argoproj.io/v1alpha1")
    return bool(plane.admin.get(path)["status"].get("abort"))
