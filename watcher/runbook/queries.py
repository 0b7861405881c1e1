"""The configured checks as PromQL for a person: the share of bad requests on new and other pods."""

from __future__ import annotations

import re
from collections.abc import Iterator

from watcher.core.policy import By, Check, CounterCheck, HistogramCheck, Identify, Patterns, QueryCheck
from watcher.core.words import Kind
from watcher.runbook.commands import Command
from watcher.runbook.facts import Facts

RANGE = "5m"


def queries(facts: Facts) -> Iterator[Command]:
    """One for each check of the thresholds file; none without one."""
    for check in facts.policy.checks if facts.policy is not None else ():
        for who, pods in _who(facts, check):
            bound = f", allowed is {check.max:g}" if check.max is not None else ""
            yield Command(
                f"PromQL for source {check.source}: {check.name}{who}{bound}",
                _query(check, facts, pods),
                reads=True,
                needs="PromQL",
            )


def _who(facts: Facts, check: Check) -> Iterator[tuple[str, str]]:
    """Whose requests are asked for, and the pattern of their pods' names; empty: of all."""
    newest, name = facts.view.newest(), re.escape(facts.name).replace("\\-", "-")
    by_pod = not isinstance(check, QueryCheck) and check.identify.by is By.POD
    if not by_pod:
        yield "", ""
    elif newest is not None and facts.view.workload.kind in (Kind.DEPLOYMENT, Kind.ROLLOUT):
        hashes = [each.name for each in facts.view.revisions if each.desired and each.number != newest.number]
        yield " on the new pods", f"{name}-{newest.name}-.*"
        if hashes:
            yield " on the other pods", f"{name}-({'|'.join(hashes)})-.*"
    else:
        yield " on its pods", f"{name}-[^-]+"


def _query(check: Check, facts: Facts, pods: str) -> str:
    if isinstance(check, QueryCheck):
        return check.query
    total, bad = _counters(check, _identified(check.identify, facts, pods))
    return f"sum({bad}) / sum({total})"


def _counters(check: CounterCheck, whose: Patterns) -> tuple[str, str]:
    counted = (*check.only, *whose)
    if isinstance(check, HistogramCheck):
        every = _rate(f"{check.histogram}_bucket", (*counted, ("le", r"\+Inf")), check.exclude)
        within = _rate(f"{check.histogram}_bucket", (*counted, ("le", _bound(check.bound))), check.exclude)
        return every, f"{every} - ignoring(le) {within}"
    total = _rate(check.total, counted, check.exclude)
    if check.errors:
        return total, _rate(check.errors, counted, check.exclude)
    bad = " or ".join(_rate(check.total, (*counted, *each), check.exclude) for each in check.bad)
    return total, bad or total


def _bound(bound: float) -> str:
    """As clients write it: with and without a point."""
    text = re.escape(f"{bound:g}")
    return f"{text}|{re.escape(repr(float(bound)))}"


def _identified(identify: Identify, facts: Facts, pods: str) -> Patterns:
    found = []
    if identify.namespace and identify.by is not By.FIXED:
        found.append((identify.namespace, re.escape(facts.namespace).replace("\\-", "-")))
    if pods:
        found.append((identify.pod, pods))
    elif identify.workload:
        found.append((identify.workload, re.escape(facts.name).replace("\\-", "-")))
    return tuple(found)


def _rate(metric: str, only: Patterns, exclude: Patterns) -> str:
    matchers = [f"{label}=~{_string(pattern)}" for label, pattern in only]
    matchers += [f"{label}!~{_string(pattern)}" for label, pattern in exclude]
    return f"rate({metric}{{{','.join(matchers)}}}[{RANGE}])"


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
