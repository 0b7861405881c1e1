"""The judge's parameters, frozen in one place: the benchmark's report names the hash of this file.

None of them is a setting.  They were chosen by simulation (`benchmarks/judge`), on other seeds than the report uses.
"""

from __future__ import annotations

from watcher.core.words import Lane

ODDS = (1.5, 2.5, 5.0, 12.0, 60.0)
"""Alternatives that each lane bets on: the odds of a bad request are this many times those of its bound."""

BETTER = (3.0, 10.0, 50.0)
"""Alternatives in favour of a release: its odds of a bad request are lower than those of the bound by this factor."""

WRONG_PASS = 0.001
"""Probability of an early PASS of a release that is at its bounds all the time."""

WEIGHTS = {
    Lane.NEW_VS_OLD: 0.25,
    Lane.NEW_VS_BEFORE: 0.2,
    Lane.NEW_VS_MAX: 0.2,
    Lane.SEVERE_5: 0.2,
    Lane.SEVERE_20: 0.05,
    Lane.SEVERE_40: 0.1,
}
"""Share of a check's error budget that each lane has, where the check has them all."""

SEVERE = {Lane.SEVERE_5: 0.05, Lane.SEVERE_20: 0.20, Lane.SEVERE_40: 0.40}
"""Least bounds of the severe lanes, as shares of requests."""

COLD_START = 0.30
"""Share of bad requests that a cold start may cost: lanes with a bound from here on hear young pods too."""

WINDOW = 30.0
"""Seconds, or two scrapes if that is longer: requests within one window depend on each other."""

BRIEF_WINDOW = 10.0
"""The same for the severe lanes, or one scrape if that is longer: they have to see a fault's beginning soon."""

FIRST_START = 0.5
"""Weight of a fault that begins with the first window."""

LATER_STARTS = 60
"""Windows over which all but a small part of the remaining weight is spread evenly."""

TAIL = 0.1
"""Share of the weight of later starts that is left for those after `LATER_STARTS` windows: they never run out."""

SUSTAINED = ((0.40, 8.0, 1.65), (0.05, 11.0, 2.2), (0.0, 100.0, 3.0))
"""(bound, seconds, scrapes): a fault must last so long, the longer of both, before any lane from this bound on can
be sure of it.  Bursts are shorter."""

DISPERSION_WINDOWS = 20.0
"""Windows before the release that weigh as much as the prior on their dispersion."""

DISPERSION = 3.0
"""Prior: the variance of bad requests in a window, as a multiple of independent ones' (median of real traffic: 2.9)."""

CORRELATION = (1e-6, 0.0015, 0.3)
"""Correlation between requests of a window: least, most by the prior, most by measurement."""

SPLIT_CORRELATION = 0.01
"""Correlation of how bad requests split between the versions: what hits all pods alike plays no part in it."""

SPREAD_WITH_BOUND = 2.5
"""Fluctuations grow with the share itself: a bound this many times what was usual has its correlation so much more."""

DOUBT = 1.0
"""Standard deviations by which the new version must exceed a bound also without its worst pod."""

MIN_BAD_TO_PROPOSE = 3.0
"""Bad requests before a breach is even proposed."""

PODS = 32
"""Pods that a lane tells apart; where there are more, several count as one."""

MOST = 1e12
"""Evidence does not grow beyond this: what is over is forgotten fast."""
