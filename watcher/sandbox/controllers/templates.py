"""Pod templates: comparing, hashing, and the labels that controllers add to them."""

from __future__ import annotations

import hashlib

from watcher.sandbox.kubernetes.defaults import default_template
from watcher.sandbox.kubernetes.objects import Json, canonical, duplicate
from watcher.sandbox.kubernetes.registry import SUFFIX_ALPHABET

_HASH_LENGTH = 10


def without_label(template: Json, label: str) -> Json:
    """A copy of the template without one label."""
    copied = duplicate(template)
    labels = copied.get("metadata", {}).get("labels") or {}
    labels.pop(label, None)
    return copied


def with_label(template: Json, label: str, value: str) -> Json:
    """A copy of the template with one more label."""
    copied = duplicate(template)
    copied.setdefault("metadata", {}).setdefault("labels", {})[label] = value
    return copied


def defaulted(template: Json) -> Json:
    """A copy with the API server's defaults, as a custom resource's template does not have them."""
    copied = duplicate(template)
    default_template(copied)
    return copied


def template_hash(template: Json, salt: str = "") -> str:
    """Letters that stand for the template, in the alphabet of generated names; another salt, other letters."""
    number = int.from_bytes(hashlib.sha256(f"{salt}{canonical(template)}".encode()).digest()[:8])
    letters = ""
    for _ in range(_HASH_LENGTH):
        number, index = divmod(number, len(SUFFIX_ALPHABET))
        letters += SUFFIX_ALPHABET[index]
    return letters


def same_template(one: Json, other: Json, ignored_label: str) -> bool:
    """Whether two templates make the same pods, but for the label that a controller adds."""
    return canonical(without_label(one, ignored_label)) == canonical(without_label(other, ignored_label))
