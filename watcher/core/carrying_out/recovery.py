"""Proof of recovery: the checks that had fired do not fire on data from after the last bad pod was gone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from watcher.core.carrying_out import causes
from watcher.core.deciding import commanded, quarantine
from watcher.core.judging import availability
from watcher.core.judging.evidence import Evidence, RecoveryEvidence, Tally
from watcher.core.model import Block, Observation, PodCount, WorkloadView
from watcher.core.policy import CounterCheck, Policy, QueryCheck, basis
from watcher.core.sentence import percent, seconds
from watcher.core.state import Finding, Rollback, Watch
from watcher.core.words import Lane, Outcome

GOOD_SLOTS = 2
"""Scrapes in a row within the limit that prove recovery."""

BAD_SLOTS = 3
"""Scrapes in a row beyond the limit that prove that going back did not help."""

ENOUGH_REQUESTS = 10.0
"""Requests without which recovery is not confirmed."""

PATIENCE = 300.0
"""Seconds of sight (blind time not counted) after which little traffic means `restored_unconfirmed`."""


def begin(findings: tuple[Finding, ...], policy: Policy) -> tuple[RecoveryEvidence, ...]:
    """One empty record for each counter check that had fired; where nothing had, for each with a bound of its own."""
    found = ((each, _counter(policy, each.check)) for each in findings)
    fired = tuple(RecoveryEvidence(each.check, basis(check), each.limit or 0.0) for each, check in found if check)
    return fired if any(each.check != commanded.CHECK for each in findings) else tuple(_bounded(policy))


def _bounded(policy: Policy) -> Iterator[RecoveryEvidence]:
    """What the target is held against when only a person had something against the version before it."""
    for check in policy.checks:
        if not isinstance(check, QueryCheck) and check.max is not None:
            yield RecoveryEvidence(check.name, basis(check), check.max)


def fold(
    records: tuple[RecoveryEvidence, ...], observation: Observation, policy: Policy, revision: str, since: float
) -> tuple[RecoveryEvidence, ...]:
    """Add blocks that began after `since`, counting requests on `revision` only."""
    for block in sorted(observation.blocks, key=lambda each: each.start):
        if block.start >= since and not block.broken and not block.gap:
            records = tuple(_add(each, block, policy, revision) for each in records)
    return records


def outcome(
    rollback: Rollback, findings: tuple[Finding, ...], view: WorkloadView, policy: Policy, evidence: Evidence
) -> Outcome | None:
    """How the rollback ended, or None while that is open."""
    answers = {_answer(finding, rollback, view, policy, evidence) for finding in findings}
    if answers == {Outcome.RESTORED}:
        return Outcome.RESTORED
    if Outcome.DID_NOT_HELP in answers:
        return Outcome.DID_NOT_HELP
    return Outcome.RESTORED_UNCONFIRMED if rollback.waited > PATIENCE else None


def describe(result: Outcome, rollback: Rollback, watch: Watch, now: float) -> str:
    """The outcome in one sentence."""
    took = seconds(now - rollback.began)
    seen = ", ".join(f"{each.check} {percent(each.seen.share)}" for each in rollback.recovery)
    proof = f" ({seen} since)" if seen else ""
    revision = watch.release.revision
    if result is Outcome.RESTORED:
        return f"Restored: {rollback.rung} of revision {revision} worked within {took}{proof}."
    if result is Outcome.DID_NOT_HELP:
        return (
            f"Did not help: {rollback.rung} of revision {revision} is done and the service is still bad{proof}. "
            f"{causes.sentence(watch.causes)} Nothing more is done by itself."
        )
    return f"Restored, not confirmed: {rollback.rung} of revision {revision} is done; too little was seen since{proof}."


def describe_flag(result: Outcome, rollback: Rollback, watch: Watch, now: float) -> str:
    """The outcome of a flag that was switched off, in two sentences."""
    flag, revision = watch.switched.flag if watch.switched is not None else "the flag", watch.release.revision
    took = seconds(now - rollback.began)
    seen = ", ".join(f"{each.check} {percent(each.seen.share)}" for each in rollback.recovery)
    stays = f"{flag} stays off until a person switches it on: watcher flags restore {_decision(watch)}"
    if result is Outcome.RESTORED:
        proof = f" ({seen} since)" if seen else ""
        return f"Restored: with {flag} off revision {revision} is well, within {took}{proof}. {stays}"
    return f"Restored, not confirmed: {flag} is off; too little was seen of revision {revision} since. {stays}"


def _decision(watch: Watch) -> str:
    return watch.switched.decision if watch.switched is not None else ""


def _counter(policy: Policy, name: str) -> CounterCheck | None:
    check = policy.check(name)
    return None if check is None or isinstance(check, QueryCheck) else check


def _add(record: RecoveryEvidence, block: Block, policy: Policy, revision: str) -> RecoveryEvidence:
    check = _counter(policy, record.check)
    if check is None or not _concerns(record, block, check) or block.end <= record.seen_until:
        return record
    blind = not check.identify.sees_versions
    counted = [pod for pod in block.pods if blind or pod.revision == revision]
    warm = [pod for pod in counted if blind or (pod.age is not None and pod.age >= policy.judge.warm_up)]
    slot = math.floor(block.start / max(block.interval, block.length))
    if slot != record.open:
        record = replace(_settled(record), open=slot, tally=Tally(), proof=Tally())
    tally, proof = record.tally.plus(_sum(counted)), record.proof.plus(_sum(warm))
    return replace(record, tally=tally, proof=proof, seen_until=block.end)


def _settled(record: RecoveryEvidence) -> RecoveryEvidence:
    """Count the slot that is over."""
    tally, proof = record.tally, record.proof
    if tally.total <= 0:
        return record
    record = replace(record, seen=record.seen.plus(tally))
    if tally.share <= record.limit:
        return replace(record, good=record.good + 1, bad=0, beyond=Tally())
    if proof.share <= record.limit:  # only pods that have just started: neither proves anything
        return replace(record, good=0)
    return replace(record, good=0, bad=record.bad + 1, beyond=record.beyond.plus(proof))


def _concerns(record: RecoveryEvidence, block: Block, check: CounterCheck) -> bool:
    """Whether the block measures what had fired: neither check nor bounds are others by now."""
    return block.check == record.check and record.basis == basis(check) and block.basis in ("", record.basis)


def _sum(pods: list[PodCount]) -> Tally:
    return Tally(sum(pod.total for pod in pods), sum(pod.bad for pod in pods))


def _answer(
    finding: Finding, rollback: Rollback, view: WorkloadView, policy: Policy, evidence: Evidence
) -> Outcome | None:
    if finding.check == commanded.CHECK:
        return _on_the_target(rollback, view)
    if finding.lane is Lane.AVAILABILITY or finding.check == quarantine.CHECK:  # that one was not tried this time
        return Outcome.RESTORED if availability.recovered(view) else None
    if finding.lane is Lane.QUERY:
        return _query_answer(finding, rollback, policy, evidence)
    record = next((each for each in rollback.recovery if each.check == finding.check), None)
    return _proven(record) if record is not None else None


def _on_the_target(rollback: Rollback, view: WorkloadView) -> Outcome | None:
    """A person went back: the target has to serve, and every check that was held against it not to fire on it."""
    answers = {_proven(each) for each in rollback.recovery}
    if Outcome.DID_NOT_HELP in answers:
        return Outcome.DID_NOT_HELP
    return Outcome.RESTORED if availability.recovered(view) and answers <= {Outcome.RESTORED} else None


def _proven(record: RecoveryEvidence) -> Outcome | None:
    if record.good >= GOOD_SLOTS and record.seen.total >= ENOUGH_REQUESTS:
        return Outcome.RESTORED
    return Outcome.DID_NOT_HELP if record.bad >= BAD_SLOTS and record.beyond.bad >= BAD_SLOTS else None


def _query_answer(finding: Finding, rollback: Rollback, policy: Policy, evidence: Evidence) -> Outcome | None:
    check = policy.check(finding.check)
    seen = next((each for each in evidence.queries if each.check == finding.check), None)
    if not isinstance(check, QueryCheck) or seen is None or seen.last_at <= rollback.phase_began:
        return None
    if seen.over_since is None:
        return Outcome.RESTORED
    return Outcome.DID_NOT_HELP if seen.last_at - rollback.phase_began > check.hold_for else None
