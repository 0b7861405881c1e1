"""Finding a decision by the beginning of its id."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from watcher.ports import NoSuchDecision

_SHOWN = 5


def resolve(prefix: str, ids: Sequence[str]) -> str:
    """The id that is meant; `ids` newest first.  Raises NoSuchDecision, with ids that are close."""
    if prefix in ids:
        return prefix
    matches = [each for each in ids if each.startswith(prefix)] if prefix else []
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise _ambiguous(prefix, matches)
    raise _unknown(prefix, ids)


def _ambiguous(prefix: str, matches: list[str]) -> NoSuchDecision:
    near = tuple(matches[:_SHOWN])
    return NoSuchDecision(f"{len(matches)} decisions begin with {prefix!r}: write more of the id", near)


def _unknown(prefix: str, ids: Sequence[str]) -> NoSuchDecision:
    near = tuple(get_close_matches(prefix, ids[:1000], n=_SHOWN, cutoff=0.5)) or tuple(ids[:3])
    return NoSuchDecision(f"no decision has the id {prefix!r}; `watcher decisions list` shows them", near)
