"""Does each check read what it was meant to read?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from watcher.config.status_codes import could_match
from watcher.config.values import Duration
from watcher.core.measuring.patterns import predicate
from watcher.core.model import Workload
from watcher.core.policy import By, HistogramCheck, Patterns, QueryCheck, RatioCheck
from watcher.core.words import Mode
from watcher.doctor.facts import CheckFacts, Facts
from watcher.doctor.finding import Finding, Kind, Severity, some
from watcher.doctor.resolving import identity_labels
from watcher.doctor.rules import Rule
from watcher.doctor.ways import sights_of

CHECK_REFUSED = Kind(
    "check-refused",
    Severity.CRITICAL,
    what="the source refuses what $subject asks: $problem",
    why="The check never has data, so it never finds anything.",
    mend="correct the check in $file: watcher check $file --prometheus",
)
QUERY_EMPTY = Kind(
    "query-empty",
    Severity.CRITICAL,
    what="$subject gets nothing: no series of $metric; it is for $users",
    why="The check never has data, so it never finds anything: releases are not judged by it.",
    mend="check the metric's name, and that the services are scraped; near names: watcher check $file --prometheus",
)
NO_VERSIONS = Kind(
    "no-versions",
    Severity.INFO,
    what="$subject cannot tell old pods from new ones (identify: {by: $by})",
    why="It only compares with the time before the release, so it needs longer, and it only proposes.",
    mend="where the series name the serving pod: identify: {by: pod, namespace: namespace, pod: pod}; or wish for no"
    " more"
    " than it can: may: propose",
)
LABEL_MISSING = Kind(
    "label-missing",
    Severity.CRITICAL,
    what="series of $metric have no label $label, by which $subject tells whose requests it counts",
    why="Nobody's requests are counted by it.",
    mend="name the right labels in identify of the check in $file, or add the label when scraping (relabel_configs)",
)
BOUND_NO_BUCKET = Kind(
    "bound-no-bucket",
    Severity.CRITICAL,
    what="$bound is no bucket bound of $metric, which $subject needs; $nearest",
    why="How many requests were slower cannot be counted, so the check never has data.",
    mend="set slowerThan to a bound that is there, or give the histogram a bucket at $bound",
)
BAD_MATCHES_NOTHING = Kind(
    "bad-matches-nothing",
    Severity.WARNING,
    what='no value of $label on $metric matches "$pattern", which $subject counts as bad; $seen',
    why="Failures are never counted: every release passes.",
    mend="correct `bad` in the check in $file; where the bad value never occurred, expose it with 0",
)
BLIND = Kind(
    "blind",
    Severity.WARNING,
    what="$subject is watched by no metric: $reason",
    why="A bad release of it is only noticed when its pods do not become available.",
    mend="scrape its pods, or give it a check whose metric it has: watcher explain $subject --config $file",
)
CHECK_WITHOUT_SERIES = Kind(
    "check-without-series",
    Severity.WARNING,
    what="$subject has no series of $count of its workloads: $names",
    why="Their releases are not judged by it, and end inconclusive where `require` asks for it (all ratio checks are"
    " required by default).",
    mend="scrape them, or take the check from them: checks: {$check: none} in an entry for them in $file",
)
KINDS = (
    CHECK_REFUSED,
    QUERY_EMPTY,
    NO_VERSIONS,
    LABEL_MISSING,
    BOUND_NO_BUCKET,
    BAD_MATCHES_NOTHING,
    BLIND,
    CHECK_WITHOUT_SERIES,
)


def answered(facts: Facts) -> Iterator[CheckFacts]:
    """Checks that some workload has, and whose source answered."""
    sick = {each.source.name for each in facts.sources if each.problem}
    return (each for each in facts.checks if not each.problem and each.check.source not in sick)


def name_of(each: CheckFacts) -> str:
    """How findings name a check."""
    return f"check {each.check.name}"


def refused(facts: Facts) -> Iterator[Finding]:
    """The source understood, and refused."""
    for each in facts.checks:
        if each.problem:
            yield CHECK_REFUSED.found(name_of(each), problem=each.problem, file=facts.file)


def query_empty(facts: Facts) -> Iterator[Finding]:
    """No series at all."""
    for each in answered(facts):
        if not each.series:
            users = some(each.users, 3) or "workloads to come"
            yield QUERY_EMPTY.found(name_of(each), metric=each.metric, users=users, file=facts.file)


def no_versions(facts: Facts) -> Iterator[Finding]:
    """Told of checks that are written to act."""
    for each in facts.checks:
        if not each.check.identify.sees_versions and each.check.may is Mode.ACT and each.users:
            yield NO_VERSIONS.found(name_of(each), by=each.check.identify.by)


def label_missing(facts: Facts) -> Iterator[Finding]:
    """None of the series has the label."""
    for each in answered(facts):
        for label in identity_labels(each.check.identify):
            if each.series and not any(series.labels.get(label) for series in each.series):
                yield LABEL_MISSING.found(name_of(each), metric=each.metric, label=label, file=facts.file)


def bound_no_bucket(facts: Facts) -> Iterator[Finding]:
    """The bound, compared as a number; native histograms have no such bounds."""
    for each in answered(facts):
        check = each.check
        if not isinstance(check, HistogramCheck) or not each.bounds or each.native:
            continue
        bounds = sorted(number for number in map(_number, each.bounds) if math.isfinite(number))
        if not any(math.isclose(number, check.bound, rel_tol=1e-9) for number in bounds):
            names = {"bound": _written(check, check.bound), "nearest": _nearest(check, bounds)}
            yield BOUND_NO_BUCKET.found(name_of(each), metric=each.metric, **names)


def _nearest(check: HistogramCheck, bounds: list[float]) -> str:
    around = [b for b in bounds if b < check.bound][-1:] + [b for b in bounds if b > check.bound][:1]
    return f"the nearest are {' and '.join(_written(check, b) for b in around)}" if around else "it has no finite one"


def _written(check: HistogramCheck, bound: float) -> str:
    return str(Duration(bound / 1000 if "milliseconds" in check.histogram else bound))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def bad_matches_nothing(facts: Facts) -> Iterator[Finding]:
    """The label is absent, or none of its values is bad and none is likely to become so."""
    for each in answered(facts):
        if not isinstance(each.check, RatioCheck) or not each.series:
            continue
        for label, pattern in sorted({pair for alternative in _met(each, each.check) for pair in alternative}):
            values = each.values.get(label, frozenset()) - {""}
            if not values or not (any(map(predicate(pattern), values)) or could_match(pattern, values)):
                seen = f"values seen are {some(values, 8)}" if values else "it has no such label"
                names = {"metric": each.metric, "label": label, "pattern": pattern, "seen": seen}
                yield BAD_MATCHES_NOTHING.found(name_of(each), file=facts.file, **names)


def _met(each: CheckFacts, check: RatioCheck) -> tuple[Patterns, ...]:
    """Alternatives whose labels are all there: presets know several protocols.  All of them, where none has."""
    there = {label for label, values in each.values.items() if values - {""}}
    return tuple(one for one in check.bad if {label for label, _ in one} <= there) or check.bad


def blind(facts: Facts) -> Iterator[Finding]:
    """Workloads with pods that no check sees."""

    sights = sights_of(facts)
    for each in facts.cluster.workloads:
        sight = sights[str(each.workload)]
        if sight.blind and each.view.desired:
            reason = f"no series of {some(sight.unseen)} is of its pods" if sight.unseen else "it has no check"
            yield BLIND.found(each.workload, reason=reason, file=facts.file)


def check_without_series(facts: Facts) -> Iterator[Finding]:
    """A check that sees some of its workloads and not others."""
    sights = sights_of(facts)
    running = {
        each.workload
        for each in facts.cluster.workloads
        if each.view.desired and not sights[str(each.workload)].blind  # of which more is said
    }
    for each in answered(facts):
        lacking = _lacking(each, running)
        if each.owners and lacking:
            names = {"count": len(lacking), "names": some(lacking), "check": each.check.name}
            yield CHECK_WITHOUT_SERIES.found(name_of(each), file=facts.file, **names)


def _lacking(each: CheckFacts, running: Iterable[Workload]) -> list[Workload]:
    if isinstance(each.check, QueryCheck) and each.check.identify.by is By.FIXED:
        return []
    return [one for one in each.users if one in running and one not in each.owners]


RULES: tuple[Rule, ...] = (
    refused,
    query_empty,
    no_versions,
    label_missing,
    bound_no_bucket,
    bad_matches_nothing,
    blind,
    check_without_series,
)
