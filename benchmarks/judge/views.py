"""What the cluster shows of a scenario at a time."""

from __future__ import annotations

import bisect

import numpy as np

from benchmarks.judge.scenario import NAMESPACE, NEW, OLD, SERVICE, PodLife, Scenario
from watcher.core.model import Pod, Revision, RolloutStatus, Workload, WorkloadView
from watcher.core.words import Kind

UID = "uid-workload"


class Views:
    """The view of the workload at any time; the same object as long as nothing changes."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._kind = Kind.DEPLOYMENT if scenario.mode == "rolling" else Kind.ROLLOUT
        self._desired = len([pod for pod in scenario.pods if pod.revision == OLD and pod.created < scenario.t0])
        self.changes = sorted(_moments(scenario))
        self._made: dict[int, WorkloadView] = {}
        self._pods: dict[str, Pod] = {}

    def at(self, time: float) -> WorkloadView:
        """The view at this time."""
        place = bisect.bisect_right(self.changes, time)
        if place not in self._made:
            self._made[place] = self._view(self.changes[place - 1] if place else -np.inf)
        return self._made[place]

    def _view(self, now: float) -> WorkloadView:
        scenario = self._scenario
        released = scenario.began <= now
        pods = tuple(self._same(pod_at(pod, now)) for pod in scenario.pods if pod.created <= now)
        alive = [pod for pod in pods if pod.terminating is None and pod.deleted is None]
        ready = [pod for pod in alive if pod.ready]
        current = NEW if released else OLD
        revisions = [_revision(1, OLD, scenario.pods[0].created, alive)]
        if released:
            revisions.append(_revision(2, NEW, scenario.began, alive))
        return WorkloadView(
            workload=Workload(self._kind, NAMESPACE, SERVICE),
            uid=UID,
            current=2 if released else 1,
            revisions=tuple(revisions),
            desired=self._desired,
            updated=sum(pod.revision == current for pod in alive),
            ready=len(ready),
            available=len(ready),
            max_unavailable=scenario.max_unavailable,
            deadline_exceeded=scenario.deadline_exceeded is not None and scenario.deadline_exceeded <= now,
            rollout=None if self._kind is Kind.DEPLOYMENT else self._rollout(now, released=released),
            pods=pods,
        )

    def _same(self, pod: Pod) -> Pod:
        """The object of the view before, where the pod has not changed."""
        known = self._pods.get(pod.uid)
        if known != pod:
            self._pods[pod.uid] = known = pod
        return known

    def _rollout(self, now: float, *, released: bool) -> RolloutStatus:
        scenario = self._scenario
        done = scenario.rolled_out if scenario.switched is None else scenario.switched
        promoted = done is not None and done <= now
        strategy = "canary" if scenario.mode == "canary" else "blueGreen"
        stable = NEW if promoted else OLD
        weight = (
            0
            if scenario.weight is None or not any(p.ready <= now for p in scenario.pods if p.revision == NEW)
            else scenario.weight
        )
        return RolloutStatus(
            strategy=strategy,
            stable=stable,
            current=NEW if released else OLD,
            routed=strategy == "canary",
            canary_weight=round(100 * weight) if strategy == "canary" else None,
            active_selector="" if strategy == "canary" else stable,
            in_step=released and not promoted,
        )


def pod_at(pod: PodLife, now: float) -> Pod:
    """The pod as Kubernetes shows it at this time."""
    ended = [each for each in pod.restarts if each.at <= now]
    down = bool(ended) and now < ended[-1].back
    served = pod.ready if not ended else max(pod.ready, ended[-1].back)
    ready = pod.ready <= now and not down
    never = pod.ready == np.inf
    return Pod(
        name=pod.name,
        uid=pod.uid,
        revision=pod.revision,
        created=pod.created,
        ready_since=served if ready else None,
        unready_since=ended[-1].at if down else pod.created if pod.ready > now else None,
        started=(*((pod.began,) if pod.began <= now else ()), *(each.back for each in ended if each.back <= now)),
        restarts=sum(each.back <= now for each in ended),
        waiting="CrashLoopBackOff" if down and now - ended[-1].at >= 1.0 else pod.waiting if never else "",
        terminated=ended[-1].reason if ended else "",
        node=pod.node,
        terminating=pod.terminating if pod.terminating <= now else None,
        deleted=pod.deleted if pod.deleted <= now else None,
    )


def _revision(number: int, name: str, created: float, alive: list[Pod]) -> Revision:
    mine = [pod for pod in alive if pod.revision == name]
    ready = sum(pod.ready for pod in mine)
    return Revision(
        number, name, f"id-{name}", f"code-{name}", (f"shop/cart:{name}",), created, len(mine), ready, ready
    )


def _moments(scenario: Scenario) -> set[float]:
    """When something of the view changes."""
    moments = {scenario.began, scenario.rolled_out, scenario.switched, scenario.deadline_exceeded} - {None}
    for pod in scenario.pods:
        moments |= {pod.created, pod.began, pod.ready, pod.terminating, pod.deleted}
        for restart in pod.restarts:
            moments |= {restart.at, restart.at + 1.0, restart.back}
    return {float(each) for each in moments if each is not None and np.isfinite(each) and each >= scenario.t0}
