"""Reads what the rules need to know of the cluster beyond the views: bounded lists, and a few objects by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.permissions import for_down, of_tool
from watcher.core.keepers import argocd, flux
from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.core.words import Kind, Mode, Rung, strictest
from watcher.doctor.facts import AccessFacts, ClusterFacts, ConfigMap, WorkloadFacts
from watcher.doctor.gathering import surroundings
from watcher.doctor.gathering.access import access
from watcher.doctor.gathering.asked import Asked
from watcher.doctor.gathering.listing import Lists
from watcher.doctor.gathering.migrations import migrations
from watcher.doctor.gathering.objects import Described, described
from watcher.doctor.naming import PodNames
from watcher.ports import Forbidden, Rejected, Unavailable

Place = tuple[resources.Resource, str]
"""A kind of object, and the namespace that it is in; empty: any."""

_OBJECTS = {
    argocd.TOOL: (resources.APPLICATIONS,),
    flux.KUSTOMIZE: (resources.KUSTOMIZATIONS, resources.GIT_REPOSITORIES),
    flux.HELM: (resources.HELM_RELEASES, resources.GIT_REPOSITORIES),
}
"""What a tool's applications are made of."""


async def gather(
    asked: Asked, lists: Lists, views: Sequence[WorkloadView], unread: tuple[str, ...] = ()
) -> ClusterFacts:
    """Everything about the workloads of `views` that the thresholds file matches; `unread`: what views lack, and why.

    An API server that goes away meanwhile is a problem of the facts, not an error.
    """
    try:
        return await _gather(asked, lists, views, unread)
    except Unavailable as error:
        return ClusterFacts(problem=str(error), unread=unread)


async def _gather(asked: Asked, lists: Lists, views: Sequence[WorkloadView], unread: tuple[str, ...]) -> ClusterFacts:
    seen = [(view, asked.policy_of(view)) for view in views if asked.only(view.workload)]
    matched = [(view, policy) for view, policy in seen if policy is not None]
    asked.tell(f"reading {len(matched)} watched workloads")
    objects = await _described(lists, {view.workload for view, _ in matched})
    configs = await surroundings.configs(lists, (view for view, _ in matched))
    flagger = await surroundings.canaries(lists)
    noted = await migrations(lists, (view for view, _ in matched), asked.thresholds.gitops)
    workloads = [
        replace(_workload(asked, view, policy, known, configs, flagger), migrations=noted[view.workload])
        for view, policy in matched
        if (known := objects.get(view.workload)) is not None
    ]
    asked.tell("reading pods and permissions")
    return ClusterFacts(
        unread=unread,
        workloads=tuple(workloads),
        unmatched=tuple(view.workload for view, policy in seen if policy is None and _may_be_watched(asked, view)),
        pods=await surroundings.pods(lists, {view.workload.namespace for view, _ in matched}, views),
        names=PodNames(views),
        analyses=tuple(await surroundings.analyses(lists, objects)),
        access=await _access(asked, lists, workloads),
    )


def _may_be_watched(asked: Asked, view: WorkloadView) -> bool:
    """Whether an entry could do anything for it: not for what an operator owns, or what is never acted on."""
    return not view.owner and not asked.thresholds.protection(asked.subject(view))[0]


async def _described(lists: Lists, wanted: set[Workload]) -> dict[Workload, Described]:
    """By one list a kind, however many workloads there are.  A Rollout's template may be in a Deployment."""
    kinds = {workload.kind for workload in wanted}
    referring = Kind.ROLLOUT in kinds
    found: dict[Workload, Described] = {}
    for kind in sorted(kinds | ({Kind.DEPLOYMENT} if referring else set())):
        async for raw in lists.everywhere(resources.WORKLOADS[kind]):
            workload = Workload(kind, raw["metadata"]["namespace"], raw["metadata"]["name"])
            if workload in wanted or (referring and kind is Kind.DEPLOYMENT):
                found[workload] = described(raw, kind)
    return {workload: _with_template(workload, each, found) for workload, each in found.items() if workload in wanted}


def _with_template(workload: Workload, each: Described, found: Mapping[Workload, Described]) -> Described:
    source = found.get(Workload(Kind.DEPLOYMENT, workload.namespace, each.template_in))
    return each if source is None else replace(each, containers=source.containers)


def _workload(
    asked: Asked,
    view: WorkloadView,
    policy: Policy,
    known: Described,
    configs: Mapping[tuple[str, str], ConfigMap],
    flagger: Mapping[tuple[str, str, str], str],
) -> WorkloadFacts:
    newest, namespace = view.newest(), view.workload.namespace
    refs = [(namespace, ref) for ref in (newest.config_refs if newest is not None else ())]
    return WorkloadFacts(
        view=view,
        policy=policy,
        protected=asked.thresholds.protection(asked.subject(view))[0],
        containers=known.containers,
        recreates=known.recreates,
        history_limit=known.history_limit,
        deadline=known.deadline,
        rolled_out_in=rolled_out_in(view, known.finished),
        configs=tuple(configs[ref] for ref in refs if ref in configs),
        others=_others(view.workload, known, flagger),
        helm=known.helm,
        analysed=bool(known.templates),
        known_good=None if asked.known_good is None else asked.known_good.get(view.workload, ()),
    )


def rolled_out_in(view: WorkloadView, finished: float | None) -> float | None:
    """Seconds that the last rollout took; None where the running revision is an old one that came back."""
    newest = view.newest()
    if newest is None or finished is None or any(each.created > newest.created for each in view.revisions):
        return None
    return finished - newest.created if finished >= newest.created else None


def _others(workload: Workload, known: Described, flagger: Mapping[tuple[str, str, str], str]) -> tuple[str, ...]:
    canary = flagger.get((workload.kind, workload.namespace, workload.name))
    return known.others if canary is None else (*known.others, canary)


async def _access(asked: Asked, lists: Lists, workloads: Sequence[WorkloadFacts]) -> AccessFacts | None:
    rungs = frozenset() if asked.read_only else frozenset(rung for each in workloads for rung in _enabled(each.policy))
    argo = any(each.workload.kind is Kind.ROLLOUT for each in workloads)
    tools = sorted(set(_tools(asked, workloads)), key=str)
    more = [each for resource, namespace in tools for each in of_tool(resource, namespace, rungs)]
    account, namespaces, own = asked.account, asked.namespaces, asked.own_namespace
    downs = {each.workload.namespace for each in workloads if each.migrations.downs and set(_enabled(each.policy))}
    if downs and not asked.read_only:
        more += for_down(tuple(sorted(downs)))
    try:
        return await access(asked.client, account, namespaces, own, rungs, tuple(more), argo=argo)
    except (Forbidden, Rejected) as error:
        lists.unasked[f"permissions: {error}"] = None
        return None


def _tools(asked: Asked, workloads: Sequence[WorkloadFacts]) -> Iterator[Place]:
    """The objects by which watched workloads are kept; not those that another cluster has."""
    for each in workloads:
        manager, application = each.view.manager, each.view.application
        if manager is None or (manager.tool == argocd.TOOL and asked.thresholds.gitops.argocd is not None):
            continue
        plane = asked.planes.argocd if manager.tool == argocd.TOOL else asked.planes.flux
        namespace = application.name.partition("/")[0] if application is not None else plane
        for kind in _OBJECTS[manager.tool]:
            yield kind, namespace if asked.namespaces else ""


def _enabled(policy: Policy) -> Iterator[Rung]:
    """Rungs that may be taken, by itself or once a person approves."""
    for rung, mode in policy.rungs:
        if strictest(policy.mode, mode) in (Mode.ACT, Mode.PROPOSE):
            yield rung
