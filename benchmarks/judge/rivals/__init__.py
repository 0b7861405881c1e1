"""The rules that others use, on the same samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.judge.rivals import alerts, argo, flagger, kayenta
from benchmarks.judge.rivals.queries import Metrics

RIVALS: dict[str, Callable[[Metrics, np.random.Generator], float | None]] = {
    "flagger": flagger.decide,
    "argo": argo.decide,
    "alert": alerts.threshold,
    "burn_rate": alerts.burn_rate,
    "kayenta": kayenta.decide,
}
"""Each says when (Unix seconds) it rolls the release back, or None."""

TITLES = {
    "flagger": "Flagger",
    "argo": "Argo template",
    "alert": "alert, 1 % for 5m",
    "burn_rate": "burn rate",
    "kayenta": "Kayenta",
}
"""How the report calls them."""
