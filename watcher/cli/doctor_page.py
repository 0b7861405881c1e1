"""The preflight's report for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from watcher.cli.printing import show_facts, show_table
from watcher.doctor.finding import Severity

if TYPE_CHECKING:
    from watcher.doctor.examine import Report


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
    for each in report.findings:
        typer.echo(f"{each.kind.severity}: {each.kind.id}")
        show_facts([("  what", each.what), ("  why", each.kind.why), ("  mend", each.mend)])
        typer.echo()
    for text in report.unasked:
        typer.echo(f"not looked at: {text}", err=True)
    typer.echo(summary(report))


def summary(report: Report) -> str:
    """The last line: how many findings of each severity."""
    counts = report.counts()
    words = {Severity.CRITICAL: "critical", Severity.INFO: "info"}
    said = [
        f"{count} {words.get(severity, 'warning' if count == 1 else 'warnings')}" for severity, count in counts.items()
    ]
    return f"{len(report.workloads)} watched workloads; {', '.join(said)}"
