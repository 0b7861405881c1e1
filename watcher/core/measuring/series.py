"""Which counter a series is: its identity without what only says how it was scraped.

At promotion of a canary the same pod is scraped under another `job` and `service`; an HA pair scrapes it twice.  All of
these are readings of one counter, so they are joined before differences are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from enum import StrEnum
from typing import NamedTuple

from watcher.core.measuring import patterns
from watcher.core.policy import CounterCheck, HistogramCheck, Identify, RatioCheck

Labels = Mapping[str, str]

SCRAPE_LABELS = frozenset(
    {"__name__", "job", "prometheus", "prometheus_replica", "__replica__", "receive", "receive_replica", "tenant_id"}
)
"""Labels that say who scraped or received, whatever the metric."""

OPERATOR_LABELS = frozenset({"service", "endpoint"})
"""Labels that Prometheus Operator gives to each target; a metric may well have one of them as its own."""


class Part(StrEnum):
    """What a series counts for a check."""

    TOTAL = "total"
    ERRORS = "errors"
    EVERY = "every"  # a histogram's +Inf bucket
    WITHIN = "within"  # a histogram's bucket of the bound


class Target(NamedTuple):
    """What is scraped: `subject` is the pod, or the workload's label where series name no pod."""

    namespace: str
    subject: str
    container: str
    instance: str


class Key(NamedTuple):
    """Identity of one counter."""

    target: Target
    part: Part
    labels: tuple[tuple[str, str], ...]


def target_of(labels: Labels, identify: Identify) -> Target:
    """What was scraped to get a series with these labels."""
    return Target(
        labels.get(identify.namespace, ""),
        labels.get(identify.subject, ""),
        labels.get("container", ""),
        labels.get("instance", ""),
    )


def key_of(labels: Labels, part: Part, identify: Identify, scraped_as: Set[tuple[str, str]]) -> Key:
    """Identity of the counter behind a series.

    `scraped_as` holds the labels that the target's own `up` series carry: exactly those that were added by the scrape.
    Without it, `service` and `endpoint` count as such where both are there.
    """
    dropped = {identify.namespace, identify.subject, "container", "instance", *SCRAPE_LABELS}
    if part in {Part.EVERY, Part.WITHIN}:
        dropped.add("le")
    if not scraped_as and labels.keys() >= OPERATOR_LABELS:
        dropped |= OPERATOR_LABELS
    own = sorted(item for item in labels.items() if item[0] not in dropped and item not in scraped_as)
    return Key(target_of(labels, identify), part, tuple(own))


class Weight(NamedTuple):
    """How a counter's difference goes into the sums of total and bad requests."""

    total: int
    bad: int


def part_of(check: CounterCheck, labels: Labels) -> Part | None:
    """What a series counts for the check; None: nothing (a bucket of another bound)."""
    if isinstance(check, HistogramCheck):
        bound = bucket_bound(labels)
        if bound == float("inf"):
            return Part.EVERY
        return Part.WITHIN if bound == check.bound else None
    return Part.ERRORS if check.errors and labels.get("__name__") == check.errors else Part.TOTAL


def bucket_bound(labels: Labels) -> float | None:
    """The bound of a bucket as a number; None where it is none."""
    try:
        return float(labels.get("le", ""))
    except ValueError:
        return None


def weigher(check: CounterCheck) -> Callable[[Part, Labels], Weight]:
    """A function from a series to its weight.  Raises ValueError for a pattern that is not taken."""
    alternatives = _compiled(check) if isinstance(check, RatioCheck) else ()

    def weight(part: Part, labels: Labels) -> Weight:
        if part is Part.EVERY:
            return Weight(1, 1)
        if part is Part.WITHIN:
            return Weight(0, -1)
        if part is Part.ERRORS:
            return Weight(0, 1)
        bad = any(all(fits(labels.get(name, "")) for name, fits in alternative) for alternative in alternatives)
        return Weight(1, int(bad))

    return weight


Alternative = tuple[tuple[str, Callable[[str], bool]], ...]


def _compiled(check: RatioCheck) -> tuple[Alternative, ...]:
    return tuple(tuple((name, _pattern(check.name, pattern)) for name, pattern in each) for each in check.bad)


def _pattern(check: str, pattern: str) -> Callable[[str], bool]:
    try:
        return patterns.predicate(pattern)
    except patterns.PatternError as error:
        raise ValueError(f"check {check}: pattern {pattern!r} of `bad` does not do: {error}") from None
