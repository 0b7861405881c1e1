"""Whether a way back can be rehearsed on a workload now, and which one that would be.

A rehearsal releases a version that is broken on purpose, in a namespace that is there for nothing else, and lets the
daemon find and undo it as it would in earnest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from watcher.core.deciding import breaker
from watcher.core.deciding.ledger import known
from watcher.core.model import Surroundings, WorkloadView
from watcher.core.moments import moment
from watcher.core.policy import Policy
from watcher.core.sentence import seconds
from watcher.core.state import WorkloadState
from watcher.core.telling.coverage import ways_back
from watcher.core.words import Mode, Rung


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why nothing can be rehearsed now, and what mends it."""

    what: str
    remedy: str


def rungs(view: WorkloadView, policy: Policy) -> tuple[Rung, ...]:
    """The rungs that a bad release would get now: the first one, and with an abort the revert that makes it last."""
    ways = [each for each in ways_back(view, policy) if each.mode is Mode.ACT]
    first = ways[0].rung if ways else None
    if first is None:
        return ()
    follow = [each.rung for each in ways[1:] if first is Rung.ABORT and each.rung is Rung.GIT]
    return (first, *(each for each in follow if each is not None))


def obstacles(
    state: WorkloadState | None, view: WorkloadView, policy: Policy, around: Surroundings, now: float
) -> tuple[Obstacle, ...]:
    """All that keeps a rehearsal on this workload from being one of the real thing."""
    return (
        *_settings(view, policy),
        *_standing(state, view, policy, now),
        *_limits(state, view, policy, around, now),
    )


def _settings(view: WorkloadView, policy: Policy) -> Iterator[Obstacle]:
    if policy.never or not policy.watched:
        yield Obstacle("the workload is on the never list", "take it off the list `never`, or rehearse on another one")
    if policy.mode is not Mode.ACT:
        yield Obstacle(f"its mode is {policy.mode}", "set `mode: act` for this namespace in the thresholds file")
    elif not rungs(view, policy):
        ways = ways_back(view, policy)
        why = f"rung {ways[0].rung} is only {ways[0].mode}" if ways else "no rung can be taken"
        yield Obstacle(why, "let a rung act by the key `rungs` of the thresholds file; see: watcher why")


def _standing(state: WorkloadState | None, view: WorkloadView, policy: Policy, now: float) -> Iterator[Obstacle]:
    if view.hold:
        yield Obstacle(f"it is held: {view.hold}", "lift the hold: watcher resume")
    if view.owner:
        yield Obstacle(f"it is owned by {view.owner}", "rehearse on a workload that no operator owns")
    if view.paused:
        yield Obstacle("it is paused", "resume it: kubectl rollout resume")
    application = view.application
    if application is not None and not (application.synced and application.healthy):
        yield Obstacle(f"{application} is not synced and healthy", "have it synced first")
    if application is not None and not application.automated:
        yield Obstacle(
            f"{application} does not sync by itself, so no commit releases anything", "have it sync by itself"
        )
    if not view.rolled_out:
        yield Obstacle("it is not rolled out", "wait until all of its replicas serve")
    running = state.mark.template_id if state is not None else ""
    if state is None or known(state.known_good, running, policy.known_good, now) is None:
        remedy = "release it once and let the watch pass, or let it run for an hour without a breach"
        yield Obstacle("what runs is not known good yet", remedy)
    if state is not None and state.open_watch is not None:
        yield Obstacle("a release of it is under watch", "wait until its watch has ended; see: watcher status")


def _limits(
    state: WorkloadState | None, view: WorkloadView, policy: Policy, around: Surroundings, now: float
) -> Iterator[Obstacle]:
    last = state.last_rollback if state is not None else None
    if last is not None and now - last < policy.cooldown:
        left = seconds(policy.cooldown - (now - last))
        yield Obstacle(f"it was rolled back {seconds(now - last)} ago and is cooling down", f"try again in {left}")
    for each in around.frozen:
        yield Obstacle(f"the freeze window {each.name} is open", f"wait until {moment(each.until)}, when it ends")
    own = breaker.of_namespace(view.workload.namespace)
    limits = ((breaker.CLUSTER, policy.breaker), (own, policy.namespace_breaker))
    if any(breaker.is_open(around.rollbacks, scope, around.breakers_closed, limit, now) for scope, limit in limits):
        yield Obstacle("the breaker is open", "look for the cause; see: watcher breaker show")
