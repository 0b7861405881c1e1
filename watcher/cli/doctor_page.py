"""The preflight's report for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import typer

from watcher.cli.printing import show_facts, show_table
from watcher.doctor.finding import Severity

if TYPE_CHECKING:
    from watcher.doctor.examine import Report
    from watcher.doctor.finding import Finding, Kind


def show(report: Report) -> None:
    """Print it: each workload at a glance, the findings from the worst on, and what was not looked at."""
    if report.workloads:
        rows = [(each.workload, each.mode, str(each.sight), str(each.way)) for each in report.workloads]
        show_table(("workload", "mode", "seen", "way back"), rows)
        typer.echo()
    if report.sources:
        sources = [(f"source {each.source.name}", each.version or "version unknown") for each in report.sources]
        show_facts(sources)
        typer.echo()
    for kind, findings in groupby(report.findings, key=lambda each: each.kind):
        _show_kind(kind, list(findings))
    for text in report.unasked:
        typer.echo(f"not looked at: {text}", err=True)
    typer.echo(summary(report))


def _show_kind(kind: Kind, findings: list[Finding]) -> None:
    """All that was found of one kind: the reason once, then what and where."""
    count = f" ({len(findings)})" if len(findings) > 1 else ""
    typer.echo(f"{kind.severity}: {kind.id}{count}")
    facts = [("  why", kind.why)]
    for each in findings:
        facts += [("  what", each.what), ("  mend", each.mend)]
    show_facts(facts)
    typer.echo()


def summary(report: Report) -> str:
    """The last line: how many findings of each severity."""
    counts = report.counts()
    words = {Severity.CRITICAL: "critical", Severity.INFO: "info"}
    said = [
        f"{count} {words.get(severity, 'warning' if count == 1 else 'warnings')}" for severity, count in counts.items()
    ]
    return f"{len(report.workloads)} watched workloads; {', '.join(said)}"
