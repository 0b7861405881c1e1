"""What people did about a release: read from the releases of the same workload that came after it.

A release that returns to a version from before is a way back; another version soon after is a fix.  Restarts are left
out: they change nothing of the version.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from watcher.core.machine import DELETED
from watcher.core.noticing import ABORTED
from watcher.reporting.facts import DecisionFact, ReleaseFact
from watcher.reporting.report import Answer

SOON = 86400.0
"""Seconds in which another version counts as an answer to a release."""

REMEMBERED = 20
"""Versions of a workload that are remembered to recognise a way back, at the most."""

BACK = (Answer.WENT_BACK, Answer.ABORTED)
"""Answers that take a release back."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What people did, when (Unix seconds), and what they released."""

    answer: Answer
    at: float | None = None
    image: str = ""


@dataclass(slots=True)
class Settled:
    """A release whose follower is known: what was decided of it, and what people did."""

    release: ReleaseFact
    decisions: tuple[DecisionFact, ...]
    reaction: Reaction

    @property
    def undoing(self) -> DecisionFact | None:
        """The decision that counts: the one that was carried out, else the first that would have been."""
        if not self.decisions:  # of nearly every release
            return None
        undoing = [each for each in self.decisions if each.undoes]
        return next((each for each in undoing if each.done), next(iter(undoing), None))


@dataclass(slots=True)
class Chain:
    """The releases of one workload, one after the other, as far as the next one must know of them."""

    now: float
    last: ReleaseFact | None = None
    decisions: tuple[DecisionFact, ...] = ()
    before: dict[str, str] = field(default_factory=dict)  # versions that ran before `last` and were not left as bad

    def follow(self, release: ReleaseFact, decisions: tuple[DecisionFact, ...]) -> Iterator[Settled]:
        """Take the next release of the workload; gives the one before it, now that it is settled."""
        if release.restart:
            yield Settled(release, decisions, Reaction(Answer.NOTHING))
            return
        if self.last is not None:
            way_back = self._returns(release)
            settled = self._settled(self.last, release, way_back=way_back)
            self._leave(self.last, bad=way_back or settled.undoing is not None)
            yield settled
        self.last, self.decisions = release, decisions

    def end(self) -> Iterator[Settled]:
        """Settle the newest release: nobody followed it so far."""
        if self.last is not None:
            yield self._settled(self.last, None, way_back=False)

    def _settled(self, last: ReleaseFact, following: ReleaseFact | None, *, way_back: bool) -> Settled:
        settled = Settled(last, self.decisions, Reaction(Answer.NOTHING))
        settled.reaction = self._reaction(last, settled.undoing, following, way_back=way_back)
        return settled

    def _reaction(
        self, last: ReleaseFact, decision: DecisionFact | None, following: ReleaseFact | None, *, way_back: bool
    ) -> Reaction:
        command = next((each for each in self.decisions if each.commanded and each.done), None)
        if command is not None and decision is None:
            return Reaction(Answer.WENT_BACK, command.at, command.target_images)
        if last.reason == ABORTED and last.ended is not None:
            return Reaction(Answer.ABORTED, last.ended)
        at = decision.at if decision is not None else last.began
        if following is None:
            if last.reason == DELETED and last.ended is not None:
                return Reaction(Answer.DELETED, last.ended)
            return Reaction(Answer.NOTHING if self.now - at >= SOON else Answer.NOT_YET)
        if decision is not None and decision.done and following.image == last.image:
            return Reaction(Answer.BROUGHT_BACK, following.began, following.image)
        if way_back:
            return Reaction(Answer.WENT_BACK, following.began, following.image)
        if following.began - at <= SOON:
            return Reaction(Answer.WENT_FORWARD, following.began, following.image)
        return Reaction(Answer.NOTHING)

    def _returns(self, following: ReleaseFact) -> bool:
        """Whether this release goes back from the last one."""
        last = self.last
        if last is None or following.revision == last.revision:
            return False
        targets = [each for each in self.decisions if each.target]
        at_target = any(following.revision == each.target for each in targets)
        same_images = following.image != last.image and any(following.image == each.target_images for each in targets)
        return following.returns or at_target or same_images or following.revision in self.before

    def _leave(self, last: ReleaseFact, *, bad: bool) -> None:
        if bad:
            self.before.pop(last.revision, None)
            return
        self.before[last.revision] = last.image
        while len(self.before) > REMEMBERED:
            del self.before[next(iter(self.before))]
