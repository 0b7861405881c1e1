"""Both Helms make of the chart what is kept, and refuse what is wrong in words that help."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from tests.chart.render import run, template
from tests.chart.variants import CHART, ROOT, VARIANTS, Variant
from tests.e2e.controlplane import ControlPlane

EACH = pytest.mark.parametrize("variant", [pytest.param(each, id=each.name) for each in VARIANTS])
BY_NAME = {each.name: each for each in VARIANTS}


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tools: Mapping[str, Path]) -> Path:
    return tools[request.param]


@EACH
def test_what_is_rendered_is_what_is_kept(helm: Path, variant: Variant) -> None:
    assert template(helm, variant) == variant.rendered.read_text(), "look at the difference, then run: make chart"


@EACH
def test_lint_finds_nothing(helm: Path, variant: Variant) -> None:
    run(str(helm), "lint", "--strict", str(CHART), *(f"--values={file}" for file in variant.files))


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        ("thresholds.checks.errors.increse=2x", "increse"),
        ("thresholds.chekcs.errors.max=1%", "chekcs"),
        ("thresholds.checks.latency.slowerThan=500", "slowerThan"),
        ("thresholds.services[0].bake=30", "bake"),
        ("thresholds.mode=enforce", "mode"),
        ("mode=propose", "mode"),
        ("netwrkPolicy.enabled=true", "netwrkPolicy"),
        ("persistence.accessModes={ReadWriteMany}", "accessModes"),
        ("replicas=2", "replicas"),
        ("image.repository=", "image.repository is empty: say where"),
        ("existingConfigMap=other", "both set"),
        ("thresholds=null", "there is no thresholds file"),
        ("rungs.undo=false", "set thresholds.rungs.undo to none or observe"),
        ("rungs.abort=false,rungs.undo=false", "no rung is enabled"),
        ("thresholds.gitops.repositories[0].url=https://git.test/*", "set thresholds.rungs.git to none or observe"),
        ("thresholds.gitops.repository=x", "repository"),
        (
            "rungs.flag=false,thresholds.flags.providers.openfeature.kind=openfeature",
            "set thresholds.rungs.flag to none or observe",
        ),
        ("rungs.git=true,rbac.gitops=false", "what cannot be read cannot be brought back through Git"),
    ],
)
def test_a_mistake_is_refused_and_named(helm: Path, mistake: str, says: str) -> None:
    with pytest.raises(AssertionError) as refused:
        template(helm, BY_NAME["act"], "--set", mistake)
    assert says in str(refused.value)


def test_alerts_and_dashboard_arrive_as_they_are(helm: Path) -> None:
    address = "https://git.example.com/runbooks.md"
    more = ("--set=prometheusRule.enabled=true,dashboard.enabled=true", f"--set=prometheusRule.runbooks={address}")
    apis = ("--api-versions=monitoring.coreos.com/v1/PrometheusRule",)
    objects = list(yaml.safe_load_all(template(helm, BY_NAME["observe"], *more, *apis)))
    (rule,) = [each for each in objects if each["kind"] == "PrometheusRule"]
    expected = (ROOT / "config" / "alerts.yaml").read_text().replace("docs/runbooks.md", address)
    assert rule["spec"] == yaml.safe_load(expected)
    (text,) = [each["data"]["watcher.json"] for each in objects if "watcher.json" in each.get("data", {})]
    assert json.loads(text) == json.loads((ROOT / "config" / "dashboard.json").read_text())


@pytest.mark.parametrize("kind", ["PrometheusRule", "ServiceMonitor"])
def test_a_kind_that_the_cluster_does_not_have_is_not_made(helm: Path, kind: str) -> None:
    wanted = f"--set={kind[0].lower()}{kind[1:]}.enabled=true"
    assert f"kind: {kind}\n" not in template(helm, BY_NAME["observe"], wanted)
    assert f"kind: {kind}\n" in template(helm, BY_NAME["observe"], wanted, "--api-versions=monitoring.coreos.com/v1")


@pytest.fixture(params=[3, 4])
def notes(request: pytest.FixtureRequest, control_plane: ControlPlane) -> Callable[[str], str]:
    """What Helm says after an install of a variant on a real cluster."""

    def said(name: str) -> str:
        files = [f"--values={file}" for file in BY_NAME[name].files]
        within = ("install", "notes-of-watcher", str(CHART), "--namespace=notes", "--dry-run=server")
        return control_plane.helm(*within, *files, version=request.param).partition("NOTES:\n")[2]

    return said


def test_the_notes_say_what_is_watched_and_that_nothing_is_written(notes: Callable[[str], str]) -> None:
    said = notes("observe")
    assert "It watches all namespaces" in said
    assert "It may write nothing to any workload" in said
    assert "kubectl -n notes create configmap watcher-hold" in said
    assert "WARNING" not in said


def test_the_notes_say_what_may_be_written(notes: Callable[[str], str]) -> None:
    said = notes("act-namespaces-undo")
    assert "It watches the namespaces shop, watcher" in said
    assert "It MAY WRITE there: put known good pod templates back" in said
    assert "abort Rollouts" not in said
    assert "(mode: act)" in said


def test_the_notes_say_that_it_may_write_to_argo_cd_and_flux(notes: Callable[[str], str]) -> None:
    said = notes("act-git")
    assert "It MAY WRITE there: have Argo CD and Flux look at Git, sync to a commit or stay at one. How far" in said


def test_the_notes_warn_of_a_log_that_is_lost_with_the_pod(notes: Callable[[str], str]) -> None:
    assert "WARNING: the decision log is in an emptyDir" in notes("act-roles-only-abort")


def test_the_notes_say_what_the_cluster_lacks(notes: Callable[[str], str]) -> None:
    said = notes("full")
    assert "the cluster has no kind ServiceMonitor" in said
    assert "mode: observe, act for some services" in said
