"""What people may do with a running daemon: approve a proposal, command a rollback, call a revision good or bad, hold
and resume, call a decision right or wrong.

Each of these is durable before it counts, and says who did it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from watcher.adapters.store.worker import StoreThread
from watcher.core import requested
from watcher.core.deciding import approving, testimony
from watcher.core.deciding.holding import Hold, Scope
from watcher.core.model import Approval, Request, Word, Workload
from watcher.core.state import GuardFinding
from watcher.daemon.holds import Holds
from watcher.daemon.loop import Loop
from watcher.ports import Clock, Cluster, Commit, DecisionRow, Label, Unavailable, WatcherError

HTTP = "http"
"""`way` of an approval that came over HTTP."""

HEARING = 25.0
"""Seconds that the answer to a command is waited for; it is looked into for longer than that by nobody."""

log = structlog.get_logger("watcher.persons")


class NotWaiting(WatcherError):
    """The decision does not wait for a person, or not any more."""


class NoSuchWorkload(WatcherError):
    """The cluster has no such workload."""


class CommandRefused(WatcherError):
    """What a person wants is not done; `guards` hold it, where it is they."""

    def __init__(self, message: str, guards: tuple[GuardFinding, ...] = (), command: str = "") -> None:
        super().__init__(message)
        self.guards, self.command = guards, command


class NotHeld(WatcherError):
    """There is no such hold."""


class OnlyObserves(WatcherError):
    """This process never writes to a workload."""


@dataclass(frozen=True, slots=True)
class Commanded:
    """A rollback that a person has commanded, and what is done in a sentence.

    `decision` carries it out; empty: it is still being looked at.
    """

    workload: Workload
    decision: str
    text: str


class Persons:
    """Takes the word of people whose right to give it was checked before; `by` names them."""

    def __init__(
        self, loop: Loop, store: StoreThread, holds: Holds, cluster: Cluster, clock: Clock, *, read_only: bool
    ) -> None:
        self._loop, self._store, self._holds, self._cluster, self._clock = loop, store, holds, cluster, clock
        self._read_only = read_only
        self._one_at_a_time = asyncio.Lock()

    async def approve(self, decision: str, by: str) -> tuple[DecisionRow, str]:
        """Approve the decision whose id begins so; its row as of before, and what came of it in a sentence.

        Raises NoSuchDecision, NotWaiting, OnlyObserves, and Unavailable when it could not be recorded: then it was
        not given.
        """
        row = await self._store.read(lambda log: log.decision(decision))
        if self._read_only:
            raise OnlyObserves("this process was started read-only, so it never carries a decision out")
        if row.outcome:
            raise NotWaiting(f"decision {row.id} is done already: it ended as {row.outcome}")
        async with self._one_at_a_time:
            approval = Approval(row.id, by, self._clock.now(), HTTP)
            state = await self._loop.approve(Workload.parse(row.workload), approval)
        watch = state.watch if state is not None else None
        if watch is None or watch.release.id != row.release:
            raise NotWaiting(f"decision {row.id} cannot be approved: its release is not the current one any more")
        told = approving.answer(state, approval, self._clock.now())
        if not told.accepted:
            raise NotWaiting(f"decision {row.id} cannot be approved: {told.text}")
        return row, told.text

    def now(self) -> float:
        """The daemon's time, Unix seconds."""
        return self._clock.now()

    async def roll_back(self, workload: Workload, request: Request) -> Commanded:
        """Go back from what runs now; what came of that within `HEARING` seconds.

        Raises NoSuchWorkload, OnlyObserves, CommandRefused, and Unavailable when it could not be recorded: then it was
        never given.
        """
        self._may_write("rolls nothing back")
        self._matched(workload)
        async with self._one_at_a_time:
            state = await self._loop.command(workload, request)
        told = requested.answer(state, request)
        until = self._clock.now() + HEARING
        while told.waits and self._clock.now() < until:
            await self._clock.sleep(1.0)
            told = requested.answer(self._loop.state(workload), request)
        if not told.waits and not told.decision:
            line = requested.command(request, told, str(workload))
            raise CommandRefused(f"{workload} is not rolled back: {told.text}", told.guards, line)
        log.info("rollback_commanded", workload=str(workload), by=request.by, decision=told.decision)
        return Commanded(workload, told.decision, told.text)

    async def call(self, workload: Workload, word: Word) -> str:
        """Call a revision good or bad; what that came to, in a sentence.  Raises as `roll_back`."""
        self._matched(workload)
        async with self._one_at_a_time:
            state = await self._loop.hear(workload, word)
        heard = testimony.heard(state, word)
        if heard is None:
            raise Unavailable(f"{workload} could not be judged at this moment; try again")
        if not heard.accepted:
            raise CommandRefused(f"this does not count: {heard.text}")
        log.info("revision_called", workload=str(workload), revision=word.revision, good=word.good, by=word.by)
        return heard.text

    def _may_write(self, never: str) -> None:
        if self._read_only:
            raise OnlyObserves(f"this process was started read-only, so it {never}")

    def _matched(self, workload: Workload) -> None:
        """Raises where there is no such workload, or nothing says how it may be treated."""
        view = self._cluster.view(workload)
        if view is None:
            raise NoSuchWorkload(f"there is no {workload} in the cluster")
        if self._loop.policy_of(view) is None:
            raise CommandRefused(f"no entry of services matches {workload}, so nothing says how it may be rolled back")

    async def label(self, decision: str, verdict: str, note: str, by: str) -> Label:
        """Call a decision right or wrong.  Raises NoSuchDecision, Unavailable."""
        row = await self._store.read(lambda log: log.decision(decision))
        label = Label(row.id, verdict, by, self._clock.now(), note)
        await self._store.commit(Commit(labels=(label,)))
        log.info("decision_labelled", decision=row.id, verdict=verdict, by=by)
        return label

    async def hold(self, scope: Scope, reason: str, lasts: float | None, by: str) -> Hold:
        """Write nothing to these workloads for so many seconds (None: until somebody resumes).

        Raises Unavailable when it could not be recorded: then nothing is held.
        """
        now = self._clock.now()
        hold = Hold(str(scope), reason, by, now, None if lasts is None else now + lasts)
        await self._store.commit(Commit(holds=(hold,)))
        self._holds.keep(hold)
        self._loop.sweep()
        log.info("hold_placed", scope=hold.scope, reason=reason, by=by, until=hold.until)
        return hold

    async def resume(self, scope: Scope, by: str) -> None:
        """Lift the hold of the decision log on just this.  Raises NotHeld, Unavailable."""
        name = str(scope)
        if name not in {hold.scope for hold in self._holds.listed(self._clock.now())}:
            raise NotHeld(self._why_not_held(name))
        await self._store.commit(Commit(lifted=(name,)))
        self._holds.drop(name)
        self._loop.sweep()
        log.info("hold_lifted", scope=name, by=by)

    def _why_not_held(self, scope: str) -> str:
        """Also where to lift a hold that is none of the log's."""
        standing = [hold.where for hold in self._cluster.holds() if hold.scope == scope]
        if standing:
            return f"the hold on {scope} stands in the cluster ({standing[0]}); lift it there: watcher resume {scope}"
        others = ", ".join(hold.scope for hold in self._holds.listed(self._clock.now()))
        return f"there is no hold on {scope} in the decision log" + (f"; there is one on {others}" if others else "")
