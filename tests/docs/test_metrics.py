"""Every own metric has its row."""

from __future__ import annotations

from prometheus_client.metrics_core import Metric

from tests.docs.pages import code, page
from watcher.daemon.telemetry import Telemetry

PAGE = page("docs/metrics.md")
TELEMETRY = Telemetry()


def _families() -> dict[str, Metric]:
    return {f"{each.name}{'_total' if each.type == 'counter' else ''}": each for each in TELEMETRY.registry.collect()}


def _labels() -> dict[str, tuple[str, ...]]:
    found = (each for each in vars(TELEMETRY).values() if hasattr(each, "_labelnames"))
    return {each.describe()[0].name: tuple(each._labelnames) for each in found}


def test_every_metric_has_its_row_with_type_and_labels() -> None:
    rows, families = PAGE.table("Metrics"), _families()
    assert set(rows) == set(families)
    labels = _labels()
    for name, family in families.items():
        _, kind, labels_cell, _ = rows[name]
        assert kind == family.type, name
        assert code(labels_cell) == labels[family.name], name
