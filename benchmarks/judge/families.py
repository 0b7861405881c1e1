"""All families of releases by name: what is drawn, and what is asked of the judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.judge.rollouts import MODES, Setting, roll_out
from benchmarks.judge.scenario import Scenario

RATES = (0.2, 2.0, 50.0, 1000.0)
"""Requests a second on the new version."""

ORDINARY, NASTY, BAD = "ordinary", "nasty", "bad"

ROLLED_BACK, PROPOSED = "rolled_back", "proposed"
"""What is the most that may be asked for a bad release: a check that sees no versions only proposes."""

Trouble = Callable[[Scenario, np.random.Generator], None]


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of release.  `share_of_total`: the cell's rate is the whole service's."""

    name: str
    kind: str
    trouble: Trouble
    modes: tuple[str, ...] = MODES
    rates: tuple[float, ...] = RATES
    canaries: int = 0  # 0: drawn
    weight: float = 0.0  # of a canary; 0: drawn
    share_of_total: bool = False
    farthest: str = ROLLED_BACK

    def scenario(self, mode: str, rate: float, seed: int, setting: Setting, *, eventless: bool = False) -> Scenario:
        """Draw one.  The same seed gives the same pods and times for all families; `eventless`: its quiet twin."""
        rng = np.random.default_rng([seed, MODES.index(mode), round(rate * 10)])
        chosen = replace(setting, canaries=self.canaries, weight=self.weight)
        if self.share_of_total and mode == "canary":
            chosen = replace(chosen, weight=chosen.weight or 0.1)
            rate *= chosen.weight
        scenario = roll_out(self.name, mode, rate, seed, rng, chosen)
        if not eventless:
            self.trouble(scenario, rng)
        return scenario


def by_name() -> dict[str, Family]:
    """Every family, in the order of the report."""
    from benchmarks.judge import faults, nasty, ordinary  # noqa: PLC0415 - they import this module

    return {each.name: each for each in (*ordinary.FAMILIES, *nasty.FAMILIES, *faults.FAMILIES)}
