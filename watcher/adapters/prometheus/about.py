"""What a query API says of itself: https://prometheus.io/docs/prometheus/latest/querying/api/#status"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SPAN = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 365 * 86400.0}


@dataclass(frozen=True, slots=True)
class About:
    """`version`: empty where it does not say.  `retention`: seconds for which samples are kept.  `skew`: seconds that
    the server's clock is ahead of ours; 0 where it is within what the request took.  None: not told."""

    version: str = ""
    retention: float | None = None
    skew: float | None = None


def version_of(build: Any) -> str:
    """Name and version from the page `buildinfo`."""
    if not isinstance(build, Mapping):
        return ""
    return " ".join(str(build[key]) for key in ("application", "version") if build.get(key))


def retention_of(runtime: Any) -> float | None:
    """Seconds, from the page `runtimeinfo`: it says `15d`, `15d or 10GiB`, or only a size."""
    text = str(runtime.get("storageRetention") or "") if isinstance(runtime, Mapping) else ""
    spans = _SPAN.findall(text.partition(" or ")[0])
    return sum(int(number) * _SECONDS[unit] for number, unit in spans) if spans else None
