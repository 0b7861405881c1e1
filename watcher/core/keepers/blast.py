"""How far a revert would reach: what it would change beside the version, told before it is pushed.

Compared are the objects that an application renders to now, and those that it would render to.  Only what Git says is
compared: what is pruned, and when, is the business of Argo CD or Flux.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Objects = Sequence[Mapping[str, Any]]

_NAMED_AT_MOST = 5
_HOLDS = {
    ("", "Namespace"): "which holds other objects",
    ("", "PersistentVolumeClaim"): "which holds data",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "by which other objects live",
}
"""Kinds of which a change can cost more than the object itself."""

_HOOK_ANNOTATIONS = ("argocd.argoproj.io/hook", "helm.sh/hook")
_RUN_BY_NO_SYNC = frozenset(
    {"Skip", "PreDelete", "PostDelete", "pre-delete", "post-delete", "test", "test-success", "test-failure"}
)
_HASHED_KINDS = frozenset({("", "ConfigMap"), ("", "Secret")})
_HASHED = re.compile(r"(.+-)[2456789bcdfghkmt]{10}", re.DOTALL)
"""A name with the hash that kustomize puts behind it: hexadecimal digits, of which five are written as other letters.

https://github.com/kubernetes-sigs/kustomize/blob/master/api/hasher/hasher.go
"""


class Identity(NamedTuple):
    """By what an object is known; a generated name has an asterisk for what is put behind it."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


_Found = Mapping[Identity, Objects]


def objections(before: Objects, after: Objects, most_objects: int, shared: Sequence[str] = ()) -> tuple[str, ...]:
    """Why a revert from `before` to `after` should not be pushed without a person; empty: nothing speaks against it.

    It may change, create and remove `most_objects` objects.  `shared` are other places in the repository that are
    rendered from the same files.
    """
    return (*_of_objects(_by_identity(before), _by_identity(after), most_objects), *_of_places(shared))


def _of_objects(before: _Found, after: _Found, most: int) -> Iterator[str]:
    touched = sorted(each for each in before.keys() | after.keys() if _texts(before, each) != _texts(after, each))
    gone = [each for each in touched if len(before.get(each, ())) > len(after.get(each, ()))]
    if gone:
        yield f"it would remove {_listed([str(each) for each in gone])}"
    for each in touched:
        if (each.group, each.kind) in _HOLDS and each not in gone:
            verb = "change" if each in before else "create"
            yield f"it would {verb} {each}, {_HOLDS[each.group, each.kind]}"
    for each in touched:
        images = _hook_images(after.get(each, ()))
        if images and images != _hook_images(before.get(each, ())):
            yield f"it would run the hook {each} with {_listed(images)}"
    if len(touched) > most:
        yield f"it would touch {len(touched)} objects, {most} allowed"


def _of_places(shared: Sequence[str]) -> Iterator[str]:
    if shared:
        places = [place or "the root of the repository" for place in sorted(set(shared))]
        yield f"the same files go into {_listed(places)}"


def _by_identity(objects: Objects) -> _Found:
    """Objects by what they are known by: several may have one identity where names are generated."""
    found: defaultdict[Identity, list[Mapping[str, Any]]] = defaultdict(list)
    for each in objects:
        found[_identity(each)].append(each)
    return dict(found)


def _identity(each: Mapping[str, Any]) -> Identity:
    metadata = _mapping(each.get("metadata"))
    group = str(each.get("apiVersion") or "").rpartition("/")[0]
    kind = str(each.get("kind") or "")
    name = str(metadata.get("name") or f"{metadata.get('generateName') or ''}*")
    hashed = _HASHED.fullmatch(name) if (group, kind) in _HASHED_KINDS else None
    return Identity(group, kind, str(metadata.get("namespace") or ""), f"{hashed[1]}*" if hashed else name)


def _texts(found: _Found, identity: Identity) -> list[str]:
    return sorted(_spelled(each) for each in found.get(identity, ()))


def _spelled(value: object) -> str:
    """A value as text that is the same for the same value, in whichever order its keys came."""
    if isinstance(value, Mapping):
        entries = sorted((str(key), _spelled(content)) for key, content in value.items())
        return f"{{{','.join(f'{key!r}:{content}' for key, content in entries)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_spelled, value))}]"
    return repr(value)


def _hook_images(objects: Objects) -> list[str]:
    """Images of those that run when an application is synced, as Argo CD and Helm mark them."""
    return sorted({image for each in objects if _runs_at_a_sync(each) for image in _images(each.get("spec"))})


def _runs_at_a_sync(each: Mapping[str, Any]) -> bool:
    annotations = _mapping(_mapping(each.get("metadata")).get("annotations"))
    marks = ",".join(str(annotations.get(name) or "") for name in _HOOK_ANNOTATIONS).split(",")
    return not {mark.strip() for mark in marks if mark.strip()} <= _RUN_BY_NO_SYNC


def _images(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        image = value.get("image")
        if isinstance(image, str):
            yield image
        for content in value.values():
            yield from _images(content)
    elif isinstance(value, list | tuple):
        for content in value:
            yield from _images(content)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
