"""The play: what happens to the shop, and how each release must end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from watcher.core.model import Workload
from watcher.core.state import Revert, Watch
from watcher.core.telling.report import first_bad_at, restored_at
from watcher.core.words import Action, Durability, Outcome, Phase, Rung, Verdict
from watcher.sandbox.demo.stage import Stage
from watcher.sandbox.shop.services import SERVICES, Service

OUTAGE_SECONDS = 15.0
ACT_SECONDS = 100.0
"""Seconds that one act may take before the play counts as failed."""

CATALOG, CART, SEARCH, CHECKOUT = SERVICES


class PlayFailed(Exception):
    """A release did not end as it must; the message says which and how."""


@dataclass(frozen=True)
class Part:
    """One release of the play and how it must end."""

    service: Service
    tag: str
    verdict: Verdict
    rung: Rung | None = None

    @property
    def image(self) -> str:
        """The image that is rolled out."""
        return self.service.image(self.tag)


GOOD = (
    Part(CART, "1.8.1", Verdict.PASS),
    Part(CHECKOUT, "3.0.1", Verdict.PASS),
    Part(SEARCH, "5.1.4", Verdict.PASS),
)
BLIND = Part(SEARCH, "5.2.0-err15", Verdict.BREACH, Rung.UNDO)
BLIND_IN_GIT = replace(BLIND, rung=Rung.GIT)
"""With a larger share of errors it would be urgent: then it is undone first, and Git follows."""

BAD = (
    Part(CART, "1.9.0-err20", Verdict.BREACH, Rung.UNDO),
    Part(CHECKOUT, "3.1.0-err60", Verdict.BREACH, Rung.ABORT),
)


@dataclass
class Play:
    """Plays the acts on a stage.  `story` grows by one sentence for everything that a person would notice."""

    stage: Stage
    story: list[tuple[float, str]] = field(default_factory=list)
    ends: dict[str, Watch] = field(default_factory=dict)

    async def perform(self) -> None:
        """All acts.  Raises PlayFailed."""
        await self.begin()
        await self._good_releases()
        await self._outage()
        await self._bad_releases()

    @property
    def in_git(self) -> bool:
        """Whether there is a configuration repository that search is kept from."""
        return self.stage.configuration is not None

    @property
    def blind(self) -> Part:
        """The release during the outage: it goes back in Git where it came from there."""
        return BLIND_IN_GIT if self.in_git else BLIND

    def say(self, text: str) -> None:
        """Add a sentence to the story."""
        self.story.append((self.stage.now(), text))

    def watch(self, workload: Workload) -> Watch | None:
        """The newest watch of a workload."""
        state = self.stage.daemon.stepping.states.get(workload)
        return state.watch if state is not None else None

    async def begin(self) -> None:
        """Wait until the shop runs and the daemon follows it."""
        stepping = self.stage.daemon.stepping
        await self._until(
            lambda: all(service.workload in stepping.states for service in SERVICES), "the daemon saw no shop"
        )
        await self._until(self._all_available, "the shop did not become available")
        self.say("The shop runs: 4 services; watcher follows them.")
        if self.in_git:
            self.say("A simulated GitOps controller keeps search as a Git repository says.")
        else:
            self.say("git is not on PATH: what is shown of a Git repository and a GitOps controller is left out.")

    async def _good_releases(self) -> None:
        self.say("Three good releases: cart 1.8.1, search 5.1.4, and checkout 3.0.1 as a canary.")
        for part in GOOD:
            await self.stage.release(part.service, part.tag)
        await self._until(lambda: self._serving(CHECKOUT, "3.0.1"), "the canary of checkout 3.0.1 never served")
        self.stage.promote(CHECKOUT)
        self.say("The canary of checkout is promoted by its team.")
        for part in GOOD:
            await self._ended(part)
        self.say("All three passed, and are known good now.")

    async def _outage(self) -> None:
        await self.stage.metrics.stop()
        blind = self.blind
        commit = await self.stage.release(blind.service, blind.tag)
        by = f" by commit {commit[:7]}" if commit else ""
        self.say(f"Prometheus goes down. Meanwhile search 5.2.0 is released{by}: 15 % errors.")
        await asyncio.sleep(OUTAGE_SECONDS)
        watch = self.watch(blind.service.workload)
        if watch is None or watch.release.images != (blind.image,):
            raise PlayFailed(f"{blind.image} was not noticed during the outage")
        if watch.decision is not None:
            raise PlayFailed(f"something was decided without data: {watch.decision.reason}")
        self.say(f"{OUTAGE_SECONDS:.0f} s blind: nothing was decided, nothing was done.")
        await self.stage.metrics.start()
        self.say("Prometheus is back; the watch goes on.")
        await self._until(self._decided, f"{blind.image} was not found")
        if self.in_git:
            await self._until(lambda: self._revert() is not None, f"{blind.image} was not reverted")
            self._tell_revert()

    async def _bad_releases(self) -> None:
        for part in BAD:
            await self.stage.release(part.service, part.tag)
        self.say("Two bad releases: cart 1.9.0 (20 % errors) and checkout 3.1.0, a canary (60 % errors).")
        for part in (self.blind, *BAD):
            await self._ended(part)
        self.say("watcher undid all three, and the services have recovered.")

    async def _ended(self, part: Part) -> None:
        await self._until(lambda: self._is_over(part), f"{part.image} came to no end")
        watch = self.watch(part.service.workload)
        if watch is None:
            raise PlayFailed(f"{part.image} is not under watch")
        self.ends[part.image] = watch
        self._compare(part, watch)

    def _decided(self) -> bool:
        """Whether the release in the outage is being undone: what begins to suffer now has another cause."""
        watch = self.watch(BLIND.service.workload)
        return watch is not None and watch.rollback is not None

    def _revert(self) -> Revert | None:
        """The revert of what was released during the outage, once it is pushed."""
        watch = self.watch(BLIND.service.workload)
        revert = watch.rollback.revert if watch is not None and watch.rollback is not None else None
        return revert if revert is not None and revert.revision else None

    def _tell_revert(self) -> None:
        revert = self._revert()
        if revert is not None:
            bad = ", ".join(each[:7] for each in revert.commits)
            self.say(f"watcher reverts commit {bad} by {revert.revision[:7]}, and follows the sync.")

    def _is_over(self, part: Part) -> bool:
        watch = self.watch(part.service.workload)
        return watch is not None and watch.release.images == (part.image,) and watch.phase is Phase.CLOSED

    def _compare(self, part: Part, watch: Watch) -> None:
        rung = watch.rollback.rung if watch.rollback is not None else None
        outcome = Outcome.RESTORED if part.rung is not None else None
        if (watch.verdict, rung, watch.outcome) != (part.verdict, part.rung, outcome):
            raise PlayFailed(
                f"{part.image} must end as {part.verdict}, {part.rung}, {outcome}; "
                f"it ended as {watch.verdict}, {rung}, {watch.outcome}: {watch.end_reason}"
            )
        if part.rung is Rung.GIT and watch.durability is not Durability.DURABLE:
            raise PlayFailed(f"{part.image} must end durable; it ended {watch.durability}: {watch.end_reason}")

    async def _until(self, true: Callable[[], bool], otherwise: str) -> None:
        try:
            async with asyncio.timeout(ACT_SECONDS):
                while not true():
                    self._stop_if_ended()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise PlayFailed(f"{otherwise} within {ACT_SECONDS:.0f} s") from None

    def _stop_if_ended(self) -> None:
        if self.stage.running.done():
            raise PlayFailed(
                f"the daemon ended: {self.stage.running.exception()}; see {self.stage.directory}/watcher.log"
            )

    def _all_available(self) -> bool:
        views = [self.stage.daemon.cluster.view(service.workload) for service in SERVICES]
        return all(view is not None and view.rolled_out for view in views)

    def _serving(self, service: Service, tag: str) -> bool:
        return any(pod.image == service.image(tag) and pod.ready for pod in self.stage.shop.look())


def summary(play: Play) -> dict[str, object]:
    """The play as one JSON object; durations in seconds."""
    return {
        "metrics_source": play.stage.metrics.kind,
        "releases": [_release(play, watch) for watch in play.ends.values()],
    }


def _release(play: Play, watch: Watch) -> dict[str, object]:
    decision, release = watch.decision, watch.release
    revert = watch.rollback.revert if watch.rollback is not None else None
    first_bad = play.stage.shop.first_bad.get((release.workload, release.images[0]))
    restored = restored_at(watch)
    began = first_bad if first_bad is not None or decision is None else first_bad_at(decision)
    return {
        "workload": str(release.workload),
        "revision": release.revision,
        "image": release.images[0],
        "verdict": watch.verdict,
        "action": decision.action if decision is not None else Action.NONE,
        "rung": watch.rollback.rung if watch.rollback is not None else None,
        "target": decision.target.revision if decision is not None and decision.target is not None else None,
        "detected_after_s": _after(began, decision.at if decision is not None else None),
        "restored_after_s": _after(began, restored),
        "durability": watch.durability,
        "revert": revert.revision if revert is not None else None,
    }


def _after(began: float | None, at: float | None) -> float | None:
    return round(at - began, 1) if began is not None and at is not None else None
