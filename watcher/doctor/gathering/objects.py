"""Raw objects as the rules need them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from watcher.adapters.kubernetes.fields import Json, annotations_of, at, condition, labels_of, seconds
from watcher.core.words import Kind
from watcher.doctor.facts import AnalysisMetric, Container, Probe

_HELM = "meta.helm.sh/release-name"
_DEPLOYMENT_LIMIT = 10
_ARGO_DEADLINE = 600


@dataclass(frozen=True, slots=True)
class Template:
    """An AnalysisTemplate that a Rollout uses.  `background`: beside the steps, not in one of them."""

    name: str
    cluster: bool
    background: bool


@dataclass(frozen=True, slots=True)
class Described:
    """What a workload's object says of itself, beyond what a view holds."""

    containers: tuple[Container, ...]
    recreates: bool
    history_limit: int
    deadline: int | None
    finished: float | None  # when its controller saw the last rollout complete, Unix seconds
    others: tuple[str, ...]
    helm: str
    templates: tuple[Template, ...] = ()
    template_in: str = ""


def described(raw: Json, kind: Kind) -> Described:
    """Project a workload."""
    limit = at(raw, "spec", "revisionHistoryLimit")
    return Described(
        containers=containers(at(raw, "spec", "template") or {}),
        recreates=at(raw, "spec", "strategy", "type") == "Recreate",
        history_limit=_DEPLOYMENT_LIMIT if limit is None else int(limit),
        deadline=_deadline(raw, kind),
        finished=_finished(raw, kind),
        others=tuple(_others(raw)),
        helm=annotations_of(raw).get(_HELM, ""),
        templates=tuple(_templates(raw)) if kind is Kind.ROLLOUT else (),
        template_in=at(raw, "spec", "workloadRef", "name") or "",
    )


def containers(template: Json) -> tuple[Container, ...]:
    """The containers of a pod template, without init containers."""
    return tuple(_container(each) for each in at(template, "spec", "containers") or ())


def _container(raw: Json) -> Container:
    probe = raw.get("readinessProbe")
    readiness = None
    if probe is not None:
        readiness = Probe(int(probe.get("periodSeconds") or 10), int(probe.get("failureThreshold") or 3))
    return Container(raw.get("name", ""), raw.get("image") or "", raw.get("imagePullPolicy") or "", readiness)


def _deadline(raw: Json, kind: Kind) -> int | None:
    if kind not in (Kind.DEPLOYMENT, Kind.ROLLOUT):
        return None
    given = at(raw, "spec", "progressDeadlineSeconds")
    return _ARGO_DEADLINE if given is None else int(given)


def _finished(raw: Json, kind: Kind) -> float | None:
    """A canary's own duration holds its pauses, which an undo skips: it tells nothing."""
    progress = condition(raw, "Progressing")
    if kind is not Kind.DEPLOYMENT or progress.get("reason") != "NewReplicaSetAvailable":
        return None
    return seconds(progress.get("lastUpdateTime"))


def _others(raw: Json) -> Iterator[str]:
    """Tools that mark what they decide about."""
    template = at(raw, "spec", "template") or {}
    marks = {**labels_of(raw), **annotations_of(raw), **labels_of(template), **annotations_of(template)}
    if any(key in marks for key in ("keptn.sh/workload", "keptn.sh/app")):
        yield "Keptn"
    application = marks.get("moniker.spinnaker.io/application")
    if application:
        yield f"Spinnaker (application {application}, whose pipelines may roll back by Kayenta)"


def _templates(raw: Json) -> Iterator[Template]:
    """Templates of the background analysis, of steps, and of a blue-green promotion."""
    canary = at(raw, "spec", "strategy", "canary") or {}
    blue_green = at(raw, "spec", "strategy", "blueGreen") or {}
    yield from _named(canary.get("analysis"), background=True)
    for step in canary.get("steps") or ():
        yield from _named(step.get("analysis"), background=False)
    for place in ("prePromotionAnalysis", "postPromotionAnalysis"):
        yield from _named(blue_green.get(place), background=False)


def _named(analysis: Any, *, background: bool) -> Iterator[Template]:
    for each in at(analysis, "templates") or ():
        if each.get("templateName"):
            yield Template(each["templateName"], bool(each.get("clusterScope")), background)


def analysis_metrics(raw: Json, *, background: bool) -> Iterator[AnalysisMetric]:
    """The metrics of an AnalysisTemplate or ClusterAnalysisTemplate."""
    namespace = at(raw, "metadata", "namespace")
    name = f"{namespace}/{raw['metadata']['name']}" if namespace else raw["metadata"]["name"]
    kind = "AnalysisTemplate" if namespace else "ClusterAnalysisTemplate"
    for each in at(raw, "spec", "metrics") or ():
        yield AnalysisMetric(
            template=f"{kind}/{name}",
            name=str(each.get("name") or ""),
            success=str(each.get("successCondition") or ""),
            failure=str(each.get("failureCondition") or ""),
            interval=str(each.get("interval") or ""),
            count=str(each.get("count") or ""),
            background=background,
        )


def changed(raw: Json) -> float | None:
    """When an object was last written, Unix seconds; None where it does not say."""
    times = [seconds(each.get("time")) for each in at(raw, "metadata", "managedFields") or ()]
    known = [each for each in times if each is not None]
    return max(known, default=None)
