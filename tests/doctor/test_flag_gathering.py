"""The preflight of a service that is tied to a FeatureFlag of the embedded API server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contract.flags.feature_flag import feature_flag
from tests.doctor.healthy import NOW
from tests.doctor.world import READING, World, documented, ids, world
from tests.flags.memory import MemoryFlags
from watcher.adapters.kubernetes import Client
from watcher.config import load
from watcher.core.flags import Flag
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.doctor.examine import CATALOGUE, Report
from watcher.doctor.gathering.flags import without_flag
from watcher.ports import PASSED, Forbidden, RehearsalRow, Unavailable, WatcherError
from watcher.sandbox.kubernetes.authorization import AccessRule
from watcher.wiring.flags import flags

pytestmark = pytest.mark.looptime(noop_cycles=10)  # a few turns for what is on its way through a socket

CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
FLAG = Flag("openfeature", "new-cart", "shop/shop")
PROVIDERS = {
    "providers": {
        "openfeature": {"kind": "openfeature"},
        "own": {"kind": "webhook", "url": "https://flags.test", "secretFile": "s"},
    }
}
ABOUT_FLAGS = {each for each in CATALOGUE if each.startswith(("flag-", "feature-flags-"))}
NO_PATCH = tuple(
    AccessRule(("get", "list"), rule.groups, rule.resources, rule.namespaces)
    if rule.resources == ("featureflags",)
    else rule
    for rule in documented()
)


async def tied(here: World, written: str = str(FLAG), annotations: dict[str, str] | None = None) -> None:
    """Cart, tied to this flag, and a FeatureFlag."""
    raw = feature_flag("shop")
    raw["metadata"]["annotations"] = annotations or {}
    await here.cluster.apply(raw)
    here.counts(await here.deploy("cart", annotations={"watcher.dev/flag": written}))


async def examined(here: World, provider: MemoryFlags | None = None, **asked: Any) -> set[str]:
    """Findings about flags."""
    thresholds = here.write(flags=PROVIDERS, **asked.pop("file", {}))
    client = await Client.connect(str(here.cluster.kubeconfig_path))
    try:
        real = flags(client, lambda: load(thresholds).flags, here.clock)
        report: Report = await here.examined(thresholds, flags=provider or real, **asked)
    finally:
        await client.close()
    return ids(report) & ABOUT_FLAGS


async def test_a_flag_without_fault(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await tied(here)
        assert await examined(here, without_flag=frozenset({CART})) == set()


async def test_a_flag_that_was_never_off(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await tied(here)
        assert await examined(here) == {"flag-never-off"}
        assert await examined(here, file={"rungs": {"flag": "none"}}) == set()


async def test_a_flag_of_the_thresholds_file_counts_too(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.cluster.apply(feature_flag("shop"))
        here.counts(await here.deploy("cart"))
        services = [{"match": {"namespace": "shop"}, "checks": {"errors": {}}, "flag": str(FLAG)}]
        assert await examined(here, file={"services": services}) == {"flag-never-off"}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("new-cart", "flag-wrong"),
        ("other/new-cart@shop", "flag-wrong"),
        ("openfeature/new-cart@lab/shop", "flag-wrong"),
        ("openfeature/new-cart@shop/none", "flag-unknown"),
        ("openfeature/none@shop/shop", "flag-unknown"),
    ],
)
async def test_what_names_no_flag(tmp_path: Path, written: str, found: str) -> None:
    async with world(tmp_path) as here:
        await tied(here, written)
        assert await examined(here) == {found}


async def test_a_flag_that_cannot_be_switched(tmp_path: Path) -> None:
    async with world(tmp_path, NO_PATCH) as here:
        await tied(here)
        known = frozenset({CART})
        assert await examined(here, without_flag=known) == {"flag-permission-missing"}
        assert await examined(here, without_flag=known, read_only=True) == set()


async def test_a_flag_that_cannot_be_seen(tmp_path: Path) -> None:
    rules = tuple(rule for rule in documented() if rule.resources != ("featureflags",))
    async with world(tmp_path, (*rules, AccessRule(("create",), ("core.openfeature.dev",), ("featureflags",)))) as here:
        await tied(here)
        assert await examined(here) == {"flag-token-refused"}


async def test_a_flag_that_git_keeps(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        tracking = "shop:core.openfeature.dev/FeatureFlag:shop/shop"
        await tied(here, annotations={"argocd.argoproj.io/tracking-id": tracking})
        assert await examined(here, without_flag=frozenset({CART})) == {"flag-kept-by-git"}


@pytest.mark.parametrize(
    ("error", "found"),
    [(Unavailable("connection refused"), "flag-provider-away"), (Forbidden("answers 401"), "flag-token-refused")],
)
async def test_a_provider_that_tells_nothing(tmp_path: Path, error: WatcherError, found: str) -> None:
    async with world(tmp_path) as here:
        await tied(here, "own/new-cart@production")
        assert await examined(here, MemoryFlags(here.clock.now, failing=error)) == {found}


async def test_without_providers_to_ask_nothing_is_said(tmp_path: Path) -> None:
    async with world(tmp_path, READING) as here:
        await tied(here)
        assert ids(await here.examined()) & ABOUT_FLAGS == set()


def test_a_rehearsal_of_the_flag_counts_and_no_other() -> None:
    def held(rung: str, result: str = PASSED) -> RehearsalRow:
        return RehearsalRow("h", NOW, str(CART), rung, result, 1.0, "drill", "", b"{}")

    assert without_flag([held("flag")], ()) == frozenset({CART})
    assert without_flag([held("undo"), held("flag", "failed")], ()) == frozenset()
