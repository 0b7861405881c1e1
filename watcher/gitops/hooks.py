"""Jobs that run beside a sync or an upgrade, as migrations do: which of them are others between two commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

HOOKS = ("argocd.argoproj.io/hook", "helm.sh/hook")

_TEST = ("test", "test-success", "test-failure")

Objects = Iterable[Mapping[str, Any]]


def changed_hooks(before: Objects, after: Objects) -> tuple[str, ...]:
    """Hook Jobs whose images differ, each as a clause; one that came is one too, and one that went is none."""
    earlier = dict(_hooks(before))
    return tuple(
        f"the hook Job {name} runs {', '.join(images)} now"
        + (f" in place of {', '.join(earlier[name])}" if name in earlier else "")
        for name, images in _hooks(after)
        if earlier.get(name) != images
    )


def _hooks(objects: Objects) -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in objects:
        annotations = _mapping(_mapping(each.get("metadata")).get("annotations"))
        moments = {part.strip() for hook in HOOKS for part in str(annotations.get(hook) or "").split(",")} - {""}
        if each.get("kind") == "Job" and moments.difference(_TEST):
            yield _name(each), tuple(_images(each))


def _name(job: Mapping[str, Any]) -> str:
    """With `generateName` each run has a name of its own: what it begins with counts."""
    metadata = _mapping(job.get("metadata"))
    return str(metadata.get("name") or metadata.get("generateName") or "")


def _images(job: Mapping[str, Any]) -> Iterator[str]:
    pod = _mapping(_mapping(_mapping(job.get("spec")).get("template")).get("spec"))
    for key in ("initContainers", "containers"):
        for each in pod.get(key) or ():
            yield str(_mapping(each).get("image") or "")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
