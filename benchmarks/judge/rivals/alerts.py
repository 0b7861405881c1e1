"""A rollback at an alert of the whole service: `> 1 % for 5m`, and the fast burn rate of the SRE workbook.

Rules are evaluated each 30 s.  An alert that fires already when the release begins does not fire because of it.  The
rules know no versions.  Those of latency look at the benchmark's own bound, 5 % slower than 500 ms.

While Prometheus is down nothing is evaluated.  Afterwards an alert that fired goes on firing; for one that was pending
`for` begins anew, as 5 minutes are less than --rules.alert.for-grace-period (Prometheus 3.16, rules/group.go).

`RULES` are the same rules as Prometheus reads them.  tests/e2e/rivals lets promtool evaluate them on a sample of
releases: each fires at the very evaluations at which the functions here say so.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.judge.checks import BOUND, REQUESTS, SECONDS
from benchmarks.judge.rivals.queries import BOTH, Metrics
from benchmarks.judge.scenario import Array

EVERY = 30.0
BEFORE = 900.0
"""Seconds before the release from which on rules are evaluated."""

WINDOW, FOR = 300.0, 300.0
MOST_BAD, MOST_SLOW = 0.01, 0.05

BUDGET, BURN = 0.001, 14.4
"""An objective of 99.9 %; https://sre.google/workbook/alerting-on-slos/."""

SHORT, LONG = 300.0, 3600.0

_BAD, _ALL, _SECONDS = f'{REQUESTS}{{code=~"5.."}}', REQUESTS, SECONDS


def _bad_share(window: float) -> str:
    return f"sum(rate({_BAD}[{window:.0f}s])) / sum(rate({_ALL}[{window:.0f}s]))"


RULES: dict[str, dict[str, str]] = {
    "errors": {"expr": f"{_bad_share(WINDOW)} > {MOST_BAD}", "for": f"{FOR:.0f}s"},
    "latency": {
        "expr": f'1 - sum(rate({_SECONDS}{{le="{BOUND}"}}[{WINDOW:.0f}s]))'
        f' / sum(rate({_SECONDS}{{le="+Inf"}}[{WINDOW:.0f}s])) > {MOST_SLOW}',
        "for": f"{FOR:.0f}s",
    },
    "burn_rate": {
        "expr": f"({_bad_share(SHORT)} > {BURN} * {BUDGET}) and ({_bad_share(LONG)} > {BURN} * {BUDGET})",
    },
}
"""Alerting rules by name."""


def threshold(metrics: Metrics, rng: np.random.Generator) -> float | None:
    """When one of the alerts for more than 1 % errors, or 5 % slow requests, for 5m fires."""
    at = _evaluations(metrics, rng)
    names = ["errors"] if metrics.scenario.from_outside else ["errors", "latency"]
    fired = (_fires(metrics, at, firing(metrics, name, at)) for name in names)
    return min((each for each in fired if each is not None), default=None)


def burn_rate(metrics: Metrics, rng: np.random.Generator) -> float | None:
    """When errors burn the budget 14.4 times too fast, over an hour and over 5 minutes."""
    at = _evaluations(metrics, rng)
    return _fires(metrics, at, firing(metrics, "burn_rate", at))


def firing(metrics: Metrics, name: str, at: Array) -> npt.NDArray[np.bool_]:
    """At which of these evaluations one of the `RULES` fires."""
    if name == "burn_rate":
        fast = [metrics.bad_share(at, window, BOTH) > BURN * BUDGET for window in (SHORT, LONG)]
        return _states(at, fast[0] & fast[1], metrics.down(at), 0.0)
    over = metrics.slow_share(at, WINDOW, BOTH) > MOST_SLOW if name == "latency" else _errors(metrics, at)
    return _states(at, over, metrics.down(at), FOR)


def _errors(metrics: Metrics, at: Array) -> npt.NDArray[np.bool_]:
    return metrics.bad_share(at, WINDOW, BOTH) > MOST_BAD


def _evaluations(metrics: Metrics, rng: np.random.Generator) -> Array:
    scenario = metrics.scenario
    return np.arange(scenario.began - BEFORE + rng.uniform(0, EVERY), scenario.end, EVERY)


def _states(at: Array, over: npt.NDArray[np.bool_], down: npt.NDArray[np.bool_], lasts: float) -> npt.NDArray[np.bool_]:
    """Where an alert fires whose condition must have held for `lasts` seconds; where it is down: as before."""
    found = np.zeros(len(at), dtype=bool)
    since, fires = np.inf, False
    for place, (time, holds, away) in enumerate(zip(at.tolist(), over.tolist(), down.tolist(), strict=True)):
        if away:
            since = since if fires else np.inf
        else:
            since = min(since, time) if holds else np.inf
            fires = time - since >= lasts
        found[place] = fires
    return found


def _fires(metrics: Metrics, at: Array, firing: npt.NDArray[np.bool_]) -> float | None:
    begins = firing & ~np.append(False, firing[:-1]) & (at >= metrics.scenario.began)
    places = np.flatnonzero(begins)
    return float(at[places[0]]) if len(places) else None
