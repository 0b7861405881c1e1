"""Projects Argo Rollouts."""

from __future__ import annotations

from watcher.adapters.kubernetes import marks
from watcher.adapters.kubernetes.fields import Json, annotations_of, at, condition, count, labels_of, seconds
from watcher.adapters.kubernetes.slim import SlimWorkload
from watcher.adapters.kubernetes.workloads import deadline_exceeded, revision_number, rolling_unavailable
from watcher.core.deciding.holding import Scope
from watcher.core.keepers.keeper import BRIDGE
from watcher.core.model import RolloutStatus, Workload
from watcher.core.template import template_id
from watcher.core.words import Kind

REVISION = "rollout.argoproj.io/revision"
WORKLOAD_GENERATION = "rollout.argoproj.io/workload-generation"

_ANALYSES = (
    ("canary", "currentStepAnalysisRunStatus"),
    ("canary", "currentBackgroundAnalysisRunStatus"),
    ("blueGreen", "prePromotionAnalysisRunStatus"),
    ("blueGreen", "postPromotionAnalysisRunStatus"),
)


def rollout(raw: Json) -> SlimWorkload:
    """Project a Rollout."""
    desired = count(raw, "spec", "replicas", default=1)
    template = at(raw, "spec", "template")
    workload = Workload(Kind.ROLLOUT, raw["metadata"]["namespace"], raw["metadata"]["name"])
    return SlimWorkload(
        workload=workload,
        uid=raw["metadata"]["uid"],
        generation=count(raw, "metadata", "generation"),
        observed=observed(raw),
        template_id=template_id(template) if template else "",
        number=revision_number(annotations_of(raw).get(REVISION)),
        pointer=at(raw, "status", "currentPodHash") or "",
        desired=desired,
        updated=count(raw, "status", "updatedReplicas"),
        ready=count(raw, "status", "readyReplicas"),
        available=count(raw, "status", "availableReplicas"),
        max_unavailable=_max_unavailable(raw, desired),
        deadline_exceeded=deadline_exceeded(raw),
        paused=bool(at(raw, "spec", "paused")),
        labels=tuple(sorted(labels_of(raw).items())),
        hold=marks.hold({"kind": "Rollout", **raw}, Scope(workload.namespace, workload)),
        approval=marks.approval(raw),
        decision=annotations_of(raw).get(marks.DECISION, ""),
        bridge=annotations_of(raw).get(BRIDGE, ""),
        manager=marks.manager(raw, "Rollout", "argoproj.io"),
        owner=marks.operator(raw),
        rollout=status(raw),
        template_in=template_source(raw),
        template_generation=annotations_of(raw).get(WORKLOAD_GENERATION, ""),
    )


def observed(raw: Json) -> bool:
    """Whether the controller has seen the newest spec; `observedGeneration` is a string.

    With `workloadRef` the referenced object's generation, which the controller copies to an annotation first, must
    have been taken over too.
    """
    if str(at(raw, "status", "observedGeneration") or "") != str(at(raw, "metadata", "generation")):
        return False
    if not template_source(raw):
        return True
    return annotations_of(raw).get(WORKLOAD_GENERATION, "") == (at(raw, "status", "workloadObservedGeneration") or "")


def template_source(raw: Json) -> str:
    """Name of the object of `workloadRef`, or an empty string where the template is in the Rollout itself."""
    return at(raw, "spec", "workloadRef", "name") or ""


def status(raw: Json) -> RolloutStatus:
    """What the Rollout says of itself."""
    state = at(raw, "status") or {}
    return RolloutStatus(
        strategy="blueGreen" if at(raw, "spec", "strategy", "blueGreen") is not None else "canary",
        stable=state.get("stableRS") or "",
        current=state.get("currentPodHash") or "",
        phase=state.get("phase") or "",
        message=state.get("message") or "",
        abort=bool(state.get("abort")),
        aborted_at=state.get("abortedAt") or "",
        aborted=seconds(state.get("abortedAt")),
        promoted=_promoted(raw),
        promote_full=bool(state.get("promoteFull")),
        paused=bool(at(raw, "spec", "paused")),
        invalid_spec=condition(raw, "InvalidSpec").get("status") == "True",
        analysis=_analysis(state),
        routed=at(raw, "spec", "strategy", "canary", "trafficRouting") is not None,
        canary_weight=at(state, "canary", "weights", "canary", "weight"),
        active_selector=at(state, "blueGreen", "activeSelector") or "",
        in_step=_in_step(raw),
    )


def _promoted(raw: Json) -> float | None:
    """When the controller last held the current version for fully promoted: its condition `Completed` says so."""
    completed = condition(raw, "Completed")
    return seconds(completed.get("lastTransitionTime")) if completed.get("status") == "True" else None


def _analysis(state: Json) -> str:
    """A run that was terminated by an abort says Successful: that is neither running nor failed."""
    phases = {at(state, *place, "status") for place in _ANALYSES}
    if phases & {"Failed", "Error"}:
        return "failed"
    return "running" if phases & {"Running", "Pending"} else ""


def _in_step(raw: Json) -> bool:
    state = at(raw, "status") or {}
    if not state.get("stableRS") or state.get("stableRS") == state.get("currentPodHash"):
        return False
    if state.get("pauseConditions") or state.get("controllerPause"):
        return True
    steps = at(raw, "spec", "strategy", "canary", "steps") or ()
    return count(raw, "status", "currentStepIndex") < len(steps)


def _max_unavailable(raw: Json, desired: int) -> int:
    blue_green = at(raw, "spec", "strategy", "blueGreen")
    if blue_green is not None:
        return rolling_unavailable(blue_green.get("maxUnavailable", 0), None, desired)
    canary = at(raw, "spec", "strategy", "canary") or {}
    return rolling_unavailable(canary.get("maxUnavailable"), canary.get("maxSurge"), desired)
