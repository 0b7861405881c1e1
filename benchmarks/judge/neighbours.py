"""What the daemon would have seen of the other services at a time: faults that began, and releases under suspicion."""

from __future__ import annotations

from benchmarks.judge.scenario import READ_LAG, Scenario
from watcher.core.model import Fleet, Suspect, Workload
from watcher.core.words import Kind
from watcher.daemon.fleets import fresh

SERVICES = 20
"""Other services that are watched."""

SCRAPES_UNTIL_SUSPECTED = 2
"""Scrapes after which there is evidence against a release that fails clearly: for faults from 20 % on, scraped every
15 s, 18 to 26 s in the median.  Who calls it shows no more of its fault, so proof against the caller comes later."""


class Neighbours:
    """The fleet as it was looked at last, and the other releases."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._fleet: Fleet | None = None

    @property
    def matter(self) -> bool:
        """Whether it matters when they are looked at."""
        return bool(self._scenario.fleet_onsets)

    def fleet(self, now: float, *, waited_for: bool) -> Fleet:
        """As it was looked at lately, else as it is seen now."""
        if self._fleet is None or not fresh(self._fleet, now, waited_for=waited_for):
            shown = now - self._scenario.interval - READ_LAG  # a fault is seen from the first scrape after it on
            onsets = tuple(each for each in self._scenario.fleet_onsets if each <= shown)
            self._fleet = Fleet(now, SERVICES, onsets)
        return self._fleet

    def suspects(self, now: float) -> tuple[Suspect, ...]:
        """Other releases with evidence against them.  They roll out as this one does."""
        compared = self._scenario.mode != "blue-green"
        patience = SCRAPES_UNTIL_SUSPECTED * self._scenario.interval
        return tuple(
            Suspect(_workload(number), (f"shop/other-{number}:new",), fault, compared, fault)
            for number, (_, fault) in enumerate(self._scenario.others)
            if fault is not None and fault + patience <= now
        )


def _workload(number: int) -> Workload:
    return Workload(Kind.DEPLOYMENT, "shop", f"other-{number}")
