"""Guards: each a small rule that gives a reason not to act although there is a breach, or None.

All that hold are recorded; the first in the order of `GUARDS` is the one shown.  Automatic decisions never pass one;
a person may pass one by its name where the table lets them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from watcher.core.deciding import blame, limits, targets
from watcher.core.deciding.case import Case
from watcher.core.deciding.flagger import flagger_decides
from watcher.core.deciding.freezes import frozen
from watcher.core.deciding.starts import cannot_start
from watcher.core.releases import FORWARD_ONLY
from watcher.core.sentence import seconds
from watcher.core.state import GuardFinding
from watcher.core.words import Change, Rung

STALE_CACHE = 60.0
"""Seconds after which the picture of the cluster is too old to decide on."""

FAR_APART = 30.0
"""Seconds by which two clocks may differ: pods' ages, samples and deadlines are compared across them."""

Rule = Callable[[Case], str | None]


@dataclass(frozen=True, slots=True)
class Guard:
    """A reason not to act.

    `sentence` says when it holds.  `rule` gives the reason for a case; None: it comes up elsewhere, amid a rollback or
    from the ladder.  It never concerns the rungs of `not_for`.  `passable`: whether a person may pass it by its name.
    """

    id: str
    sentence: str
    rule: Rule | None = None
    not_for: frozenset[Rung] = frozenset()
    passable: bool = True


def check_guards(case: Case) -> tuple[GuardFinding, ...]:
    """All guards that hold, in their order."""
    asked = (guard for guard in GUARDS.values() if guard.rule is not None and case.rung not in guard.not_for)
    found = ((guard.id, guard.rule(case) if guard.rule is not None else None) for guard in asked)
    return tuple(GuardFinding(guard_id, reason) for guard_id, reason in found if reason)


def _hold(case: Case) -> str | None:
    return f"held: {case.view.hold}" if case.view.hold else None


def _never(case: Case) -> str | None:
    return "the workload is on the never list" if case.policy.never else None


def _freeze(case: Case) -> str | None:
    return frozen(case.observation.surroundings.frozen, case.rung, case.view) or None


def _not_permitted(case: Case) -> str | None:
    return None if case.observation.surroundings.permitted else "this process may not write now"


def _stale_cache(case: Case) -> str | None:
    age = case.observation.surroundings.cache_age
    return f"the view of the cluster is {seconds(age)} old" if age > STALE_CACHE else None


def _skew(case: Case) -> str | None:
    far = [(whose, ahead) for whose, ahead in case.observation.surroundings.skews if abs(ahead) > FAR_APART]
    if not far:
        return None
    whose, ahead = max(far, key=lambda each: abs(each[1]))
    return f"the clock of {whose} is {seconds(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} ours"


def _cluster_cannot_start(case: Case) -> str | None:
    why = cannot_start(case.observation.surroundings.starts, case.now)
    if not why or (case.rung is Rung.ABORT and _stable_stands(case)):
        return None
    return why


def _stable_stands(case: Case) -> bool:
    """Whether half of the pods that are wanted are Ready on the stable version, so that an abort needs few."""
    stable = case.view.stable()
    return stable is not None and 2 * stable.ready >= case.view.desired


def _recovery_release(case: Case) -> str | None:
    if case.rung is Rung.FLAG and case.release.never_undo.startswith(FORWARD_ONLY):
        return None  # the version stays
    return case.release.never_undo or None


def _restart(case: Case) -> str | None:
    return "only a restart: there is no other version to go back to" if case.release.change is Change.RESTART else None


def _configuration(case: Case) -> str | None:
    if case.release.change is not Change.CONFIGURATION or case.whole:
        return None
    return "only configuration changed: undo would restart every pod on the same ConfigMap; change it in its source"


def _owned(case: Case) -> str | None:
    return f"owned by {case.view.owner}, which would put it back; undo it there" if case.view.owner else None


def _other_controller(case: Case) -> str | None:
    rollout, application = case.view.rollout, case.view.application
    if case.view.canary is not None and (why := flagger_decides(case.view.canary)):
        return why
    if rollout is not None and rollout.analysis == "failed":
        return "an AnalysisRun has failed and Argo Rollouts is aborting by itself"
    if application is not None and application.syncing and case.rung in (Rung.UNDO, Rung.SYNC) and not case.own_revert:
        return f"{application} is being synced at this moment"
    return None


BY_FLAG = frozenset({Rung.FLAG})
"""A flag changes no version: what concerns target, template and schema does not concern it."""

_TABLE = (
    Guard("hold", "somebody asked to leave the workload alone", _hold),
    Guard("never", "the workload is on the never list", _never),
    Guard("freeze", "a freeze window is open that does not except the rung", _freeze),
    Guard("not_permitted", "this process may not write now", _not_permitted, passable=False),
    Guard("stale_cache", "the view of the cluster is too old", _stale_cache, passable=False),
    Guard("skew", "clocks are too far apart to compare times", _skew),
    Guard("source_unhealthy", "the metrics source does not answer wholly", blame.source_unhealthy),
    Guard("recovery_release", "the release is itself a way back, or says that it may not be undone", _recovery_release),
    Guard("restart", "the release changed no version", _restart, BY_FLAG, passable=False),
    Guard("configuration", "only configuration changed, which an undo does not restore", _configuration, BY_FLAG),
    Guard("owned", "an operator owns the workload, and would put the version back", _owned, BY_FLAG),
    Guard("other_controller", "another controller is going back, or syncing, by itself", _other_controller),
    Guard("not_its_fault", "the evidence is not of the release's making", blame.excused_by("")),
    Guard("symptom_before", "it was as bad before the release", blame.excused_by("symptom_before")),
    Guard("flapping", "it comes and goes, and did so before the release", blame.excused_by("flapping")),
    Guard("old_equally_bad", "the old version is as bad", blame.excused_by("old_equally_bad")),
    Guard("overload", "there is far more traffic than usual", blame.excused_by("overload")),
    Guard("fleet_unknown", "whether other services suffer the same is not known", blame.fleet_not_known),
    Guard("fleet_veto", "other services suffer the same", blame.fleet_veto),
    Guard("several_releases", "another release may be the cause", blame.several_releases),
    Guard("cooldown", "the workload was rolled back a short while ago", limits.cooldown),
    Guard("breaker", "too many releases were rolled back in the cluster", limits.breaker),
    Guard("namespace_breaker", "too many releases were rolled back in the namespace", limits.namespace_breaker),
    Guard("cluster_cannot_start", "pods of other workloads do not start either", _cluster_cannot_start, BY_FLAG),
    Guard("no_target", "no earlier revision is known to be good", targets.no_target, BY_FLAG, passable=False),
    Guard("not_known_good", "the version that a person named is not known good", targets.not_known_good, BY_FLAG),
    Guard("target_gone", "the cluster keeps the good revision no more", targets.target_gone, BY_FLAG, passable=False),
    Guard("config_moved", "configuration changed since the good revision was proven", targets.config_moved, BY_FLAG),
    Guard("config_unknown", "configuration of the good revision could not be read", targets.config_unknown, BY_FLAG),
    Guard("git_unknown", "what going back in Git would mean is not known", passable=False),
    Guard("image_not_pullable", "an image of the good revision cannot be pulled", targets.image_not_pullable, BY_FLAG),
    Guard("mutable_tag", "a tag names another image than when it was proven", targets.mutable_tag, BY_FLAG),
    Guard("flag_unknown", "how the release's flag stands is not known", passable=False),
    Guard("unsafe_migration", "the version before does not work on this schema", targets.unsafe_migration, BY_FLAG),
    Guard("migrations_unknown", "what the migration notes say is not known", targets.migrations_unknown, BY_FLAG),
    Guard("down_migration", "a down migration goes along that a person has to approve"),
    Guard("no_way_back", "no rung can be taken", passable=False),
    Guard("not_watched", "the thresholds file does not name the workload any more", passable=False),
    Guard("mode", "the thresholds file does not let it be done any more", passable=False),
    Guard("superseded", "the object changed meanwhile", passable=False),
    Guard("forbidden", "the API server refuses for want of a permission", passable=False),
    Guard("outdated", "the decision could not be carried out for too long", passable=False),
)

GUARDS: dict[str, Guard] = {guard.id: guard for guard in _TABLE}
"""Guards by id, in the order in which they are shown."""

EXCUSES = frozenset({"symptom_before", "flapping", "old_equally_bad", "overload"})
"""Guards by which the evidence itself excuses the release: that another one of them speaks is no news."""

SCHEMA = frozenset({"unsafe_migration", "migrations_unknown"})
"""Guards that the framework tells apart: by an unsafe migration it is decided to roll forward."""

IGNORANCE = frozenset({"config_unknown", "flag_unknown", "fleet_unknown", "git_unknown", "migrations_unknown"})
"""Guards that hold because something has not been looked at, as it is for a moment after each start."""
