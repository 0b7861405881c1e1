"""A daemon as its operators see it: a real Prometheus scrapes it, evaluates the alert rules and the dashboard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from config.dashboard import dashboard
from tests.docs.pages import ROOT
from tests.docs.test_dashboard import VARIABLES, queries
from tests.e2e import workloads
from tests.e2e.controlplane import Prometheus, eventually
from tests.e2e.harness import Daemon, Shop, thresholds
from tests.e2e.test_alerts import promtool

GOOD, BAD = "shop/cart:2", "shop/cart:3-err20"
MAY_BE_EMPTY = (
    "> 0",  # counters that were not moved
    "blind_seconds",
    "watcher_doctor_findings",  # there is no preflight here
    "watcher_notifications_",  # and nobody to notify
    "watcher_rollbacks_not_durable",  # nothing comes from Git
    "watcher_bad_versions_back",
    "watcher_bridges",
    "watcher_flag_provider_healthy",  # no release is tied to a flag
    "watcher_freeze_open",  # no window is configured
    "watcher_rehearsal",  # and nothing was rehearsed
)


@pytest.fixture
def overseer(tools: Mapping[str, Path], watcher: Daemon, tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the daemon, with the alert rules."""
    targets, directory = tmp_path / "targets.json", tmp_path / "overseer"
    directory.mkdir()
    targets.write_text(json.dumps([{"targets": [watcher.url.removeprefix("http://")]}]))
    server = Prometheus(tools, directory, targets, ROOT / "config" / "alerts.yaml")
    server.start()
    yield server
    server.kill()


def firing(overseer: Prometheus) -> dict[str, float]:
    """What fires, written alert=workload."""
    return overseer.values('label_join(ALERTS{alertstate="firing"}, "alert", "=", "alertname", "workload")', "alert")


def test_a_proposal_is_seen_by_alert_and_dashboard(
    shop: Shop, watcher: Daemon, overseer: Prometheus, prometheus: Prometheus, tools: Mapping[str, Path]
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    watcher.configure(thresholds(prometheus.url, shop.namespace, mode="propose"))
    watcher.start()
    eventually(lambda: overseer.query("watcher_build_info"), 30, "the daemon is scraped")
    cart.release(GOOD)
    watcher.passes(cart, GOOD)
    assert firing(overseer) == {}
    cart.release(BAD)
    watcher.decides(cart, action="roll_back", mode="propose")
    expected = {f"WatcherWaitsForPerson={cart.workload}": 1.0}
    eventually(lambda: firing(overseer) == expected, 30, "the alert fires")

    panels = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
    empty = [query for query in queries(panels) if not overseer.query(_filled(query))]
    unexpected = [query for query in empty if not any(part in query for part in MAY_BE_EMPTY)]
    assert unexpected == []
    waiting = next(panel for panel in panels if panel["title"] == "Bad, needs a person")
    assert [each["value"][1] for each in overseer.query(_filled(queries([waiting])[0]))] == ["1"]

    exposed = httpx.get(f"{watcher.url}/metrics", trust_env=False, timeout=10).text
    promtool(tools, "check", "metrics", stdin=exposed)


def _filled(query: str) -> str:
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query
