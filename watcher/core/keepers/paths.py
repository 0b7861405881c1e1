"""Paths within a repository: relative to its root, with slashes, without `.` and `..`; the empty one is the root."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

_WILD = frozenset("*?[")


def joined(directory: str, reference: str) -> str | None:
    """What a reference names that stands in this directory; one with a leading slash counts from the root.

    None where it leads out of the repository.
    """
    path = posixpath.normpath(reference.lstrip("/") if reference.startswith("/") else f"./{directory}/{reference}")
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path


def within(path: str, directory: str) -> bool:
    """Whether a path is this one, or lies below it."""
    return not directory or path == directory or path.startswith(f"{directory}/")


def above(path: str) -> list[str]:
    """The directories above a path, the root last."""
    parts = path.split("/") if path else []
    return ["/".join(parts[:length]) for length in reversed(range(len(parts)))]


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """The same places in as few paths as there can be, none below another one; sorted."""
    given = set(paths)
    return tuple(sorted(path for path in given if given.isdisjoint(above(path))))


def covered(path: str, places: frozenset[str]) -> bool:
    """Whether a path is one of these places, or lies below one; as quick for many places as for a few."""
    return path in places or not places.isdisjoint(above(path))


def generate_paths(annotation: str, path: str) -> tuple[str, ...]:
    """What `argocd.argoproj.io/manifest-generate-paths` names for a source at this path.

    Entries are separated by semicolons, and count from the path, or from the root with a leading slash.  Of one with
    wildcards it is the directory above the first of them.  What leads out of the repository is left out.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/high_availability/#manifest-paths-annotation
    """
    entries = (entry.strip() for entry in annotation.split(";"))
    named = (joined(path, _without_wildcards(entry)) for entry in entries if entry)
    return outermost(each for each in named if each is not None)


def _without_wildcards(entry: str) -> str:
    parts = entry.split("/")
    wild = next((index for index, part in enumerate(parts) if not _WILD.isdisjoint(part)), None)
    if wild is None:
        return entry
    return "/".join(parts[:wild]) or ("/" if entry.startswith("/") else ".")
