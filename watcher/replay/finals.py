"""What became of each release of a replay: the journal that keeps it, and the row that tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from watcher.core.deciding.ladder import next_rung
from watcher.core.judging import judge
from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Decision, Finding, Watch
from watcher.core.words import Action, Mode, Phase, Verdict
from watcher.daemon.journal import Journal, Taken


@dataclass(frozen=True, slots=True)
class Row:
    """One release of a recording and its final state, in the words of the daemon.

    `at`: Unix seconds of the first decision to act, or when the breach was found that is held or only proposed;
    `after_s`: seconds from the start of the release until then.  `complete`: whether its watch ended in the recording.
    """

    recording: str
    workload: str
    revision: str
    verdict: str | None
    action: str
    mode: str | None
    guard: str | None
    target: str | None
    rung: str | None
    at: float | None
    after_s: float | None
    check: str | None
    lane: str | None
    complete: bool
    reason: str


@dataclass(slots=True)
class Final:
    """A watch as it was last seen, the first decision to act on it, and when its breach was found first."""

    watch: Watch
    acted: Decision | None = None
    found_at: float | None = None
    sentence: str = ""  # of the findings when it ended

    @property
    def decision(self) -> Decision | None:
        """The decision that counts: the first one to act, else the last."""
        return self.acted or self.watch.decision


class Finals(Journal):
    """The decision log of a replay: of each release, by workload and its revision's number, what counts in the end."""

    def __init__(self) -> None:
        self.found: dict[tuple[Workload, int], Final] = {}

    async def write(self, taken: Iterable[Taken]) -> dict[Workload, str]:
        """Keep what counts; nothing is written, so nothing is left out."""
        for each in taken:
            for watch in each.step.ended:
                self.note(watch)
            watch_now = each.step.state.watch
            if watch_now is not None:
                self.note(watch_now, each)
        return {}

    def note(self, watch: Watch, taken: Taken | None = None) -> None:
        """Keep this watch as the newest state of its release."""
        final = self.found.setdefault((watch.release.workload, watch.release.number), Final(watch))
        if final.watch.phase is Phase.CLOSED and watch.phase is Phase.CLOSED and final.sentence:
            return
        final.watch = watch
        if final.acted is None and watch.decision is not None and _acts(watch.decision):
            final.acted = watch.decision
        if final.found_at is None:
            final.found_at = watch.breached_at
        if taken is not None and taken.observation.view is not None and watch.phase is Phase.CLOSED:
            final.sentence = sentences(watch, taken.observation.view, taken.policy, taken.now)


def _acts(decision: Decision) -> bool:
    return decision.mode is Mode.ACT and decision.action in (Action.ROLL_BACK, Action.FLAG_OFF)


def sentences(watch: Watch, view: WorkloadView, policy: Policy, now: float) -> str:
    """What the checks say, availability left out where others speak."""
    findings = judge.read(watch, view, policy, now)
    return "; ".join(each.sentence for each in findings[: max(1, len(findings) - 1)])


def ended_now(watch: Watch, view: WorkloadView, policy: Policy, now: float) -> Verdict:
    """The verdict of a watch that is still open, as if its time were over."""
    if watch.verdict is not None:
        return watch.verdict
    if judge.enough(watch, policy) and not judge.unsettled(watch, policy):
        return Verdict.PASS
    blind = any(each.verdict is Verdict.NO_DATA for each in judge.read(watch, view, policy, now))
    return Verdict.NO_DATA if blind else Verdict.INCONCLUSIVE


def row(recording: str, final: Final, open_verdict: Verdict | None) -> Row:
    """The row of a release that was watched.  `open_verdict`: the verdict where the watch was still open at the end."""
    watch, decision = final.watch, final.decision
    complete = watch.phase is Phase.CLOSED
    verdict = watch.verdict if complete or watch.verdict is not None else open_verdict
    goes = decision is not None and decision.action in (Action.ROLL_BACK, Action.FLAG_OFF)
    rung = next_rung(decision.rungs) if decision is not None and goes else None
    at = decision.at if decision is not None and decision is final.acted else final.found_at
    best = _best(decision) if decision is not None else None
    return Row(
        recording=recording,
        workload=str(watch.release.workload),
        revision=watch.release.revision,
        verdict=None if verdict is None else verdict.value,
        action=(decision.action if decision is not None else Action.NONE).value,
        mode=None if decision is None else decision.mode.value,
        guard=decision.guard.id if decision is not None and decision.guard is not None else None,
        target=decision.target.revision if decision is not None and goes and decision.target is not None else None,
        rung=rung.rung.value if rung is not None else None,
        at=at,
        after_s=None if at is None else round(at - watch.release.began, 3),
        check=best.check if best is not None else None,
        lane=best.lane.value if best is not None and best.lane is not None else None,
        complete=complete,
        reason=decision.reason if decision is not None else _because(final, complete=complete),
    )


def unwatched(recording: str, workload: Workload, revision: str, reason: str) -> Row:
    """The row of a release that was never under watch."""
    nothing = dict.fromkeys(("verdict", "mode", "guard", "target", "rung", "at", "after_s", "check", "lane"))
    return Row(
        recording=recording,
        workload=str(workload),
        revision=revision,
        action=Action.NONE.value,
        complete=True,
        reason=reason,
        **nothing,
    )


def _best(decision: Decision) -> Finding | None:
    """The finding that the decision's sentence begins with."""
    named = (each for each in decision.findings if decision.reason.startswith(each.sentence))
    return next(named, decision.findings[0] if decision.findings else None)


def _because(final: Final, *, complete: bool) -> str:
    ended = final.watch.end_reason if complete else "the recording ends before the watch"
    if final.sentence.startswith(ended):
        return final.sentence
    return f"{ended}: {final.sentence}" if final.sentence else ended
