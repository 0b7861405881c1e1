"""Does each source answer wholly, in time, and the same to everybody who asks?"""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.policy import QUARTER, Replicas
from watcher.core.sentence import seconds
from watcher.doctor.facts import Facts, SourceFacts
from watcher.doctor.finding import Finding, Kind, Severity
from watcher.doctor.rules import Rule

SOURCE_UNREACHABLE = Kind(
    "source-unreachable",
    Severity.CRITICAL,
    what="$subject gives no answer: $problem",
    why="Without data there is neither breach nor pass: a bad release stays, unless its pods do not even start.",
    mend="check url, auth and tls of the source in $file, and that it can be reached from where watcher runs:"
    " watcher check $file --prometheus",
)
INTERVAL_DIFFERS = Kind(
    "scrape-interval-differs",
    Severity.WARNING,
    what="$subject is scraped every $measured, and interval says $configured",
    why="Blocks are cut by the interval: with a wrong one they stay open for too long or hold gaps, and a bad"
    " release is"
    " seen later.",
    mend="set sources.$source.interval to $measured in $file, or remove it: it is learnt then",
)
LAGS = Kind(
    "watermark-lags",
    Severity.WARNING,
    what="the newest sample of $subject is $lag old",
    why="A breach is seen that much later, and a source minutes behind counts as no data.",
    mend="look for what is late: a slow scrape (scrape_duration_seconds), a full remote-write queue, a query front end"
    " with a delay",
)
SKEW = Kind(
    "clock-skew",
    Severity.WARNING,
    what="the clock of $subject is $skew s from ours",
    why="Samples are joined with what Kubernetes says by time; over 60 s the source counts as unusable.",
    mend="synchronise the clocks of both machines (chrony, systemd-timesyncd): timedatectl status",
)
HA_PAIR = Kind(
    "ha-pair",
    Severity.WARNING,
    what="$subject gave $answers different answers to one question about the past: several Prometheis stand behind it",
    why="Counters read from one and then from the other go back and forth: lower values are left out, and evidence is"
    " thinner or late.",
    mend="say so: sources.$source.replicas: separate; better ask one of them, or a deduplicating layer"
    " (replicas: deduplicated), or set sessionAffinity: ClientIP on its Service",
)
PARTIAL = Kind(
    "partial-response",
    Severity.CRITICAL,
    what="$subject says that parts of its answer are missing: $warnings",
    why="Half the data can look like a breach, or hide one; such answers are refused (or, with partialResponse: allow,"
    " judged).",
    mend="mend what it names: a store, shard or querier that is down",
)
RETENTION = Kind(
    "retention-short",
    Severity.WARNING,
    what="$subject keeps samples for $kept, and $needed are needed",
    why="A watch is folded again from raw samples after a restart, and what was usual before a release is read from its"
    " past.",
    mend="raise the retention: --storage.tsdb.retention.time=15d",
)
KINDS = (SOURCE_UNREACHABLE, INTERVAL_DIFFERS, LAGS, SKEW, HA_PAIR, PARTIAL, RETENTION)

OFF = 1.5
"""An interval that differs by this factor is another one: scrapes jitter."""

LATE_SCRAPES, LATE_SECONDS = 3.0, 30.0
"""A source is late from so many scrapes, and so many seconds, on."""

SKEWED = 10.0
"""Seconds between two clocks that are an alarm."""

LEAST_KEPT = 86400.0
"""Seconds of samples that a source should keep; more where a watch lasts longer."""

LEAD = 3600.0
"""Seconds before a release that are read for what was usual."""


def unreachable(facts: Facts) -> Iterator[Finding]:
    """It is down, refuses us, or is no such API."""
    for each in facts.sources:
        if each.problem:
            yield SOURCE_UNREACHABLE.found(_name(each), problem=each.problem, file=facts.file)


def interval_differs(facts: Facts) -> Iterator[Finding]:
    """The configured interval is not the one that samples show."""
    for each in facts.sources:
        configured, measured = each.source.interval, each.interval
        if configured and measured and not 1 / OFF < measured / configured < OFF:
            names = {"measured": _span(measured), "configured": _span(configured)}
            yield INTERVAL_DIFFERS.found(_name(each), source=each.source.name, file=facts.file, **names)


def lags(facts: Facts) -> Iterator[Finding]:
    """Its newest sample is old."""
    for each in facts.sources:
        interval = each.interval or each.source.interval or 15.0
        if each.lag is not None and each.lag > max(LATE_SCRAPES * interval, LATE_SECONDS):
            yield LAGS.found(_name(each), lag=seconds(each.lag))


def skew(facts: Facts) -> Iterator[Finding]:
    """Its clock is not ours."""
    for each in facts.sources:
        if each.skew is not None and abs(each.skew) > SKEWED:
            yield SKEW.found(_name(each), skew=f"{each.skew:+.0f}")


def ha_pair(facts: Facts) -> Iterator[Finding]:
    """One question, several answers."""
    for each in facts.sources:
        if each.answers > 1 and each.source.replicas is Replicas.SINGLE:
            yield HA_PAIR.found(_name(each), answers=each.answers, source=each.source.name)


def partial(facts: Facts) -> Iterator[Finding]:
    """Its answers come with warnings."""
    for each in facts.sources:
        if each.warnings:
            yield PARTIAL.found(_name(each), warnings=each.warnings)


def retention(facts: Facts) -> Iterator[Finding]:
    """Samples are dropped before they were needed."""
    longest = max((each.policy.bake.max for each in facts.cluster.workloads), default=0.0)
    needed = min(max(LEAST_KEPT, longest + LEAD), QUARTER)
    for each in facts.sources:
        if each.retention is not None and each.retention < needed:
            yield RETENTION.found(_name(each), kept=_span(each.retention), needed=_span(needed))


def _span(value: float) -> str:
    """As the thresholds file writes durations."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("m", 60.0)):
        if value >= size and value % size == 0:
            return f"{value / size:g}{unit}"
    return f"{value:g}s"


def _name(each: SourceFacts) -> str:
    return f"source {each.source.name}"


RULES: tuple[Rule, ...] = (unreachable, interval_differs, lags, skew, ha_pair, partial, retention)
