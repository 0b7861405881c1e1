"""The dashboard is what its generator makes of the metrics, shows each of them, and asks only what exists."""

from __future__ import annotations

import json
from typing import Any

import promql_parser
import pytest

from config.dashboard import WIDTH, dashboard
from tests.docs.pages import ROOT
from watcher.daemon.telemetry import Telemetry

FOUND = json.loads((ROOT / "config" / "dashboard.json").read_text())
PANELS = [panel for panel in FOUND["panels"] if panel["type"] != "row"]
FAMILIES = {family.name: family for family in Telemetry().registry.collect()}
VARIABLES = {"$__rate_interval": "5m", "$cluster": ".*", "$namespace": ".*"}


def queries(panels: list[dict[str, Any]]) -> list[str]:
    return [target["expr"] for panel in panels for target in panel["targets"]]


def selectors(query: str) -> list[Any]:
    """With Grafana's variables put in.  Raises ValueError for a mistake."""
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    every: list[Any] = []
    promql_parser.walk(promql_parser.parse(query), every.append)
    return [each for each in every if isinstance(each, promql_parser.VectorSelector)]


def family_of(name: str) -> str:
    return next((name.removesuffix(end) for end in ("_total", "_bucket") if name.removesuffix(end) in FAMILIES), name)


def test_the_file_is_up_to_date() -> None:
    assert dashboard() == FOUND, "run: make dashboard"


def test_every_metric_is_shown_and_no_other_asked_for() -> None:
    asked = {family_of(selector.name) for query in queries(PANELS) for selector in selectors(query)}
    assert asked == set(FAMILIES)


@pytest.mark.parametrize("query", queries(PANELS))
def test_a_panel_follows_the_chosen_cluster_and_namespace(query: str) -> None:
    for selector in selectors(query):
        assert {"cluster", "namespace"} <= {matcher.name for matcher in selector.matchers.matchers}


def test_every_panel_has_a_description_and_a_place_of_its_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in FOUND["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= WIDTH
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or panel["description"], panel["title"]
    assert len({panel["id"] for panel in FOUND["panels"]}) == len(FOUND["panels"])


def test_the_first_row_answers_the_first_questions() -> None:
    first = [panel["title"] for panel in FOUND["panels"][1:7]]
    assert first == [
        "Bad, needs a person",
        "Rolling back now",
        "Under watch",
        "Blind sources",
        "Cluster last seen",
        "Log not writable",
    ]
    assert {panel["gridPos"]["y"] for panel in FOUND["panels"][1:7]} == {1}
