"""What each kustomization and chart of a revision is made from, and so who shares what with whom."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from watcher.adapters.manifests.layout import Layout
from watcher.adapters.manifests.recipes import Named, named_by_chart, named_by_kustomization
from watcher.adapters.manifests.yaml_documents import Unreadable, YamlReader
from watcher.core.keepers.paths import above, joined, outermost

_REMOTE = re.compile(r"[a-z0-9+.-]+::|[a-z0-9+.-]+://|[^/]+@[^/]+:|github\.com[/:]|gh:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What one recipe names that is there: `files` (and directories without a recipe), `bases` (directories with one).

    `outside` is what it takes from elsewhere, as written.  `inflates`: it renders charts.
    """

    files: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    inflates: bool = False


Known = Mapping[str, Ingredients]
"""Ingredients by the directory of the recipe."""


def named_in(content: bytes, *, chart: bool) -> Named:
    """What a recipe names; one that cannot be read names nothing."""
    try:
        tops = YamlReader().documents(content)
    except Unreadable:
        return Named()
    top = tops[0] if tops else None
    return named_by_chart(top) if chart else named_by_kustomization(top)


def ingredients(layout: Layout, directory: str, named: Named) -> Ingredients:
    """What the recipe of this directory is made from, by what it names."""
    found = [(each, _found(layout, directory, each)) for each in named.paths]
    charts = [(each.title, _chart(layout, directory, each.directories)) for each in named.charts]
    there = [path for _, path in (*found, *charts) if path is not None]
    return Ingredients(
        tuple(path for path in there if path not in layout.recipes),
        tuple(path for path in there if path in layout.recipes),
        (*_elsewhere(directory, found), *(title for title, path in charts if path is None)),
        inflates=bool(named.charts),
    )


def made_from(layout: Layout, start: Iterable[str], known: Known) -> tuple[str, ...]:
    """The paths by which these recipes are rendered, with all of their bases.

    A base is its directory, unless others have their recipes below it: then it is its recipe and what that names.
    """
    paths: list[str] = []
    for directory in reached(start, known):
        paths.extend(known[directory].files)
        if layout.is_chart(directory) or (directory and not layout.below(directory)):
            paths.append(directory)
        else:
            paths.append(layout.recipes[directory])
    return outermost(paths)


def reached(start: Iterable[str], known: Known) -> list[str]:
    """These recipes and all bases of them, each once, as far as they are known."""
    found: dict[str, None] = {}
    pending = [each for each in start if each in known]
    while pending:
        directory = pending.pop()
        if directory not in found:
            found[directory] = None
            pending.extend(each for each in known[directory].bases if each in known)
    return list(found)


def rendered_from(layout: Layout, files: Iterable[str], known: Known) -> frozenset[str]:
    """Directories of all recipes that any of these files goes into."""
    places = {place for file in files for place in (file, *above(file))}
    users: defaultdict[str, list[str]] = defaultdict(list)
    pending = []
    for directory, each in known.items():
        for base in each.bases:
            users[base].append(directory)
        itself = directory if layout.is_chart(directory) else layout.recipes[directory]
        if not places.isdisjoint((itself, *each.files)):
            pending.append(directory)
    found: set[str] = set()
    while pending:
        directory = pending.pop()
        if directory not in found:
            found.add(directory)
            pending.extend(users[directory])
    return frozenset(found)


def _found(layout: Layout, directory: str, reference: str) -> str | None:
    """The file or directory that a reference names, if it is in the repository."""
    path = None if reference.startswith("/") else joined(directory, reference)
    return path if path is not None and (path in layout.files or path in layout.directories) else None


def _chart(layout: Layout, directory: str, candidates: Iterable[str]) -> str | None:
    found = (_found(layout, directory, each) for each in candidates)
    return next((path for path in found if path is not None and layout.is_chart(path)), None)


def _elsewhere(directory: str, found: Iterable[tuple[str, str | None]]) -> list[str]:
    return [
        each
        for each, path in found
        if path is None and (_REMOTE.match(each) or each.startswith("/") or joined(directory, each) is None)
    ]
