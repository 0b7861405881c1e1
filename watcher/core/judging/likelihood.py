"""Log-likelihood ratios: how much better than its bound an alternative explains the counts.  Natural logarithms.

Requests of one window depend on each other, so the share of bad ones is itself drawn from a beta distribution: the
counts are beta-binomial.  `strength` is s = 1/rho - 1 for a correlation rho between requests.
"""

from __future__ import annotations

import math
from functools import lru_cache

from watcher.core.judging.parameters import BETTER, ODDS


def shifted(share: float, odds: float) -> float:
    """The share (ratio in (0, 1)) whose odds are `odds` times those of `share`."""
    return odds * share / (1 - share + odds * share)


def strength(correlation: float) -> float:
    """The beta distribution's total pseudo-count for a correlation rho in (0, 1)."""
    return 1 / correlation - 1


@lru_cache(maxsize=4096)
def _alternatives(bound: float, total: float) -> tuple[tuple[float, float, float], ...]:
    """(a, b, lnGamma(a) + lnGamma(b)) of the bound and of each alternative, a + b = `total`."""
    shares = (bound, *(shifted(bound, odds) for odds in ODDS))
    return tuple(_shape(share, total) for share in shares)


def _shape(share: float, total: float) -> tuple[float, float, float]:
    a, b = share * total, (1 - share) * total
    return a, b, math.lgamma(a) + math.lgamma(b)


def against_bound(bad: float, all_: float, bound: float, total: float) -> tuple[float, ...]:
    """For each of `ODDS`: ln P(bad of all_ | that many times the odds of `bound`) - ln P(... | `bound`).

    `bound`: share in (0, 1).  `total`: s of the beta distribution.  The null is share <= bound.
    """
    return _ratios(bad, all_ - bad, _alternatives(bound, total))


def for_bound(bad: float, all_: float, bound: float, total: float) -> tuple[float, ...]:
    """For each of `BETTER`: ln P(bad of all_ | odds so many times lower) - ln P(... | `bound`).

    The null is share >= bound.
    """
    shares = (bound, *(shifted(bound, 1 / odds) for odds in BETTER))
    return _ratios(bad, all_ - bad, tuple(_shape(each, total) for each in shares))


def against_other(bad: float, other_bad: float, share: float, total: float) -> tuple[float, ...]:
    """The same for how all bad requests split between the new version and the other one.

    `share`: the part that falls on the new version where its odds are just as much higher as is allowed.
    """
    shares = (share, *(shifted(share, odds) for odds in ODDS))
    return _ratios(bad, other_bad, tuple(_shape(each, total) for each in shares))


def _ratios(bad: float, good: float, shapes: tuple[tuple[float, float, float], ...]) -> tuple[float, ...]:
    gamma = math.lgamma
    a, b, constant = shapes[0]
    null = gamma(bad + a) + gamma(good + b) - constant
    return tuple([gamma(bad + a) + gamma(good + b) - constant - null for a, b, constant in shapes[1:]])
