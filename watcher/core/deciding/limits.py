"""Guards that limit how many rollbacks there are: of one workload, of a namespace, of the cluster."""

from __future__ import annotations

from watcher.core.deciding.breaker import CLUSTER, counted, of_namespace, spent
from watcher.core.deciding.case import Case
from watcher.core.policy import Limit
from watcher.core.sentence import seconds


def cooldown(case: Case) -> str | None:
    """When another release of the workload was rolled back, if a short while ago."""
    last = case.state.last_rollback
    if last is None or case.now - last >= case.policy.cooldown or case.state.last_rolled_back == case.release.id:
        return None
    return f"rolled back {seconds(case.now - last)} ago; cooldown is {seconds(case.policy.cooldown)}"


def breaker(case: Case) -> str | None:
    """How many releases were rolled back in the cluster, if too many."""
    return _over_limit(case, CLUSTER, case.policy.breaker, "the cluster")


def namespace_breaker(case: Case) -> str | None:
    """The same within the namespace of the workload."""
    namespace = case.release.workload.namespace
    return _over_limit(case, of_namespace(namespace), case.policy.namespace_breaker, f"namespace {namespace}")


def _over_limit(case: Case, scope: str, limit: Limit, where: str) -> str | None:
    """Releases rolled back lately, each counted once; earlier attempts at this very release do not count."""
    if case.reverted:
        return None
    around = case.observation.surroundings
    past = counted(around.rollbacks, scope, around.breakers_closed)
    count = spent(past, limit, case.now, besides=case.release.id)
    if count < limit.max:
        return None
    return f"{count} rollbacks in {where} within {seconds(limit.window)}, {limit.max} allowed: look for a common cause"
