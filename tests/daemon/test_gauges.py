"""The gauges: each breach that is not over, breakers, clocks, and what cannot be done now."""

from __future__ import annotations

import asyncio
from pathlib import Path

from prometheus_client.samples import Sample

from tests.daemon.life import THRESHOLDS, Life, configure, living, virtual
from tests.daemon.outside import CART
from watcher.core.gitops import Application
from watcher.core.model import PastRollback, Result, Workload
from watcher.core.words import Kind, Phase
from watcher.daemon.standing import LINGERS
from watcher.ports import Unavailable

pytestmark = virtual

SECOND = 2.0  # a measuring later


def samples(life: Life, name: str) -> list[Sample]:
    families = life.daemon.telemetry.registry.collect()
    return [sample for family in families for sample in family.samples if sample.name == name]


def breaches(life: Life) -> list[tuple[str, str, str]]:
    """Workload, state and guard of each."""
    found = samples(life, "watcher_breach")
    assert all(each.value == 1 for each in found)
    return [(each.labels["workload"], each.labels["state"], each.labels["guard"]) for each in found]


def value(life: Life, name: str, **labels: str) -> float | None:
    return life.daemon.telemetry.registry.get_sample_value(name, labels)


async def test_a_rollback_is_acting_until_it_is_over(thresholds: Path) -> None:
    async with living(thresholds) as life:
        assert breaches(life) == []
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.carrying_out)
        await asyncio.sleep(SECOND)
        assert breaches(life) == [(str(CART), "acting", "")]
        await life.until_outcome("restored")
        await asyncio.sleep(SECOND)
        assert breaches(life) == []


async def test_what_waits_for_a_permission_says_so(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.acting.reactions = [Result.FORBIDDEN] * 1000
        life.outside.release("v2", errors=0.2)
        await life.until(lambda: breaches(life) == [(str(CART), "acting", "forbidden")])
        await life.until(lambda: breaches(life) == [(str(CART), "held", "forbidden")])


async def test_a_guard_that_holds_is_named(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.workloads[CART].hold = "freeze"
        life.outside.release("v2", errors=0.2)
        await life.until(lambda: breaches(life) == [(str(CART), "held", "hold")])
        life.outside.workloads[CART].hold = ""
        await life.until_outcome("restored")
        await asyncio.sleep(SECOND)
        assert breaches(life) == []


async def test_a_proposal_waits_until_a_newer_release_comes(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS.replace("mode: act", "mode: propose"))
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until(lambda: breaches(life) == [(str(CART), "proposed", "")])
        life.outside.release("v3")
        await asyncio.sleep(2 * SECOND)
        assert breaches(life) == []


async def test_in_mode_observe_nothing_is_held_nor_proposed(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS.replace("mode: act", "mode: observe"))
    async with living(thresholds) as life:
        life.outside.workloads[CART].hold = "freeze"
        life.outside.release("v2", errors=0.2)
        await life.until(lambda: breaches(life) == [(str(CART), "observed", "hold")])


async def test_a_rollback_that_did_not_help_is_shown_for_an_hour(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.3)
        await life.until_watch(lambda watch: watch.carrying_out)
        life.outside.errors["v1"] = 0.3  # it was a dependency's fault
        await life.until_outcome("did_not_help", within=3600.0)
        await asyncio.sleep(SECOND)
        assert breaches(life) == [(str(CART), "did_not_help", "")]
        await asyncio.sleep(LINGERS - 2 * SECOND)
        assert breaches(life) == [(str(CART), "did_not_help", "")]
        await asyncio.sleep(2 * SECOND)
        assert breaches(life) == []


async def test_a_restart_does_not_forget_whom_it_waits_for(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS.replace("mode: act", "mode: propose"))
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until(lambda: breaches(life))
        await life.end()
        again = await Life.begin(life.outside, thresholds)
        await asyncio.sleep(SECOND)
        assert breaches(again) == [(str(CART), "proposed", "")]
        await again.end()


async def test_a_rollback_that_git_does_not_hold_is_shown_until_the_next_release(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.phase is Phase.CONFIRMING)
        life.outside.applications[CART] = Application("argocd", "argocd/shop", refused="its branch is rendered")
        await life.until_outcome("restored")
        await asyncio.sleep(SECOND)
        (found,) = samples(life, "watcher_rollbacks_not_durable")
        assert (found.labels, found.value) == ({"workload": str(CART), "durability": "cluster_only"}, 1)
        life.outside.release("v3")
        await asyncio.sleep(2 * SECOND)
        assert samples(life, "watcher_rollbacks_not_durable") == []


async def test_a_bad_version_that_is_back_is_shown_until_another_follows(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        await asyncio.sleep(SECOND)
        assert samples(life, "watcher_rollbacks_not_durable") == []
        assert samples(life, "watcher_bad_versions_back") == []
        life.outside.release("v2")
        await asyncio.sleep(2 * SECOND)
        (found,) = samples(life, "watcher_bad_versions_back")
        assert (found.labels, found.value) == ({"workload": str(CART)}, 1)
        life.outside.release("v3")
        await asyncio.sleep(2 * SECOND)
        assert samples(life, "watcher_bad_versions_back") == []


async def test_breakers_open_and_close(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS.replace("namespaces: {max: 3", "namespaces: {max: 2"))
    async with living(thresholds) as life:
        now = life.outside.clock.now()
        past = [PastRollback(now - age, "shop", f"release-{age}") for age in (3000.0, 2000.0, 1000.0)]
        for count, expected in ((1, (0, 0)), (2, (0, 1)), (3, (1, 1))):
            life.daemon.stepping.situation.rollbacks = tuple(past[-count:])
            await asyncio.sleep(SECOND)
            found = tuple(value(life, "watcher_breakers_open", scope=scope) for scope in ("cluster", "namespace"))
            assert found == expected
        await asyncio.sleep(700.0)  # the oldest of the three is over
        assert value(life, "watcher_breakers_open", scope="cluster") == 0


async def test_what_cannot_be_written_or_followed_is_told(thresholds: Path) -> None:
    async with living(thresholds) as life:
        names = ("watcher_store_unwritable", "watcher_store_degraded", "watcher_kinds_not_followed")
        assert [value(life, name) for name in names] == [0, 0, 0]
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.rolled_out_at)
        life.store.failing = Unavailable("disk full")
        life.outside.unreadable = frozenset({Kind.ROLLOUT})
        await asyncio.sleep(120.0)
        assert [value(life, name) for name in names] == [1, 1, 1]
        life.store.failing, life.outside.unreadable = None, frozenset()
        await life.until_outcome("restored")
        await asyncio.sleep(SECOND)
        assert [value(life, name) for name in names] == [0, 0, 0]


async def test_the_clock_of_a_source_is_told_while_it_is_asked(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.sourcing.offsets = {"main": -12.0}
        await asyncio.sleep(SECOND)
        assert value(life, "watcher_source_clock_offset_seconds", source="main") is None
        life.outside.release("v2")
        await asyncio.sleep(20.0)
        assert value(life, "watcher_source_clock_offset_seconds", source="main") == -12.0


def series(life: Life) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    families = life.daemon.telemetry.registry.collect()
    return {(each.name, tuple(sorted(each.labels.items()))) for family in families for each in family.samples}


async def test_however_many_releases_come_there_are_no_more_series(thresholds: Path) -> None:
    """But those of sources; and one for each breach that is not over."""
    async with living(thresholds) as life:
        at_start = series(life)
        others = [Workload(CART.kind, "shop", name) for name in ("search", "catalog")]
        for workload in others:
            life.outside.deploy(workload)
        await asyncio.sleep(60.0)
        for number in range(4):
            for workload in (CART, *others):
                life.outside.release(f"{workload.name}-{number}", errors=0.3 * (number % 2), workload=workload)
            await asyncio.sleep(400.0)
            open_now = {each[0] for each in breaches(life)}
            assert len(samples(life, "watcher_breach")) == len(open_now) <= 3
        assert len(life.outside.store.releases()) >= 12
        assert len(life.outside.store.decisions()) >= 4
        added = {(name, labels) for name, labels in series(life) - at_start if name != "watcher_breach"}
        assert {tuple(label for label, _ in labels) for _, labels in added} == {("source",)}
        assert len(added) <= 4


async def test_no_label_takes_what_grows_with_time(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.carrying_out)
        row = life.outside.store.decisions()[0]
        pods = {pod.name for pod in life.outside.workloads[CART].ready}
        found = {value for _, labels in series(life) for _, value in labels}
        assert not {row.id, row.release, row.target, "v1", "v2", "hash-v1", "hash-v2", *pods} & found
