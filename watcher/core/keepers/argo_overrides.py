"""What an Argo CD Application sets itself, past its sources: a version need not have come by a commit then."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.keepers.argo_sources import raw_sources
from watcher.core.keepers.helm_values import is_of_an_image, name_an_image
from watcher.core.keepers.raw import Json, annotations_of, entries, mapping, text, texts

IMAGE_LIST = "argocd-image-updater.argoproj.io/image-list"
WRITE_BACK = "argocd-image-updater.argoproj.io/write-back-method"


def overridden(raw: Json) -> str:
    """What it sets of images, named as in its spec; empty: nothing."""
    return ", ".join(dict.fromkeys(_overrides(raw)))


def image_updater_past_git(raw: Json) -> bool:
    """Whether Argo CD Image Updater writes new images into the Application itself, which is its default."""
    marks = annotations_of(raw)
    return bool(text(marks, IMAGE_LIST)) and not text(marks, WRITE_BACK).strip().startswith("git")


def _overrides(raw: Json) -> Iterator[str]:
    for source in raw_sources(mapping(raw, "spec")):
        for image in texts(source, "kustomize", "images"):
            yield f"kustomize.images {image[:200]}"
        for parameter in entries(source, "helm", "parameters"):
            if is_of_an_image(text(parameter, "name")):
                yield f"helm.parameters {text(parameter, 'name')[:200]}"  # what it is set to may be a secret
        if name_an_image(mapping(source, "helm", "valuesObject")):
            yield "helm.valuesObject"
        if name_an_image(text(source, "helm", "values")):
            yield "helm.values"
