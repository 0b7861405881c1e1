"""Keeps what is known of database migrations for releases under watch, and of the Jobs that take them back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import structlog

from watcher.core.carrying_out import downs
from watcher.core.deciding.commanded import sought
from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import DownRun, Watch
from watcher.daemon.looks import Look, Looks, keep_only
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, Cluster, WatcherError
from watcher.ports.migrations import MigrationQuestion, Migrations

LOOK_EVERY = 1.0
"""Seconds between two looks for releases that are newly under watch."""

AGAIN = 60.0
"""Seconds after which it is looked at again for a release with evidence against it: a note may have been added."""

TRY_EVERY = 15.0
"""Seconds after which it is tried again where it could not be found out."""

FOLLOW_EVERY = 2.0
"""Seconds between two looks at the Job of a down migration."""

log = structlog.get_logger("watcher.migrations")


class MigrationSights:
    """Looks into `Stepping.migrations` and `Stepping.downs`, and wakes the workloads concerned."""

    def __init__(
        self,
        migrations: Migrations,
        cluster: Cluster,
        stepping: Stepping,
        clock: Clock,
        policy_of: Callable[[WorkloadView], Policy | None],
        wake: Callable[[Iterable[Workload]], None],
    ) -> None:
        self._migrations, self._cluster, self._stepping, self._clock = migrations, cluster, stepping, clock
        self._policy_of, self._wake = policy_of, wake
        self._due: dict[Workload, float] = {}
        self._follow_due: dict[Workload, float] = {}
        self._unfollowed: set[Workload] = set()

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            looks, follows = Looks(group), Looks(group)
            while True:
                watches = self._stepping.looked_into()
                for known in (self._stepping.migrations, self._stepping.downs, self._due, self._follow_due):
                    keep_only(known, watches)
                looks.line_up(self._looks(watches))
                follows.line_up(self._follows(watches))
                await self._clock.sleep(LOOK_EVERY)

    def _looks(self, watches: dict[Workload, Watch]) -> Iterable[Look]:
        """Of releases that were not looked at yet, or should be again; those with evidence against them first."""
        suspects = self._stepping.suspects
        for workload in sorted(watches, key=lambda each: (each not in suspects, self._due.get(each, 0.0))):
            question = self._question(workload, watches[workload])
            if question is not None and self._is_due(workload, question):
                yield Look(workload, workload.namespace, partial(self._look, workload, question))

    def _is_due(self, workload: Workload, question: MigrationQuestion) -> bool:
        known = self._stepping.migrations.get(workload)
        if known is None or (known.release, known.target) != (question.release, question.target):
            return True
        urgent = workload in self._stepping.suspects or bool(known.problem)
        return urgent and not 0 < self._due.get(workload, 0.0) - self._clock.now() <= AGAIN

    def _question(self, workload: Workload, watch: Watch) -> MigrationQuestion | None:
        view, state = self._cluster.view(workload), self._stepping.states.get(workload)
        policy = self._policy_of(view) if view is not None else None
        if view is None or state is None or policy is None:
            return None
        target = sought(state, view, policy, watch, self._clock.now())
        if target is None:
            return None
        release = watch.release
        return MigrationQuestion(
            view=view,
            release=release.id,
            template=release.template_id,
            target=target.template_id,
            required=policy.migrations_required,
            began=release.began,
            known=target.deployed,
        )

    async def _look(self, workload: Workload, question: MigrationQuestion) -> None:
        sight = await self._migrations.look(question)
        if workload not in self._stepping.looked_into():
            return
        self._due[workload] = self._clock.now() + (TRY_EVERY if sight.problem else AGAIN)
        before = self._stepping.migrations.get(workload)
        self._stepping.migrations[workload] = sight
        told = (sight.release, sight.notes, sight.unnoted, sight.problem)
        if before is None or (before.release, before.notes, before.unnoted, before.problem) != told:
            names = [f"{each.name} ({each.safety})" for each in sight.notes]
            unnoted, problem = list(sight.unnoted), sight.problem
            log.info("migrations_looked_at", workload=str(workload), notes=names, unnoted=unnoted, problem=problem)
        self._wake([workload])

    def _follows(self, watches: dict[Workload, Watch]) -> Iterable[Look]:
        """Of down migrations that were ordered, and whose end is not known."""
        now = self._clock.now()
        for workload, watch in sorted(watches.items()):
            run, view = downs.followed(watch), self._cluster.view(workload)
            if run is None:
                self._follow_due.pop(workload, None)
            elif view is not None and not 0 < self._follow_due.get(workload, now) - now <= FOLLOW_EVERY:
                yield Look(workload, workload.namespace, partial(self._follow, workload, view, run))

    async def _follow(self, workload: Workload, view: WorkloadView, run: DownRun) -> None:
        self._follow_due[workload] = self._clock.now() + FOLLOW_EVERY
        try:
            seen = await self._migrations.follow(view, run.decision, run.note)
        except WatcherError as error:
            if workload not in self._unfollowed:
                log.warning("down_migration_not_followed", workload=str(workload), problem=str(error))
            self._unfollowed.add(workload)
            return
        self._unfollowed.discard(workload)
        before = self._stepping.downs.get(workload)
        self._stepping.downs[workload] = seen
        if before is None or (before.decision, before.job, before.state) != (seen.decision, seen.job, seen.state):
            log.info("down_migration", workload=str(workload), job=seen.job, state=seen.state, message=seen.message)
        self._wake([workload])
