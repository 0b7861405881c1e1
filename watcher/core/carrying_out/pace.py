"""How long to wait before the same is tried once more."""

from __future__ import annotations

SHORTEST_PAUSE = 2.0
"""Seconds after which an order without visible effect is given again: Argo Rollouts 1.8.4 to 1.9.3 lose aborts."""

LONGEST_PAUSE = 30.0
"""Seconds between two orders, at the most."""


def pause(times: int) -> float:
    """Seconds until the next order, after so many: each time twice as long."""
    return float(min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** min(times - 1, 5)))
