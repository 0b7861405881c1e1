"""How many rollbacks may be wrong at the most, from how many people have looked at."""

from __future__ import annotations

import math

CONFIDENCE = 0.95


def at_most(wrong: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The upper end of a one-sided Clopper-Pearson interval: a share in [0, 1].

    It is the share at which `wrong` or fewer out of `of` would have the probability 1 - confidence.  Exact, never too
    small, whatever the true share (C. J. Clopper and E. S. Pearson, Biometrika 26, 1934).  Without a case it is 1.

    Raises ValueError for counts or a confidence that make no sense.
    """
    if not 0 <= wrong <= of or not 0 < confidence < 1:
        raise ValueError(f"{wrong} of {of} with a confidence of {confidence} makes no sense")
    if wrong == of:
        return 1.0
    low, high = wrong / of, 1.0
    while (middle := (low + high) / 2) not in (low, high):
        if _so_few(wrong, of, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _so_few(wrong: int, of: int, share: float) -> float:
    """The probability of `wrong` or fewer out of `of`, each with this probability in (0, 1)."""
    odds = math.log(share) - math.log1p(-share)
    term = of * math.log1p(-share)  # the logarithm of each term, one from the other
    terms = [term]
    for number in range(wrong):
        term += math.log(of - number) - math.log(number + 1) + odds
        terms.append(term)
    return math.fsum(map(math.exp, terms))
