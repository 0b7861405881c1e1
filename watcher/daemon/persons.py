"""What people may do with a running daemon: approve a proposal, hold and resume, call a decision right or wrong.

Each of these is durable before it counts, and says who did it.
"""

from __future__ import annotations

import asyncio

import structlog

from watcher.adapters.store.worker import StoreThread
from watcher.core import approving
from watcher.core.holding import Hold, Scope
from watcher.core.model import Approval, Workload
from watcher.daemon.holds import Holds
from watcher.daemon.loop import Loop
from watcher.ports import Clock, Cluster, Commit, DecisionRow, Label, WatcherError

HTTP = "http"
"""`way` of an approval that came over HTTP."""

log = structlog.get_logger("watcher.persons")


class NotWaiting(WatcherError):
    """The decision does not wait for a person, or not any more."""


class NotHeld(WatcherError):
    """There is no such hold."""


class OnlyObserves(WatcherError):
    """This process never writes to a workload."""


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
