"""Runs mutations: each in a process of its own, until a history breaks an invariant that holds without it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.prove.campaign import broken
from tests.prove.history import History
from tests.prove.mutation import Mutation

MOST = {"core": 400, "git": 400, "sandbox": 80}
"""Histories after which a mutation counts as one that survives."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one mutation.  `history` broke `invariant`, after so many; 0 histories: it survived."""

    name: str
    removes: str
    histories: int = 0
    invariant: int = -1
    what: str = ""
    history: History | None = None
    without: str = ""  # what the same history breaks without the mutation, which must be nothing
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        return self.histories > 0 and not self.without


def judged(mutation: Mutation, most: int = 0) -> Verdict:
    """Try this mutation.  Everything is done in processes that end."""
    began = time.monotonic()
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        found = pool.apply(_search, (mutation.name, most or MOST[mutation.world]))
    if found is None:
        return Verdict(mutation.name, mutation.removes, seconds=time.monotonic() - began)
    histories, seed, invariant, what = found
    history = mutation.history(seed)
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        without = pool.apply(_control, (history,))
    seconds = time.monotonic() - began
    return Verdict(mutation.name, mutation.removes, histories, invariant, what, history, without, seconds)


def _search(name: str, most: int) -> tuple[int, int, int, str] | None:
    mutation = named(name)
    mutation.apply()
    for seed in range(most):
        violation = broken(mutation.history(seed))
        if violation is not None:
            return seed + 1, seed, violation.invariant, violation.what
    return None


def _control(history: History) -> str:
    violation = broken(history)
    return str(violation) if violation is not None else ""


def named(name: str) -> Mutation:
    """The mutation of this name.  Raises LookupError."""
    from tests.prove.mutations import every  # noqa: PLC0415 - the list is made anew where it is applied

    return next(each for each in every() if each.name == name)


def all_judged(names: tuple[str, ...], jobs: int) -> Iterator[Verdict]:
    """All of these, or all there are, as they come."""
    from tests.prove.mutations import every  # noqa: PLC0415 - as above

    chosen = [each for each in every() if not names or any(name in each.name for name in names)]
    if jobs == 1:
        yield from map(judged, chosen)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only waits for processes

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(judged, chosen)
