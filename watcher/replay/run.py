"""Replays a recording: the daemon's own loop, polling, judge, guards and ladder, driven from event to event."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace

from watcher.config import Thresholds
from watcher.core.measuring.presence import UP
from watcher.core.model import WorkloadView
from watcher.core.policy import Policy, Source, Subject
from watcher.daemon.executing import Executing
from watcher.daemon.fleets import Lookout
from watcher.daemon.freezes import Freezes
from watcher.daemon.loop import SWEEP_EVERY, TICK, WATCH_EVERY, Loop
from watcher.daemon.polling import Polling
from watcher.daemon.sourcing import Connection, Sourcing
from watcher.daemon.stepping import Stepping
from watcher.daemon.telemetry import Telemetry
from watcher.daemon.telling import Chronicle
from watcher.ports import WatcherError
from watcher.replay.clock import VirtualClock, VirtualLoop
from watcher.replay.cluster import RecordedCluster
from watcher.replay.finals import Finals, Row, ended_now, row, sentences, unwatched
from watcher.replay.history import History
from watcher.replay.openmetrics import NAME, RecordedSeries
from watcher.replay.recording import Recording
from watcher.replay.rollout import Entry
from watcher.replay.source import RecordedSource
from watcher.replay.workload import RecordedWorkload

SCRAPE_EVERY = 15.0
"""Seconds between two scrapes of pods that stand in, where the recording does not name its interval."""

GRACE = 1.0
"""Virtual seconds for commands to be carried out; they take none."""


class ReplayFailed(WatcherError):
    """The replay met a fault of watcher itself."""


Connect = Callable[[Source, VirtualClock], Connection]
"""Makes a source of the thresholds file that answers as of the virtual time."""


def replay(recording: Recording, thresholds: Thresholds, connect: Connect | None = None) -> list[Row]:
    """Replay a recording; one row for each release in it.  Raises ReplayFailed.

    Every source answers from the recording, or is what `connect` makes of it.
    """
    clock = VirtualClock(recording.start)
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(_run(_Replay(recording, thresholds, clock, connect)))


async def _run(played: _Replay) -> list[Row]:
    try:
        return await played.run()
    finally:
        await played.close()


class _Recorded(Sourcing):
    """Every source of the thresholds tells of the recording."""

    def __init__(self, recording: Recording, connect: Callable[[Source], Connection]) -> None:
        super().__init__(connect)
        self._interval = recording.interval

    def use(self, thresholds: Thresholds) -> None:
        """As Sourcing says; the scrape interval is the recording's, or learnt."""
        sources = [self._connect(source) for source in thresholds.sources.values()]
        self._connections += sources
        self.polling = Polling(sources, dict.fromkeys(thresholds.sources, self._interval))


class _Replay:
    """One replay: the parts of a daemon over a recording, and the virtual time of its next poll."""

    def __init__(
        self, recording: Recording, thresholds: Thresholds, clock: VirtualClock, connect: Connect | None
    ) -> None:
        self._recording, self._thresholds, self._clock = recording, thresholds, clock
        self._history = History(recording.series)
        self._cluster = RecordedCluster(recording.workloads, clock, self._scrape)
        telemetry = Telemetry()
        self._executing = Executing(self._cluster, None, telemetry, clock)
        self._finals = Finals()
        self._stepping = Stepping(
            self._cluster, self._finals, Chronicle(telemetry), self._executing, clock, self._policy_of
        )
        self._stepping.freezes = Freezes(lambda: thresholds.freezes)
        self._sourcing = _Recorded(
            recording, self._recorded if connect is None else lambda source: connect(source, clock)
        )
        self._sourcing.use(thresholds)
        self._loop = Loop(
            self._cluster, self._stepping, self._executing, self._sourcing, clock, telemetry, self._policy_of
        )
        self._lookout = Lookout(self._cluster, self._stepping, self._sourcing, clock, self._policy_of)
        self._next_poll = recording.start
        self._followed: frozenset[object] = frozenset()
        self._last_release = max((each.created for spec in recording.workloads for each in spec.revisions), default=0)

    def _recorded(self, source: Source) -> RecordedSource:
        return RecordedSource(source.name, self._history, self._clock, self._recording.outages)

    def _scrape(self, namespace: str, pods: list[str]) -> None:
        every, end = self._recording.interval or SCRAPE_EVERY, self._recording.end
        for pod in pods:
            times = array("d")
            while (at := self._clock.now() + every * (len(times) + 1)) <= end:
                times.append(at)
            labels = {NAME: UP, "namespace": namespace, "pod": pod}
            self._history.add(RecordedSeries(labels, 0, times, array("d", [1.0] * len(times))))

    def _policy_of(self, view: WorkloadView) -> Policy | None:
        workload = view.workload
        subject = Subject(workload.kind, workload.namespace, workload.name, dict(view.labels))
        return self._thresholds.policy_for(subject)

    async def run(self) -> list[Row]:
        """From start to end, or until nothing can happen any more."""
        self._stepping.take_up(self._cluster.states(), ())
        self._loop.sweep()
        while True:
            await self._happen()
            now = self._clock.now()
            if now >= self._recording.end or (now >= self._last_release and not self._stepping.open_watches()):
                break
            self._clock.set(min(self._next_event(), self._recording.end))
        if self._stepping.failed:
            workload, problem = next(iter(self._stepping.failed.items()))
            raise ReplayFailed(f"watcher itself fails on {workload}: {problem}")
        return list(self._rows())

    async def close(self) -> None:
        """Let go of the sources."""
        await self._sourcing.close()

    async def _happen(self) -> None:
        """Everything that happens at this moment: changes, a poll, steps, and what they order."""
        now = self._clock.now()
        self._loop.wake(await self._cluster.changed())
        if now >= self._next_poll:
            await self._loop.poll_once(now)
            self._next_poll = now + self._sourcing.polling.interval
        while True:
            await self._loop.step_due()
            await self._executing.finish(GRACE)
            if not (await self._follow() or await self._take_reports() or await self._look_around()):
                return

    async def _follow(self) -> bool:
        wanted = frozenset(self._stepping.open_watches())
        if wanted == self._followed:
            return False
        await self._cluster.follow(wanted)
        self._followed = wanted
        self._loop.wake(wanted)
        return bool(wanted)

    async def _look_around(self) -> bool:
        if not self._stepping.suspicion.is_set():
            return False
        self._stepping.suspicion.clear()
        seen = await self._lookout.once()
        self._loop.wake(seen)
        return bool(seen)

    async def _take_reports(self) -> bool:
        took = False
        while self._executing.has_reports:
            workload, report = await self._executing.report()
            self._stepping.inbox.reported(workload, report)
            self._loop.wake([workload, *await self._cluster.changed()])
            took = True
        return took

    def _next_event(self) -> float:
        now = self._clock.now()
        every = TICK if self._stepping.carrying_out() else WATCH_EVERY if self._followed else SWEEP_EVERY
        return min(self._next_poll, self._cluster.next_change(), now + every)

    def _rows(self) -> Iterator[Row]:
        for recorded in self._cluster.recorded.values():
            for number, entry in enumerate(recorded.entries, start=1):
                if entry.created > self._recording.start and not entry.restored:
                    yield self._row(recorded, number, entry)

    def _row(self, recorded: RecordedWorkload, number: int, entry: Entry) -> Row:
        name = self._recording.name
        final = self._finals.found.get((recorded.workload, number))
        if final is None:
            return unwatched(name, recorded.workload, entry.revision, self._why_unwatched(recorded, number, entry))
        state, view = self._stepping.states.get(recorded.workload), self._cluster.view(recorded.workload)
        watch = state.watch if state is not None else None
        policy = self._policy_of(view) if view is not None else None
        if watch is None or view is None or policy is None or watch.release.id != final.watch.release.id:
            return row(name, final, None)
        if recorded.workload not in self._stepping.open_watches():
            return row(name, final, None)
        now = self._clock.now()
        final = replace(final, watch=watch, sentence=sentences(watch, view, policy, now))
        return row(name, final, ended_now(watch, view, policy, now))

    def _why_unwatched(self, recorded: RecordedWorkload, number: int, entry: Entry) -> str:
        view = self._cluster.view(recorded.workload)
        if entry.created > self._recording.end:
            return "it begins after the end of the recording"
        if view is not None and self._policy_of(view) is None:
            return "no entry of services matches the workload, so it is not watched"
        if number == 1:
            return "the first revision of the workload: there is nothing to go back to"
        return "it was replaced at once"
