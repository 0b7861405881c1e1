"""What the GitOps controller reads: the objects that an application's directory holds at a commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from watcher.sandbox.controllers.gitops_applying import Target, target
from watcher.sandbox.kubernetes.kinds import Kind, by_type
from watcher.sandbox.kubernetes.objects import Json
from watcher.sandbox.repository import BareRepository, GitFailed

_MANIFESTS = (".yaml", ".yml", ".json")
_RENDERED = frozenset({"kustomization.yaml", "kustomization.yml", "Chart.yaml"})


class SourceProblem(Exception):
    """The source cannot be read, or says what the sandbox does not do; the message says what."""


@dataclass(frozen=True)
class Desired:
    """What Git wants: the commit, and its objects in their order."""

    revision: str
    targets: tuple[Target, ...]


def read(application: Json, revision: str = "", known: Desired | None = None) -> Desired:
    """What the application's source wants at a revision, by default at the one that it follows.

    `known` is the answer where it is of the same commit and source.  Raises SourceProblem.
    """
    source = source_of(application)
    try:
        repository = BareRepository.at(str(source["repoURL"]))
        commit = repository.resolve(revision or str(source.get("targetRevision") or "HEAD"))
        if known is not None and known.revision == commit:
            return known
        files = repository.files(commit, str(source.get("path", ".")))
    except GitFailed as error:
        raise SourceProblem(f"failed to generate manifest for source 1 of 1: {error}") from None
    return Desired(commit, tuple(_targets(application, files, source)))


def source_of(application: Json) -> Json:
    """The one source.  Raises SourceProblem for an application that has several, or none."""
    source = application["spec"].get("source")
    if not isinstance(source, dict) or "repoURL" not in source:
        raise SourceProblem("the sandbox's GitOps controller takes applications with one source in Git only")
    return source


def _targets(application: Json, files: dict[str, bytes], source: Json) -> Iterator[Target]:
    namespace = str((application["spec"].get("destination") or {}).get("namespace", "default"))
    recurse = bool((source.get("directory") or {}).get("recurse", False))
    for kind, document in manifests(files, recurse=recurse):
        yield target(kind, document, application, namespace)


def manifests(files: dict[str, bytes], *, recurse: bool) -> Iterator[tuple[Kind, Json]]:
    """The objects in a directory's files, with those below it or without.  Raises SourceProblem."""
    if rendered := _RENDERED.intersection(files):
        raise SourceProblem(f"the sandbox's GitOps controllers apply plain files only; there is {min(rendered)}")
    for name, content in sorted(files.items()):
        if name.endswith(_MANIFESTS) and (recurse or "/" not in name):
            for document in _documents(name, content):
                kind = by_type(str(document["apiVersion"]), str(document["kind"]))
                if kind is None:
                    unknown = f"{document['apiVersion']} {document['kind']}"
                    raise SourceProblem(f"{name}: the sandbox does not serve {unknown}")
                yield kind, document


def _documents(name: str, content: bytes) -> list[Any]:
    try:
        found = [each for each in yaml.safe_load_all(content) if each is not None]
    except yaml.YAMLError as error:
        raise SourceProblem(f"{name}: {error}") from None
    for each in found:
        named = isinstance(each, dict) and {"apiVersion", "kind"} <= each.keys()
        if not named or not (each.get("metadata") or {}).get("name"):
            raise SourceProblem(f"{name}: this is no Kubernetes object")
    return found
