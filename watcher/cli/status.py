"""`watcher status`: everything at a glance, what needs a person first."""

from __future__ import annotations

from typing import Any

import typer

from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import show_facts, show_table
from watcher.cli.reading import Server, Store, asking, present
from watcher.core.deciding.freezes import frozen_line
from watcher.core.moments import ago, moment
from watcher.core.telling.facts import Facts, facts, is_over

_LATEST = 20  # decisions looked through for some that are not over
_COLUMNS = ("WORKLOAD", "REVISION", "IMAGE", "BEGAN", "PHASE", "EVIDENCE")


def status(server: Server = "", store: Store = None, output: Output = Format.TABLE) -> None:
    """Show decisions that are not over, releases under watch, and how old the data are.

    Exit code 5: the daemon or the log cannot be reached.
    """
    with asking(server, store) as answers:
        found = answers.status()
        open_decisions = [each for each in answers.decisions("", _LATEST, 0.0) if not is_over(each)]
    if output is not Format.TABLE:
        typer.echo(for_programs({**found, "open_decisions": open_decisions}, output))
        return
    now = present()
    for decision in open_decisions:
        typer.echo(f"{decision.get('id')}  {decision.get('workload')}\n")
        show_facts(facts(decision, now))
        typer.echo("")
    if not open_decisions:
        typer.echo("Nothing needs you.\n")
    _show_watching(found.get("watching") or [], now)
    show_facts(_health(found, now))


def _show_watching(watching: list[dict[str, Any]], now: float) -> None:
    if not watching:
        typer.echo("No release is under watch.\n")
        return
    show_table(_COLUMNS, [_row(release, now) for release in watching])
    typer.echo("")


def _row(release: dict[str, Any], now: float) -> tuple[str, ...]:
    sentences = [f"{each.get('check')}: {each.get('sentence')}" for each in release.get("checks") or []]
    return (
        str(release.get("workload")),
        str(release.get("revision")),
        ", ".join(release.get("images") or []),
        ago(release.get("began"), now),
        release.get("phase") or "-",
        "\n".join(sentences) or "-",
    )


def _health(found: dict[str, Any], now: float) -> Facts:
    """How old the data are and what is wrong; empty texts where the source does not say."""
    ready = found.get("ready")
    written, cache_age = found.get("written_at"), found.get("cache_age_s")
    return [
        ("Role", _role(found)),
        ("Ready", "" if ready is None else "yes" if ready else "no"),
        ("Problems", "\n".join(found.get("reasons") or [])),
        ("Held", "\n".join(map(_held, found.get("holds") or []))),
        ("Frozen", "\n".join(map(frozen_line, found.get("freezes") or []))),
        ("Rehearsals", "\n".join(_rehearsal(each, now) for each in found.get("rehearsals") or [])),
        ("Sources", "\n".join(map(_source, found.get("sources") or []))),
        ("Cluster", f"{found.get('cluster') or 'unnamed'}, seen {cache_age} s ago" if cache_age is not None else ""),
        ("Workloads", str(found.get("workloads", ""))),
        ("Log", f"last written {moment(written)}, {ago(written, now)}" if written is not None else ""),
    ]


def _rehearsal(each: dict[str, Any], now: float) -> str:
    what = f"failed: {each['message']}" if each["result"] == "failed" else "is overdue"
    return f"{each['rung']} on {each['workload']}, {ago(each['at'], now)}: {what}"


def _held(hold: dict[str, Any]) -> str:
    until = f"until {moment(hold['until'])}" if hold.get("until") is not None else "until somebody resumes"
    whose = f"by {hold['by']}, " if hold.get("by") else ""
    return f"{hold.get('scope')}: {hold.get('reason')} ({hold.get('where')}, {whose}{until})"


def _role(found: dict[str, Any]) -> str:
    role, leader = found.get("role") or "", found.get("leader") or ""
    if role != "standby":
        return role
    return f"standby; {leader} leads, ask that one" if leader else "standby; nobody is known to lead"


def _source(source: dict[str, Any]) -> str:
    lag = f", newest sample {source['lag_s']} s ago" if source.get("lag_s") is not None else ""
    problem = f": {source['problem']}" if source.get("problem") else ""
    return f"{source.get('name')} {'healthy' if source.get('healthy') else 'unhealthy'}{lag}{problem}"
