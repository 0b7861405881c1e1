"""Whose a series is, by the labels that `identify` names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from watcher.core.model import Workload
from watcher.core.policy import By, Identify
from watcher.doctor.facts import ClusterFacts, Labels, Series

SERVER_LABELS = (
    "destination_workload",
    "destination_service_name",
    "exported_pod",
    "exported_service",
    "ingress",
    "backend",
    "upstream",
    "upstream_cluster",
    "server",
    "target_service",
)
"""Labels by which gateways, meshes and exporters name the server of a request, where the pod label names themselves."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A group of series.  `named`: the value of the label that names the server; `known`: whether it stands for
    something in the cluster; `workload`: for which workload, None for a pod of none."""

    series: Series
    namespace: str
    named: str
    known: bool
    workload: Workload | None


def identity_labels(identify: Identify) -> tuple[str, ...]:
    """Labels that a series must have for anybody to know whose it is."""
    return tuple(label for label in (identify.namespace, identify.subject) if label)


def resolved(
    series: Iterable[Series], identify: Identify, cluster: ClusterFacts, users: Collection[Workload]
) -> Iterator[Resolved]:
    """Whose each group of series is."""
    for each in series:
        yield resolve(each, identify, cluster, users)


def resolve(each: Series, identify: Identify, cluster: ClusterFacts, users: Collection[Workload]) -> Resolved:
    """Whose this group of series is; `users`: the workloads that have the check."""
    namespace = each.labels.get(identify.namespace, "") if identify.namespace else ""
    if identify.by is By.POD:
        pod = each.labels.get(identify.pod, "")
        known, workload = _of_pod(cluster, namespace, pod)
        return Resolved(each, namespace, pod, known, workload)
    if identify.by is not By.FIXED:
        value = each.labels.get(identify.workload, "")
        name = workload_named(identify, value)
        found = [one for one in users if one.name == name and namespace in ("", one.namespace)]
        return Resolved(each, namespace, value, bool(found), found[0] if found else None)
    return Resolved(each, namespace, "", known=True, workload=None)


def _of_pod(cluster: ClusterFacts, namespace: str, pod: str) -> tuple[bool, Workload | None]:
    if (namespace, pod) in cluster.pods:
        return True, cluster.pods[namespace, pod]
    gone = cluster.names.owner(namespace, pod)
    return gone is not None, gone


def workload_named(identify: Identify, value: str) -> str:
    """The workload's name that a label value stands for."""
    name = value.removesuffix(next((each for each in identify.strip if value.endswith(each)), ""))
    return dict(identify.map).get(name, name)


def server_named(labels: Labels, own: Workload | None, others: Mapping[str, Workload]) -> tuple[str, Workload] | None:
    """A label that names another workload than the pod's own as the server, and that workload; `others` by name."""
    for label in SERVER_LABELS:
        named = _named(label, labels.get(label, ""), others)
        if named is not None and named != own and not (own is not None and named.name == own.name):
            return label, named
    return None


def _named(label: str, value: str, others: Mapping[str, Workload]) -> Workload | None:
    """The workload of this name, or of the pod of this name; asked for each series, so without going through all."""
    named = others.get(value)
    while named is None and label == "exported_pod" and "-" in value:
        value = value.rpartition("-")[0]
        named = others.get(value)
    return named
