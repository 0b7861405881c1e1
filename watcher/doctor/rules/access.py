"""Can the cluster be read, and does the account have what it needs and nothing beyond?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from watcher.adapters.kubernetes.permissions import Permission
from watcher.doctor.facts import Facts
from watcher.doctor.finding import Finding, Kind, Severity
from watcher.doctor.rules import Rule

CLUSTER_UNREADABLE = Kind(
    "cluster-unreadable",
    Severity.CRITICAL,
    what="the cluster cannot be read: $problem",
    why="No release is seen, so none is judged and none is undone.",
    mend="check the address and the credentials: kubectl --kubeconfig FILE --context NAME get deployments -A",
)
KIND_UNREADABLE = Kind(
    "kind-unreadable",
    Severity.CRITICAL,
    what="a part of the cluster cannot be followed: $problem",
    why="Releases, revisions or pods of that kind are not seen, so they are neither judged nor undone.",
    mend="grant what it names (config/rbac.yaml, ClusterRole watcher-observe), or mend the server's error",
)
PERMISSION_MISSING = Kind(
    "permission-missing",
    Severity.CRITICAL,
    what="$subject may not $verbs $resource $where, which is needed $purpose",
    why="The API server refuses the call in the middle of an incident: a rung fails, or something is not seen.",
    mend="add this rule to a role of the account $where: $rule",
)
PERMISSION_TAKEOVER = Kind(
    "permission-takeover",
    Severity.CRITICAL,
    what="$subject may $verbs $resource $where: $purpose",
    why="Whoever gets hold of this account's token owns the cluster; an automatic writer must not be worth stealing.",
    mend="remove the verbs [$verbs] on $resource (API group $group) from the roles bound to the account; list them"
    " with:"
    " kubectl auth can-i --list --as system:serviceaccount:NAMESPACE:NAME (an admin's own account is examined unless"
    " --account NAMESPACE/NAME names the daemon's)",
)
PERMISSION_BEYOND = Kind(
    "permission-beyond",
    Severity.WARNING,
    what="$subject may $verbs $resource $where, which nothing here needs: $purpose",
    why="What the account may do beyond its task can be misused, and makes every audit of it longer.",
    mend="remove the verbs [$verbs] on $resource (API group $group) from the roles bound to the account",
)
PERMISSION_UNUSED = Kind(
    "permission-unused",
    Severity.INFO,
    what="$subject may $verbs $resource $where, though every workload is in mode observe",
    why="Observing needs no verb that writes; without them nothing can go wrong by mistake.",
    mend="remove the binding of the ClusterRole watcher-act until a mode is propose or act:"
    " kubectl get clusterrolebindings,rolebindings -A -o wide | grep watcher-act",
)
KINDS = (
    CLUSTER_UNREADABLE,
    KIND_UNREADABLE,
    PERMISSION_MISSING,
    PERMISSION_TAKEOVER,
    PERMISSION_BEYOND,
    PERMISSION_UNUSED,
)

TAKES_OVER = "takes over: "
"""How the purpose of a permission begins that makes its holder the cluster's owner."""


def cluster_unreadable(facts: Facts) -> Iterator[Finding]:
    """The API server does not answer, or refuses us."""
    if facts.cluster.problem:
        yield CLUSTER_UNREADABLE.found("cluster", problem=facts.cluster.problem)


def kind_unreadable(facts: Facts) -> Iterator[Finding]:
    """Some kind of object cannot be followed."""
    for problem in facts.cluster.unread:
        yield KIND_UNREADABLE.found("cluster", problem=problem)


def permission_missing(facts: Facts) -> Iterator[Finding]:
    """Needed for the modes in the thresholds file, and not granted."""
    access = facts.cluster.access
    yield from _grouped(PERMISSION_MISSING, access.account, access.missing) if access else ()


def permission_beyond(facts: Facts) -> Iterator[Finding]:
    """Granted, and not needed."""
    access = facts.cluster.access
    if access is None:
        return
    takeover = [each for each in access.beyond if each.purpose.startswith(TAKES_OVER)]
    yield from _grouped(PERMISSION_TAKEOVER, access.account, takeover)
    yield from _grouped(PERMISSION_BEYOND, access.account, [each for each in access.beyond if each not in takeover])


def permission_unused(facts: Facts) -> Iterator[Finding]:
    """Granted, and needed for acting only, where nothing may act."""
    access = facts.cluster.access
    yield from _grouped(PERMISSION_UNUSED, access.account, access.unused) if access else ()


def _grouped(kind: Kind, account: str, permissions: Iterable[Permission]) -> Iterator[Finding]:
    """One finding for all verbs on a resource in one place."""

    def place(each: Permission) -> tuple[str, str, str, str, str]:
        return each.namespace, each.resource.group, each.resource.plural, each.subresource, each.name

    for _, same in groupby(sorted(permissions, key=lambda each: (place(each), each.verb)), key=place):
        several = list(same)
        yield kind.found(account, **_names(several))


def _names(several: list[Permission]) -> dict[str, str]:
    first, verbs = several[0], [each.verb for each in several]
    resource = f"{first.resource.plural}/{first.subresource}" if first.subresource else first.resource.plural
    named = f", resourceNames: [{first.name}]" if first.name else ""
    what = f'apiGroups: ["{first.resource.group}"], resources: [{resource}]{named}'
    return {
        "verbs": ", ".join(verbs),
        "resource": f"{resource} {first.name}".rstrip(),
        "group": first.resource.group or "core",
        "where": f"in namespace {first.namespace}" if first.namespace else "in all namespaces",
        "purpose": first.purpose.removeprefix(TAKES_OVER),
        "rule": f"{{{what}, verbs: [{', '.join(verbs)}]}}",
    }


RULES: tuple[Rule, ...] = (
    cluster_unreadable,
    kind_unreadable,
    permission_missing,
    permission_beyond,
    permission_unused,
)
