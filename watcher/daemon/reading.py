"""Reads one metrics source for all watches that want something of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from watcher.adapters.prometheus.selectors import count_by_bound
from watcher.core.measuring.counting import LEAD_IN, READ_LAG, Counting
from watcher.core.measuring.native import reduce
from watcher.core.measuring.presence import newest
from watcher.core.measuring.series import bucket_bound
from watcher.core.policy import HistogramCheck
from watcher.daemon.asking import INFINITY, Ask, asks, canonical, presence_ask
from watcher.daemon.folds import Folds
from watcher.daemon.grouping import Piece, pieces
from watcher.daemon.joining import LOOK_BACK, Targets
from watcher.ports import MetricsSource, RawSeries, Sample, Unavailable, WatcherError

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


RETRY = 30.0
"""Seconds until a check is asked for again of which a query alone got no answer."""

Answered = list[RawSeries] | WatcherError


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a query of a check got no answer from a source that answers others, and when (Unix seconds)."""

    text: str
    at: float


@dataclass(slots=True)
class _Bounds:
    asked_at: float = -math.inf
    spellings: dict[float, set[str]] = field(default_factory=dict)


class Reader:
    """One source: what it was asked, how it does, the newest sample it has shown.

    `problem` is the source's own, `failed` are the checks that cannot be read though others can.
    """

    def __init__(self, source: MetricsSource) -> None:
        self.source = source
        self.problem = ""
        self.failed: dict[Counting, Failure] = {}
        self.queries = 0
        self._watermark: float | None = None
        self._bounds: dict[str, _Bounds] = {}

    @property
    def watermark(self) -> float | None:
        """The newest sample time seen, Unix seconds."""
        return self._watermark

    async def read(self, watches: Sequence[Folds], at: float) -> None:
        """Read and count what is due at `at` (Unix seconds).  Failures become problems; nothing is lost.

        What failed lately is read apart from the rest, once in a while: its samples are wanted from an earlier time.
        """
        counted = {one for each in watches for one in each.of_source(self.source.name)}
        self.failed = {one: failure for one, failure in self.failed.items() if one in counted}
        due = [each for each in watches if each.due(self.source.name, at)]
        if due or not watches:
            self.problem = ""
        again = {one for one, failure in self.failed.items() if not 0 <= at - failure.at < RETRY}
        sound = {each: [one for one in each.of_source(self.source.name) if one not in self.failed] for each in due}
        up_to_now = await self._rounds({each: found for each, found in sound.items() if found}, at)
        if again and not self.problem:
            self.failed = {one: failure for one, failure in self.failed.items() if one not in again}
            late = {each: [one for one in each.of_source(self.source.name) if one in again] for each in due}
            await self._rounds({each: found for each, found in late.items() if found}, at)
        if up_to_now:
            self._look_behind(watches, at)

    async def _rounds(self, countings: Mapping[Folds, Sequence[Counting]], at: float) -> bool:
        """Read chunk after chunk; whether everything was read up to `at`."""
        ends = dict.fromkeys(countings, -math.inf)
        for _ in range(ROUNDS):
            left = {each: self._left(countings[each]) for each, end in ends.items() if end < at}
            wants = [(each, _wanted(found)) for each, found in left.items() if found]
            if not wants or self.problem:
                break
            found = pieces(wants, at)
            async with asyncio.TaskGroup() as group:
                for piece in found:
                    group.create_task(self._piece(piece, {each: left[each] for each in piece.folds}, at))
            ends.update({each: piece.end for piece in found for each in piece.folds})
        reached = [end >= at for each, end in ends.items() if self._left(countings[each])]
        return bool(reached) and all(reached)

    def _left(self, countings: Iterable[Counting]) -> list[Counting]:
        return [each for each in countings if each not in self.failed]

    async def _piece(self, piece: Piece, countings: dict[Folds, list[Counting]], at: float) -> None:
        selector, takers = presence_ask(piece, self.source.name)
        async with asyncio.TaskGroup() as group:
            scrapes = group.create_task(self._answer(selector, piece)) if selector else None
            answers = [(ask, group.create_task(self._ask(ask, piece, at))) for ask in asks(piece, countings)]
        answered = [(ask, answer.result()) for ask, answer in answers]
        scraped = scrapes.result() if scrapes is not None else None
        self.problem = self.problem or _source_problem(scraped, [answer for _, answer in answered])
        if self.problem or isinstance(scraped, WatcherError):
            return
        for series in scraped or ():
            for presence in takers.get((series.labels.get("namespace", ""), series.labels.get("pod", "")), ()):
                presence.add(series.labels, series.samples)
        await self._deliver(answered, at)
        await self._close(piece, {each: self._left(found) for each, found in countings.items()}, at)

    async def _deliver(self, answers: Iterable[tuple[Ask, Answered]], at: float) -> None:
        """Hand series to their folds.  A query without answer is a fault of the checks that need it."""
        for ask, answer in answers:
            if isinstance(answer, WatcherError):
                self.failed.update(dict.fromkeys(ask.countings(), Failure(str(answer), at)))
                continue
            for number, series in enumerate(answer):
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)
                for told in ask.told(series):
                    for counting in ask.owners(told):
                        counting.add(told.labels, told.samples)
                        if told.histograms:
                            _add_native(counting, told)

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
                presence.forget(_wanted(found) - SETTLED)

    async def _ask(self, ask: Ask, piece: Piece, at: float) -> Answered:
        try:
            if ask.identify.join:
                await self._find_targets(ask, piece)
                if ask.targets is None or not ask.targets.names:
                    return []
            await self._spell_bounds(ask, piece.end, at)
        except WatcherError as error:
            return error
        return await self._answer(ask.selector, piece)

    async def _find_targets(self, ask: Ask, piece: Piece) -> None:
        targets = Targets(ask.identify)
        self.queries += 1
        window = piece.end - piece.start + LOOK_BACK
        for series in await self.source.raw(targets.selector(ask.namespaces, ask.subjects), window, piece.end):
            targets.add(series)
        ask.targets = targets
        ask.note_targets()

    async def _answer(self, selector: str, piece: Piece) -> Answered:
        self.queries += 1
        try:
            # one millisecond more: the selector is open to the left
            return await self.source.raw(selector, piece.end - piece.start + 0.001, piece.end)
        except WatcherError as error:
            return error

    async def instant(self, query: str, at: float) -> list[Sample]:
        """Evaluate PromQL at one time.  Raises as the source does."""
        self.queries += 1
        return await self.source.instant(query, at)

    async def _spell_bounds(self, ask: Ask, end: float, at: float) -> None:
        """Find out how the metric writes the bounds that are asked for: `le` is text to Prometheus."""
        checks = [(each, each.check) for each in ask.countings() if isinstance(each.check, HistogramCheck)]
        if not checks:
            return
        known = self._bounds.setdefault(ask.metric, _Bounds())
        lacking = not known.spellings or any(counting.contract.lacks_bound for counting, _ in checks)
        if lacking and at - known.asked_at >= ASK_BOUNDS_AGAIN:
            await self._ask_bounds(ask, known, end, at)
        bounds = tuple(sorted(known.spellings))
        for counting, check in checks:
            counting.contract.bounds = bounds
            ask.bounds |= canonical(check.bound) | known.spellings.get(check.bound, set())
            ask.native = "" if known.spellings else check.histogram

    async def _ask_bounds(self, ask: Ask, known: _Bounds, end: float, at: float) -> None:
        answer = await self.instant(count_by_bound(ask.buckets()), end)
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


def _add_native(counting: Counting, series: RawSeries) -> None:
    """A native histogram counts as if its client exposed just the two buckets that the check needs."""
    if not isinstance(counting.check, HistogramCheck):
        return
    reduced = reduce(series.histograms, counting.check.bound)
    counting.contract.note_native(reduced)
    counting.add({**series.labels, "le": INFINITY}, reduced.every)
    counting.add({**series.labels, "le": repr(counting.check.bound)}, reduced.within)


def _wanted(countings: Iterable[Counting]) -> float:
    return min(each.read_from() for each in countings)


def _source_problem(scraped: Answered | None, answers: Sequence[Answered]) -> str:
    """What is wrong with the source itself: scrapes cannot be read, or it is there for no query at all."""
    if isinstance(scraped, WatcherError):
        return str(scraped)
    if scraped is not None or not all(isinstance(each, WatcherError) for each in answers):
        return ""
    return next((str(each) for each in answers if isinstance(each, Unavailable)), "")
