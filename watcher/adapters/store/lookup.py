"""Finding a decision by the beginning of its id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches

from watcher.ports import NoSuchDecision

NEWEST = 200
"""Ids of decisions that a wrong id is compared with, at the most."""

_SHOWN = 5


def after(prefix: str) -> str:
    """What comes behind every id that begins so, in the order of code points."""
    return f"{prefix}\U0010ffff"


def resolve(prefix: str, matches: Sequence[str], newest: Sequence[str]) -> str:
    """The id that is meant among `matches`, which begin so; `newest` are ids to choose from where there is none.

    Both with the newest first.  Raises NoSuchDecision, with ids that are close.
    """
    if prefix in matches:
        return prefix
    if len(matches) == 1:
        return matches[0]
    if matches:
        message = f"{len(matches)} decisions begin with {prefix!r}: write more of the id"
        raise NoSuchDecision(message, tuple(matches[:_SHOWN]))
    near = tuple(get_close_matches(prefix, newest[:NEWEST], n=_SHOWN, cutoff=0.5)) or tuple(newest[:3])
    raise NoSuchDecision(f"no decision has the id {prefix!r}; `watcher decisions list` shows them", near)


def commanded(body: bytes) -> bool:
    """Whether a person has commanded the decision of this body; the breaker counts what is done by itself."""
    found = json.loads(body)
    return isinstance(found, dict) and bool(found.get("request"))
