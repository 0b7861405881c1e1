"""The sources of an Argo CD Application: what it is rendered from, and what it follows there.

https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/
https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from watcher.core.gitops import GitSource
from watcher.core.keepers.keeper import BRIDGE, BRIDGE_FROM, BRIDGE_TO, without_credentials
from watcher.core.keepers.paths import generate_paths, joined
from watcher.core.keepers.raw import Json, annotations_of, entries, mapping, text, texts

GENERATE_PATHS = "argocd.argoproj.io/manifest-generate-paths"

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_VERSION = re.compile(r"[v=<>~^!\s]*(\d+|\*)(\.(\d+|[xX*])){0,2}([-+][0-9A-Za-z.+-]+)?([\s,|<>=~^v].*)?")
_PULL = re.compile(r"refs/(pull|merge-requests|pull-requests)/(\d+)/.+")


class Origin(StrEnum):
    """Where a source is kept."""

    GIT = "git"
    HELM = "a Helm repository"
    OCI = "an OCI registry"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of an Application, in the order of its spec.

    `branch` is what it follows (HEAD: the default branch); empty where it follows none, and `fixed` then says what it
    is fixed to.  `paths` are relative to the root of its repository, in the order of GitSource; `beyond` is as there.
    """

    repo: str
    origin: Origin
    target: str
    path: str
    chart: str
    branch: str
    fixed: str
    paths: tuple[str, ...]
    beyond: str

    @property
    def revertible(self) -> bool:
        """Whether a commit on its branch would change what is deployed."""
        return self.origin is Origin.GIT and bool(self.branch) and bool(self.paths)

    def at(self, deployed: str) -> GitSource:
        """The source as it is deployed."""
        return GitSource(self.repo, self.branch, deployed, self.paths, self.beyond)


def sources_of(raw: Json) -> tuple[Source, ...]:
    """All sources of an Application."""
    given = raw_sources(mapping(raw, "spec"))
    marks = annotations_of(raw)
    return tuple(_source(each, given, marks) for each in given)


def raw_sources(holder: Json) -> tuple[Json, ...]:
    """The sources in a spec, or in an entry of the history."""
    return entries(holder, "sources") or ((mapping(holder, "source"),) if mapping(holder, "source") else ())


def same_place(source: Source, raw: Json) -> bool:
    """Whether a raw source lies where this one does, whatever revision it has."""
    repo, path, chart = text(raw, "repoURL"), text(raw, "path"), text(raw, "chart")
    return (without_credentials(repo), path, chart) == (source.repo, source.path, source.chart)


def followed(target: str) -> tuple[str, str]:
    """The branch that a `targetRevision` stands for; or an empty one, and what it is fixed to.

    Argo CD takes forty hexadecimal digits for a commit, and what reads as a version for one among the tags.  A branch
    of such a name is not believed to be one.
    """
    target = target.strip()
    if pull := _PULL.fullmatch(target):
        return "", f"pull request {pull[2]}"
    if target.startswith("refs/tags/"):
        return "", f"the tag {target.removeprefix('refs/tags/')}"
    if _COMMIT.fullmatch(target.lower()):
        return "", f"the commit {target[:12]}"
    if _VERSION.fullmatch(target):
        return "", f"the version {target}"
    return target.removeprefix("refs/heads/") or "HEAD", ""


def _source(raw: Json, every: tuple[Json, ...], marks: Json) -> Source:
    target, repo = text(raw, "targetRevision"), text(raw, "repoURL")
    branch, fixed = followed(target)
    if marks.get(BRIDGE) and target and target == marks.get(BRIDGE_TO):
        branch, fixed = followed(text(marks, BRIDGE_FROM))
    origin = _origin(raw, repo)
    return Source(
        repo=without_credentials(repo),
        origin=origin,
        target=target,
        path=text(raw, "path"),
        chart=text(raw, "chart"),
        branch=branch if origin is Origin.GIT else "",
        fixed=fixed,
        paths=tuple(dict.fromkeys(_paths(raw, every, text(marks, GENERATE_PATHS)))),
        beyond=", ".join(_beyond(raw)),
    )


def _origin(raw: Json, repo: str) -> Origin:
    if repo.startswith("oci://"):
        return Origin.OCI
    if not text(raw, "chart"):
        return Origin.GIT
    return Origin.HELM if "://" in repo else Origin.OCI  # a Helm chart's registry is written without a scheme


def _paths(raw: Json, every: tuple[Json, ...], annotation: str) -> Iterator[str]:
    """First what is rendered, then value files in their order, and last what an annotation names beside them."""
    lends_only = bool(text(raw, "ref")) and not text(raw, "path")
    path = None if lends_only else joined("", text(raw, "path"))
    if path is not None:
        yield path
        for named in (*_value_files(raw), *texts(raw, "kustomize", "components")):
            if "$" not in named and "://" not in named and (found := joined(path, named)) is not None:
                yield found
    for each in every:
        yield from _values_by_reference(each, text(raw, "ref"))
    if path is not None:
        yield from generate_paths(annotation, path)


def _beyond(raw: Json) -> Iterator[str]:
    """Values of a chart that are not in files of its own repository."""
    for name in ("parameters", "fileParameters", "values", "valuesObject"):
        if mapping(raw, "helm").get(name):
            yield f"helm.{name}"
    for named in texts(raw, "helm", "valueFiles"):
        if "$" in named or "://" in named:
            yield f"helm.valueFiles {without_credentials(named)[:200]}"


def _values_by_reference(raw: Json, ref: str) -> Iterator[str]:
    for named in _value_files(raw):
        if ref and named.startswith(f"${ref}/") and (found := joined("", named.removeprefix(f"${ref}/"))):
            yield found


def _value_files(raw: Json) -> tuple[str, ...]:
    parameters = tuple(text(each, "path") for each in entries(raw, "helm", "fileParameters"))
    return (*texts(raw, "helm", "valueFiles"), *(each for each in parameters if each))
