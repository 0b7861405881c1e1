"""Why no way back is taken through an Argo CD Application, and what a person should do."""

from __future__ import annotations

from collections.abc import Callable

from watcher.core.keepers.argo_overrides import image_updater_past_git, overridden
from watcher.core.keepers.argo_sources import Origin, Source
from watcher.core.keepers.keeper import without_credentials
from watcher.core.keepers.raw import Json, annotations_of, field, mapping, text

KARGO_STAGE = "kargo.akuity.io/authorized-stage"
SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"
SET_CONTROLLER = "applicationset-controller"
"""Who initiates the syncs of an ApplicationSet that rolls out in steps."""

Rule = Callable[[Json, tuple[Source, ...]], str]


def refused(raw: Json, sources: tuple[Source, ...]) -> str:
    """The first reason that holds, in a sentence; empty: none does."""
    return next((reason for rule in _RULES if (reason := rule(raw, sources))), "")


def _deleted(raw: Json, _: tuple[Source, ...]) -> str:
    if text(raw, "metadata", "deletionTimestamp"):
        return "the Application is being deleted; nothing is synced any more: wait for what takes its place"
    return ""


def _not_reconciled(raw: Json, _: tuple[Source, ...]) -> str:
    if annotations_of(raw).get(SKIP_RECONCILE) == "true":
        return f"Argo CD leaves the Application alone (annotation {SKIP_RECONCILE}): remove it, or go back by hand"
    return ""


def _hydrated(raw: Json, _: tuple[Source, ...]) -> str:
    dry = mapping(raw, "spec", "sourceHydrator", "drySource")
    if field(raw, "spec", "sourceHydrator") is None:
        return ""
    return (
        "its branch is rendered by the source hydrator, so a commit there does not last: revert in the dry source,"
        f" path {text(dry, 'path') or '.'} of {without_credentials(text(dry, 'repoURL')) or 'its repository'}"
    )


def _promoted(raw: Json, _: tuple[Source, ...]) -> str:
    stage = text(annotations_of(raw), KARGO_STAGE)
    return f"Kargo promotes to it (stage {stage}): promote the earlier freight to that stage again" if stage else ""


def _image_updater(raw: Json, _: tuple[Source, ...]) -> str:
    if not image_updater_past_git(raw):
        return ""
    return (
        "Argo CD Image Updater writes images into the Application past Git"
        f"{f' ({found})' if (found := overridden(raw)) else ''}: set the good image there and exclude the bad tag"
        " (ignore-tags), or switch to write-back-method git"
    )


def _previewed(_: Json, sources: tuple[Source, ...]) -> str:
    if not any(each.fixed.startswith("pull request") for each in sources):
        return ""
    return f"a preview of {next(each.fixed for each in sources if each.fixed)}: mend the pull request, or close it"


def _not_in_git(_: Json, sources: tuple[Source, ...]) -> str:
    if not sources:
        return "it has no source: give it one"
    if any(each.origin is Origin.GIT for each in sources):
        return ""
    first = sources[0]
    what = f"chart {first.chart} {first.target}" if first.chart else f"{first.repo} {first.target}"
    return (
        f"it is rendered from {first.origin} alone ({what.strip()}): set the version before in what defines the"
        " Application"
    )


def _follows_no_branch(raw: Json, sources: tuple[Source, ...]) -> str:
    if any(each.revertible for each in sources):
        return ""
    fixed = next((each.fixed for each in sources if each.fixed and each.origin is Origin.GIT), "")
    if not fixed:
        return "none of its sources in Git names a path within its repository: mend its sources"
    preview = " (a preview environment, perhaps)" if parent_of(raw).startswith("ApplicationSet/") else ""
    return (
        f"its source is fixed to {fixed}{preview}, so that no commit on a branch changes anything: set the revision"
        " before in what defines the Application"
    )


def _rolled_out_by_its_set(raw: Json, _: tuple[Source, ...]) -> str:
    """The ApplicationSet controller takes automation away from what it syncs step by step."""
    if automated(raw) or not parent_of(raw).startswith("ApplicationSet/"):
        return ""
    by = (
        text(raw, "operation", "initiatedBy", "username"),
        text(raw, "status", "operationState", "operation", "initiatedBy", "username"),
    )
    switched_off = field(raw, "spec", "syncPolicy", "automated", "enabled") is False
    if SET_CONTROLLER not in by and not switched_off:
        return ""
    return (
        f"{parent_of(raw)} syncs it step by step (RollingSync), and nobody else may: revert in Git, and see to it that"
        " the steps before it go on"
    )


def automated(raw: Json) -> bool:
    """Whether Argo CD syncs new commits by itself."""
    policy = field(raw, "spec", "syncPolicy", "automated")
    return policy is not None and field(policy, "enabled") is not False


def parent_of(raw: Json) -> str:
    """What made the Application and would undo a change of it, as Kind/name; empty: nothing that can be seen.

    An instance label proves nothing of a workload; here it only forbids, so that it counts.
    """
    for owner in _owners(raw):
        return f"{text(owner, 'kind')}/{text(owner, 'name')}"
    marks, labels = annotations_of(raw), mapping(raw, "metadata", "labels")
    own, namespace = text(raw, "metadata", "name"), text(raw, "metadata", "namespace")
    application, _, tracked = text(marks, "argocd.argoproj.io/tracking-id").partition(":")
    if application and tracked == f"argoproj.io/Application:{namespace}/{own}":
        return f"Application/{application}"
    for label in ("argocd.argoproj.io/instance", "app.kubernetes.io/instance"):
        instance = text(labels, label)
        if instance and instance != own:
            return f"Application/{instance}"
    flux = "kustomize.toolkit.fluxcd.io"
    if name := text(labels, f"{flux}/name"):
        return f"Kustomization/{text(labels, f'{flux}/namespace')}/{name}"
    return ""


def _owners(raw: Json) -> tuple[Json, ...]:
    found = field(raw, "metadata", "ownerReferences")
    return tuple(each for each in found if text(each, "name")) if isinstance(found, list) else ()


_RULES: tuple[Rule, ...] = (
    _deleted,
    _hydrated,
    _promoted,
    _not_in_git,
    _previewed,
    _image_updater,
    _rolled_out_by_its_set,
    _not_reconciled,
    _follows_no_branch,
)
