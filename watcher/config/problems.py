"""What is wrong with a thresholds file: where, what, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 20  # words of a choice that a message lists


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake.  `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.what}; {self.remedy}"


class ConfigError(Exception):
    """The thresholds file cannot be used; `problems` holds everything that is wrong with it, sorted by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def closest(wrong: str, known: Iterable[str]) -> str | None:
    """The known word that was likely meant."""
    by_lower = {word.lower(): word for word in known}
    close = get_close_matches(wrong.lower(), by_lower, n=3, cutoff=0.6)
    swapped = [word for word in close if sorted(word) == sorted(wrong.lower())]  # letters in another order
    return by_lower[[*swapped, *close][0]] if close else None


def choose(wrong: str, known: Iterable[str]) -> str:
    """A remedy that names the likeliest of the known words, or all of them."""
    known = list(known)
    meant = closest(wrong, known)
    if meant is not None:
        return f"did you mean {meant}?"
    shown = [*known[:_SHOWN], "..."] if len(known) > _SHOWN else known
    return f"use {' or '.join(shown)}" if len(shown) < 3 else f"use one of {', '.join(shown)}"
