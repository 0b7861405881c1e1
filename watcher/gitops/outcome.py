"""What came of one attempt, before it is a report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """A `Result` and what is to be said of it; `revision` and `link` as in the report."""

    result: str
    message: str
    revision: str = ""
    link: str = ""
