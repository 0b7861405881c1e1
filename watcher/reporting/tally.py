"""Counting the releases of a report, one after the other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from watcher.core.words import Verdict
from watcher.ports import Label
from watcher.reporting.facts import DecisionFact, ReleaseFact
from watcher.reporting.people import BACK, Settled
from watcher.reporting.readiness import Record
from watcher.reporting.report import Guard, Miss, Missed, Rollback

JUDGED = (Verdict.PASS, Verdict.BREACH)
UNDECIDED = (Verdict.INCONCLUSIVE, Verdict.NO_DATA)


@dataclass(slots=True)
class Tally:
    """What was counted so far.  `labels` by decision."""

    labels: Mapping[str, Label]
    seen: int = 0
    restarts: int = 0
    under_watch: int = 0
    judged: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    rollbacks: list[Rollback] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)
    guards: dict[str, Guard] = field(default_factory=dict)
    records: defaultdict[str, Record] = field(default_factory=lambda: defaultdict(Record))

    def add(self, settled: Settled) -> None:
        """Count one release."""
        release = settled.release
        self.seen += 1
        self.restarts += release.restart
        self.under_watch += release.ended is None
        self.judged += release.verdict in JUDGED
        if release.ended is not None:
            self.verdicts[release.verdict or "none"] += 1
        self._count(release)
        self._count_guards(settled)
        decision = settled.undoing
        if decision is not None:
            self._undone(settled, decision)
        elif settled.reaction.answer in BACK:
            self._missed(settled)

    def _count(self, release: ReleaseFact) -> None:
        record = self.records[release.workload]
        record.passed += release.verdict == Verdict.PASS
        record.breached += release.verdict == Verdict.BREACH
        if release.verdict in UNDECIDED and release.ended is not None:
            record.undecided += 1
            record.undecided_why = release.reason

    def _undone(self, settled: Settled, decision: DecisionFact) -> None:
        rollback = _rollback(settled, decision, self._label(settled))
        self.rollbacks.append(rollback)
        record = self.records[settled.release.workload]
        if rollback.label == "right":
            record.right += 1
        else:
            (record.wrong if rollback.label == "wrong" else record.unlabelled).append(decision.id)

    def _label(self, settled: Settled) -> Label | None:
        """The newest word on any decision by which this release was, or would have been, undone."""
        found = [self.labels[each.id] for each in settled.decisions if each.undoes and each.id in self.labels]
        return max(found, key=lambda each: each.at, default=None)

    def _missed(self, settled: Settled) -> None:
        release, reaction = settled.release, settled.reaction
        held = [each for each in settled.decisions if each.guards]
        missed = _why_missed(release, held)
        why = f"{held[-1].guard_reason} ({held[-1].guards[0]})" if missed is Missed.HELD else release.reason
        why = "" if missed is Missed.PASSED else why
        at = reaction.at if reaction.at is not None else release.began
        after = max(0.0, at - release.began)
        miss = Miss(release.workload, release.id, release.image, missed, why, reaction.answer, at, after)
        self.misses.append(miss)
        if missed is Missed.PASSED:
            self.records[release.workload].missed.append(release.image)

    def _count_guards(self, settled: Settled) -> None:
        """Each guard once for a release; it may have been tried again and again."""
        seen: dict[str, str] = {}
        for decision in settled.decisions:
            for guard in decision.guards:
                seen.setdefault(guard, decision.guard_reason if guard == decision.guards[0] else "")
        went_back = settled.reaction.answer in BACK
        for guard, reason in seen.items():
            before = self.guards.get(guard, Guard(guard, 0, 0, ""))
            example = before.example or (f"{settled.release.workload}: {reason}" if reason else "")
            self.guards[guard] = Guard(guard, before.held + 1, before.people_went_back + went_back, example)


def _why_missed(release: ReleaseFact, held: Sequence[DecisionFact]) -> Missed:
    if release.verdict == Verdict.PASS:
        return Missed.PASSED
    if held:
        return Missed.HELD
    return Missed.UNDECIDED if release.verdict in UNDECIDED else Missed.FASTER


def _rollback(settled: Settled, decision: DecisionFact, label: Label | None) -> Rollback:
    release, reaction, first_bad = settled.release, settled.reaction, decision.first_bad_at
    restored = decision.restored_at
    return Rollback(
        workload=release.workload,
        release=release.id,
        revision=release.revision,
        image=release.image,
        decision=decision.id,
        at=decision.at,
        mode=decision.mode,
        done=decision.done,
        rung=decision.rung,
        target=decision.target_images or decision.target,
        evidence=decision.evidence,
        outcome=decision.outcome,
        to_decision_s=_after(first_bad, decision.at),
        to_restore_s=_after(first_bad, restored),
        answer=reaction.answer,
        answer_at=reaction.at,
        answer_after_s=_after(decision.at, reaction.at),
        answer_image=reaction.image,
        label=label.verdict if label is not None else "",
        author=label.author if label is not None else "",
        note=label.note if label is not None else "",
    )


def _after(begin: float | None, end: float | None) -> float | None:
    return max(0.0, end - begin) if begin is not None and end is not None else None
