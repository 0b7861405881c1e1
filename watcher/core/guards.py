"""Guards: each a small rule that gives a reason not to act although there is a breach, or None.

All that hold are recorded; the first in the order of `GUARDS` is the one shown.  Automatic decisions never pass one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from watcher.core.ledger import accepted, expired
from watcher.core.model import Observation, WorkloadView
from watcher.core.policy import Limit, Policy
from watcher.core.sentence import seconds
from watcher.core.state import Finding, GuardFinding, KnownGood, Release, WorkloadState
from watcher.core.words import Change

STALE_CACHE = 60.0
"""Seconds after which the picture of the cluster is too old to decide on."""


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
    sick = {source.name: source.problem for source in case.observation.sources if not source.healthy}
    concerned = [finding.source for finding in case.findings if finding.source in sick]
    if not case.findings or len(concerned) < len(case.findings):
        return None
    return f"metrics source {concerned[0]} is not healthy: {sick[concerned[0]]}"


def _recovery_release(case: Case) -> str | None:
    return case.release.never_undo or None


def _restart(case: Case) -> str | None:
    return "only a restart: there is no other version to go back to" if case.release.change is Change.RESTART else None


def _configuration(case: Case) -> str | None:
    if case.release.change is not Change.CONFIGURATION:
        return None
    return "only configuration changed: undo would restart every pod on the same ConfigMap; change it in its source"


def _owned(case: Case) -> str | None:
    return f"owned by {case.view.owner}, which would put it back; undo it there" if case.view.owner else None


def _other_controller(case: Case) -> str | None:
    rollout = case.view.rollout
    if rollout is None or rollout.analysis != "failed":
        return None
    return "an AnalysisRun has failed and Argo Rollouts is aborting by itself"


def _not_its_fault(case: Case) -> str | None:
    excused = [finding.excuse for finding in case.findings if finding.excuse]
    return excused[0] if excused and len(excused) == len(case.findings) else None


def _cooldown(case: Case) -> str | None:
    last = case.state.last_rollback
    if last is None or case.now - last >= case.policy.cooldown:
        return None
    return f"rolled back {seconds(case.now - last)} ago; cooldown is {seconds(case.policy.cooldown)}"


def _breaker(case: Case) -> str | None:
    past = [each.at for each in case.observation.surroundings.rollbacks]
    return _over_limit(past, case.policy.breaker, case.now, "the cluster")


def _namespace_breaker(case: Case) -> str | None:
    namespace = case.release.workload.namespace
    past = [each.at for each in case.observation.surroundings.rollbacks if each.namespace == namespace]
    return _over_limit(past, case.policy.namespace_breaker, case.now, f"namespace {namespace}")


def _over_limit(past: list[float], limit: Limit, now: float, where: str) -> str | None:
    recent = sum(1 for at in past if now - at < limit.window)
    if recent < limit.max:
        return None
    return f"{recent} rollbacks in {where} within {seconds(limit.window)}, {limit.max} allowed: look for a common cause"


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
    if case.target is None or case.view.with_template(case.target.template_id) is not None:
        return None
    return f"revision {case.target.revision} is gone from the cluster; raise revisionHistoryLimit"


def _config_moved(case: Case) -> str | None:
    if case.target is None:
        return None
    now = dict(case.observation.surroundings.configurations)
    moved = [name for name, digest in case.target.configurations if now.get(name, digest) != digest]
    return f"{', '.join(moved)} changed since revision {case.target.revision} was proven" if moved else None


def _mutable_tag(case: Case) -> str | None:
    if case.target is None:
        return None
    proven = dict(case.target.digests)
    pods = [pod for pod in case.view.pods if pod.deleted is None]
    running = {image: digest for pod in pods for image, digest in pod.digests}
    moved = [image for image, digest in proven.items() if running.get(image, digest) != digest]
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
    "not_its_fault": _not_its_fault,
    "cooldown": _cooldown,
    "breaker": _breaker,
    "namespace_breaker": _namespace_breaker,
    "no_target": _no_target,
    "target_gone": _target_gone,
    "config_moved": _config_moved,
    "mutable_tag": _mutable_tag,
}
"""Guards by id, in the order in which they are shown."""
