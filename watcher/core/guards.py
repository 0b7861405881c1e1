"""Guards: each a small rule that gives a reason not to act although there is a breach, or None.

All that hold are recorded; the first in the order of `GUARDS` is the one shown.  Automatic decisions never pass one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from watcher.core.breaker import spent
from watcher.core.fleet import by_chance, tells_nothing, together
from watcher.core.ledger import accepted, expired
from watcher.core.managed import prospect
from watcher.core.model import Fleet, Observation, PastRollback, WorkloadView
from watcher.core.policy import Limit, Policy
from watcher.core.sentence import seconds
from watcher.core.siblings import known_origins, suspected_siblings
from watcher.core.state import Finding, GuardFinding, KnownGood, Release, WorkloadState
from watcher.core.words import Change, Rung

STALE_CACHE = 60.0
"""Seconds after which the picture of the cluster is too old to decide on."""


ALIKE = 15.0
"""Seconds by which the beginnings of one fault may differ as two services show it."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a guard may look at."""

    state: WorkloadState
    release: Release
    view: WorkloadView
    observation: Observation
    policy: Policy
    findings: tuple[Finding, ...]
    target: KnownGood | None
    now: float
    rung: Rung | None = None  # the way back that would be taken

    @property
    def whole(self) -> bool:
        """Whether the way back brings all manifests back, configuration included, and not the pod template alone."""
        application = self.view.application
        bridged = self.rung is Rung.BRIDGE and application is not None and application.follows_commits
        return bridged or self.rung in (Rung.GIT, Rung.SYNC)

    @property
    def reverted(self) -> bool:
        """Whether Git has taken the release back already, as for another workload: it only follows."""
        found = prospect(self.release, self.observation)
        return self.rung is Rung.GIT and found is not None and bool(found.reverted_by)

    @property
    def own_revert(self) -> bool:
        """Whether a revert of ours is in Git already: then it is that which is being synced."""
        rollback = self.state.watch.rollback if self.state.watch is not None else None
        return rollback is not None and rollback.revert is not None and bool(rollback.revert.revision)

    @property
    def sick(self) -> dict[str, str]:
        """Sources that are not healthy, with their problems."""
        return {source.name: source.problem for source in self.observation.sources if not source.healthy}

    @property
    def sound(self) -> tuple[Finding, ...]:
        """Findings that can be blamed on the release: from a healthy source and without an excuse."""
        return tuple(each for each in self.findings if not each.excuse and each.source not in self.sick)


def check_guards(case: Case) -> tuple[GuardFinding, ...]:
    """All guards that hold, in their order."""
    found = ((guard_id, guard(case)) for guard_id, guard in GUARDS.items())
    return tuple(GuardFinding(guard_id, reason) for guard_id, reason in found if reason)


def _hold(case: Case) -> str | None:
    return f"held: {case.view.hold}" if case.view.hold else None


def _never(case: Case) -> str | None:
    return "the workload is on the never list" if case.policy.never else None


def _not_permitted(case: Case) -> str | None:
    return None if case.observation.surroundings.permitted else "this process may not write now"


def _stale_cache(case: Case) -> str | None:
    age = case.observation.surroundings.cache_age
    return f"the view of the cluster is {seconds(age)} old" if age > STALE_CACHE else None


def _source_unhealthy(case: Case) -> str | None:
    concerned = [finding.source for finding in case.findings if finding.source in case.sick]
    if case.sound or not concerned:
        return None
    return f"metrics source {concerned[0]} is not healthy: {case.sick[concerned[0]]}"


def _recovery_release(case: Case) -> str | None:
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
    if rollout is not None and rollout.analysis == "failed":
        return "an AnalysisRun has failed and Argo Rollouts is aborting by itself"
    if application is not None and application.syncing and case.rung in (Rung.UNDO, Rung.SYNC) and not case.own_revert:
        return f"{application} is being synced at this moment"
    return None


def _excused_by(guard: str) -> Callable[[Case], str | None]:
    """A guard for which the evidence itself carries the reason."""

    def excused(case: Case) -> str | None:
        reasons = [each.excuse for each in case.findings if each.excuse and each.excused_by == guard]
        return reasons[0] if reasons and not case.sound else None

    return excused


def _alone(sound: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings to be blamed on the release if none of them has the old version beside it for comparison."""
    return () if any(each.compared for each in sound) else sound


def fleet_unknown(findings: tuple[Finding, ...], fleet: Fleet | None, now: float) -> str | None:
    """Why it is not known whether other services suffer the same, where that matters."""
    alone = _alone(findings)
    if not alone:
        return None
    since = min((each.since for each in alone if each.since is not None), default=now)
    why = tells_nothing(fleet, since, max(each.settles for each in alone), *_onset(alone, now))
    return f"whether other services suffer the same is not known: {why}" if why else None


def _fleet_unknown(case: Case) -> str | None:
    return fleet_unknown(case.sound, case.observation.surroundings.fleet, case.now)


def _fleet_veto(case: Case) -> str | None:
    fleet = case.observation.surroundings.fleet
    if not _alone(case.sound) or fleet is None or fleet.problem:
        return None
    others = together(fleet, *_onset(case.sound, case.now))
    if others <= by_chance(fleet):
        return None
    return (
        f"{others} of {fleet.services} other services began to suffer the same at that time: look for what they share"
    )


def _several_releases(case: Case) -> str | None:
    if not _alone(case.sound):
        return None
    begin, end = _onset(case.sound, case.now)
    suspects = case.observation.surroundings.suspects
    siblings = suspected_siblings(known_origins(case.release, case.observation.surroundings.prospect), suspects)
    others = [
        each
        for each in suspects
        if each.earliest <= end + ALIKE and each.since >= begin - ALIKE and each not in siblings
    ]
    if not others:
        return None
    names = ", ".join(str(each.workload) for each in others)
    proven = [each for each in others if each.compared]
    if proven:
        return f"{proven[0].workload}, released lately too, is proven to be bad: it comes first"
    return f"several releases may be the cause: {names} began to suffer at the same time"


def _onset(alone: tuple[Finding, ...], now: float) -> tuple[float, float]:
    """Between which times (Unix seconds) the fault began."""
    found = [each for each in alone if each.since is not None]
    since = min((each.since for each in found if each.since is not None), default=now)
    earliest = min((each.earliest for each in found if each.earliest is not None), default=since)
    return earliest, max((each.latest for each in found if each.latest is not None), default=since)


def _cooldown(case: Case) -> str | None:
    last = case.state.last_rollback
    if last is None or case.now - last >= case.policy.cooldown or case.state.last_rolled_back == case.release.id:
        return None
    return f"rolled back {seconds(case.now - last)} ago; cooldown is {seconds(case.policy.cooldown)}"


def _breaker(case: Case) -> str | None:
    return _over_limit(case, case.observation.surroundings.rollbacks, case.policy.breaker, "the cluster")


def _namespace_breaker(case: Case) -> str | None:
    namespace = case.release.workload.namespace
    past = tuple(each for each in case.observation.surroundings.rollbacks if each.namespace == namespace)
    return _over_limit(case, past, case.policy.namespace_breaker, f"namespace {namespace}")


def _over_limit(case: Case, past: tuple[PastRollback, ...], limit: Limit, where: str) -> str | None:
    """Releases rolled back lately, each counted once; earlier attempts at this very release do not count."""
    if case.reverted:
        return None
    count = spent(past, limit, case.now, besides=case.release.id)
    if count < limit.max:
        return None
    return f"{count} rollbacks in {where} within {seconds(limit.window)}, {limit.max} allowed: look for a common cause"


def _no_target(case: Case) -> str | None:
    if case.target is not None:
        return None
    entries = [each for each in case.state.known_good if each.template_id != case.release.template_id]
    if any(expired(each, case.policy.known_good, case.now) and not each.revoked for each in entries):
        return f"the last known good revision ran longer than {seconds(case.policy.known_good.max_age)} ago"
    if any(not accepted(each, case.policy.known_good, case.now) for each in entries):
        return "no accepted target: earlier revisions are revoked or not proven enough"
    return "no accepted target: no earlier revision is known good"


def _target_gone(case: Case) -> str | None:
    if case.target is None or case.whole or case.view.with_template(case.target.template_id) is not None:
        return None
    return f"revision {case.target.revision} is gone from the cluster; raise revisionHistoryLimit"


def _config_moved(case: Case) -> str | None:
    if case.target is None or case.whole:
        return None
    now = dict(case.observation.surroundings.configurations)
    proven = f"since revision {case.target.revision} was proven"
    moved = [name for name, digest in case.target.configurations if name in now and now[name] != digest]
    gone = [name for name in moved if not now[name]]
    if gone:
        return f"{', '.join(gone)} is gone {proven}"
    return f"{', '.join(moved)} changed {proven}" if moved else None


def _config_unknown(case: Case) -> str | None:
    if case.target is None or case.whole:
        return None
    now = dict(case.observation.surroundings.configurations)
    unread = [name for name, _ in case.target.configurations if name not in now]
    proven = f"since revision {case.target.revision} was proven"
    return f"{', '.join(unread)} cannot be read, so it may have changed {proven}" if unread else None


def _mutable_tag(case: Case) -> str | None:
    if case.target is None:
        return None
    proven = set(case.target.digests)
    known = {image for image, _ in proven}
    running = {each for pod in case.view.pods if pod.deleted is None for each in pod.digests}
    moved = sorted(image for image, digest in running - proven if image in known)
    return f"tag {moved[0]} names another image now than when it was proven" if moved else None


GUARDS: dict[str, Callable[[Case], str | None]] = {
    "hold": _hold,
    "never": _never,
    "not_permitted": _not_permitted,
    "stale_cache": _stale_cache,
    "source_unhealthy": _source_unhealthy,
    "recovery_release": _recovery_release,
    "restart": _restart,
    "configuration": _configuration,
    "owned": _owned,
    "other_controller": _other_controller,
    "not_its_fault": _excused_by(""),
    "symptom_before": _excused_by("symptom_before"),
    "flapping": _excused_by("flapping"),
    "old_equally_bad": _excused_by("old_equally_bad"),
    "overload": _excused_by("overload"),
    "fleet_unknown": _fleet_unknown,
    "fleet_veto": _fleet_veto,
    "several_releases": _several_releases,
    "cooldown": _cooldown,
    "breaker": _breaker,
    "namespace_breaker": _namespace_breaker,
    "no_target": _no_target,
    "target_gone": _target_gone,
    "config_moved": _config_moved,
    "config_unknown": _config_unknown,
    "mutable_tag": _mutable_tag,
}
"""Guards by id, in the order in which they are shown."""

EXCUSES = frozenset({"symptom_before", "flapping", "old_equally_bad", "overload"})
"""Guards by which the evidence itself excuses the release: that another one of them speaks is no news."""

IGNORANCE = frozenset({"config_unknown", "fleet_unknown", "git_unknown"})
"""Guards that hold because something has not been looked at, as it is for a moment after each start."""
