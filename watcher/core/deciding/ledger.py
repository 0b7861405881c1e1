"""The known-good ledger: which revisions are proven enough to go back to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from watcher.core.model import Surroundings, WorkloadView
from watcher.core.policy import KnownGoodRules, Policy
from watcher.core.state import KnownGood, Quarantined, Release, WorkloadState
from watcher.core.words import Phase, Provenance, Verdict

RANKS = (Provenance.PRESUMED, Provenance.SOAKED, Provenance.PASSED)
PRESUMED_AFTER = 3600.0
"""Seconds a workload must have run unchanged, at the least, before its revision is presumed good."""

BREACH = "breach: "
"""What the reason begins with for which a breach revokes an entry."""

KEPT = 20
"""Entries kept per workload: of known good versions, and of bad ones."""


def known(entries: Iterable[KnownGood], template_id: str, rules: KnownGoodRules, now: float) -> KnownGood | None:
    """The accepted entry for this template, or None."""
    return next((each for each in entries if each.template_id == template_id and accepted(each, rules, now)), None)


def accepted(entry: KnownGood, rules: KnownGoodRules, now: float) -> bool:
    """Whether the entry may be a target: proven enough, not revoked, not too long ago."""
    ranked = RANKS.index(entry.provenance) >= RANKS.index(rules.accept)
    return ranked and not entry.revoked and not expired(entry, rules, now)


def expired(entry: KnownGood, rules: KnownGoodRules, now: float) -> bool:
    """Whether it last ran too long ago."""
    return entry.last_ran is not None and now - entry.last_ran > rules.max_age


def learn(
    state: WorkloadState, provenance: Provenance, view: WorkloadView, around: Surroundings, now: float
) -> WorkloadState:
    """Enter the running revision; a better provenance replaces a lesser one, a revoked entry stays revoked."""
    old = next((each for each in state.known_good if each.template_id == state.mark.template_id), None)
    bad = quarantined(state, state.mark.template_id)
    if bad is not None and bad.by:  # a person knows more than what was seen
        return state
    if old is not None and (old.revoked or RANKS.index(old.provenance) >= RANKS.index(provenance)):
        return state
    newest = view.newest()
    refs = newest.config_refs if newest is not None else ()
    pods = view.pods_of(state.mark.revision)
    entry = KnownGood(
        template_id=state.mark.template_id,
        revision=state.mark.revision,
        images=state.mark.images,
        provenance=provenance,
        since=now,
        digests=tuple(sorted({digest for pod in pods for digest in pod.digests})),
        configurations=tuple(each for each in around.configurations if each[0] in refs),
        deployed=_deployed(view),
    )
    others = tuple(each for each in state.known_good if each.template_id != entry.template_id)
    return replace(state, known_good=(*others, entry)[-KEPT:])


def _deployed(view: WorkloadView) -> tuple[str, ...]:
    """The commit of each source that the cluster is known to be at; empty where that is not known."""
    application = view.application
    if application is None or not application.synced:
        return ()
    return tuple(each.deployed for each in application.sources)


def now_runs(entries: tuple[KnownGood, ...], template_id: str, now: float) -> tuple[KnownGood, ...]:
    """Note that this is the running version since `now`, and that any other has stopped to be."""
    return tuple(replace(each, last_ran=_last_ran(each, template_id, now)) for each in entries)


def _last_ran(entry: KnownGood, running: str, now: float) -> float | None:
    if entry.template_id == running:
        return None
    return now if entry.last_ran is None else entry.last_ran


def revoke(entries: tuple[KnownGood, ...], template_id: str, reason: str) -> tuple[KnownGood, ...]:
    """Take an entry's standing away; the reason stays readable."""
    return tuple(
        replace(each, revoked=reason) if each.template_id == template_id and not each.revoked else each
        for each in entries
    )


def forget_breach(state: WorkloadState, template_id: str) -> WorkloadState:
    """The release serves on without what was bad of it: neither known good nor revoked for good, it may soak anew."""
    kept = (each for each in state.known_good if each.template_id != template_id or not each.revoked.startswith(BREACH))
    return replace(state, known_good=tuple(kept))


def quarantine(
    state: WorkloadState, release: Release, reason: str, now: float, *, again: bool = False
) -> WorkloadState:
    """Mark the version of a release bad that was taken back: it is no target, and its return is an alarm.

    `again`: it had been taken back before, and was not tried this time.
    """
    state = quarantine_template(state, release.template_id, release.revision, reason, now, release.origins)
    return replace(state, quarantined=(*state.quarantined[:-1], replace(state.quarantined[-1], again=again)))


def quarantine_template(
    state: WorkloadState, template_id: str, revision: str, reason: str, now: float, origins: tuple[str, ...] = ()
) -> WorkloadState:
    """The same where the release is not known any more; `origins` are the commit and the images that it brought."""
    others = tuple(each for each in state.quarantined if each.template_id != template_id)
    before = quarantined(state, template_id)
    entry = Quarantined(template_id, revision, reason, now, origins, by=before.by if before is not None else "")
    return replace(
        state,
        quarantined=(*others, entry)[-KEPT:],
        known_good=revoke(state.known_good, template_id, f"bad version: {reason}"),
    )


def release_from_quarantine(state: WorkloadState, template_id: str, *, by_person: bool = False) -> WorkloadState:
    """A version that was proven good after all is no bad one any more; what a person called bad, only by a person."""
    kept = (each for each in state.quarantined if each.template_id != template_id or (each.by and not by_person))
    return replace(state, quarantined=tuple(kept))


def quarantined(state: WorkloadState, template_id: str) -> Quarantined | None:
    """Why this version counts as bad, or None."""
    return next((each for each in state.quarantined if each.template_id == template_id), None)


def comes_back(state: WorkloadState, release: Release) -> Quarantined | None:
    """The bad version that a release brings back: its template, or the commit or an image that came with it."""
    own = quarantined(state, release.template_id)
    if own is not None:
        return own
    return next((each for each in reversed(state.quarantined) if set(each.origins) & set(release.origins)), None)


def ripen(state: WorkloadState, view: WorkloadView, around: Surroundings, policy: Policy, now: float) -> WorkloadState:
    """Enter a revision that has run long enough without a breach: `soaked`, or `presumed` at the first install."""
    watch = state.watch
    if not view.rolled_out or (watch is not None and watch.phase is not Phase.CLOSED):
        return state
    since = state.mark.since
    if watch is not None and watch.verdict is Verdict.BREACH and watch.release.template_id == state.mark.template_id:
        if watch.breached_at is not None or watch.ended_at is None:
            return state
        since = watch.ended_at  # it was over by then
    age = now - since
    if watch is not None and age >= policy.known_good.soak:
        return learn(state, Provenance.SOAKED, view, around, now)
    first_install = watch is None and not state.known_good
    if first_install and age >= max(policy.bake.hold_for, PRESUMED_AFTER):
        return learn(state, Provenance.PRESUMED, view, around, now)
    return state
