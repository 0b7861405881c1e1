"""What is wrong with an image of the shop, by its tag.

`1.9.0` is good. `1.9.0-err20` answers 20 % of its requests with an error, `1.9.0-slow30` answers 30 % too late, and
`1.9.0-err20-slow30` does both. With `late` and a number of seconds a fault begins only then: `1.9.0-lateerr20@30` after
30 s of serving; `_` may stand for the `@`, which is no character of a tag where tags are checked. Any other word of
a tag means nothing here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_FAULT = re.compile(
    r"(?:late(?=.*[@_]))?(?P<kind>err|slow)(?P<percent>100|\d{1,2}(?:\.\d+)?)(?:[@_](?P<after>\d+))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Profile:
    """How a version answers: shares of requests in [0, 1] that fail, and that take longer than half a second."""

    errors: float = 0.001
    slow: float = 0.001

    @property
    def harm(self) -> float:
        """Share of requests harmed by the worse of the two faults."""
        return max(self.errors if self.errors > HEALTHY.errors else 0.0, self.slow if self.slow > HEALTHY.slow else 0.0)


HEALTHY = Profile()


@dataclass(frozen=True, slots=True)
class Fault:
    """The profile of an image, and after how many seconds of serving it begins; it is healthy until then."""

    profile: Profile = HEALTHY
    after: float = 0.0


@lru_cache(maxsize=256)
def fault_of(image: str) -> Fault:
    """The fault that an image's tag names; several begin together, at the latest of their times."""
    _, *words = image.rpartition("/")[2].partition(":")[2].split("-")
    found = [match for word in words if (match := _FAULT.fullmatch(word))]
    shares = {match["kind"]: float(match["percent"]) / 100 for match in found}
    after = max((float(match["after"] or 0) for match in found), default=0.0)
    return Fault(Profile(shares.get("err", HEALTHY.errors), shares.get("slow", HEALTHY.slow)), after)
