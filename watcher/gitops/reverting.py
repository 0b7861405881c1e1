"""Reverts: commits are taken back by one commit, pushed or proposed, whatever others push meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from watcher.config.gitops import ConfigRepository, Write, bare
from watcher.core.gitops import CommitNote, PullState
from watcher.core.model import Result
from watcher.core.orders import RevertOrder
from watcher.gitops import message
from watcher.gitops.drafting import Draft, Drafting, Wanted, path_set
from watcher.gitops.looking_back import LookingBack
from watcher.gitops.means import Holding, Means, refuse_held
from watcher.gitops.outcome import Outcome
from watcher.gitops.protections import Protections
from watcher.ports import Rejected, Unavailable, WatcherError
from watcher.ports.git import Forge, Moved, NothingToRevert, Protected, PullRequest, Repository

PATIENCE = 30.0
"""Seconds for which a revert is made anew each time that somebody else has pushed first."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds before it is made anew: those who push at the same time should not do so again."""


@dataclass(frozen=True, slots=True)
class Work:
    """One order, where it is carried out, and what it is known to mean."""

    order: RevertOrder
    entry: ConfigRepository
    repository: Repository
    branch: str
    paths: tuple[str, ...]

    @property
    def past(self) -> LookingBack:
        """What became of earlier attempts."""
        return LookingBack(self.repository, self.entry, self.order, self.paths)

    @property
    def own_branch(self) -> str:
        """Where a pull request comes from: the same for all decisions that take the same back onto the same branch."""
        what = hashlib.sha256("\0".join([self.branch, *self.order.commits, "", *self.paths]).encode())
        return f"watcher/revert-{self.order.commits[0][:12]}-{what.hexdigest()[:8]}"

    def told(self, result: str, text: str, revision: str = "", link: str = "") -> Outcome:
        """An outcome that names the repository's branch."""
        return Outcome(result, f"{bare(self.order.source.repo)}, {self.branch}: {text}", revision, link)


class Reverting:
    """Carries out revert orders.  Each call looks at the branch as it is and does the next missing step.

    `holding` is asked before each write.  `chance` gives numbers in [0, 1).
    """

    def __init__(
        self,
        means: Means,
        drafting: Drafting,
        protections: Protections,
        holding: Holding,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._means, self._drafting, self._protections = means, drafting, protections
        self._holding, self._chance = holding, chance
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._fetching: dict[tuple[str, str], asyncio.Future[str]] = {}

    async def revert(self, order: RevertOrder) -> Outcome:
        """Take the commits back.  Raises Held, and as the ports do; Unanswered: look before anything else."""
        source = order.source
        entry = self._means.entry(source.repo)
        repository = self._means.repositories.repository(source.repo)
        async with self._locks[bare(source.repo)]:
            branch = await self._means.branch(repository, source)
            head = await self._fetched(source.repo, branch, repository)
            paths = await path_set(self._means.manifests, repository, source, order.good)
            outcome = await self._in_the_end(Work(order, entry, repository, branch, paths), head)
        if outcome.result in (Result.APPLIED, Result.ALREADY):
            return await self._refreshed(order, outcome)
        return outcome

    async def _fetched(self, url: str, branch: str, repository: Repository) -> str:
        """The head of the branch.  A first one may take longer than an attempt: it goes on for the next one."""
        key = (bare(url), branch)
        if key not in self._fetching:
            self._fetching[key] = asyncio.ensure_future(repository.fetch(branch))
            self._fetching[key].add_done_callback(lambda fetching: self._fetching_ended(key, fetching))
        return await asyncio.shield(self._fetching[key])

    def _fetching_ended(self, key: tuple[str, str], fetching: asyncio.Future[str]) -> None:
        del self._fetching[key]
        if not fetching.cancelled():
            fetching.exception()  # told to whoever waits; an attempt that was cut off waits no more

    async def _in_the_end(self, work: Work, head: str) -> Outcome:
        until = self._means.clock.now() + PATIENCE
        while True:
            try:
                return await self._once(work, head)
            except Moved as error:
                if self._means.clock.now() >= until:
                    text = f"others pushed first for {PATIENCE:.0f} s on end, so that nothing was reverted: {error}"
                    raise Unavailable(text) from None
            await self._means.clock.sleep(SHORTEST_PAUSE + self._chance() * (LONGEST_PAUSE - SHORTEST_PAUSE))
            head = await work.repository.fetch(work.branch)

    async def _once(self, work: Work, head: str) -> Outcome:
        """On this head.  Raises Moved where the branch is at another one by the time of the push."""
        order, repository = work.order, work.repository
        made = await repository.carrying(message.DECISION, order.decision, head, order.good)
        if made:
            return await self._made_before(work, made, head)
        notes = await self._notes(work, head)
        wanted = Wanted(head, order.source, order.good, notes, work.paths)
        try:
            draft = await self._drafting.draft(repository, work.entry, wanted, message.of_commit(order, notes))
        except NothingToRevert as error:
            return await self._done_by_others(work, head, error)
        why = self._no_push(work, draft)
        if order.propose or why:
            return await self._propose(work, draft, notes, why)
        return await self._push(work, draft, wanted)

    async def _made_before(self, work: Work, made: str, head: str) -> Outcome:
        by = await work.past.brought_back_by(made, head)
        if by is None:
            return work.told(Result.ALREADY, f"commit {made[:12]} is decision {work.order.decision} already", made)
        text = f"commit {by.sha[:12]} of {by.author} ({by.subject}) brings back what our commit {made[:12]} took back"
        return work.told(Result.REFUSED, f"{text}; a person wanted that, so it is not taken back again")

    async def _notes(self, work: Work, head: str) -> tuple[CommitNote, ...]:
        """Those that the order names, as people are told of them; all of them, in its order."""
        order = work.order
        found = {each.sha: each for each in await work.repository.commits(order.good, head, work.paths)}
        return tuple(found.get(sha) or CommitNote(sha, "", sha[:12], 0.0) for sha in order.commits)

    def _no_push(self, work: Work, draft: Draft) -> str:
        """Why it is not pushed; empty: it is."""
        if work.entry.write is Write.PULL_REQUEST:
            return "pull requests are asked for in this repository (write: pullRequest)"
        return self._protections.why(work.order.source.repo, work.branch) or "; ".join(draft.doubts)

    async def _push(self, work: Work, draft: Draft, wanted: Wanted) -> Outcome:
        await refuse_held(self._holding, work.order)
        commit = draft.prepared.commit
        try:
            await work.repository.push(commit, work.branch, wanted.head)
        except Protected as error:
            self._protections.note(work.order.source.repo, work.branch, str(error))
            return await self._propose(work, draft, wanted.notes, str(error))
        except Unavailable:
            if not await self._arrived(work):
                raise
        return work.told(Result.APPLIED, f"reverted by commit {commit[:12]}", commit)

    async def _arrived(self, work: Work) -> bool:
        """Whether the commit is in the branch although nobody has said so."""
        order = work.order
        try:
            head = await work.repository.fetch(work.branch)
            return bool(await work.repository.carrying(message.DECISION, order.decision, head, order.good))
        except WatcherError:
            return False

    async def _propose(self, work: Work, draft: Draft, notes: tuple[CommitNote, ...], why: str) -> Outcome:
        """By a pull request.  One that was merged, or closed by a person, is not opened again."""
        order = work.order
        forge = self._forge(work, why)
        await refuse_held(self._holding, order)
        branch = work.own_branch
        with contextlib.suppress(Moved):  # an earlier attempt, or one for another workload, has made it on another head
            await work.repository.push(draft.prepared.commit, branch, "")
        ours = await work.past.is_ours(branch, draft.head)
        if not ours:
            strange = f"the branch {branch} holds something else than this revert"
            why = f"{why}; {strange}" if why else strange
        title, text = message.subject(order, notes), message.of_pull_request(order, notes, why)
        merge = work.entry.auto_merge and not draft.doubts and ours
        return _proposed(work, await forge.open(branch, work.branch, title, text, merge=merge), why)

    def _forge(self, work: Work, why: str) -> Forge:
        """The repository's forge.  Raises Rejected, saying also why a push will not do."""
        try:
            return self._means.forge(work.order.source.repo)
        except Rejected as error:
            raise Rejected("; ".join(each for each in (why, str(error)) if each)) from None

    async def _done_by_others(self, work: Work, head: str, error: NothingToRevert) -> Outcome:
        """Somebody's fix, or the revert for another workload of the same commits."""
        by, repository = error.by, work.repository
        if not by:
            return work.told(Result.ALREADY, f"there is nothing left to take back at {head[:12]}", head)
        decision = await repository.trailer(by, message.DECISION)
        if decision:
            return work.told(Result.ALREADY, f"commit {by[:12]} of decision {decision} has taken it back", by)
        newest = next(iter(await repository.commits(work.order.good, by, work.paths)), None)
        who = f" of {newest.author} ({newest.subject})" if newest is not None and newest.sha == by else ""
        return work.told(Result.ALREADY, f"commit {by[:12]}{who} has changed it back since", by)

    async def _refreshed(self, order: RevertOrder, outcome: Outcome) -> Outcome:
        try:
            await refuse_held(self._holding, order)
            await self._means.applications.refresh(order.application)
        except WatcherError as error:
            late = f"{order.application} could not be asked to look now, so it does at its next turn: {error}"
            return replace(outcome, message=f"{outcome.message}; {late}")
        return outcome


def _proposed(work: Work, pull: PullRequest, why: str) -> Outcome:
    because = f" ({why})" if why else ""
    match pull.state:
        case PullState.MERGED:
            return work.told(Result.ALREADY, f"pull request {pull.link} is merged", pull.merged, pull.link)
        case PullState.CLOSED:
            text = f"somebody closed pull request {pull.link} without merging it; it is not opened again"
            return work.told(Result.REFUSED, text, link=pull.link)
        case PullState.OPEN:
            return work.told(Result.WAITING, f"pull request {pull.link} waits for a person{because}", link=pull.link)
