"""Why going back did not help: likely causes by the evidence at hand, the likeliest first.

Each is a clause for a person to start from; none of them is acted on.
"""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.deciding import flagged
from watcher.core.deciding.fleet import by_chance, together
from watcher.core.judging.evidence import Tally
from watcher.core.migrations import MigrationSight
from watcher.core.model import Fleet, Observation
from watcher.core.policy import Policy
from watcher.core.state import Decision, Finding, KnownGood, Watch, WorkloadState

MORE = 1.2
"""Times the usual requests from which on load may be the cause."""

ENOUGH = 3.0
"""Bad requests on the old pods that tell more than chance."""


def likely(state: WorkloadState, watch: Watch, observation: Observation, policy: Policy) -> tuple[str, ...]:
    """What may be the cause instead of the version that was taken back."""
    decision = watch.decision
    if decision is None:
        return ()
    around = observation.surroundings
    return (
        *_migration(watch, decision.migrations),
        *_others(around.fleet, decision.findings),
        *_old_pods(decision.findings),
        *_flag(watch, observation, policy),
        *_configuration(state, decision, around.configurations),
        *_overload(watch),
    )


def sentence(causes: tuple[str, ...]) -> str:
    """Where a person begins to look."""
    if not causes:
        return "Nothing at hand tells why: look at data and dependencies."
    return f"Likely causes: {'; '.join(causes)}."


def _migration(watch: Watch, sight: MigrationSight | None) -> Iterator[str]:
    """The version before may not work on the data as they are by now, whatever the notes say."""
    names = [each.name for each in sight.notes] if sight is not None else []
    ran = [each.note for each in watch.downs if each.done]
    unnoted = list(sight.unnoted) if sight is not None else []
    if ran:
        yield f"look at the data first: down migration {', '.join(ran)} has run"
    elif names:
        yield f"look at the data first: migration {', '.join(names)} lies in between"
    elif unnoted:
        yield f"look at the data first: {', '.join(unnoted)}, and no note says what that did"


def _others(fleet: Fleet | None, findings: tuple[Finding, ...]) -> Iterator[str]:
    """A dependency that they share breaks several services at once."""
    since = [each.since for each in findings if each.since is not None]
    if fleet is None or fleet.problem or not since:
        return
    count = max(together(fleet, min(since), max(since)), sum(each >= min(since) for each in fleet.onsets))
    if count > by_chance(fleet):
        yield f"a dependency: {count} of {fleet.services} other services suffer the same since"
    elif count:
        yield f"a dependency, perhaps: {count} other services began to suffer since"


def _old_pods(findings: tuple[Finding, ...]) -> Iterator[str]:
    bad = [each for each in findings if _as_bad(each.old, each.limit)]
    if bad:
        yield f"what both versions need: the old pods were beyond the limit of {bad[0].check} too"


def _as_bad(old: Tally, limit: float | None) -> bool:
    return limit is not None and old.bad >= ENOUGH and old.share > limit


def _flag(watch: Watch, observation: Observation, policy: Policy) -> Iterator[str]:
    """A flag outlives the version: what it switched stays so."""
    sight = observation.surroundings.flag
    if watch.switched is not None:
        yield f"flag {watch.switched.stands}, and the version before may want it on"
    elif sight is not None and sight.changed is not None and sight.changed >= watch.release.began - flagged.SKEW:
        stands = "on" if sight.on else "off"
        yield f"flag {sight.flag} was changed since the release began, and is {stands}"
    elif sight is None and (watch.release.flag or policy.flag):
        yield f"flag {watch.release.flag or policy.flag}, of which is not known how it stands"


def _configuration(state: WorkloadState, decision: Decision, now: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """A pod template that comes back brings no ConfigMap with it."""
    target = _entry(state, decision)
    if target is None:
        return
    seen = dict(now)
    moved = [name for name, digest in target.configurations if name in seen and seen[name] != digest]
    unread = [name for name, _ in target.configurations if name not in seen]
    if moved:
        yield f"configuration that was not restored: {', '.join(moved)} changed since the version was proven"
    elif unread:
        yield f"configuration: {', '.join(unread)} could not be compared with what the version was proven on"


def _entry(state: WorkloadState, decision: Decision) -> KnownGood | None:
    target = decision.target.template_id if decision.target is not None else ""
    return next((each for each in state.known_good if each.template_id == target), None)


def _overload(watch: Watch) -> Iterator[str]:
    lanes = (lane for counter in watch.evidence.counters for lane in counter.lanes)
    most = max((lane.run.traffic for lane in lanes if lane.run is not None), default=0.0)
    if most >= MORE:
        yield f"load: {most:.1f} times the usual requests when it began"
