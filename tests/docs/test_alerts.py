"""Every alert has its runbook and its tests, and asks only for metrics, labels and values that exist."""

from __future__ import annotations

from typing import Any

import promql_parser
import pytest
import yaml

from tests.docs.pages import ROOT, page
from tests.e2e.alert_cases import CASES
from watcher.daemon.telemetry import Telemetry

RULES = yaml.safe_load((ROOT / "config" / "alerts.yaml").read_text())
ALERTS: list[dict[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
NAMES = [alert["alert"] for alert in ALERTS]
PAGE = page("docs/runbooks.md")
TELEMETRY = Telemetry()
LABELS = {
    f"{each.describe()[0].name}{'_total' if each.describe()[0].type == 'counter' else ''}": set(each._labelnames)
    for each in vars(TELEMETRY).values()
    if hasattr(each, "_labelnames")
}
ADDED_BY_SCRAPE = {"job", "instance", "pod"}


def each_alert() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("alert", ALERTS, ids=NAMES)


def selectors(query: str) -> list[Any]:
    every: list[Any] = []
    promql_parser.walk(promql_parser.parse(query), every.append)
    return [each for each in every if isinstance(each, promql_parser.VectorSelector)]


def test_no_alert_is_there_twice() -> None:
    assert len(set(NAMES)) == len(NAMES) > 10


@each_alert()
def test_an_alert_says_how_urgent_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert {"summary", "description", "runbook_url"} == alert["annotations"].keys()
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks.md#{alert['alert'].lower()}"


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    assert list(PAGE.headings()[1:]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_runbook_says_what_it_means_what_is_at_stake_and_what_to_do(name: str) -> None:
    text = "\n".join(PAGE.section(name))
    parts = ("What it means", "What is at stake", "How to look", "How to mend", "When to ignore")
    assert [text.count(f"- **{part}:** ") for part in parts] == [1] * len(parts)


@each_alert()
def test_an_alert_asks_for_metrics_and_labels_that_exist(alert: dict[str, Any]) -> None:
    found = selectors(alert["expr"])
    assert found
    for selector in found:
        assert selector.name in LABELS
        assert {matcher.name for matcher in selector.matchers.matchers} <= LABELS[selector.name] | ADDED_BY_SCRAPE


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_is_shown_to_fire_and_not_to_fire(name: str) -> None:
    """`tests/e2e/test_alerts.py` lets promtool play these cases."""
    assert {bool(case.fires) for case in CASES if case.alert == name} == {True, False}


def test_no_case_is_left_of_an_alert_that_is_gone() -> None:
    assert {case.alert for case in CASES} == set(NAMES)
