"""Reads one workload once, with all that the runbook names: nothing is written, and no daemon is asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.cluster import KubernetesCluster
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import Json, annotations_of, at, labels_of
from watcher.adapters.kubernetes.keeping import ControlPlanes
from watcher.adapters.kubernetes.resources import WORKLOADS
from watcher.config import Thresholds
from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Subject
from watcher.core.words import Kind
from watcher.ports import Clock, Rejected, WatcherError
from watcher.runbook.commands import Kubectl
from watcher.runbook.facts import Details, Facts

FIRST_LOOK = 60.0
"""Seconds that reading the namespace may take."""

HELM = "meta.helm.sh/release-name"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask: the cluster, where Argo CD and Flux are, and how its reader calls kubectl.

    `prepare` is given the cluster before it is read.  `own_namespace` is the daemon's, where the ConfigMap of holds is.
    """

    client: Client
    clock: Clock
    planes: ControlPlanes = ControlPlanes()  # noqa: RUF009 - frozen
    kubectl: Kubectl = Kubectl()  # noqa: RUF009 - frozen
    thresholds: Thresholds | None = None
    own_namespace: str = ""
    prepare: Callable[[KubernetesCluster], object] = lambda _: None


async def gather(asked: Asked, workload: Workload) -> Facts:
    """The workload as it is now.

    What cannot be read beside it is told in the facts.  Raises Unavailable, Forbidden, and Rejected where there is no
    such workload.
    """
    raw = await _object(asked, workload)
    view, unseen = await _view(asked, workload)
    if view is None:
        said = "; ".join(unseen) or "its controller has made no revision of it yet"
        raise Rejected(f"{workload} cannot be read wholly: {said}")
    thresholds = asked.thresholds
    subject = Subject(workload.kind, workload.namespace, workload.name, dict(view.labels))
    return Facts(
        view=view,
        now=asked.clock.now(),
        kubectl=asked.kubectl,
        details=details(raw, workload.kind),
        unseen=unseen,
        policy=thresholds.policy_for(subject) if thresholds is not None else None,
        providers=thresholds.flags if thresholds is not None else None,
    )


async def _object(asked: Asked, workload: Workload) -> Json:
    try:
        found: Json = await asked.client.get(WORKLOADS[workload.kind].path(workload.namespace, workload.name))
    except NotFound as error:
        raise Rejected(f"there is no {workload} in this cluster; is it another context?") from error
    return found


async def _view(asked: Asked, workload: Workload) -> tuple[WorkloadView | None, tuple[str, ...]]:
    namespaces = (workload.namespace,)
    cluster = KubernetesCluster(asked.client, asked.clock, namespaces, asked.own_namespace, asked.planes)
    asked.prepare(cluster)
    following = asyncio.create_task(cluster.run(), name="cluster")
    unseen: tuple[str, ...] = ()
    try:
        async with asyncio.timeout(FIRST_LOOK):
            await cluster.settled()
            await cluster.follow(frozenset({workload}))
    except TimeoutError:
        unseen = (f"the namespace was not read completely within {FIRST_LOOK:.0f} s",)
    finally:
        view, unseen = cluster.view(workload), (*unseen, *cluster.problems())
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError, WatcherError):
            await following
    return view, unseen


def details(raw: Json, kind: Kind) -> Details:
    """What its object says."""
    ordered = kind is Kind.STATEFUL_SET and at(raw, "spec", "podManagementPolicy") != "Parallel"
    return Details(
        selector=_selector(at(raw, "spec", "selector") or {}),
        partition=int(at(raw, "spec", "updateStrategy", "rollingUpdate", "partition") or 0),
        ordered=ordered,
        template_in=at(raw, "spec", "workloadRef", "name") or "",
        helm=annotations_of(raw).get(HELM, "") if labels_of(raw).get("app.kubernetes.io/managed-by") == "Helm" else "",
    )


def _selector(raw: Json) -> str:
    """As `kubectl --selector` takes it; empty where it needs more than equality."""
    if raw.get("matchExpressions"):
        return ""
    return ",".join(f"{key}={value}" for key, value in sorted((raw.get("matchLabels") or {}).items()))
