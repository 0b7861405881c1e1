"""Canaries of Flagger, and pods that wait, through the reflectors of an API server.

The sandbox serves Flagger's CRD; no Flagger runs in it: the tests write the status as its controller would.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.adapters.kubernetes.test_keepers import CART, cart, followed
from tests.adapters.kubernetes.test_views import a_workload
from tests.contract.kubernetes_adapter.world import WallClock, manifest
from tests.core.applications import merged
from watcher.adapters.kubernetes.cache import Cache
from watcher.adapters.kubernetes.canaries import SlimCanary, canary
from watcher.adapters.kubernetes.workloads import daemon_set
from watcher.core.model import Canary
from watcher.core.words import Kind

Json = dict[str, Any]
RAW: Json = {
    "apiVersion": "flagger.app/v1beta1",
    "kind": "Canary",
    "metadata": {"namespace": "shop", "name": "cart"},
    "spec": {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"},
        "analysis": {"interval": "1m", "threshold": 5},
    },
    "status": {"phase": "Progressing", "failedChecks": 2, "canaryWeight": 20, "iterations": 0},
}


def test_a_canary_governs_the_workload_that_it_names() -> None:
    assert canary(RAW) == SlimCanary(CART, Canary("cart", "Progressing", 2, 5))


@pytest.mark.parametrize(
    ("spec", "threshold"),
    [({"analysis": {"threshold": None}}, 1), ({"analysis": None, "canaryAnalysis": {"threshold": 7}}, 7)],
)
def test_a_threshold_has_a_default_and_a_former_place(spec: Json, threshold: int) -> None:
    found = canary(merged(RAW, {"spec": spec}))
    assert found is not None
    assert found.canary.threshold == threshold


@pytest.mark.parametrize(
    "spec", [{"targetRef": {"kind": "Service"}}, {"targetRef": {"name": ""}}, {"targetRef": None}, {"suspend": True}]
)
def test_what_governs_nothing_that_is_watched_or_is_suspended(spec: Json) -> None:
    assert canary(merged(RAW, {"spec": spec})) is None


def test_a_canary_that_comes_changes_moves_and_goes() -> None:
    cache = Cache(WallClock())
    cache.put_workload(a_workload())
    seen = cache.view(CART)
    assert seen is not None
    assert seen.canary is None

    def now(change: Json) -> Canary | None:
        item = canary(merged(RAW, change))
        assert item is not None
        cache.put_canary(item)
        view = cache.view(CART)
        assert view is not None
        return view.canary

    assert now({}) == Canary("cart", "Progressing", 2, 5)
    assert now({"status": {"failedChecks": 5}}) == Canary("cart", "Progressing", 5, 5)
    assert now({"spec": {"targetRef": {"name": "search"}}}) is None
    again = canary(RAW)
    assert again is not None
    cache.put_canary(again)
    cache.drop_canary(again)
    view = cache.view(CART)
    assert view is not None
    assert view.canary is None


def test_a_primary_daemon_set_of_flagger_is_no_workload_of_its_own() -> None:
    raw = manifest(Kind.DAEMON_SET, "agent-primary")
    raw["metadata"] |= {
        "uid": "u",
        "namespace": "shop",
        "ownerReferences": [{"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "agent", "uid": "c"}],
    }
    raw["metadata"]["ownerReferences"][0]["controller"] = True
    assert daemon_set(raw).shadow


async def test_it_is_followed_where_its_crd_is_installed() -> None:
    async with followed() as (sandbox, cluster):
        await sandbox.apply(cart())
        await sandbox.apply(RAW)
        async with asyncio.timeout(10):
            while (view := cluster.view(CART)) is None or view.canary is None:
                await cluster.changed()
        assert view.canary.name == "cart"
        assert cluster.problems() == ()
        assert cluster.age_of(CART) < 60
        offset = cluster.clock_offset()
        assert offset is not None
        assert abs(offset) < 5
        assert await cluster.pending() == ()
