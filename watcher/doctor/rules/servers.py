"""Do the labels of a check name the server of a request, and not a gateway, a caller or nobody?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from watcher.core.model import Workload
from watcher.core.policy import By
from watcher.doctor.facts import CheckFacts, Facts
from watcher.doctor.finding import Finding, Kind, Severity, some
from watcher.doctor.resolving import Resolved, resolved, server_named
from watcher.doctor.rules import Rule
from watcher.doctor.rules.checks import answered, name_of

PODS_UNRESOLVED = Kind(
    "pods-unresolved",
    Severity.WARNING,
    what="series of $metric name $label $names, and the cluster has no such pods ($subject)",
    why="Their requests belong to no version: they are left out, and evidence is thinner than it looks.",
    mend="name the label with the serving pod in identify of the check in $file; mostly it is exported_pod, where the"
    " scrape's own labels hide the series', or honor_labels: true is missing",
)
GATEWAY_LABELS = Kind(
    "gateway-labels",
    Severity.CRITICAL,
    what="series of $metric count requests of $server under the pods of $reporter ($evidence; $subject)",
    why="A bad release of the server is blamed on the gateway or caller that reports it, and the gateway is undone, or"
    " nothing is.",
    mend="$mend",
)
KINDS = (PODS_UNRESOLVED, GATEWAY_LABELS)

_RELAYS = re.compile(r"(^|-)(gateway|ingress|proxy|envoy|nginx|traefik|haproxy|kong|router|edge|lb)(-|$)")


def pods_unresolved(facts: Facts) -> Iterator[Finding]:
    """Pods that neither live nor bear a name that the cluster would have given."""
    watched = {each.workload.namespace for each in facts.cluster.workloads}
    for each in answered(facts):
        if facts.cluster.problem or each.check.identify.by is not By.POD:
            continue
        lost = [one for one in _resolved(each, facts) if one.named and not one.known and one.namespace in watched]
        names = sorted({one.named for one in lost if one.named not in facts.cluster.elsewhere})
        if names:
            label = each.check.identify.pod
            yield PODS_UNRESOLVED.found(
                name_of(each), metric=each.metric, label=label, names=some(names), file=facts.file
            )


def gateway_labels(facts: Facts) -> Iterator[Finding]:
    """The pod label is that of a gateway or caller."""
    for each in answered(facts):
        if facts.cluster.problem or each.check.identify.by is not By.POD:
            continue
        everything = list(_resolved(each, facts))
        told = list(_named_otherwise(each, everything))  # this evidence says the most, so the others add nothing
        yield from told or [*_living_elsewhere(each, everything, facts), *_relayed(each, everything)]


def _resolved(each: CheckFacts, facts: Facts) -> Iterator[Resolved]:
    return resolved(each.series, each.check.identify, facts.cluster, each.users)


def _named_otherwise(each: CheckFacts, everything: list[Resolved]) -> Iterator[Finding]:
    """Another label names another watched workload."""
    found: dict[tuple[str, Workload], set[str]] = defaultdict(set)
    by_name = {user.name: user for user in each.users}
    for one in everything:
        named = server_named(one.series.labels, one.workload, by_name)
        if named is not None:
            found[named].add(str(one.workload or one.named))
    for (label, server), reporters in sorted(found.items()):
        mend = (
            f"identify: {{by: workload, workload: {label}}} for {name_of(each)}, or a metric of the servers themselves"
        )
        if label == "exported_pod":
            mend = "identify: {by: pod, namespace: exported_namespace, pod: exported_pod}, or honor_labels: true"
        yield _gateway(each, server, some(reporters, 3), f"label {label} names {server.name}", mend)


def _living_elsewhere(each: CheckFacts, everything: list[Resolved], facts: Facts) -> Iterator[Finding]:
    """The pod lives in another namespace than the one that the series names."""
    places = {one.named: facts.cluster.elsewhere[one.named] for one in everything if _is_elsewhere(one, facts)}
    namespaces = {one.namespace for one in everything if one.named in places}
    users = [user for user in each.users if user.namespace in namespaces and user not in each.owners]
    if places and users:
        mend = "count by what the series say of the server (identify: {by: workload, workload: LABEL}), or use a metric"
        mend += " of the servers themselves"
        yield _gateway(each, some(users, 3), some(places.values(), 3), "they live in another namespace", mend)


def _is_elsewhere(one: Resolved, facts: Facts) -> bool:
    return not one.known and one.named in facts.cluster.elsewhere


def _relayed(each: CheckFacts, everything: list[Resolved]) -> Iterator[Finding]:
    """In a namespace all series are of a relay that is not watched by the check, and none of those that are."""
    owners: dict[str, set[Workload]] = defaultdict(set)
    for one in everything:
        if one.workload is not None:
            owners[one.namespace].add(one.workload)
    for namespace, found in sorted(owners.items()):
        users = {user for user in each.users if user.namespace == namespace}
        lacking = users - found
        if lacking and all(_RELAYS.search(one.name) for one in found):
            mend = "take a metric that the servers expose themselves, or one whose labels name them"
            mend += " (identify: {by: workload, workload: LABEL})"
            yield _gateway(each, some(lacking, 3), some(found, 3), "they have no series of their own", mend)


def _gateway(each: CheckFacts, server: object, reporter: str, evidence: str, mend: str) -> Finding:
    names = {"metric": each.metric, "server": server, "reporter": reporter, "evidence": evidence, "mend": mend}
    return GATEWAY_LABELS.found(name_of(each), **names)


RULES: tuple[Rule, ...] = (pods_unresolved, gateway_labels)
