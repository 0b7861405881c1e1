"""Is there enough to decide on, and would the bounds hold on an ordinary day?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from watcher.core.judging.dispersion import Windows
from watcher.core.judging.lanes import plans
from watcher.core.policy import Check, CounterCheck, Policy, QueryCheck
from watcher.core.sentence import percent, seconds
from watcher.doctor.facts import CheckFacts, Facts, Traffic, WorkloadFacts
from watcher.doctor.finding import Finding, Kind, Severity
from watcher.doctor.rules import Rule
from watcher.doctor.rules.checks import answered

BREACHED_ALREADY = Kind(
    "breached-already",
    Severity.WARNING,
    what="$subject would have exceeded $bound of check $check in $windows of $all windows of $length in the last $since"
    " ($worst)",
    why="A bound that is broken without any release says nothing of one: it cannot be blamed for it, so only the"
    " comparison with the old version is left, and a query check fires on nothing.",
    mend="set max of $check for it above what is usual ($suggested in $file), or mend what fails every day",
)
TRAFFIC_TOO_LOW = Kind(
    "traffic-too-low",
    Severity.WARNING,
    what="$subject gets $rate requests an hour; check $check needs $needed to be sure of a release that fails half of"
    " them, and $expected are expected while it is watched ($watched)",
    why="Its releases end inconclusive: a bad one is neither proven nor undone.",
    mend="watch longer (bake: {max: $longer} in $file), or send synthetic requests; minBad and falseRollbacks"
    " set how sure is sure",
)
MIN_REQUESTS = Kind(
    "min-requests-too-many",
    Severity.WARNING,
    what="$subject must serve $wanted requests on the new version before a PASS (bake.minRequests), and $expected are"
    " expected while it is watched ($watched)",
    why="No release of it ever passes, so nothing becomes known good by a PASS, and the way back gets old.",
    mend="set bake.minRequests below $expected for it in $file, or bake.max higher",
)
KINDS = (BREACHED_ALREADY, TRAFFIC_TOO_LOW, MIN_REQUESTS)

OFTEN = 3
"""Windows over the bound that are no accident: one bad quarter of an hour a day is usual."""

FAILING = 0.5
"""Share of bad requests of a release that must not go unnoticed."""

MARGIN = 3.0
"""Added to the evidence that is needed, for the mixture over alternatives and starts."""


def breached_already(facts: Facts) -> Iterator[Finding]:
    """The absolute bound, over windows of ordinary operation."""
    for each, check, facts_of in _judged(facts):
        if isinstance(check, QueryCheck):
            yield from _query_breached(each, check, facts_of, facts)
        elif check.max is not None and each.workload in facts_of.traffic:
            yield from _counter_breached(each, check, facts_of.traffic[each.workload], facts)


def _counter_breached(each: WorkloadFacts, check: CounterCheck, traffic: Traffic, facts: Facts) -> Iterator[Finding]:
    bound = check.max or 0.0
    over = [one for one in traffic.windows if one.bad >= check.min_bad and one.bad > bound * one.total]
    if len(over) < OFTEN:
        return
    worst = max(over, key=lambda one: one.bad / one.total)
    share = worst.bad / worst.total
    yield BREACHED_ALREADY.found(
        each.workload,
        bound=f"max {percent(bound)}",
        check=check.name,
        windows=len(over),
        all=len(traffic.windows),
        length=seconds(traffic.seconds),
        since=seconds(facts.since),
        worst=f"at worst {worst.bad:,.0f} of {worst.total:,.0f} requests, {percent(share)}",
        suggested=f"{math.ceil(share * 110) or 1}%",
        file=facts.file,
    )


def _query_breached(each: WorkloadFacts, check: QueryCheck, found: CheckFacts, facts: Facts) -> Iterator[Finding]:
    values = found.history.get(each.workload, ())
    over = [value for value in values if _outside(check, value)]
    if len(over) < OFTEN:
        return
    above = check.max is not None and max(over) > check.max
    worst = max(over) if above else min(over)
    yield BREACHED_ALREADY.found(
        each.workload,
        bound=f"max {check.max:g}" if above else f"min {check.min:g}",
        check=check.name,
        windows=len(over),
        all=len(values),
        length=seconds(facts.since / max(len(values), 1)),
        since=seconds(facts.since),
        worst=f"at worst {worst:g}",
        suggested=f"{worst:g}",
        file=facts.file,
    )


def _outside(check: QueryCheck, value: float) -> bool:
    return (check.max is not None and value > check.max) or (check.min is not None and value < check.min)


def traffic_too_low(facts: Facts) -> Iterator[Finding]:
    """Even a release that fails half of its requests would not be proven in time."""
    for each, check, facts_of in _judged(facts):
        traffic = facts_of.traffic.get(each.workload)
        if isinstance(check, QueryCheck) or traffic is None or not traffic.windows or not each.view.desired:
            continue
        expected, needed = traffic.rate * each.policy.bake.max, requests_needed(check, each.policy)
        if expected < needed:
            longer = f"{math.ceil(needed / traffic.rate / 3600)}h" if traffic.rate else "longer"
            names = {"rate": f"{traffic.rate * 3600:.3g}", "needed": f"{needed:.0f}", "expected": f"{expected:.0f}"}
            watched = seconds(each.policy.bake.max)
            yield TRAFFIC_TOO_LOW.found(
                each.workload, check=check.name, watched=watched, longer=longer, file=facts.file, **names
            )


def min_requests_too_many(facts: Facts) -> Iterator[Finding]:
    """bake.minRequests can never be reached."""
    busiest: dict[str, tuple[WorkloadFacts, float]] = {}
    for each, _, facts_of in _judged(facts):
        traffic = facts_of.traffic.get(each.workload)
        if traffic is not None and traffic.windows:
            expected = max(traffic.rate * each.policy.bake.max, busiest.get(str(each.workload), (each, 0.0))[1])
            busiest[str(each.workload)] = each, expected
    for each, expected in busiest.values():
        wanted, watched = each.policy.bake.min_requests, seconds(each.policy.bake.max)
        if each.view.desired and expected < wanted:
            names = {"wanted": f"{wanted:,}", "expected": f"{expected:,.0f}", "watched": watched}
            yield MIN_REQUESTS.found(each.workload, file=facts.file, **names)


def requests_needed(check: CounterCheck, policy: Policy) -> float:
    """Requests on the new version until the most telling lane is sure of a release that fails half of them.

    (ln(1/(alpha w)) + margin) / KL(p1 || p0), with p0 the lane's bound and w its part of the budget; and at least as
    many as give `minBad` bad ones.
    """
    alpha = policy.promise.budget(0.0) / max(1, len(policy.checks))
    found = [
        (math.log(1 / (alpha * plan.weight)) + MARGIN) / divergence(FAILING, plan.bound)
        for plan in plans(check, Windows())
        if plan.bound < FAILING
    ]
    return max(min(found, default=math.inf), check.min_bad / FAILING)


def divergence(share: float, bound: float) -> float:
    """Kullback-Leibler divergence of two shares in (0, 1), natural logarithm."""
    return share * math.log(share / bound) + (1 - share) * math.log((1 - share) / (1 - bound))


def _judged(facts: Facts) -> Iterator[tuple[WorkloadFacts, Check, CheckFacts]]:
    """Each check of each workload, as its policy has it, with what was learnt of it."""
    known: Mapping[object, WorkloadFacts] = {each.workload: each for each in facts.cluster.workloads}
    for found in answered(facts):
        for workload in found.users:
            each = known.get(workload)
            check = each.policy.check(found.check.name) if each is not None else None
            if each is not None and check is not None:
                yield each, check, found


RULES: tuple[Rule, ...] = (breached_already, traffic_too_low, min_requests_too_many)
