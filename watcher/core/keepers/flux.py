"""Kustomizations, HelmReleases and GitRepositories of Flux, from the JSON that the Kubernetes API gives.

https://fluxcd.io/flux/components/kustomize/kustomizations/
https://fluxcd.io/flux/components/helm/helmreleases/
https://fluxcd.io/flux/components/source/gitrepositories/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from watcher.core.gitops import Application, Deployed, GitSource
from watcher.core.keepers.helm_values import name_an_image
from watcher.core.keepers.keeper import BRIDGE, Keeper, without_credentials
from watcher.core.keepers.paths import joined
from watcher.core.keepers.raw import (
    Json,
    annotations_of,
    entries,
    field,
    full_name,
    mapping,
    moment,
    shortened,
    text,
    texts,
)

KUSTOMIZE, HELM = "flux-kustomize", "flux-helm"
REQUESTED = "reconcile.fluxcd.io/requestedAt"
DEFAULT_BRANCH = "master"
"""What a GitRepository follows that names no reference."""


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A GitRepository: its URL and the branch it follows; empty where it follows none, `fixed` then says what."""

    name: str
    url: str
    branch: str
    fixed: str = ""
    suspended: bool = False
    problem: str = ""


def git_repository(raw: Json) -> GitRepository:
    """A GitRepository.  Raises ValueError for an object without a name."""
    reference = mapping(raw, "spec", "ref")
    branch, fixed = text(reference, "branch") or DEFAULT_BRANCH, ""
    for key in ("tag", "semver", "commit"):
        if text(reference, key):
            branch, fixed = "", f"{key} {text(reference, key)}"
    if name := text(reference, "name"):
        branch, fixed = name.removeprefix("refs/heads/"), ""
        if not name.startswith("refs/heads/"):
            branch, fixed = "", f"the reference {name}"
    return GitRepository(
        name=full_name(raw),
        url=without_credentials(text(raw, "spec", "url")),
        branch=branch,
        fixed=fixed,
        suspended=field(raw, "spec", "suspend") is True,
        problem=_failure(raw),
    )


def kustomization(raw: Json) -> Keeper:
    """A Kustomization, without its repository: `on` adds that.  Raises ValueError for an object without a name."""
    images = entries(raw, "spec", "images")
    found = replace(
        _common(KUSTOMIZE, raw),
        sources=_source(_kustomized(raw), text(raw, "status", "lastAppliedRevision")),
        self_heal=not _suspended(raw),
        history=tuple(_history(raw)),
        refused=_refused(raw, mapping(raw, "spec", "sourceRef"), "Kustomization"),
        overridden=", ".join(f"spec.images {text(image, 'name')}" for image in images),
    )
    return Keeper(found, source=_reference(raw, mapping(raw, "spec", "sourceRef")))


def helm_release(raw: Json) -> Keeper:
    """A HelmRelease, without its repository: `on` adds that.  Raises ValueError for an object without a name."""
    chart = mapping(raw, "spec", "chart", "spec")
    reference = mapping(raw, "spec", "chartRef") or mapping(chart, "sourceRef")
    revision = _chart_commit(raw)
    found = replace(
        _common(HELM, raw),
        sources=_source(_charted(chart), revision, _values_of_its_own(raw)),
        self_heal=not _suspended(raw) and text(raw, "spec", "driftDetection", "mode") == "enabled",
        refused=_refused(raw, reference, "HelmRelease") or _by_version(chart),
        overridden="spec.values" if name_an_image(mapping(raw, "spec", "values")) else "",
    )
    return Keeper(found, source=_reference(raw, reference))


def on(keeper: Keeper, repository: GitRepository | None) -> Application:
    """The application with the repository that its source names; None: that cannot be seen."""
    found = keeper.application
    if found.refused:
        return found
    if repository is None:
        why = f"its GitRepository {keeper.source} cannot be seen: it is not there, or reading it is not allowed"
        return replace(found, sources=(), refused=why)
    if not repository.branch:
        why = (
            f"GitRepository {repository.name} is fixed to {repository.fixed}, so that no commit on a branch changes"
            " anything: set the reference before"
        )
        return replace(found, sources=(), refused=why)
    if repository.suspended:
        why = f"GitRepository {repository.name} is suspended, so that no commit arrives: resume it"
        return replace(found, sources=(), refused=why)
    sources = tuple(replace(each, repo=repository.url, branch=repository.branch) for each in found.sources)
    message = found.message or (repository.problem and f"GitRepository {repository.name}: {repository.problem}")
    return replace(found, sources=sources, message=message)


def commit_of(revision: str) -> str:
    """The commit in a revision as Flux writes it: `main@sha1:<commit>`, before version 2 `main/<commit>`."""
    return revision.rpartition(":")[2].rpartition("/")[2]


def _common(tool: str, raw: Json) -> Application:
    status, ready = mapping(raw, "status"), _condition(raw, "Ready")
    observed = field(status, "observedGeneration") == field(raw, "metadata", "generation")
    is_ready = observed and text(ready, "status") == "True"
    applied, attempted = text(status, "lastAppliedRevision"), text(status, "lastAttemptedRevision")
    return Application(
        tool=tool,
        name=full_name(raw),
        automated=not _suspended(raw),
        synced=is_ready and (not applied or applied == attempted),
        healthy=is_ready,
        syncing=not observed or text(_condition(raw, "Reconciling"), "status") == "True" or _asked(raw),
        reconciled=max((each for each in _looks(raw) if each is not None), default=None),
        pinned=text(annotations_of(raw), BRIDGE),
        message=_failure(raw),
    )


def _looks(raw: Json) -> Iterator[float | None]:
    yield moment(raw, "status", "lastHandledReconcileAt")
    yield from (moment(each, "lastReconciled") for each in entries(raw, "status", "history"))
    yield moment(_condition(raw, "Ready"), "lastTransitionTime")


def _asked(raw: Json) -> bool:
    """Whether a look was asked for that has not been taken."""
    asked = text(annotations_of(raw), REQUESTED)
    return bool(asked) and not _suspended(raw) and asked != text(raw, "status", "lastHandledReconcileAt")


def _history(raw: Json) -> Iterator[Deployed]:
    """What a Kustomization has applied, oldest first; known since Flux 2.7."""
    found = []
    for each in entries(raw, "status", "history"):
        at, commit = moment(each, "firstReconciled"), commit_of(text(each, "metadata", "revision"))
        if at is not None and commit and text(each, "lastReconciledStatus") == "ReconciliationSucceeded":
            found.append(Deployed((commit,), at))
    yield from sorted(found, key=lambda each: each.at)


def _source(paths: tuple[str, ...], revision: str, beyond: str = "") -> tuple[GitSource, ...]:
    return (GitSource("", "", commit_of(revision), paths, beyond),) if paths else ()


def _kustomized(raw: Json) -> tuple[str, ...]:
    path = joined("", _inside(text(raw, "spec", "path")))
    if path is None:
        return ()
    components = (joined(path, each) for each in texts(raw, "spec", "components"))
    return tuple(dict.fromkeys([path, *(each for each in components if each is not None)]))


def _charted(chart: Json) -> tuple[str, ...]:
    places = [joined("", _inside(each)) for each in (text(chart, "chart"), *texts(chart, "valuesFiles"))]
    return tuple(dict.fromkeys(each for each in places if each is not None))


def _values_of_its_own(raw: Json) -> str:
    return ", ".join(f"spec.{name}" for name in ("values", "valuesFrom") if mapping(raw, "spec").get(name))


def _inside(path: str) -> str:
    """Flux takes a path from the root of the repository, with or without `./` or a slash before it."""
    return path.lstrip("/") or "."


def _chart_commit(raw: Json) -> str:
    """The commit that a chart from Git was made of: Flux adds its beginning to the version (`1.2.0+a1b2c3d4e5f6`)."""
    newest = entries(raw, "status", "history")
    version = text(newest[0], "chartVersion") if newest else text(raw, "status", "lastAttemptedRevision")
    return version.partition("+")[2].partition(".")[0]


def _refused(raw: Json, reference: Json, kind: str) -> str:
    name = full_name(raw)
    if text(raw, "metadata", "deletionTimestamp"):
        return f"the {kind} is being deleted; nothing is applied any more: wait for what takes its place"
    if mapping(raw, "spec", "kubeConfig"):
        return f"the {kind} applies to another cluster (spec.kubeConfig): go back there"
    if text(reference, "kind") != "GitRepository":
        source = f"{text(reference, 'kind') or 'no source'} {text(reference, 'name')}".strip()
        return f"it is rendered from {source}, not from Git: set the version before in what defines the {kind}"
    if _suspended(raw) and not text(annotations_of(raw), BRIDGE):
        flux = "kustomization" if kind == "Kustomization" else "helmrelease"
        namespace, _, own = name.partition("/")
        return f"the {kind} is suspended, so that no commit is applied: flux resume {flux} {own} -n {namespace}"
    return ""


def _by_version(chart: Json) -> str:
    if text(chart, "reconcileStrategy") == "Revision":
        return ""
    return (
        "its chart is only made anew for another version, so that a commit need not change anything: set"
        " reconcileStrategy Revision, or revert by hand and raise the version"
    )


def _reference(raw: Json, reference: Json) -> str:
    return f"{text(reference, 'namespace') or text(raw, 'metadata', 'namespace')}/{text(reference, 'name')}"


def _suspended(raw: Json) -> bool:
    return field(raw, "spec", "suspend") is True


def _condition(raw: Json, kind: str) -> Json:
    return next((each for each in entries(raw, "status", "conditions") if text(each, "type") == kind), {})


def _failure(raw: Json) -> str:
    ready = _condition(raw, "Ready")
    if text(ready, "status") != "False":
        return ""
    return shortened(f"{text(ready, 'reason')}: {text(ready, 'message')}")
