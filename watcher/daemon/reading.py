"""Reads one metrics source for all watches that want something of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from watcher.adapters.prometheus.selectors import count_by_bound
from watcher.core.counting import LEAD_IN, READ_LAG, Counting
from watcher.core.policy import HistogramCheck
from watcher.core.presence import newest
from watcher.core.series import bucket_bound
from watcher.daemon.asking import Ask, asks, canonical, presence_ask
from watcher.daemon.folds import Folds
from watcher.daemon.grouping import Piece, pieces
from watcher.ports import MetricsSource, RawSeries, Sample, WatcherError

ROUNDS = 6
"""Chunks that one poll reads of the past at the most; the rest comes with the next polls."""

SETTLED = 600.0
"""Seconds after which a sample that has not come will not come any more."""

BEHIND = 120.0
"""Seconds, or four scrapes, after which a source without newer samples counts as blind."""

AT_ONCE = 500
"""Series that are taken in without letting others of this process run."""

ASK_BOUNDS_AGAIN = 60.0
"""Seconds between two questions for the bucket bounds of a metric that lacks the bound of a check."""


@dataclass(slots=True)
class _Bounds:
    asked_at: float = -math.inf
    spellings: dict[float, set[str]] = field(default_factory=dict)


class Reader:
    """One source: what it was asked, how it does, the newest sample it has shown."""

    def __init__(self, source: MetricsSource) -> None:
        self.source = source
        self.problem = ""
        self.queries = 0
        self._watermark: float | None = None
        self._bounds: dict[str, _Bounds] = {}

    @property
    def watermark(self) -> float | None:
        """The newest sample time seen, Unix seconds."""
        return self._watermark

    async def read(self, watches: Sequence[Folds], at: float) -> None:
        """Read and count what is due at `at` (Unix seconds).  Failures become the source's problem; nothing is lost."""
        ends = {each: -math.inf for each in watches if each.due(self.source.name, at)}
        if ends:
            self.problem = ""
        for _ in range(ROUNDS):
            wants = [(each, self._wanted(each)) for each, end in ends.items() if end < at]
            if not wants or self.problem:
                break
            found = pieces(wants, at)
            async with asyncio.TaskGroup() as group:
                for piece in found:
                    group.create_task(self._piece(piece, at))
            ends.update({each: piece.end for piece in found for each in piece.folds})
        if ends and min(ends.values()) >= at:
            self._look_behind(watches, at)

    def _wanted(self, folds: Folds) -> float:
        return min(each.read_from() for each in folds.of_source(self.source.name))

    async def _piece(self, piece: Piece, at: float) -> None:
        countings = {each: each.of_source(self.source.name) for each in piece.folds}
        selector, takers = presence_ask(piece, self.source.name)
        metrics = asks(piece, countings)
        await self._spell_bounds(metrics, piece.end, at)
        if self.problem:
            return
        async with asyncio.TaskGroup() as group:
            scrapes = group.create_task(self._raw(selector, piece)) if selector else None
            answers = [(ask, group.create_task(self._raw(ask.selector, piece))) for ask in metrics]
        if scrapes is not None and scrapes.result() is None:
            return
        for series in (scrapes and scrapes.result()) or ():
            for presence in takers.get((series.labels.get("namespace", ""), series.labels.get("pod", "")), ()):
                presence.add(series.labels, series.samples)
        failed = await self._deliver([(ask, answer.result()) for ask, answer in answers])
        ready = {each: [one for one in found if one not in failed] for each, found in countings.items()}
        await self._close(piece, ready, at)

    async def _deliver(self, answers: Iterable[tuple[Ask, list[RawSeries] | None]]) -> set[Counting]:
        """Hand series to their folds; the folds whose answer is missing."""
        failed: set[Counting] = set()
        for ask, answer in answers:
            if answer is None:
                failed |= ask.countings()
                continue
            for number, series in enumerate(answer):
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)
                for counting in ask.owners(series):
                    counting.add(series.labels, series.samples)
        return failed

    async def _close(self, piece: Piece, countings: dict[Folds, list[Counting]], at: float) -> None:
        name = self.source.name
        shown = (counting.newest for each in countings.values() for counting in each)
        scraped = (each.presences[name].newest for each in countings if name in each.presences)
        self._watermark = newest((self._watermark, *shown, *scraped))
        for folds, found in countings.items():
            await asyncio.sleep(0)
            presence = folds.presences[name]
            for counting in found:
                reach = LEAD_IN if counting.grid is None else counting.grid.reach
                others = None if self._watermark is None else self._watermark - reach
                complete = newest((counting.newest, presence.newest, others))
                if complete is not None:
                    limit = min(complete, piece.end, at - READ_LAG)
                    folds.outbox += counting.close(limit, folds.pods, presence)
                if piece.end < at - SETTLED:
                    counting.settle(piece.end)
            if found:
                presence.forget(self._wanted(folds) - SETTLED)

    async def _raw(self, selector: str, piece: Piece) -> list[RawSeries] | None:
        self.queries += 1
        try:
            # one millisecond more: the selector is open to the left
            return await self.source.raw(selector, piece.end - piece.start + 0.001, piece.end)
        except WatcherError as error:
            self.problem = str(error)
            return None

    async def instant(self, query: str, at: float) -> list[Sample]:
        """Evaluate PromQL at one time.  Raises as the source does."""
        self.queries += 1
        return await self.source.instant(query, at)

    async def _spell_bounds(self, metrics: Iterable[Ask], end: float, at: float) -> None:
        """Find out how each metric writes the bounds that are asked for: `le` is text to Prometheus."""
        for ask in metrics:
            checks = [(each, each.check) for each in ask.countings() if isinstance(each.check, HistogramCheck)]
            if not checks:
                continue
            known = self._bounds.setdefault(ask.metric, _Bounds())
            lacking = not known.spellings or any(counting.contract.lacks_bound for counting, _ in checks)
            if lacking and at - known.asked_at >= ASK_BOUNDS_AGAIN:
                await self._ask_bounds(ask, known, end, at)
            bounds = tuple(sorted(known.spellings))
            for counting, check in checks:
                counting.contract.bounds = bounds
                ask.bounds |= canonical(check.bound) | known.spellings.get(check.bound, set())

    async def _ask_bounds(self, ask: Ask, known: _Bounds, end: float, at: float) -> None:
        try:
            answer = await self.instant(count_by_bound(ask.buckets()), end)
        except WatcherError as error:
            self.problem = str(error)
            return
        known.asked_at = at
        for sample in answer:
            bound = bucket_bound(sample.labels)
            if bound is not None and not math.isinf(bound):
                known.spellings.setdefault(bound, set()).add(sample.labels["le"])

    def _look_behind(self, watches: Sequence[Folds], at: float) -> None:
        """A source that answers but has nothing new is blind too."""
        intervals = [each.grid.interval for folds in watches for each in folds.of_source(self.source.name) if each.grid]
        allowed = max(BEHIND, 4 * max(intervals, default=0.0))
        if self.problem or self._watermark is None or not any(each.live_pods for each in watches):
            return
        if at - self._watermark > allowed:
            self.problem = f"source {self.source.name}: its newest sample is {at - self._watermark:.0f} s old"
