"""Feature flags that releases are tied to, as plain values: which one, and how it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_WRITTEN = re.compile(r"(?P<provider>[a-z0-9][a-z0-9-]*)/(?P<key>[^@\s]+)@(?P<environment>[^@\s]+)")


LONGEST = 500
"""Characters of a flag as it is written: both parts go into addresses, and into every record of a decision."""

SHOWN = 120
"""Characters that an error repeats of what is no flag."""


@dataclass(frozen=True, slots=True, order=True)
class Flag:
    """Names one flag in one environment of a provider of the thresholds file; written `provider/key@environment`."""

    provider: str
    key: str
    environment: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.key}@{self.environment}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `provider/key@environment`.  Raises ValueError naming what is wrong."""
        found = _WRITTEN.fullmatch(text) if len(text) <= LONGEST and text.isprintable() else None
        if found is None or {".", ".."} & {found["key"], *found["environment"].split("/")}:
            raise ValueError(
                f"{text[:SHOWN]!r} names no flag; write provider/key@environment, as openfeature/shop.cart@prod"
            )
        return cls(found["provider"], found["key"], found["environment"])


@dataclass(frozen=True, slots=True)
class FlagSight:
    """How a flag stood when it was looked at `at` that time (Unix seconds).

    `on` is None where that is not known; `problem` says why.  `state` is the whole state in the provider's own words,
    short and without secrets, as the log keeps it; `version` is what a change carries as its precondition, so that it
    is refused once somebody else has changed the flag.  `changed` is when it was last changed, Unix seconds, None where
    the provider does not tell.  `propagates` are seconds within which a change reaches the service.
    """

    flag: Flag
    at: float
    on: bool | None = None
    state: str = ""
    version: str = ""
    changed: float | None = None
    propagates: float = 60.0
    problem: str = ""
