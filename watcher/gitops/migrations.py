"""What lies between two versions of a workload in the database: the port `Migrations`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watcher.core.migrations import DownSeen, MigrationSight
from watcher.core.model import Revision, WorkloadView
from watcher.gitops.cluster_notes import ClusterNotes
from watcher.gitops.git_notes import GitNotes
from watcher.gitops.noted import MOST, Noted, distinct
from watcher.ports import Clock, Forbidden, Rejected, Unavailable, WatcherError
from watcher.ports.migrations import ClusterMigrations, MigrationQuestion

_LONGEST_PROBLEM = 500


class MigrationNotes:
    """Looks at ConfigMaps and Git, and follows Jobs.  `git` is None where there is no way to repositories."""

    def __init__(self, cluster: ClusterMigrations, git: GitNotes | None, clock: Clock) -> None:
        self._cluster, self._git, self._clock = cluster, git, clock

    async def look(self, question: MigrationQuestion) -> MigrationSight:
        """What the notes say.  Never raises for what others answer: the sight's `problem` tells."""
        try:
            return await self._looked(question)
        except WatcherError as error:
            return self._sight(question, problem=str(error)[:_LONGEST_PROBLEM])

    async def follow(self, view: WorkloadView, decision: str, note: str) -> DownSeen:
        """The Job that this decision has ordered for this note.  Raises Unavailable, Forbidden, Rejected."""
        return await self._cluster.follow(view.workload, decision, note)

    async def _looked(self, question: MigrationQuestion) -> MigrationSight:
        view = question.view
        target, release = view.with_template(question.target), view.with_template(question.template)
        if release is None:
            return self._sight(question, problem="the revision of the release is not seen")
        oldest = target.number if target is not None else 0
        newer = [each for each in reversed(view.revisions) if oldest < each.number <= release.number]
        here = await ClusterNotes(self._cluster, view.workload.namespace).between(target, newer)
        there = await self._in_git(question)
        notes = distinct((*here.notes, *there.notes))
        unnoted = [*here.unnoted]
        if not notes and release.number not in here.told:
            unnoted += there.hooks
        if question.required and not there.complete:
            unnoted += _silent(target, release, newer, here)
        unnoted += there.unnoted
        return self._sight(question, Noted(notes, tuple(dict.fromkeys(unnoted))[:MOST]))

    async def _in_git(self, question: MigrationQuestion) -> Noted:
        """What repositories hold.  Those that hold no notes keep nobody, whatever is wrong with them."""
        if self._git is None:
            return Noted()
        try:
            return await self._git.between(question)
        except (Unavailable, Forbidden):
            if self._git.holds_notes(question):
                raise
        except Rejected as error:
            if self._git.holds_notes(question):
                return Noted(unnoted=(f"migration notes in Git cannot be told: {error}"[:_LONGEST_PROBLEM],))
        return Noted()

    def _sight(self, question: MigrationQuestion, found: Noted = Noted(), problem: str = "") -> MigrationSight:  # noqa: B008
        return MigrationSight(self._clock.now(), question.release, question.target, found.notes, found.unnoted, problem)


def _silent(target: Revision | None, release: Revision, newer: Sequence[Revision], here: Noted) -> Iterator[str]:
    """Revisions that do not say which migrations they bring, and those that nobody can ask any more."""
    if target is None:
        yield "the target's revision is not kept any more, so that it is not known which releases lie between"
        return
    there = {each.number: each for each in newer}
    for number in range(release.number, target.number, -1):
        if number not in there:
            yield f"revision {number} is not kept any more, so that nothing tells of its migrations"
        elif number not in here.told:
            yield f"revision {number} ({there[number].name}) has no migration notes"
