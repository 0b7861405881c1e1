"""Makes dashboard.json for Grafana from the daemon's metrics and their help texts: `make dashboard`.

Its first row answers: is anything burning, is watcher acting, is it blind.  Every metric has its panel.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from watcher.daemon.telemetry import Telemetry

Json = dict[str, Any]
Metric = Counter | Gauge | Histogram

OURS = Telemetry()
WHERE = 'cluster=~"$cluster", namespace=~"$namespace"'
WIDTH = 24
"""Columns of Grafana's grid."""

UID = "rollback-watcher"
GREEN, YELLOW, RED, BLUE = "green", "yellow", "red", "blue"


@dataclass(frozen=True)
class Query:
    """A PromQL expression, and how its series are named."""

    text: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel; its description is the help text of `of`.  `alarming`: a value above 0 is shown in this colour."""

    title: str
    of: tuple[Metric, ...]
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 6
    height: int = 7
    alarming: str = ""
    limit: float = 1.0  # where it begins to be alarming
    more: str = ""


def name(metric: Metric, suffix: str = "") -> str:
    """The name of its series."""
    family = metric.describe()[0]
    return f"{family.name}{suffix or ('_total' if family.type == 'counter' else '')}"


def series(metric: Metric, matchers: str = "", suffix: str = "") -> str:
    """A selector of its series in the chosen cluster and namespace."""
    return f"{name(metric, suffix)}{{{WHERE}{', ' if matchers else ''}{matchers}}}"


def total(metric: Metric, matchers: str = "") -> str:
    """Their sum; 0 where there is none."""
    return f"sum({series(metric, matchers)}) or vector(0)"


def worst(metric: Metric) -> str:
    """The largest."""
    return f"max({series(metric)})"


def happened(metric: Metric, by: str = "", matchers: str = "") -> Query:
    """How often it happened in each interval of the graph."""
    grouped = f"sum by ({by}) " if by else "sum"
    named = legend(by) or name(metric)
    return Query(f"{grouped}(increase({series(metric, matchers)}[$__rate_interval])) > 0", named)


def legend(by: str) -> str:
    """Grafana's template of these labels."""
    return " ".join(f"{{{{{label}}}}}" for label in by.split(", ") if label)


def quantiles(metric: Metric, over: str) -> tuple[Query, ...]:
    """Median and 95th percentile."""
    buckets = f"sum by (le) (increase({series(metric, suffix='_bucket')}[{over}]))"
    return tuple(Query(f"histogram_quantile({share}, {buckets})", f"p{round(100 * share)}") for share in (0.5, 0.95))


def now_row() -> Iterator[Panel]:
    """Is anything burning, is it acting, is it blind."""
    person = 'state!~"acting|observed"'
    stat = {"kind": "stat", "width": 4, "height": 4}
    yield Panel("Bad, needs a person", (OURS.breach,), (Query(total(OURS.breach, person)),), alarming=RED, **stat)
    yield Panel(
        "Rolling back now", (OURS.rollbacks_running,), (Query(total(OURS.rollbacks_running)),), alarming=BLUE, **stat
    )
    yield Panel("Under watch", (OURS.releases_watched,), (Query(total(OURS.releases_watched)),), **stat)
    blind = f"count({series(OURS.source_up)} == 0) or vector(0)"
    yield Panel("Blind sources", (OURS.source_up,), (Query(blind),), alarming=RED, **stat)
    yield Panel(
        "Cluster last seen",
        (OURS.cache_age,),
        (Query(worst(OURS.cache_age)),),
        unit="s",
        alarming=RED,
        limit=60,
        **stat,
    )
    yield Panel(
        "Log not writable", (OURS.store_unwritable,), (Query(worst(OURS.store_unwritable)),), alarming=RED, **stat
    )
    yield Panel(
        "Breaches that are not over",
        (OURS.breach,),
        (Query(f"max by (workload, state, guard) ({series(OURS.breach)})"),),
        kind="table",
        width=16,
        more="state: acting, held by a guard, proposed, observed, failed, did_not_help.",
    )
    yield Panel(
        "Git and cluster disagree",
        (OURS.not_durable,),
        (Query(f"max by (workload, durability) ({series(OURS.not_durable)})", "{{workload}} {{durability}}"),),
        width=8,
        alarming=YELLOW,
    )
    back = Query(f"max by (workload) ({series(OURS.bad_versions_back)})", "{{workload}}")
    yield Panel("Bad versions back", (OURS.bad_versions_back,), (back,), width=8, alarming=RED)
    held = Query(f"max by (workload, overdue) ({series(OURS.bridges)})", "{{workload}} overdue: {{overdue}}")
    yield Panel("Bridges", (OURS.bridges,), (held,), width=8, alarming=YELLOW)
    breakers = Query(f"max by (scope) ({series(OURS.breakers_open)})", "{{scope}}")
    yield Panel("Breakers open", (OURS.breakers_open,), (breakers,), width=8, alarming=YELLOW)
    freezes = Query(f"max by (freeze) ({series(OURS.freezes_open)})", "{{freeze}}")
    yield Panel("Freeze windows open", (OURS.freezes_open,), (freezes,), width=8)
    unseen = Query(f"1 - max by (provider) ({series(OURS.flag_provider_up)})", "{{provider}}")
    yield Panel("Flags not seen", (OURS.flag_provider_up,), (unseen,), width=8, alarming=YELLOW)


def releases_row() -> Iterator[Panel]:
    """What came of releases."""
    yield Panel("Watches ended", (OURS.verdicts,), (happened(OURS.verdicts, "verdict"),), kind="bars")
    yield Panel("Decisions", (OURS.decisions,), (happened(OURS.decisions, "action, mode, rung"),), kind="bars")
    yield Panel("Held by guards", (OURS.blocks,), (happened(OURS.blocks, "guard"),), kind="bars")
    yield Panel("Rollbacks ended", (OURS.outcomes,), (happened(OURS.outcomes, "outcome"),), kind="bars")
    yield Panel("Rung attempts", (OURS.rungs,), (happened(OURS.rungs, "rung, result"),), kind="bars", width=8)
    over_a_day = "Over the last day of each point."
    yield Panel(
        "Time to decide", (OURS.detection,), quantiles(OURS.detection, "1d"), unit="s", width=8, more=over_a_day
    )
    yield Panel("Time to restore", (OURS.restore,), quantiles(OURS.restore, "1d"), unit="s", width=8, more=over_a_day)


def sources_row() -> Iterator[Panel]:
    """What it sees of the metrics sources."""
    lag = Query(f"max by (source) ({series(OURS.poll_lag)})", "{{source}}")
    yield Panel("Age of the newest sample", (OURS.poll_lag,), (lag,), unit="s")
    blind = Query(f"sum by (source) (rate({series(OURS.blind)}[$__rate_interval]))", "{{source}}")
    yield Panel("Share of time blind", (OURS.blind,), (blind,), unit="percentunit")
    offset = Query(f"max by (source) ({series(OURS.clock_offset)})", "{{source}}")
    yield Panel("Clock ahead of ours", (OURS.clock_offset,), (offset,), unit="s")
    yield Panel("Duration of a poll", (OURS.poll_seconds,), quantiles(OURS.poll_seconds, "$__rate_interval"), unit="s")


def process_row() -> Iterator[Panel]:
    """The process itself."""
    yield Panel(
        "Workloads", (OURS.workloads, OURS.releases_watched), tuple(_levels(OURS.workloads, OURS.releases_watched))
    )
    troubles = (OURS.steps_failing, OURS.not_followed, OURS.notes_unread, OURS.store_degraded, OURS.config_bad)
    yield Panel("Troubles", troubles, tuple(_levels(*troubles)), alarming=YELLOW)
    yield Panel("Thresholds file read", (OURS.reloads,), (happened(OURS.reloads, "result"),), kind="bars")
    yield Panel("Events lost", (OURS.events_lost,), (happened(OURS.events_lost),), kind="bars", width=3)
    version = Query(f"max by (version) ({series(OURS.build_info)})", "{{version}}")
    yield Panel("Version", (OURS.build_info,), (version,), kind="version", width=3)


def rehearsals_row() -> Iterator[Panel]:
    """When each way back was tried last, and how that ended."""
    by, named = "workload, rung", "{{workload}} {{rung}}"
    age = Query(f"time() - max by ({by}) ({series(OURS.rehearsed_at)})", named)
    yield Panel("Not rehearsed for", (OURS.rehearsed_at,), (age,), unit="s", width=8, alarming=YELLOW, limit=8 * 86400)
    took = Query(f"max by ({by}) ({series(OURS.rehearsed_in)})", named)
    yield Panel("Rehearsed in", (OURS.rehearsed_in,), (took,), unit="s", width=8)
    failed = Query(f"1 - min by ({by}) ({series(OURS.rehearsed_well)})", named)
    yield Panel("Rehearsals failed", (OURS.rehearsed_well,), (failed,), width=8, alarming=RED)


def more_row() -> Iterator[Panel]:
    """Metrics that none of the rows above shows."""
    shown = {metric for row in ROWS.values() if row is not more_row for panel in row() for metric in panel.of}
    for metric in vars(OURS).values():
        if isinstance(metric, Metric) and metric not in shown:
            yield _plain(metric)


def _plain(metric: Metric) -> Panel:
    title = name(metric).removeprefix("watcher_").removesuffix("_total").replace("_", " ").capitalize()
    by = ", ".join(metric._labelnames)
    if isinstance(metric, Counter):
        return Panel(title, (metric,), (happened(metric, by),), kind="bars")
    if isinstance(metric, Histogram):
        return Panel(title, (metric,), quantiles(metric, "$__rate_interval"), unit="s")
    levels = Query(f"max by ({by}) ({series(metric)})" if by else worst(metric), legend(by) or name(metric))
    return Panel(title, (metric,), (levels,))


def _levels(*metrics: Metric) -> Iterator[Query]:
    return (Query(worst(each), name(each)) for each in metrics)


ROWS: dict[str, Callable[[], Iterator[Panel]]] = {
    "Now": now_row,
    "Releases and decisions": releases_row,
    "Metrics sources": sources_row,
    "The process": process_row,
    "Rehearsals": rehearsals_row,
    "More": more_row,
}


def dashboard() -> Json:
    """The whole dashboard, as Grafana imports it."""
    return {
        "uid": UID,
        "title": "watcher",
        "description": "Releases under watch, what is done about bad ones, and how well it sees.",
        "tags": ["watcher", "releases"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_source_variable(), _variable("cluster"), _variable("namespace")]},
        "annotations": {"list": []},
        "panels": list(_placed()),
    }


def _source_variable() -> Json:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1}


def _variable(label: str) -> Json:
    """`All` also fits where the label does not exist."""
    asked = f"label_values({name(OURS.build_info)}, {label})"
    return {
        "name": label,
        "label": label.capitalize(),
        "type": "query",
        "datasource": _datasource(),
        "definition": asked,
        "query": {"query": asked, "refId": label},
        "refresh": 2,
        "sort": 1,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _datasource() -> Json:
    return {"type": "prometheus", "uid": "${datasource}"}


def _placed() -> Iterator[Json]:
    """Rows from top to bottom; in each the panels from left to right, in lines."""
    y, identity = 0, 0
    for title, row in ROWS.items():
        identity += 1
        yield {"id": identity, "type": "row", "title": title, "collapsed": False, "gridPos": _at(0, y, WIDTH, 1)}
        y += 1
        x, tallest = 0, 0
        for panel in row():
            if x + panel.width > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            identity += 1
            yield {"id": identity, "gridPos": _at(x, y, panel.width, panel.height)} | _drawn(panel)
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest


def _at(x: int, y: int, width: int, height: int) -> Json:
    return {"x": x, "y": y, "w": width, "h": height}


def _drawn(panel: Panel) -> Json:
    described = [*(each.describe()[0].documentation for each in panel.of), panel.more]
    defaults: Json = {"unit": panel.unit, "thresholds": _steps(panel), "color": {"mode": "thresholds"}}
    common: Json = {
        "title": panel.title,
        "description": " ".join(dict.fromkeys(filter(None, described))),
        "datasource": _datasource(),
        "targets": list(_targets(panel)),
        "fieldConfig": {"defaults": defaults, "overrides": []},
    }
    if panel.kind == "table":
        kept = {"Time": True, "Value": True}
        organized = {"id": "organize", "options": {"excludeByName": kept, "indexByName": {}, "renameByName": {}}}
        return common | {"type": "table", "transformations": [organized], "options": {"showHeader": True}}
    if panel.kind in {"stat", "version"}:
        shown = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background" if panel.alarming else "value"}
        text = {"textMode": "name"} if panel.kind == "version" else {}
        return common | {"type": "stat", "options": {"graphMode": "none", **shown, **text}}
    defaults["color"] = {"mode": "palette-classic"}
    defaults["custom"] = {"drawStyle": "bars", "fillOpacity": 80} if panel.kind == "bars" else {"fillOpacity": 10}
    return common | {"type": "timeseries", "options": {"legend": {"displayMode": "list", "placement": "bottom"}}}


def _steps(panel: Panel) -> Json:
    steps: list[Json] = [{"color": GREEN, "value": None}]
    if panel.alarming:
        steps.append({"color": panel.alarming, "value": panel.limit})
    return {"mode": "absolute", "steps": steps}


def _targets(panel: Panel) -> Iterable[Json]:
    for letter, query in zip("ABCDEFGH", panel.queries, strict=False):
        instant = panel.kind in {"stat", "table", "version"}
        shape: Json = {"format": "table"} if panel.kind == "table" else {}
        yield {
            "refId": letter,
            "datasource": _datasource(),
            "expr": query.text,
            "legendFormat": query.legend or "__auto",
            "instant": instant,
            "range": not instant,
        } | shape


if __name__ == "__main__":
    json.dump(dashboard(), sys.stdout, indent=2)
    sys.stdout.write("\n")
