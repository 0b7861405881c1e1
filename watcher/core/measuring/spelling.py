"""Names that may be meant where one is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from heapq import nlargest
from itertools import pairwise

COMPARED = 50
"""Names that are compared in full; comparing takes some hundred microseconds a name."""

_SHOWN = 5


def near(workload: str, known: Iterable[str]) -> list[str]:
    """Up to five known workloads (Kind/namespace/name): of the same name first, then those that are written alike.

    Only the names that share the most pairs of letters with it are compared in full, so that one question on a large
    cluster stands nobody else in the way.
    """
    names = sorted(set(known))
    same = [each for each in names if each.rpartition("/")[2] == workload.rpartition("/")[2]]
    pairs = set(pairwise(workload))
    likely = nlargest(COMPARED, names, key=lambda each: len(pairs.intersection(pairwise(each))))
    return list(dict.fromkeys([*same[:_SHOWN], *get_close_matches(workload, likely, n=3)]))[:_SHOWN]
