"""The live view: releases, evidence against thresholds, decisions and rungs with their timing, and the story so far."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from watcher.core.judging import judge
from watcher.core.judging.evidence import CounterEvidence
from watcher.core.model import WorkloadView
from watcher.core.policy import Check, QueryCheck
from watcher.core.sentence import percent
from watcher.core.state import Decision, Watch
from watcher.core.words import Action, Outcome, Phase, Verdict
from watcher.sandbox.demo.play import Play
from watcher.sandbox.shop.services import SERVICES

REFRESH = 0.5
STORY_LINES = 10
WIDTH = 12

STYLES = {Verdict.PASS: "green", Verdict.BREACH: "red", Verdict.NO_DATA: "yellow", Verdict.INCONCLUSIVE: "yellow"}
PHASES = {
    Phase.WATCHING: "watching",
    Phase.PARKED: "parked",
    Phase.MIGRATING: "migrating down",
    Phase.ACTING: "going back",
    Phase.CONFIRMING: "going back",
    Phase.RECOVERING: "proving recovery",
}


async def show(play: Play, console: Console) -> None:
    """Show the play until cancelled."""
    with Live(console=console, auto_refresh=False, transient=False) as live:
        try:
            while True:
                live.update(page(play), refresh=True)
                await asyncio.sleep(REFRESH)
        finally:
            live.update(page(play), refresh=True)


def page(play: Play) -> RenderableType:
    """Everything as it is now."""
    return Group(_head(play), _releases(play), _decisions(play), _story(play))


def _head(play: Play) -> RenderableType:
    source = play.stage.metrics
    what = "a real Prometheus" if source.kind == "prometheus" else "the embedded source (no prometheus on PATH)"
    sick = [each for each in play.stage.daemon.status.sources() if not each.healthy]
    health = Text("  metrics source is down", style="bold red") if sick else Text("")
    kept = "; search kept from Git by a simulated controller" if play.in_git else ""
    return Text.assemble(("watcher demo", "bold"), f"  metrics from {what}{kept}", health)


def _releases(play: Play) -> RenderableType:
    table = Table(title="Releases", title_justify="left", expand=True)
    for name in ("workload", "image", "state", "evidence on the new version", "allowed"):
        table.add_column(name, no_wrap=name != "state")
    for service in SERVICES:
        watch = play.watch(service.workload)
        view = play.stage.daemon.cluster.view(service.workload)
        if watch is None or view is None:
            table.add_row(str(service.workload), service.image(), "no release yet", "", "")
        else:
            table.add_row(str(service.workload), watch.release.images[0], _state(watch), *_evidence(play, watch, view))
    return table


def _state(watch: Watch) -> Text:
    if watch.phase is Phase.WATCHING and watch.decision is not None and watch.decision.action is Action.HOLD:
        return Text("breach, held", style="red")
    if watch.phase is not Phase.CLOSED:
        return Text(PHASES[watch.phase], style="red" if watch.verdict is Verdict.BREACH else "cyan")
    if watch.outcome is not None:
        return Text(f"{watch.verdict}, {watch.outcome}", style="green" if watch.outcome is Outcome.RESTORED else "red")
    return Text(watch.verdict or "ended", style=STYLES.get(watch.verdict, "white") if watch.verdict else "white")


def _evidence(play: Play, watch: Watch, view: WorkloadView) -> tuple[RenderableType, RenderableType]:
    policy = play.stage.daemon.loop.policy_of(view)
    checks = judge.counters(policy) if policy is not None else ()
    bars = [_bar(check, judge.counter_evidence(watch.evidence, check)) for check in checks]
    allowed = [Text(percent(check.max or 0.0)) for check in checks]
    return Group(*bars), Group(*allowed)


def _bar(check: Check, seen: CounterEvidence) -> Text:
    if isinstance(check, QueryCheck) or seen.new.total <= 0:
        return Text(f"{check.name:<8} no requests yet", style="dim")
    limit = check.max or 1.0
    filled = min(WIDTH, round(WIDTH * seen.new.share / (2 * limit)))
    style = "red" if seen.new.share > limit else "green"
    numbers = f" {percent(seen.new.share):>7} of {seen.new.total:,.0f}"
    return Text.assemble(f"{check.name:<8} ", ("█" * filled + "░" * (WIDTH - filled), style), numbers)


def _decisions(play: Play) -> RenderableType:
    table = Table(title="Decisions", title_justify="left", expand=True)
    for name in ("id", "what", "ladder", "why"):
        table.add_column(name, no_wrap=name in ("id", "ladder"))
    for service in SERVICES:
        watch = play.watch(service.workload)
        if watch is not None and watch.decision is not None:
            decision = watch.decision
            table.add_row(decision.id, _what(decision, service.name), _ladder(decision), decision.reason)
    return table if table.row_count else Text("")


def _what(decision: Decision, name: str) -> str:
    if decision.action is not Action.ROLL_BACK:
        return f"{decision.action} {name}"
    return f"{decision.action} {name} to {decision.target.images[0] if decision.target else '?'}"


def _ladder(decision: Decision) -> RenderableType:
    lines = []
    for rung in decision.rungs:
        if rung.at is None:
            lines.append(Text(f"{rung.rung}: {'in reserve' if rung.taken else 'skipped'}", style="dim"))
        elif rung.done_at is None:
            lines.append(Text(f"{rung.rung}: under way", style="yellow"))
        else:
            lines.append(Text(f"{rung.rung}: done in {rung.done_at - rung.at:.1f} s", style="green"))
    return Group(*lines)


def _story(play: Play) -> RenderableType:
    lines = [
        Text.assemble((f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} ", "dim"), text)
        for at, text in play.story[-STORY_LINES:]
    ]
    return Panel(Group(*lines), title="What happens", title_align="left")
