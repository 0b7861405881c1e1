"""What else writes versions into Git or into applications, and how much of their history these keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.resources import Resource
from watcher.config.gitops import bare
from watcher.core.gitops import Application
from watcher.core.keepers import argocd, flux
from watcher.core.keepers.argo_overrides import IMAGE_LIST
from watcher.core.keepers.paths import joined, within
from watcher.core.keepers.raw import Json, annotations_of, entries, full_name, text
from watcher.core.keepers.raw import field as at
from watcher.doctor.gathering.listing import Lists

IMAGE_UPDATERS = Resource("argocd-image-updater.argoproj.io", "v1alpha1", "imageupdaters", "ImageUpdater")
AUTOMATIONS = tuple(
    Resource("image.toolkit.fluxcd.io", version, "imageupdateautomations", "ImageUpdateAutomation")
    for version in ("v1", "v1beta2")
)
DEFAULT_HISTORY = 10
"""Syncs that Argo CD remembers of an Application: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml"""

Applications = Sequence[Application]


@dataclass(frozen=True, slots=True)
class Written:
    """By application: the image updaters that write for it, and how many of its syncs are remembered."""

    by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)


async def written(lists: Lists, applications: Applications, *, here: bool) -> Written:
    """Who else writes versions for these applications.  `here`: those of Argo CD are objects of this cluster.

    Raises Unavailable.
    """
    of_argo = [each for each in applications if each.tool == argocd.TOOL] if here else []
    of_flux = [each for each in applications if each.tool in (flux.KUSTOMIZE, flux.HELM)]
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    kept: dict[str, int] = {}
    async for application, raw in _raw(lists, of_argo):
        limit = at(raw, "spec", "revisionHistoryLimit")
        kept[str(application)] = limit if isinstance(limit, int) else DEFAULT_HISTORY
        if annotations_of(raw).get(IMAGE_LIST):
            found[str(application)][f"Argo CD Image Updater (annotation {IMAGE_LIST})"] = None
    if of_argo:
        async for updater in lists.optional(IMAGE_UPDATERS):
            for each in filter(partial(_updates, updater), of_argo):
                found[str(each)][f"Argo CD Image Updater (ImageUpdater {full_name(updater)})"] = None
    if of_flux:
        async for automation, url in _automations(lists):
            for each in filter(partial(_commits_for, automation, url), of_flux):
                found[str(each)][f"Flux (ImageUpdateAutomation {full_name(automation)})"] = None
    return Written({name: tuple(several) for name, several in found.items()}, kept)


async def _raw(lists: Lists, applications: Applications) -> AsyncIterator[tuple[Application, Json]]:
    """The objects of these Applications, by one list for each of their namespaces."""
    by_name = {each.name: each for each in applications}
    for namespace in sorted({name.partition("/")[0] for name in by_name}):
        async for raw in lists.within(resources.APPLICATIONS, namespace):
            application = by_name.get(full_name(raw))
            if application is not None:
                yield application, raw


def _updates(updater: Json, application: Application) -> bool:
    """https://argocd-image-updater.readthedocs.io/en/stable/configuration/applications/"""
    namespace, _, name = application.name.partition("/")
    if namespace not in (text(updater, "spec", "namespace"), text(updater, "metadata", "namespace")):
        return False
    return any(fnmatchcase(name, text(each, "namePattern")) for each in entries(updater, "spec", "applicationRefs"))


async def _automations(lists: Lists) -> AsyncIterator[tuple[Json, str]]:
    """Each automation of Flux, with the URL of the repository that it commits to."""
    found = {full_name(raw): raw for version in AUTOMATIONS async for raw in lists.optional(version)}
    if not found:
        return
    urls: dict[str, str] = {}
    async for raw in lists.optional(resources.GIT_REPOSITORIES):
        repository = flux.git_repository(raw)
        urls[repository.name] = repository.url
    for raw in found.values():
        source = at(raw, "spec", "sourceRef")
        namespace = text(source, "namespace") or text(raw, "metadata", "namespace")
        url = urls.get(f"{namespace}/{text(source, 'name')}")
        if url:
            yield raw, url


def _commits_for(automation: Json, url: str, application: Application) -> bool:
    """Whether what it changes lies in the paths of an application, or these in what it changes."""
    changed = joined("", text(automation, "spec", "update", "path").lstrip("/") or ".")
    if changed is None:
        return False
    return any(
        bare(source.repo) == bare(url) and any(within(path, changed) or within(changed, path) for path in source.paths)
        for source in application.sources
    )
