"""What each guard is there for, stated anew over the facts of the simulated world.

A cause is asked of what is, not of what the guard makes of it: where it is in force while something is decided to be
done by itself, or first written, invariant 5 is broken.  Every guard of `watcher.core.deciding.guards` has one here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.core.cluster import code_id, template_id
from tests.core.databases import note
from tests.core.rollouts import SimulatedRollout
from watcher.core.migrations import Safety
from watcher.core.model import Canary, Fleet, Frozen, PastRollback, Pod, PodStarts, Suspect, Workload
from watcher.core.policy import Limit
from watcher.core.state import Decision, KnownGood
from watcher.core.words import STRICTNESS, Kind, Lane, Mode, Provenance, Rung

if TYPE_CHECKING:
    from tests.prove.simulated import Proving

RANKS = (Provenance.PRESUMED, Provenance.SOAKED, Provenance.PASSED)
WHOLE = (Rung.GIT, Rung.SYNC, Rung.BRIDGE)
"""Rungs that bring back all manifests, not the pod template alone."""

Brings = Callable[["Proving"], None]
Holds = Callable[["Proving", Decision, Rung], bool]


@dataclass(frozen=True, slots=True)
class Cause:
    """How it comes about, how it goes away, and whether it speaks against this decision and rung now."""

    begin: Brings
    end: Brings
    holds: Holds


def proven(world: Proving, template: str) -> KnownGood | None:
    """The entry by which this version may be gone back to, as model.md says it, or None."""
    rules = world.policy.known_good
    for each in world.state.known_good if world.state is not None else ():
        too_old = each.last_ran is not None and world.now - each.last_ran > rules.max_age
        ranked = RANKS.index(each.provenance) >= RANKS.index(rules.accept)
        if each.template_id == template and ranked and not each.revoked and not too_old:
            return each
    return None


def _on_cluster(**changes: Any) -> Brings:
    def bring(world: Proving) -> None:
        for name, value in changes.items():
            setattr(world.cluster, name, value)

    return bring


def _around(**changes: Any) -> Brings:
    return lambda world: world.around(**changes)


def _policy(**changes: Any) -> Brings:
    return lambda world: world.set(**changes)


def _alone(decision: Decision) -> bool:
    """Whether nothing that fired was seen beside the old version, so that others must be looked at."""
    return not any(each.compared for each in decision.findings if not each.excuse)


def _onset(decision: Decision, now: float) -> tuple[float, float]:
    since = [each.since for each in decision.findings if each.since is not None and not each.excuse]
    earliest = [each.earliest for each in decision.findings if each.earliest is not None]
    latest = [each.latest for each in decision.findings if each.latest is not None]
    return min(earliest or since or [now]), max(latest or since or [now])


VERSIONS = frozenset(
    (
        *("restart", "configuration", "owned", "no_target", "not_known_good", "target_gone", "config_moved"),
        *("config_unknown", "mutable_tag", "unsafe_migration", "migrations_unknown", "other_controller"),
        *("cluster_cannot_start", "image_not_pullable"),
    )
)
"""What concerns the version alone, and so no flag."""


def _target(world: Proving, decision: Decision) -> KnownGood | None:
    return proven(world, decision.target.template_id) if decision.target is not None else None


def _source_unhealthy(world: Proving, decision: Decision, rung: Rung) -> bool:
    return world.blind and all(each.source == "main" for each in decision.findings)


def _barred(world: Proving) -> None:
    world.cluster.roll_forward_only[world.cluster.current.template] = "new table"


def _recovery_release(world: Proving, decision: Decision, rung: Rung) -> bool:
    """The version said so when its release began."""
    return world.released_barred(decision)


def _changed_only(kind: str) -> Holds:
    def holds(world: Proving, decision: Decision, rung: Rung) -> bool:
        before, after = world.change_of(decision) if decision.request is None else ("", "")
        if not before or rung in WHOLE:
            return kind == "restart" and bool(before) and template_id(before) == template_id(after)
        same_code, same = code_id(before) == code_id(after), template_id(before) == template_id(after)
        return same if kind == "restart" else same_code and not same

    return holds


def _analysis(what: str) -> Brings:
    def bring(world: Proving) -> None:
        if isinstance(world.cluster, SimulatedRollout):
            world.cluster.analysis = what
        else:
            world.canary = Canary("cart", "Progressing", 5, 5) if what else None

    return bring


def _other_controller(world: Proving, decision: Decision, rung: Rung) -> bool:
    """An AnalysisRun has failed, or as many of Flagger's checks as it takes."""
    if world.canary is not None and world.canary.failed >= world.canary.threshold:
        return True
    return isinstance(world.cluster, SimulatedRollout) and world.cluster.analysis == "failed"


def _others_suffer(world: Proving) -> None:
    world.around(fleet=Fleet(world.now, 20, onsets=(world.now,) * 4))


def _fleet_veto(world: Proving, decision: Decision, rung: Rung) -> bool:
    fleet = world.surroundings.fleet
    if fleet is None or fleet.problem or not _alone(decision):
        return False
    begin, end = _onset(decision, world.now)
    near = [each for each in fleet.onsets if begin - 120.0 <= each <= end + 120.0]
    return len(near) >= 4 and max(near) - min(near) <= 120.0 and fleet.usual < 4


def _fleet_unknown(world: Proving, decision: Decision, rung: Rung) -> bool:
    fleet = world.surroundings.fleet
    return _alone(decision) and (fleet is None or bool(fleet.problem))


def _another_release(world: Proving) -> None:
    search = Workload(Kind.DEPLOYMENT, "shop", "search")
    suspect = Suspect(search, ("image search:2",), world.now, compared=False, earliest=world.now - 120.0)
    world.around(suspects=(suspect,))


def _several_releases(world: Proving, decision: Decision, rung: Rung) -> bool:
    begin, end = _onset(decision, world.now)
    near = [each for each in world.surroundings.suspects if each.earliest <= end and each.since >= begin]
    return _alone(decision) and bool(near)


def _cooldown(world: Proving, decision: Decision, rung: Rung) -> bool:
    release = world.release_of(decision)
    return any(world.now - at < world.policy.cooldown for at, other in world.acted[-1:] if other != release)


def _acted_elsewhere(world: Proving) -> None:
    """The workload was rolled back just now, and it is another release's turn."""
    if world.state is not None:
        world.acted.append((world.now, "another"))
        world.state = replace(world.state, last_rollback=world.now, last_rolled_back="another")


def _rollbacks(namespace: str, count: int) -> Brings:
    def bring(world: Proving) -> None:
        wide = {"namespace_breaker": Limit(99, 3600.0)} if namespace != "shop" else {"breaker": Limit(99, 3600.0)}
        world.set(**wide)
        past = tuple(PastRollback(world.now, namespace, f"uid/{number}") for number in range(count))
        world.around(rollbacks=past)

    return bring


def _breaker(where: str) -> Holds:
    def holds(world: Proving, decision: Decision, rung: Rung) -> bool:
        limit = world.policy.namespace_breaker if where else world.policy.breaker
        own = world.release_of(decision)
        recent = {
            each.release
            for each in world.surroundings.rollbacks
            if world.now - each.at < limit.window and where in ("", each.namespace) and each.release != own
        }
        return len(recent) >= limit.max and not world.reverted

    return holds


def _forget(world: Proving) -> None:
    """Everything that was proven is called bad by a person."""
    world.amend(revoked="watcher bad")


def _known(world: Proving) -> None:
    world.prove("v1", ago=100.0)


def _no_target(world: Proving, decision: Decision, rung: Rung) -> bool:
    """What a person has named is a target whatever is known of it, and `not_known_good` where nothing speaks for it."""
    named = decision.request is not None and bool(decision.request.to) and decision.target is not None
    return not named and _target(world, decision) is None


def _gone(world: Proving) -> None:
    """The controller keeps nothing but what runs: revisionHistoryLimit is small."""
    cluster = world.cluster
    cluster.versions = cluster.versions[-1:]


def _back(world: Proving) -> None:
    return None


def _target_gone(world: Proving, decision: Decision, rung: Rung) -> bool:
    if decision.target is None or rung in WHOLE:
        return False
    return decision.target.template_id not in {template_id(each.template) for each in world.cluster.versions}


def _configured(now: tuple[tuple[str, str], ...]) -> Brings:
    def bring(world: Proving) -> None:
        world.amend(configurations=(("ConfigMap/cart", "aaa"),))
        world.around(configurations=now)

    return bring


def _config_moved(world: Proving, decision: Decision, rung: Rung) -> bool:
    target, now = _target(world, decision), dict(world.surroundings.configurations)
    proven_with = dict(target.configurations) if target is not None and rung not in WHOLE else {}
    return any(name in now and now[name] != digest for name, digest in proven_with.items())


def _config_unknown(world: Proving, decision: Decision, rung: Rung) -> bool:
    target, now = _target(world, decision), dict(world.surroundings.configurations)
    return target is not None and rung not in WHOLE and any(name not in now for name, _ in target.configurations)


def _tag_moved(world: Proving) -> None:
    world.amend(digests=(("cart:latest", "sha256:aaa"),))
    world.cluster.digests = (("cart:latest", "sha256:bbb"),)
    world.cluster.pods = [replace(each, digests=world.cluster.digests) for each in world.cluster.pods]


def _tag_back(world: Proving) -> None:
    world.amend(digests=(("cart:latest", "sha256:aaa"), ("cart:latest", "sha256:bbb")))


def _mutable_tag(world: Proving, decision: Decision, rung: Rung) -> bool:
    target = _target(world, decision)
    proven_as: dict[str, set[str]] = {}
    for image, digest in target.digests if target is not None else ():
        proven_as.setdefault(image, set()).add(digest)
    running = [each for pod in world.cluster.pods if pod.deleted is None for each in pod.digests]
    return any(image in proven_as and digest not in proven_as[image] for image, digest in running)


def _not_its_fault(world: Proving, decision: Decision, rung: Rung) -> bool:
    """Pods cannot start, whatever their version."""
    return bool(world.cluster.trouble) and all(each.lane is Lane.AVAILABILITY for each in decision.findings)


def _innocent(guard: str) -> Holds:
    """The story was told so that this version is not to blame."""

    def holds(world: Proving, decision: Decision, rung: Rung) -> bool:
        _, template = world.change_of(decision)
        return decision.request is None and world.innocent.get(template) == guard

    return holds


NOTHING: Brings = _back
UNSAFE = note("0042_split", Safety.UNSAFE)


def _all_rungs(mode: Mode) -> Brings:
    return lambda world: world.set(rungs=tuple((rung, mode) for rung, _ in world.policy.rungs))


def _mode(world: Proving, decision: Decision, rung: Rung) -> bool:
    """The rung may not go so far, by itself or with a person's approval."""
    allowed = dict(world.policy.rungs).get(rung, Mode.NONE)
    least = Mode.ACT if decision.approval is None and decision.request is None else Mode.PROPOSE
    return STRICTNESS.index(allowed) < STRICTNESS.index(least)


def _of_git(**changes: Any) -> Brings:
    def bring(world: Proving) -> None:
        for name, value in changes.items():
            setattr(world if name == "seen" else getattr(world, "argo", world), name, value)

    return bring


def _git_unknown(world: Proving, decision: Decision, rung: Rung) -> bool:
    return rung is Rung.GIT and bool(getattr(getattr(world, "argo", None), "unknown", False))


def _flag_unknown(world: Proving, decision: Decision, rung: Rung) -> bool:
    return rung is Rung.FLAG and (world.switch.unseen or bool(world.switch.problem))


def _flag_unseen(unseen: bool) -> Brings:
    return lambda world: setattr(world.switch, "unseen", unseen)


def _freeze(world: Proving, decision: Decision, rung: Rung) -> bool:
    return any(world.now < each.until and rung not in each.rungs for each in world.surroundings.frozen)


def _not_known_good(world: Proving, decision: Decision, rung: Rung) -> bool:
    """A person has named a version that nothing speaks for."""
    target = decision.target.template_id if decision.target is not None else ""
    return decision.request is not None and bool(decision.request.to) and proven(world, target) is None


def _databases(**changes: Any) -> Brings:
    def bring(world: Proving) -> None:
        for name, value in changes.items():
            setattr(world.databases, name, value)

    return bring


def _unsafe_migration(world: Proving, decision: Decision, rung: Rung) -> bool:
    return rung is not Rung.FLAG and not world.databases.unseen and UNSAFE in world.databases.notes


def _nobody_looks(world: Proving) -> None:
    """Notes are required, and what they say cannot be found out."""
    world.set(migrations_required=True)
    world.databases.problem = "no route to git.example.com"


def _somebody_looks(world: Proving) -> None:
    world.databases.problem = ""


def _migrations_unknown(world: Proving, decision: Decision, rung: Rung) -> bool:
    """One that was seen when it was decided counts for a while, as after a start."""
    databases, seen = world.databases, decision.migrations
    known = seen is not None and not seen.problem
    unknown = databases.unseen or bool(databases.problem)
    asked_for = world.policy.migrations_required or any(world.cluster.migrations.values())
    return rung is not Rung.FLAG and asked_for and unknown and not known


def _skew(world: Proving, decision: Decision, rung: Rung) -> bool:
    return any(abs(ahead) > 30.0 for _, ahead in world.surroundings.skews)


def _nobody_starts(world: Proving) -> None:
    world.around(starts=PodStarts(world.now + 1e6, 4, 3, "Deployment/pay/api: no node takes it"))


def _cluster_cannot_start(world: Proving, decision: Decision, rung: Rung) -> bool:
    """An abort needs few new pods where the stable version serves."""
    return world.surroundings.starts is not None and rung is not Rung.ABORT


def _image_away(world: Proving) -> None:
    """A pod of the good version, which was moved to another node, waits for its image."""
    pod = Pod("cart-moved", "uid-moved", "hash-v1", world.now - 60.0, node="node-2", waiting="ImagePullBackOff")
    world.strays = (pod,)


def _image_back(world: Proving) -> None:
    world.strays = ()


def _image_not_pullable(world: Proving, decision: Decision, rung: Rung) -> bool:
    target = decision.target.template_id if decision.target is not None else ""
    return bool(world.strays) and rung is not Rung.ABORT and target == template_id("v1")


def _no_way_back(world: Proving, decision: Decision, rung: Rung) -> bool:
    """It is managed elsewhere, by what cannot be seen: that is never nobody."""
    if rung not in (Rung.UNDO, Rung.GIT) or world.cluster.manager is None:
        return False
    return not getattr(world, "seen", True) or bool(getattr(getattr(world, "argo", None), "refused", ""))


CAUSES: dict[str, Cause] = {
    "hold": Cause(_on_cluster(hold="game day"), _on_cluster(hold=""), lambda world, _, __: bool(world.cluster.hold)),
    "never": Cause(_policy(never=True), _policy(never=False), lambda world, _, __: world.policy.never),
    "not_permitted": Cause(
        _around(permitted=False), _around(permitted=True), lambda world, _, __: not world.surroundings.permitted
    ),
    "stale_cache": Cause(
        _around(cache_age=61.0), _around(cache_age=0.0), lambda world, _, __: world.surroundings.cache_age > 60.0
    ),
    "source_unhealthy": Cause(
        lambda world: setattr(world, "blind", True), lambda world: setattr(world, "blind", False), _source_unhealthy
    ),
    "recovery_release": Cause(_barred, NOTHING, _recovery_release),
    "restart": Cause(NOTHING, NOTHING, _changed_only("restart")),
    "configuration": Cause(NOTHING, NOTHING, _changed_only("configuration")),
    "owned": Cause(
        _on_cluster(owner="Kafka/events"), _on_cluster(owner=""), lambda world, _, __: bool(world.cluster.owner)
    ),
    "other_controller": Cause(_analysis("failed"), _analysis(""), _other_controller),
    "not_its_fault": Cause(_on_cluster(trouble="exceeded quota: pods=10"), _on_cluster(trouble=""), _not_its_fault),
    "symptom_before": Cause(NOTHING, NOTHING, _innocent("symptom_before")),
    "flapping": Cause(NOTHING, NOTHING, _innocent("flapping")),
    "old_equally_bad": Cause(NOTHING, NOTHING, _innocent("old_equally_bad")),
    "overload": Cause(NOTHING, NOTHING, _innocent("overload")),
    "fleet_unknown": Cause(_around(fleet=None), lambda world: world.around(fleet=Fleet(world.now, 20)), _fleet_unknown),
    "fleet_veto": Cause(_others_suffer, lambda world: world.around(fleet=Fleet(world.now, 20)), _fleet_veto),
    "several_releases": Cause(_another_release, _around(suspects=()), _several_releases),
    "cooldown": Cause(_acted_elsewhere, _policy(cooldown=0.0), _cooldown),
    "breaker": Cause(_rollbacks("elsewhere", 3), _around(rollbacks=()), _breaker("")),
    "namespace_breaker": Cause(_rollbacks("shop", 3), _around(rollbacks=()), _breaker("shop")),
    "no_target": Cause(_forget, _known, _no_target),
    "target_gone": Cause(_gone, NOTHING, _target_gone),
    "config_moved": Cause(
        _configured((("ConfigMap/cart", "bbb"),)), _around(configurations=(("ConfigMap/cart", "aaa"),)), _config_moved
    ),
    "config_unknown": Cause(_configured(()), _around(configurations=(("ConfigMap/cart", "aaa"),)), _config_unknown),
    "mutable_tag": Cause(_tag_moved, _tag_back, _mutable_tag),
    "skew": Cause(_around(skews=(("metrics source main", -31.0),)), _around(skews=()), _skew),
    "cluster_cannot_start": Cause(_nobody_starts, _around(starts=None), _cluster_cannot_start),
    "image_not_pullable": Cause(_image_away, _image_back, _image_not_pullable),
    "freeze": Cause(
        lambda world: world.around(frozen=(Frozen("year-end", world.now + 86400.0),)), _around(frozen=()), _freeze
    ),
    "not_known_good": Cause(NOTHING, NOTHING, _not_known_good),
    "unsafe_migration": Cause(_databases(notes=(UNSAFE,)), _databases(notes=()), _unsafe_migration),
    "migrations_unknown": Cause(_nobody_looks, _somebody_looks, _migrations_unknown),
    "not_watched": Cause(_policy(watched=False), _policy(watched=True), lambda world, _, __: not world.policy.watched),
    "mode": Cause(_all_rungs(Mode.OBSERVE), _all_rungs(Mode.ACT), _mode),
    "flag_unknown": Cause(_flag_unseen(True), _flag_unseen(False), _flag_unknown),
    "git_unknown": Cause(_of_git(unknown=True), _of_git(unknown=False), _git_unknown),
    "no_way_back": Cause(_of_git(refused="kept by Kargo"), _of_git(refused=""), _no_way_back),
}
"""By the id of the guard."""

STORIES = ("symptom_before", "flapping", "old_equally_bad", "overload")
"""Causes that a story brings about, not a moment."""
