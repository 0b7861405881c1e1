"""Checks as measurements: what is asked of a source whatever the bounds are, once for all workloads that have it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from watcher.adapters.prometheus.selectors import filters, joined, matcher, one_of
from watcher.core.model import Workload
from watcher.core.policy import By, Check, CounterCheck, HistogramCheck, QueryCheck, RatioCheck
from watcher.core.words import Mode
from watcher.doctor.facts import WorkloadFacts
from watcher.doctor.resolving import SERVER_LABELS, identity_labels


@dataclass(frozen=True, slots=True)
class Measurement:
    """A check, and the workloads that have it with some bounds or other."""

    check: Check
    users: tuple[Workload, ...] = ()


def measurements(workloads: Iterable[WorkloadFacts], configured: Iterable[Check]) -> list[Measurement]:
    """All different ones; `configured`: of entries, so that those that match nothing are asked for too."""
    found: dict[Check, tuple[Check, list[Workload]]] = {}
    for each in workloads:
        for check in each.policy.checks:
            found.setdefault(_bare(check), (check, []))[1].append(each.workload)
    for check in configured:
        found.setdefault(_bare(check), (check, []))
    return [Measurement(check, tuple(users)) for check, users in found.values()]


def _bare(check: Check) -> Check:
    """Without what is only asked of the numbers when they are there."""
    if isinstance(check, QueryCheck):
        return replace(check, max=None, min=None, hold_for=0.0, may=Mode.ACT)
    return replace(check, max=None, increase=None, floor=0.0, min_bad=0, may=Mode.ACT)


def exposed(check: CounterCheck) -> str:
    """The series that are counted; of a classic histogram its buckets."""
    return f"{check.histogram}_bucket" if isinstance(check, HistogramCheck) else check.total


def owners_query(check: Check, selector: str) -> str:
    """How many series there are of each server, with what else may name a server."""
    labels = list(identity_labels(check.identify))
    if check.identify.by is By.POD:
        labels += [label for label in SERVER_LABELS if label not in labels]
    counted = selector if isinstance(check, QueryCheck) else _filtered(check, selector)
    return f"count by ({', '.join(labels)}) ({joined(counted, check.identify.join, identity_labels(check.identify))})"


def total_query(check: CounterCheck, window: int, *, native: bool = False) -> str:
    """Requests of each server in a window of so many seconds."""
    if isinstance(check, HistogramCheck):
        if native:
            return _sum(check, f"histogram_count(increase({_filtered(check, check.histogram)}[{window}s]))")
        return _increase(check, f"{check.histogram}_bucket{{{one_of('le', ['+Inf'])}}}", window)
    return _increase(check, check.total, window)


def good_query(check: HistogramCheck, bounds: Iterable[str], window: int) -> str:
    """Requests within the bound; `bounds`: its spellings."""
    return _increase(check, f"{check.histogram}_bucket{{{one_of('le', sorted(bounds))}}}", window)


def bad_query(check: RatioCheck, window: int) -> str:
    """Bad requests of each server in a window; one that fits several alternatives counts once."""
    if check.errors:
        return _increase(check, check.errors, window)
    parts = [
        f"increase({_with(_filtered(check, check.total), [matcher(*each) for each in alternative])}[{window}s])"
        for alternative in check.bad
    ]
    return _sum(check, " or ".join(parts))


def _increase(check: CounterCheck, selector: str, window: int) -> str:
    return _sum(check, f"increase({_filtered(check, selector)}[{window}s])")


def _sum(check: CounterCheck, expression: str) -> str:
    labels = identity_labels(check.identify)
    told = joined(f"({expression})", check.identify.join, labels) if check.identify.join else expression
    return f"sum by ({', '.join(labels)}) ({told})"


def _filtered(check: CounterCheck, selector: str) -> str:
    """Only what the check counts."""
    own = filters(check.only, check.exclude)
    return _with(selector, own) if own else selector


def _with(selector: str, matchers: list[str]) -> str:
    """A selector with more matchers; it may have some of its own."""
    more = ",".join(matchers)
    if selector.endswith("}"):
        inner = selector[:-1]
        return f"{inner}{'' if inner.endswith(('{', ',')) else ','}{more}}}"
    return f"{selector}{{{more}}}"
