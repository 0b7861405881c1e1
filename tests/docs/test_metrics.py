"""Every own metric has its row, and the alert rules ask only for metrics and labels that exist."""

from __future__ import annotations

from typing import Any

import promql_parser
import yaml
from prometheus_client.metrics_core import Metric

from tests.docs.pages import code, page
from watcher.daemon.telemetry import Telemetry

PAGE = page("docs/metrics.md")
TELEMETRY = Telemetry()
ADDED_BY_SCRAPE = {"job", "instance"}


def _families() -> dict[str, Metric]:
    return {f"{each.name}{'_total' if each.type == 'counter' else ''}": each for each in TELEMETRY.registry.collect()}


def _labels() -> dict[str, tuple[str, ...]]:
    found = (each for each in vars(TELEMETRY).values() if hasattr(each, "_labelnames"))
    return {each.describe()[0].name: tuple(each._labelnames) for each in found}


def _selectors(query: str) -> list[Any]:
    every: list[Any] = []
    promql_parser.walk(promql_parser.parse(query), every.append)
    return [each for each in every if isinstance(each, promql_parser.VectorSelector)]


def test_every_metric_has_its_row_with_type_and_labels() -> None:
    rows, families = PAGE.table("Metrics"), _families()
    assert set(rows) == set(families)
    labels = _labels()
    for name, family in families.items():
        _, kind, labels_cell, _ = rows[name]
        assert kind == family.type, name
        assert code(labels_cell) == labels[family.name], name


def test_the_alert_rules_ask_for_metrics_that_exist() -> None:
    (rules,) = [fence for fence in PAGE.fences() if "alerts" in fence.info]
    families, labels = _families(), _labels()
    alerts = [rule for group in yaml.safe_load(rules.text)["groups"] for rule in group["rules"]]
    assert len(alerts) > 5
    for rule in alerts:
        selectors = _selectors(rule["expr"])
        assert selectors, rule["alert"]
        for selector in selectors:
            assert selector.name in families, rule["alert"]
            asked = {matcher.name for matcher in selector.matchers.matchers}
            assert asked <= set(labels[families[selector.name].name]) | ADDED_BY_SCRAPE, rule["alert"]
