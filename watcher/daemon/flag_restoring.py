"""Flags that releases under watch are tied to, and putting back one that a decision has switched off."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog

from watcher.adapters.store.worker import StoreThread
from watcher.core import record
from watcher.core.flags import Flag
from watcher.core.model import UNHEARD, Result, RungReport
from watcher.core.orders import FlagOrder
from watcher.core.state import Decision, Watch, WorkloadState
from watcher.core.words import Rung
from watcher.daemon.flags import FlagSights
from watcher.daemon.persons import OnlyObserves
from watcher.daemon.stepping import Stepping
from watcher.ports import (
    ALREADY,
    RESTORED,
    Actuator,
    Clock,
    Commit,
    FlagRestore,
    StoreReader,
    Unavailable,
    WatcherError,
)

Body = dict[str, object]

_WELL = {Result.APPLIED: RESTORED, Result.ALREADY: ALREADY}

log = structlog.get_logger("watcher.flags")


class NotRestored(WatcherError):
    """The flag of this decision is not put back."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A decision, and the workload as it was when it was last known."""

    state: WorkloadState
    decision: Decision


class FlagRestores:
    """Takes the word of people whose right to give it was checked before; `by` names them.

    The command is durable before it is sent, and so is what came of it.
    """

    def __init__(
        self,
        sights: FlagSights,
        actuator: Actuator,
        stepping: Stepping,
        store: StoreThread,
        clock: Clock,
        *,
        read_only: bool,
    ) -> None:
        self._sights, self._actuator, self._stepping = sights, actuator, stepping
        self._store, self._clock, self._read_only = store, clock, read_only
        self._one_at_a_time = asyncio.Lock()

    def listed(self) -> list[Body]:
        """Flags of releases under watch, and how they stand."""
        found: list[Body] = []
        for flag, workloads in sorted(self._sights.tied().items()):
            sight = self._stepping.flags.get(workloads[0])
            found.append(
                {
                    "flag": str(flag),
                    "workloads": [str(each) for each in workloads],
                    "on": sight.on if sight is not None else None,
                    "state": sight.state if sight is not None else "",
                    "changed": sight.changed if sight is not None else None,
                    "seen_at": sight.at if sight is not None else None,
                    "problem": sight.problem if sight is not None else "it was not looked at yet",
                }
            )
        return found

    async def restore(self, prefix: str, reason: str, by: str) -> tuple[FlagRestore, str]:
        """Put the flag back as the decision whose id begins so has found it; what came of it, and a sentence.

        Raises NoSuchDecision; NotRestored; OnlyObserves; Unavailable when it could not be recorded, or when the
        provider cannot be asked now.
        """
        row = await self._store.read(lambda log: log.decision(prefix))
        if self._read_only:
            raise OnlyObserves("this process was started read-only, so it never writes to a flag")
        found = await self._store.read(lambda log: _found(log, row.id, row.release))
        order = self._order(found, row.id, reason)
        async with self._one_at_a_time:
            at = self._clock.now()
            intent = FlagRestore(row.id, at, str(order.flag), by, reason, order.state)
            await self._store.commit(Commit(flag_restores=(intent,)))
            report = await self._actuator.perform(order)
            done = replace(intent, result=_WELL.get(report.result, report.message))
            await self._store.commit(Commit(flag_restores=(done,)))
        log.info("flag_restore", decision=row.id, flag=done.flag, result=report.result, message=report.message, by=by)
        return done, self._told(report)

    def _order(self, found: _Found | None, decision: str, reason: str) -> FlagOrder:
        """Raises NotRestored where there is nothing to put back, or not yet."""
        before = found.decision.flag if found is not None else None
        after = found.decision.flag_after if found is not None else None
        if found is None or before is None or after is None:
            raise NotRestored(f"decision {decision} has switched no flag, as far as the decision log tells")
        if any(_is_switching(each, before.flag) for each in self._stepping.open_watches().values()):
            raise NotRestored(f"{before.flag} is being switched for a release now: wait until that is over")
        closed = self._stepping.frozen(found.state.workload, Rung.FLAG)
        if closed:
            raise NotRestored(f"{before.flag}: {closed}")
        if not self._stepping.situation.permitted:
            raise Unavailable("this process may not write now; ask the one that leads")
        return FlagOrder(
            decision=decision,
            tried=1,
            workload=found.state.workload,
            uid=found.state.uid,
            flag=before.flag,
            on=before.on is True,
            reason=reason,
            expected=after.version,
            state=before.state,
        )

    def _told(self, report: RungReport) -> str:
        if report.result in UNHEARD:
            raise Unavailable(report.message)
        if report.result not in _WELL:
            raise NotRestored(report.message)
        if report.flag is not None:
            self._sights.note(report.flag)
        return report.message


def _is_switching(watch: Watch, flag: Flag) -> bool:
    """Whether a rollback under way is one by this flag."""
    decided = watch.decision.flag if watch.decision is not None else None
    by_flag = watch.rollback is not None and watch.rollback.rung is Rung.FLAG
    return by_flag and decided is not None and decided.flag == flag


def _found(log: StoreReader, decision: str, release: str) -> _Found | None:
    """The decision as the newest record has it that knows of it."""
    mark, found = decision.encode(), None
    for transition in log.transitions(release):
        if mark not in transition.state_after:
            continue
        state = record.decode(WorkloadState | None, transition.state_after)
        watch = state.watch if state is not None else None
        if watch is not None and watch.decision is not None and watch.decision.id == decision:
            found = _Found(state, watch.decision)
    return found
