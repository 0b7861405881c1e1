"""Whether values of a Helm chart set an image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_OF_IMAGES = frozenset({"image", "images", "tag", "tags", "digest"})
_LINE_OF_AN_IMAGE = re.compile(r"^[ \t]*['\"]?(image|tag|digest)['\"]?[ \t]*:", re.MULTILINE)
_DEEPEST = 8
"""Levels of nested values that are looked at."""


def is_of_an_image(name: str) -> bool:
    """Whether a value of this name, `image.tag` or `backendImage`, tells of an image."""
    return not _OF_IMAGES.isdisjoint(word.lower() for word in _WORD.findall(name))


def name_an_image(values: Any, depth: int = _DEEPEST) -> bool:
    """Whether somewhere in these values, nested or as the text of a file, an image or its tag is set."""
    if isinstance(values, str):
        return _LINE_OF_AN_IMAGE.search(values) is not None
    if not isinstance(values, Mapping) or not depth:
        return False
    nested = (each for each in values.values() if isinstance(each, Mapping))
    return not _OF_IMAGES.isdisjoint(values) or any(name_an_image(each, depth - 1) for each in nested)
