"""Keeps what going back in Git would mean for releases under watch, and what became of reverts that were made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import structlog

from watcher.core.deciding.commanded import sought
from watcher.core.deciding.managed import out_of_reach
from watcher.core.gitops import Application, Followed, GitSource, Prospect, Route, unpinned
from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import KnownGood, Revert, Watch, WorkloadState
from watcher.daemon.looks import Look, Looks, keep_only
from watcher.daemon.stepping import Stepping
from watcher.gitops.surveying import Question
from watcher.ports import Clock, Cluster

LOOK_EVERY = 1.0
"""Seconds between two looks for releases that are newly under watch."""

AGAIN = 60.0
"""Seconds after which it is looked at again for a release with evidence against it: somebody may have fixed it."""

TRY_EVERY = 15.0
"""Seconds after which it is tried again where nothing could be told."""

FOLLOW_EVERY = 5.0
"""Seconds between two looks at a revert that was made."""

FOLLOW_SLOWLY = 30.0
"""Seconds between two looks once a pull request waits for an hour: forges count requests."""

REMEMBERED = 1000
"""Releases whose way back was measured."""

Survey = Callable[[Question], Awaitable[Prospect]]
Follow = Callable[[GitSource, str, str, str], Awaitable[Followed]]
"""What became of a revert: its source, its commit, the one that the cluster was brought to, and the pull request."""

log = structlog.get_logger("watcher.prospects")


@dataclass(frozen=True, slots=True)
class GitWay:
    """Looks at repositories and forges; nothing is written there."""

    survey: Survey
    follow: Follow
    took: Callable[[Application, float], None]  # so many seconds went by from the decision until a revert was synced


class Prospects:
    """Looks into `Stepping.prospects` and `Stepping.followed`, and wakes the workloads concerned."""

    def __init__(
        self,
        way: GitWay,
        cluster: Cluster,
        stepping: Stepping,
        clock: Clock,
        policy_of: Callable[[WorkloadView], Policy | None],
        wake: Callable[[Iterable[Workload]], None],
    ) -> None:
        self._way, self._cluster, self._stepping, self._clock = way, cluster, stepping, clock
        self._policy_of, self._wake = policy_of, wake
        self._surveyed: dict[Workload, tuple[str, str]] = {}  # release, what is deployed
        self._due: dict[Workload, float] = {}
        self._follow_due: dict[Workload, float] = {}
        self._measured: dict[str, None] = {}

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            surveys, follows = Looks(group), Looks(group)
            while True:
                surveys.line_up(self._surveys())
                follows.line_up(self._follows())
                self._measure()
                await self._clock.sleep(LOOK_EVERY)

    def _surveys(self) -> Iterable[Look]:
        """Of releases that were not looked at yet, or should be again; those with evidence against them first."""
        watches = self._stepping.looked_into()
        self._forget(watches)
        due = [workload for workload, watch in watches.items() if self._is_due(workload, watch)]
        suspects = self._stepping.suspects
        for workload in sorted(due, key=lambda each: (each not in suspects, self._due.get(each, 0.0))):
            question, as_of = self._question(workload, watches[workload]), self._as_of(workload, watches[workload])
            if question is not None:
                yield Look(workload, _repo(question.application), partial(self._survey, workload, question, as_of))

    def _follows(self) -> Iterable[Look]:
        """Of reverts whose fate is open; those that wait for longest first."""
        reverts = sorted(self._reverts(), key=lambda each: self._follow_due.get(each[0], 0.0))
        for workload, revert, deployed in reverts:
            yield Look(workload, revert.source.repo, partial(self._follow, workload, revert, deployed))

    def _forget(self, watches: dict[Workload, Watch]) -> None:
        for known in (self._stepping.prospects, self._surveyed, self._due):
            keep_only(known, watches)

    def _is_due(self, workload: Workload, watch: Watch) -> bool:
        if watch.rollback is not None and watch.rollback.revert is not None and workload in self._stepping.prospects:
            return False  # what is reverted is fixed by now; only after a restart it is asked what that means
        if self._surveyed.get(workload) != self._as_of(workload, watch):
            return True
        urgent = workload in self._stepping.suspects
        return urgent and not 0 < self._due.get(workload, 0.0) - self._clock.now() <= AGAIN

    def _as_of(self, workload: Workload, watch: Watch) -> tuple[str, str]:
        view = self._cluster.view(workload)
        application = view.application if view is not None else None
        deployed = ",".join(each.deployed for each in application.sources) if application is not None else ""
        target = self._target(workload, watch)
        return watch.release.id, f"{deployed} {target.template_id if target is not None else ''}"

    def _target(self, workload: Workload, watch: Watch) -> KnownGood | None:
        view, state = self._cluster.view(workload), self._stepping.states.get(workload)
        policy = self._policy_of(view) if view is not None else None
        if view is None or state is None or policy is None:
            return None
        return sought(state, view, policy, watch, self._clock.now())

    def _question(self, workload: Workload, watch: Watch) -> Question | None:
        view, target = self._cluster.view(workload), self._target(workload, watch)
        if view is None or target is None or view.application is None or out_of_reach(view):
            return None
        release = watch.release
        return Question(
            workload=workload,
            release=release.id,
            began=release.began,
            target_images=target.images,
            bad_images=release.images,
            application=view.application,
            known=target.deployed,
            target=target.template_id,
        )

    async def _survey(self, workload: Workload, question: Question, as_of: tuple[str, str]) -> None:
        prospect = replace(await self._way.survey(question), target=question.target)
        if workload not in self._stepping.looked_into():
            return
        self._surveyed[workload] = as_of
        self._due[workload] = self._clock.now() + (TRY_EVERY if prospect.route is Route.NONE else AGAIN)
        before = self._stepping.prospects.get(workload)
        self._stepping.prospects[workload] = prospect
        if before is None or (before.route, before.why, before.release) != (
            prospect.route,
            prospect.why,
            prospect.release,
        ):
            commits = [each.sha for each in prospect.commits]
            log.info("git_looked_at", workload=str(workload), route=prospect.route, why=prospect.why, commits=commits)
        self._wake([workload])

    def _reverts(self) -> Iterable[tuple[Workload, Revert, str]]:
        """Reverts whose fate is open, each with the commit that its application was last brought to."""
        now = self._clock.now()
        open_ones = {name: revert for name, state in self._concerned() if (revert := _revert(state)) is not None}
        for known in (self._stepping.followed, self._follow_due):
            keep_only(known, open_ones)
        for workload, revert in open_ones.items():
            if 0 < self._follow_due.get(workload, now) - now <= FOLLOW_SLOWLY:
                continue
            deployed = self._deployed(workload, revert)
            if (revert.link and not revert.revision) or (revert.revision and deployed not in ("", revert.revision)):
                yield workload, revert, deployed

    def _concerned(self) -> list[tuple[Workload, WorkloadState]]:
        carrying_out = self._stepping.carrying_out()
        states = self._stepping.states.items()
        return [(name, state) for name, state in states if name in carrying_out or state.unsettled is not None]

    def _deployed(self, workload: Workload, revert: Revert) -> str:
        view = self._cluster.view(workload)
        application = view.application if view is not None else None
        return _deployed_of(application, revert.source) if application is not None else ""

    def _measure(self) -> None:
        """How long the way through Git takes: an undo goes first where it is too long."""
        for workload in self._stepping.carrying_out():
            watch, view = self._stepping.open_watches()[workload], self._cluster.view(workload)
            revert = watch.rollback.revert if watch.rollback is not None else None
            application = view.application if view is not None else None
            if revert is None or application is None or revert.link or watch.release.id in self._measured:
                continue
            if revert.revision and self._deployed(workload, revert) == revert.revision:
                self._measured[watch.release.id] = None
                self._way.took(application, self._clock.now() - revert.began)
        while len(self._measured) > REMEMBERED:
            del self._measured[next(iter(self._measured))]

    async def _follow(self, workload: Workload, revert: Revert, deployed: str) -> None:
        followed = await self._way.follow(revert.source, revert.revision, deployed, revert.link)
        now = self._clock.now()
        self._follow_due[workload] = now + (FOLLOW_SLOWLY if now - revert.began > 3600.0 else FOLLOW_EVERY)
        if followed.problem:
            log.warning("revert_not_followed", workload=str(workload), problem=followed.problem)
        self._stepping.followed[workload] = followed
        self._wake([workload])


def _repo(application: Application) -> str:
    return application.sources[0].repo if application.sources else ""


def _deployed_of(application: Application, source: GitSource) -> str:
    """What the cluster was last brought to of this source; of one that was changed since, by its repository."""
    same = [unpinned(application, each) for each in application.sources if each.repo == source.repo]
    exactly = [each for each in same if (each.branch, each.paths) == (source.branch, source.paths)]
    return next((each.deployed for each in (*exactly, *same)), "")


def _revert(state: WorkloadState) -> Revert | None:
    watch = state.watch
    if watch is not None and watch.carrying_out and watch.rollback is not None and watch.rollback.revert is not None:
        return watch.rollback.revert
    return state.unsettled.revert if state.unsettled is not None else None
