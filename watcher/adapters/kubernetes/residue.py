"""What an undo leaves behind for those who apply from the client's side.

`kubectl apply` without `--server-side` removes only fields that its own last manifest had.  Fields that the bad
version lacked and the undo brought back are in neither, so they outlive the next release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 5

LEFT = "these fields came back and outlive the next client-side apply"
"""How it is told what an undo leaves behind."""


def residue(bad: Mapping[str, Any], target: Mapping[str, Any]) -> tuple[str, ...]:
    """Paths in `target` that `bad` has not; list members are told by their name."""
    return tuple(_added(bad, target, ""))


def describe(paths: tuple[str, ...]) -> str:
    """One sentence, or an empty string where nothing is left behind."""
    if not paths:
        return ""
    more = f" and {len(paths) - MOST} more" if len(paths) > MOST else ""
    return f"{LEFT}: {', '.join(paths[:MOST])}{more}"


def _added(bad: Any, target: Any, place: str) -> Iterator[str]:
    bad, target = _by_name(bad), _by_name(target)
    if not isinstance(target, Mapping) or not isinstance(bad, Mapping):
        return
    for key, value in target.items():
        path = f"{place}.{key}" if place else str(key)
        if key not in bad:
            yield path
        else:
            yield from _added(bad[key], value, path)


def _by_name(value: Any) -> Any:
    """Lists of named objects as a mapping; other values as they are."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) and "name" in each for each in value):
        return {each["name"]: each for each in value}
    return value
