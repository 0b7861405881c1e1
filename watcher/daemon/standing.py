"""Where each proven breach stands: what is done about it, or whom it waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from watcher.core.deciding import ledger
from watcher.core.model import Workload
from watcher.core.policy import Policy
from watcher.core.state import Decision, Watch, WorkloadState
from watcher.core.words import Durability, Mode, Outcome, Phase

LINGERS = 3600.0
"""Seconds for which a breach that nobody undid is shown after its watch has ended, if no newer release comes."""

UNSOLVED = frozenset({Outcome.FAILED, Outcome.DID_NOT_HELP, Outcome.WAITING_FOR_PERSON})
"""Outcomes after which a person has to do something."""

ACTING, HELD, PROPOSED, OBSERVED = "acting", "held", "proposed", "observed"

FORBIDDEN = "forbidden"
"""The guard that is named while a rollback waits for a permission."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One breach.  `state`: acting, held, proposed, observed, or an outcome; `guard`: what holds it, or empty."""

    workload: Workload
    state: str
    guard: str = ""


def standings(
    states: Iterable[WorkloadState], policy_of: Callable[[Workload], Policy | None], now: float
) -> Iterator[Standing]:
    """All breaches that are not over, as of `now` (Unix seconds)."""
    for state in states:
        watch = state.watch
        if watch is None or watch.decision is None or not _concerns_somebody(watch, now):
            continue
        policy = policy_of(state.workload)
        if policy is not None:
            yield Standing(state.workload, *_stands(watch, watch.decision, policy))


def not_durable(states: Iterable[WorkloadState]) -> Iterator[tuple[Workload, Durability]]:
    """Workloads after whose rollback Git and cluster do not say the same, until their next release."""
    for state in states:
        watch = state.watch
        if watch is not None and watch.phase is Phase.CLOSED and watch.durability not in (None, Durability.DURABLE):
            yield state.workload, watch.durability


def bad_versions_back(states: Iterable[WorkloadState]) -> Iterator[Workload]:
    """Workloads whose newest release is of a version that had been taken back before it began."""
    for state in states:
        watch = state.watch
        bad = ledger.comes_back(state, watch.release) if watch is not None else None
        if watch is not None and bad is not None and bad.since <= watch.release.began:
            yield state.workload


def bridges(states: Iterable[WorkloadState]) -> Iterator[tuple[Workload, bool]]:
    """Workloads whose application is pinned until a revert is merged, and whether for longer than it should be."""
    for state in states:
        if state.unsettled is not None and state.unsettled.bridge:
            yield state.workload, state.unsettled.overdue


def _concerns_somebody(watch: Watch, now: float) -> bool:
    if watch.carrying_out:
        return True
    if watch.phase is Phase.CLOSED and (watch.ended_at is None or now - watch.ended_at >= LINGERS):
        return False
    return watch.outcome in UNSOLVED if watch.outcome is not None else watch.breached_at is not None


def _stands(watch: Watch, decision: Decision, policy: Policy) -> tuple[str, str]:
    """State and guard."""
    guard = decision.guard.id if decision.guard is not None else ""
    if watch.carrying_out:
        return ACTING, FORBIDDEN if watch.rollback is not None and watch.rollback.denied else ""
    if watch.outcome is not None:
        return watch.outcome.value, ""
    if Mode.OBSERVE in (policy.mode, decision.mode):
        return OBSERVED, guard
    return (PROPOSED if decision.mode is Mode.PROPOSE and not guard else HELD), guard
