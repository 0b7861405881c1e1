"""What surrounds the workloads: their pods and ConfigMaps, and what else decides about their releases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.cluster import content_hash
from watcher.adapters.kubernetes.fields import Json, at, controller
from watcher.adapters.kubernetes.resources import CANARIES, Resource
from watcher.core.model import Workload, WorkloadView
from watcher.doctor.facts import AnalysisMetric, ConfigMap
from watcher.doctor.gathering.listing import Lists
from watcher.doctor.gathering.objects import Described, analysis_metrics, changed
from watcher.ports import Forbidden, Rejected

AT_ONCE, MOST_CONFIG_MAPS, MOST_LOOKED_UP = 8, 500, 20
ANALYSIS_TEMPLATES = Resource("argoproj.io", "v1alpha1", "analysistemplates", "AnalysisTemplate")
CLUSTER_ANALYSIS_TEMPLATES = Resource("argoproj.io", "v1alpha1", "clusteranalysistemplates", "ClusterAnalysisTemplate")

Place = tuple[str, str]
"""Namespace and name."""


async def pods(lists: Lists, namespaces: Iterable[str], views: Sequence[WorkloadView]) -> dict[Place, Workload | None]:
    """The workload of each pod in these namespaces; None for one of no workload.  Raises Unavailable."""
    owners: dict[tuple[str, str, str], Workload] = {}
    for view in views:
        workload = view.workload
        owners[workload.kind, workload.namespace, workload.name] = workload
        for revision in view.revisions:
            owners["ReplicaSet", workload.namespace, f"{workload.name}-{revision.name}"] = workload
    found: dict[Place, Workload | None] = {}
    for namespace in sorted(set(namespaces)):
        async for raw in lists.within(resources.PODS, namespace):
            found[_place(raw)] = _owner(raw, owners)
    return found


async def elsewhere(lists: Lists, names: Iterable[str]) -> dict[str, str]:
    """Where pods of these names live, as namespace/pod; a few are looked up at the most.  Raises Unavailable."""
    found: dict[str, str] = {}
    for name in sorted(set(names))[:MOST_LOOKED_UP]:
        async for raw in lists.everywhere(resources.PODS, fieldSelector=f"metadata.name={name}"):
            if raw["metadata"]["name"] == name:
                found[name] = "/".join(_place(raw))
    return found


async def configs(lists: Lists, views: Iterable[WorkloadView]) -> dict[Place, ConfigMap]:
    """The ConfigMaps that the running revisions refer to, by namespace and "ConfigMap/name".  Raises Unavailable."""
    wanted: dict[Place, None] = {}
    for view in views:
        newest = view.newest()
        wanted.update({(view.workload.namespace, ref): None for ref in (newest.config_refs if newest else ())})
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(place: Place) -> tuple[Place, ConfigMap | None]:
        async with limit:
            return place, await _config(lists, *place)

    if len(wanted) > MOST_CONFIG_MAPS:
        lists.unasked[f"{len(wanted) - MOST_CONFIG_MAPS} of {len(wanted)} ConfigMaps: too many to look at"] = None
    answers = await asyncio.gather(*(one(place) for place in list(wanted)[:MOST_CONFIG_MAPS]))
    return {place: found for place, found in answers if found is not None}


async def _config(lists: Lists, namespace: str, reference: str) -> ConfigMap | None:
    name = reference.partition("/")[2]
    try:
        raw = await lists.one(resources.CONFIG_MAPS, namespace, name)
    except (Forbidden, Rejected):
        lists.unasked["configmaps: this account may not get them"] = None
        return None
    if raw is None:
        return ConfigMap(name, exists=False)
    return ConfigMap(name, immutable=bool(raw.get("immutable")), changed=changed(raw), digest=content_hash(raw))


async def canaries(lists: Lists) -> dict[tuple[str, str, str], str]:
    """By kind, namespace and name the workloads that Flagger releases.  Raises Unavailable."""
    found: dict[tuple[str, str, str], str] = {}
    async for raw in lists.optional(CANARIES):
        namespace, name = _place(raw)
        target = at(raw, "spec", "targetRef") or {}
        found[target.get("kind", ""), namespace, target.get("name", "")] = f"Flagger (Canary {namespace}/{name})"
    return found


async def analyses(lists: Lists, objects: Mapping[Workload, Described]) -> list[AnalysisMetric]:
    """The metrics of those AnalysisTemplates that matched Rollouts use.  Raises Unavailable."""
    used: dict[Place, set[bool]] = {}
    for workload, known in objects.items():
        for each in known.templates:
            place = ("" if each.cluster else workload.namespace, each.name)
            used.setdefault(place, set()).add(each.background)
    found: list[AnalysisMetric] = []
    both = ((ANALYSIS_TEMPLATES, lists), (CLUSTER_ANALYSIS_TEMPLATES, lists.unlimited()))
    for resource, listed in both if used else ():
        async for raw in listed.optional(resource):
            for background in used.get((at(raw, "metadata", "namespace") or "", raw["metadata"]["name"]), ()):
                found += analysis_metrics(raw, background=background)
    return found


def _place(raw: Json) -> Place:
    return raw["metadata"]["namespace"], raw["metadata"]["name"]


def _owner(raw: Json, owners: Mapping[tuple[str, str, str], Workload]) -> Workload | None:
    owner = controller(raw)
    return owners.get((owner.kind, raw["metadata"]["namespace"], owner.name)) if owner is not None else None
