"""Facts in, the preflight's report out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from watcher.doctor.facts import Facts, SourceFacts
from watcher.doctor.finding import Finding, Kind, Severity, ordered
from watcher.doctor.rules import (
    Rule,
    access,
    applications,
    checks,
    configuration,
    flags,
    history,
    migrations,
    repositories,
    servers,
    sources,
    template,
    tools,
    traffic,
)
from watcher.doctor.ways import Summary, summaries

_MODULES = (
    access,
    configuration,
    history,
    migrations,
    applications,
    repositories,
    flags,
    template,
    checks,
    servers,
    traffic,
    sources,
    tools,
)

CATALOGUE: dict[str, Kind] = {kind.id: kind for module in _MODULES for kind in module.KINDS}
"""Every kind of finding by its id, in the order of the documentation."""

_RULES: tuple[Rule, ...] = tuple(rule for module in _MODULES for rule in module.RULES)


@dataclass(frozen=True, slots=True)
class Report:
    """What the preflight found, as of `at` (Unix seconds)."""

    at: float
    workloads: tuple[Summary, ...]
    findings: tuple[Finding, ...]
    sources: tuple[SourceFacts, ...]
    unasked: tuple[str, ...]

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst finding, or None where nothing was found."""
        return self.findings[0].kind.severity if self.findings else None

    def counts(self) -> dict[Severity, int]:
        """Findings by severity, the worst first."""
        found = Counter(each.kind.severity for each in self.findings)
        return {severity: found[severity] for severity in Severity}

    def body(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "at": self.at,
            "counts": {str(severity): count for severity, count in self.counts().items()},
            "workloads": [each.body() for each in self.workloads],
            "findings": [each.body() for each in self.findings],
            "sources": [_source(each) for each in self.sources],
            "not_looked_at": list(self.unasked),
        }


def examine(facts: Facts) -> Report:
    """Every rule over these facts."""
    findings = ordered(finding for rule in _RULES for finding in rule(facts))
    return Report(facts.now, summaries(facts), findings, facts.sources, facts.unasked)


def _source(each: SourceFacts) -> dict[str, Any]:
    return {
        "name": each.source.name,
        "problem": each.problem,
        "version": each.version,
        "scrape_interval_s": each.interval,
        "lag_s": each.lag,
        "skew_s": each.skew,
        "retention_s": each.retention,
    }
