"""The counters of one check: each sample against the one before, in the order of time."""

from __future__ import annotations

import math
from collections.abc import Set

from watcher.core.measuring.counter import Counter, Difference, Step, begin
from watcher.core.measuring.intake import Event
from watcher.core.measuring.presence import Presence, newest
from watcher.core.measuring.series import Key, Target
from watcher.core.model import Pod


class Differences:
    """Remembers each counter's last value, and when each target was read."""

    def __init__(self, begins: float) -> None:
        """`begins`: from when on (Unix seconds) all samples are known."""
        self.resets = 0
        self.regressions = 0
        self._begins = begins
        self._counters: dict[tuple[str, Key], Counter] = {}  # by uid of the pod: names are used again
        self._reads: dict[Target, tuple[float, float]] = {}  # newest and second newest sample time
        self._instances: dict[tuple[str, Key], str] = {}  # counter without its instance -> first instance seen

    def of(self, event: Event, pod: Pod | None, presence: Presence, reach: float) -> Difference | None:
        """What this sample adds.  None where it says nothing (NaN).  `reach`: seconds that two scrapes may be apart."""
        name = ("" if pod is None else pod.uid, event.key)
        counter = self._counters.get(name)
        if counter is None:
            difference = self._begin(name, event, pod, presence, reach)
        else:
            lower = not event.value >= counter.mark
            difference = counter.advance(event.at, event.value, _starts(event.key, pod, presence) if lower else ())
        self._note(event.key.target, event.at)
        if difference is not None:
            self.resets += difference.step is Step.RESET
            self.regressions += difference.step is Step.REGRESSED
        return difference

    def rename(self, old: Key, new: Key) -> None:
        """A counter is known under another key since more is known of how it was scraped."""
        for uid, key in [name for name in self._counters if name[1] == old]:
            counter = self._counters.pop((uid, key))
            other = self._counters.get((uid, new))
            if other is None or other.marked_at < counter.marked_at:
                self._counters[uid, new] = counter

    def forget(self, uids: Set[str], names: Set[str], before: float) -> None:
        """Let go of the counters of pods that are gone, and of targets of their names not read since `before`."""
        self._counters = {name: each for name, each in self._counters.items() if name[0] not in uids}
        self._instances = {name: each for name, each in self._instances.items() if name[0] not in uids}
        self._reads = {
            target: read for target, read in self._reads.items() if target.subject not in names or read[0] >= before
        }

    def _begin(
        self, name: tuple[str, Key], event: Event, pod: Pod | None, presence: Presence, reach: float
    ) -> Difference | None:
        target = event.key.target
        nameless = (name[0], event.key._replace(target=target._replace(instance="")))
        moved = self._instances.setdefault(nameless, target.instance) != target.instance
        oldest = min(event.at - reach, self._begins)
        begun = [each for each in _starts(event.key, pod, presence) if oldest <= each <= event.at and not moved]
        scraped = self._scraped(target, event.at, presence, reach)
        counter, difference = begin(event.at, event.value, scraped, max(begun, default=None))
        if counter is not None:
            self._counters[name] = counter
        return difference

    def _scraped(self, target: Target, at: float, presence: Presence, reach: float) -> float | None:
        """When the target was last scraped before `at`, if that is not too long ago."""
        last, before = self._reads.get(target, (-math.inf, -math.inf))
        read = last if last < at else before
        return newest((read if read >= at - reach else None, presence.last_scrape(target, at - reach, at)))

    def _note(self, target: Target, at: float) -> None:
        last, _ = self._reads.get(target, (-math.inf, -math.inf))
        if at > last:
            self._reads[target] = (at, last)


def _starts(key: Key, pod: Pod | None, presence: Presence) -> list[float]:
    """When the process behind a counter is known to have begun: by Kubernetes and by its own word."""
    known = presence.starts(key.target)
    return known if pod is None else [*known, pod.created, *pod.started]
