"""Whether texts in Git name a version, and whether they differ in nothing else: for where nothing can be rendered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

_VERSION_LINE = re.compile(r"""(\s*(?:-\s+)?["']?(?:image|tag|newTag|imageTag|digest)["']?\s*:\s)\s*\S.*""")
"""A line of YAML or JSON that gives an image, its tag or its digest."""


def only_versions(before: str, after: str) -> bool:
    """Whether two texts differ in lines only that give an image, a tag or a digest, each in its place."""
    pairs = zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    return all(one == other or _same_key(one, other) for one, other in pairs)


def marks_of(images: Iterable[str], others: Iterable[str]) -> frozenset[str]:
    """By what images are known in a text and the other ones are not: tags and digests, without the `v` before them."""
    return frozenset(_marks(images)) - frozenset(_marks(others))


def names_any(text: str, marks: Iterable[str]) -> bool:
    """Whether a text has one of these marks as a word of its own."""
    return any(re.search(rf"(?<![\w.-])v?{re.escape(mark)}(?![\w-]|\.\w)", text) for mark in marks)


def _marks(images: Iterable[str]) -> Iterable[str]:
    for image in images:
        name, _, digest = image.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        yield from (each for each in (tag.removeprefix("v"), digest.partition(":")[2]) if each)


def _same_key(one: str, other: str) -> bool:
    before, after = _VERSION_LINE.fullmatch(one), _VERSION_LINE.fullmatch(other)
    return before is not None and after is not None and before[1] == after[1]
