"""What was usual before the release: the share of bad requests, how sure that is, and how much it fluctuates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from watcher.core.judging.parameters import CORRELATION, DISPERSION, DISPERSION_WINDOWS, SPREAD_WITH_BOUND

ENOUGH = 3.0
"""Bad requests from which on a share before the release is believed to be high."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Sums over windows: requests, bad ones, and bad ones squared over requests."""

    count: int = 0
    total: float = 0.0
    bad: float = 0.0
    square: float = 0.0

    def plus(self, total: float, bad: float) -> Windows:
        """One window more; one without requests tells nothing."""
        if total <= 0:
            return self
        return Windows(self.count + 1, self.total + total, self.bad + bad, self.square + bad * bad / total)

    @property
    def share(self) -> float:
        """Ratio in [0, 1]; 0 without requests."""
        return self.bad / self.total if self.total > 0 else 0.0

    @property
    def dispersion(self) -> float:
        """Pearson's: variance over that of independent requests, drawn towards the prior where windows are few."""
        weight = self.count / (self.count + DISPERSION_WINDOWS)
        return weight * self._measured + (1 - weight) * DISPERSION

    @property
    def _measured(self) -> float:
        share = self.share
        if self.count < 2 or not 0 < share < 1:
            return 1.0
        squares = self.square - 2 * share * self.bad + share * share * self.total
        return max(1.0, squares / (share * (1 - share) * (self.count - 1)))

    def correlation(self, bound: float) -> float:
        """Between requests of a window, at a share of `bound`; ratio in (0, 1).

        How bad requests cluster is learnt from windows that have some: few bad ones tell as little as few windows.
        """
        least, prior, most = CORRELATION
        requests = self.total / self.count if self.count else 0.0
        if requests <= 2:
            return prior
        telling = min(self.count, self.bad)
        weight = telling / (telling + DISPERSION_WINDOWS)
        expected = min((DISPERSION - 1) / (requests - 1), prior)
        found = weight * (self._measured - 1) / (requests - 1) + (1 - weight) * expected
        wider = min(bound / self.share, SPREAD_WITH_BOUND) if self.share > 0 else SPREAD_WITH_BOUND
        return min(max(found * max(1.0, wider), least), most)

    @property
    def highest(self) -> float:
        """A share that is surely not lower than what was usual: 1 where nothing was seen.

        The bound is the rule of three, widened by two standard deviations of what was seen.
        """
        if self.total <= 0:
            return 1.0
        spread = self.dispersion
        return min(1.0, (self.bad + 2 * math.sqrt(spread * self.bad) + 3 * spread) / self.total)

    @property
    def sure(self) -> float:
        """The share as seen, where that rests on more than a few bad requests, else 0."""
        return self.share if self.bad >= ENOUGH else 0.0
