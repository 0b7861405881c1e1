"""Keeps how the feature flags stand that releases under watch are tied to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

import structlog

from watcher.config.flags import FlagProviders
from watcher.core.deciding.flagged import flag_of
from watcher.core.flags import Flag, FlagSight
from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Watch
from watcher.core.words import Rung
from watcher.daemon.looks import Look, Looks
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, Cluster, WatcherError
from watcher.ports.flags import Flags

LOOK_EVERY = 1.0
"""Seconds between two looks for releases that are newly under watch."""

SLOWLY = 60.0
"""Seconds after which a flag is looked at again while nothing is wrong with its releases."""

QUICKLY = 5.0
"""Seconds after which it is, with evidence against one of them, or while it is being switched."""

TRY_EVERY = 15.0
"""Seconds after which it is tried again where the provider told nothing."""

log = structlog.get_logger("watcher.flags")

Tied = dict[Flag, list[Workload]]
"""Flags, and the workloads whose release under watch is tied to them."""


class FlagSights:
    """Looks into `Stepping.flags`, and wakes the workloads concerned.  One look serves all that share a flag."""

    def __init__(
        self,
        flags: Flags,
        cluster: Cluster,
        stepping: Stepping,
        clock: Clock,
        policy_of: Callable[[WorkloadView], Policy | None],
        wake: Callable[[Iterable[Workload]], None],
        configured: Callable[[], FlagProviders] = FlagProviders,
    ) -> None:
        self._flags, self._cluster, self._stepping, self._clock = flags, cluster, stepping, clock
        self._policy_of, self._wake, self._configured = policy_of, wake, configured
        self._known: dict[Flag, FlagSight] = {}
        self._lost: set[Flag] = set()

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            looks = Looks(group)
            while True:
                tied = self.tied()
                self._forget(tied)
                looks.line_up(self._looks(tied))
                await self._clock.sleep(LOOK_EVERY)

    def tied(self) -> Tied:
        """Flags of releases under watch; what names no flag is left to the decision to tell."""
        found: Tied = {}
        for workload, watch in sorted(self._stepping.looked_into().items()):
            flag = self._flag(workload, watch)
            if flag is not None:
                found.setdefault(flag, []).append(workload)
        return found

    def providers(self) -> dict[str, str]:
        """Providers that were asked, and why one does not tell how a flag stands; empty where it does of all.

        Only those of the thresholds file: a pod template may name whatever it likes.
        """
        found: dict[str, str] = {}
        for flag, sight in sorted(self._known.items()):
            if self._configured().named(flag.provider) is not None:
                found[flag.provider] = found.get(flag.provider) or _unseen(sight)
        return found

    def note(self, sight: FlagSight) -> None:
        """This was just seen, by somebody else who has asked the provider."""
        self._known[sight.flag] = sight
        concerned = self.tied().get(sight.flag, [])
        self._stepping.flags.update((each, self._seen_by(each, sight)) for each in concerned)
        self._wake(concerned)

    def _flag(self, workload: Workload, watch: Watch) -> Flag | None:
        view = self._cluster.view(workload)
        policy = self._policy_of(view) if view is not None else None
        if policy is None:
            return None
        try:
            return flag_of(watch.release.flag, policy)
        except ValueError:
            return None

    def _seen_by(self, workload: Workload, sight: FlagSight) -> FlagSight:
        """How a workload is told of it: as not known where its pod template may not name it."""
        watch = self._stepping.looked_into().get(workload)
        named = watch is not None and bool(watch.release.flag)
        beyond = self._configured().beyond(sight.flag, workload.namespace) if named else ""
        return replace(sight, on=None, problem=beyond) if beyond else sight

    def _forget(self, tied: Tied) -> None:
        """What nobody asks for; a release that takes up a flag that is known has that at once."""
        self._known = {flag: sight for flag, sight in self._known.items() if flag in tied}
        self._lost &= tied.keys()
        standing = {workload: flag for flag, workloads in tied.items() for workload in workloads}
        for workload in [each for each in self._stepping.flags if standing.get(each) not in self._known]:
            del self._stepping.flags[workload]
        for workload, flag in standing.items():
            told = self._stepping.flags.get(workload)
            if flag in self._known and (told is None or told.flag != flag):
                self._stepping.flags[workload] = self._seen_by(workload, self._known[flag])

    def _looks(self, tied: Tied) -> Iterable[Look]:
        """Those that are due, those with evidence against a release of theirs first."""
        watches = self._stepping.looked_into()
        pressing = {flag: self._presses(workloads, watches) for flag, workloads in tied.items()}
        for flag in sorted(tied, key=lambda each: (not pressing[each], self._looked_at(each))):
            if self._is_due(flag, pressing=pressing[flag]):
                yield Look(tied[flag][0], flag.provider, partial(self._look, flag))

    def _looked_at(self, flag: Flag) -> float:
        known = self._known.get(flag)
        return known.at if known is not None else 0.0

    def _is_due(self, flag: Flag, *, pressing: bool) -> bool:
        known = self._known.get(flag)
        if known is None:
            return True
        wait = QUICKLY if pressing else TRY_EVERY if known.problem else SLOWLY
        return not 0 <= self._clock.now() - known.at < wait

    def _presses(self, workloads: Iterable[Workload], watches: Mapping[Workload, Watch]) -> bool:
        """Whether a release has evidence against it, or a rollback by the flag is under way."""
        rollbacks = (watches[each].rollback for each in workloads if each in watches)
        switching = any(each is not None and each.rung is Rung.FLAG for each in rollbacks)
        return switching or any(each in self._stepping.suspects for each in workloads)

    async def _look(self, flag: Flag) -> None:
        try:
            sight = await self._flags.look(flag)
        except WatcherError as error:
            sight = FlagSight(flag, self._clock.now(), problem=str(error))
        self._tell(flag, sight)
        self.note(sight)

    def _tell(self, flag: Flag, sight: FlagSight) -> None:
        """Log what changed: a provider that is lost, once, and once when it is back."""
        before = self._known.get(flag)
        if sight.on is None and sight.problem:
            if flag not in self._lost:
                log.warning("flag_not_seen", flag=str(flag), problem=sight.problem)
            self._lost.add(flag)
            return
        if flag in self._lost:
            log.info("flag_seen_again", flag=str(flag), state=sight.state)
            self._lost.discard(flag)
        elif before is None or (before.state, before.problem) != (sight.state, sight.problem):
            log.info("flag_looked_at", flag=str(flag), state=sight.state, problem=sight.problem)


def _unseen(sight: FlagSight) -> str:
    """Why it is not known how the flag stands; empty where it is."""
    return "" if sight.on is not None else sight.problem or f"{sight.flag}: whether it is on is not known"
