"""What the daemon follows: workloads that come and go, entries that change, revisions that ripen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.life import THRESHOLDS, Life, alive, configure, living, virtual
from tests.daemon.outside import CART, START, requests_before
from watcher.core import machine
from watcher.core.model import Workload
from watcher.core.words import Kind, Phase, Verdict
from watcher.daemon.loop import BATCH
from watcher.ports import Forbidden

pytestmark = virtual

SEARCH = replace(CART, name="search")
OTHER_NAMESPACE = THRESHOLDS.replace("namespace: shop", "namespace: elsewhere")


async def test_pods_are_followed_of_just_the_releases_under_watch(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.deploy(SEARCH)
        assert life.cluster.followed == [frozenset()]
        life.outside.release("v2")
        await asyncio.sleep(10.0)
        assert life.cluster.followed[1:] == [frozenset({CART})]
        life.outside.release("w2", workload=SEARCH)
        await asyncio.sleep(10.0)
        assert life.cluster.followed[2:] == [frozenset({CART, SEARCH})]
        await life.until(lambda: not life.daemon.stepping.open_watches())
        await asyncio.sleep(2.0)
        assert life.cluster.followed[-1] == frozenset()


async def test_a_namespace_that_is_slow_to_follow_holds_nothing_up(
    thresholds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(thresholds) as life:
        life.outside.deploy(SEARCH)
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.rolled_out_at)

        async def slow(workloads: frozenset[Workload]) -> None:
            await asyncio.sleep(600.0)

        monkeypatch.setattr(life.cluster, "follow", slow)
        life.outside.release("w2", workload=SEARCH)
        await life.until_outcome("restored", within=300.0)


async def test_what_began_while_the_daemon_was_down_is_found_at_its_start(thresholds: Path) -> None:
    async with alive() as outside:
        first = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        await first.end()
        outside.release("v2", errors=0.2)
        await asyncio.sleep(600.0)
        second = await Life.begin(outside, thresholds)
        await second.until_outcome("restored", within=120.0)
        await second.end()
    assert len(outside.writes) == 1


async def test_the_source_is_asked_for_what_is_under_watch_only(thresholds: Path) -> None:
    async with living(thresholds) as life:
        measured = life.sourcing.measured
        assert measured.polled[-1:] == [()]
        life.outside.release("v2")
        await asyncio.sleep(10.0)
        (watched,) = measured.polled[-1]
        assert (watched.view.workload, watched.since) == (CART, life.watch().release.began)


async def test_a_deleted_workload_is_forgotten_and_its_release_closed(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside, stepping = life.outside, life.daemon.stepping
        outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at)
        outside.delete()
        await life.until(lambda: CART not in stepping.states, within=3.0)
        assert (stepping.open_watches(), stepping.inbox.mail, stepping.configurations) == ({}, {}, {})
        assert outside.store.states() == []
        (release,) = outside.store.releases()
        assert release.ended is not None
        assert "deleted" in str(release.body)


async def test_a_workload_deleted_while_the_daemon_was_down_is_forgotten_at_its_start(thresholds: Path) -> None:
    async with alive() as outside:
        first = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        await first.end()
        outside.delete()
        second = await Life.begin(outside, thresholds)
        await asyncio.sleep(5.0)
        assert second.daemon.stepping.states == {}
        assert outside.store.states() == []
        await second.end()


async def test_what_cannot_be_read_is_not_taken_for_deleted(thresholds: Path) -> None:
    """A permission that is missing for a while must not cost the known-good ledger."""
    async with alive() as outside:
        first = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        await first.end()
        outside.unreadable = frozenset({Kind.DEPLOYMENT})
        second = await Life.begin(outside, thresholds)
        await asyncio.sleep(120.0)
        assert second.state().known_good
        assert second.daemon.status.readiness() == (True, ["cannot follow: list Deployment: 403"])
        outside.unreadable = frozenset()
        outside.release("v2", errors=0.2)
        await second.until_outcome("restored")
        await second.end()


async def test_a_workload_made_anew_leaves_nothing_of_the_old_one_in_the_log(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside = life.outside
        outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at)
        outside.deploy(CART, "v1", uid="uid-2")
        await life.until(lambda: life.state().uid == "uid-2", within=3.0)
        assert [each.uid for each in outside.store.states()] == ["uid-2"]
        assert all(each.ended is not None for each in outside.store.releases())


async def test_every_workload_is_looked_at_once_a_minute_and_ripens(thresholds: Path) -> None:
    """Nothing happens to a workload; an hour after its start its revision counts as known good."""
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        search = outside.deploy(SEARCH)
        search.versions[0] = replace(search.current, created=START - 1800.0)
        await life.until(lambda: SEARCH in life.daemon.stepping.states, within=65.0)
        assert life.state(SEARCH).known_good == ()
        await asyncio.sleep(1860.0)
        (good,) = life.state(SEARCH).known_good
        assert good.provenance == "presumed"
        assert 0 <= good.since - (START + 1800.0) <= 61.0
        await life.end()


async def test_a_busy_cluster_starves_nobody(thresholds: Path) -> None:
    """Changes of one workload, many a second, and another waits for its tick."""
    async with living(thresholds) as life:
        outside = life.outside
        outside.deploy(SEARCH)

        async def busy() -> None:
            while True:
                outside.notify(SEARCH)
                await asyncio.sleep(0.2)

        noise = asyncio.create_task(busy())
        outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.phase is Phase.CONFIRMING)
        stepped = life.state().stepped_at
        await asyncio.sleep(2.5)
        assert stepped != life.state().stepped_at
        swept = life.state(SEARCH).stepped_at
        assert swept is not None
        noise.cancel()


async def test_a_clock_that_is_set_back_stops_nothing(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at)
        life.outside.clock.skew -= 3600.0
        before = life.state().stepped_at
        await asyncio.sleep(10.0)
        assert life.state().stepped_at != before
        life.outside.clock.skew += 3600.0
        await life.until_watch(lambda watch: watch.phase is Phase.CLOSED)


async def test_more_workloads_than_fit_in_one_transaction(thresholds: Path) -> None:
    async with alive() as outside:
        for number in range(BATCH + 5):
            outside.deploy(replace(CART, name=f"service-{number}"))
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(5.0)
        assert len(life.daemon.stepping.states) == BATCH + 6
        assert [len(commit.transitions) for commit in life.store.commits] == [BATCH, 6]
        await life.end()


async def test_an_open_watch_is_stored_twice_a_minute_though_nothing_moves(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at)
        before = len(life.store.commits)
        await asyncio.sleep(91.0)
        later = life.store.commits[before:]
        assert len(later) == 3
        assert all(not commit.transitions and len(commit.states) == 1 for commit in later)


async def test_a_workload_without_watch_is_not_written_again(thresholds: Path) -> None:
    async with living(thresholds) as life:
        before = len(life.store.commits)
        await asyncio.sleep(600.0)
        assert len(life.store.commits) == before


async def test_a_watch_ends_without_verdict_when_its_entry_goes(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.rolled_out_at)
        configure(thresholds, OTHER_NAMESPACE)
        await life.until(lambda: not life.daemon.stepping.open_watches(), within=5.0)
        await asyncio.sleep(300.0)
        watch = life.watch()
        assert (watch.verdict, watch.outcome, watch.decision) == (None, None, None)
        assert watch.end_reason == "no entry of services matches it any more"
        assert life.outside.orders == []
        assert life.cluster.followed[-1] == frozenset()
        good = life.state().known_good
        assert [each.template_id for each in good] == ["id-v1"]

        configure(thresholds, THRESHOLDS)
        life.outside.release("v3", errors=0.6)
        await life.until_outcome("restored")
    assert len(life.outside.writes) == 1


async def test_an_intent_that_was_not_sent_is_parked_when_the_entry_goes(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.acting.reactions = ["unavailable"] * 3
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.phase is Phase.ACTING)
        configure(thresholds, OTHER_NAMESPACE)
        await life.until_watch(lambda watch: watch.phase is Phase.CLOSED, within=60.0)
        await asyncio.sleep(60.0)
        (row,) = life.outside.store.decisions()
        assert (row.action, row.guard) == ("hold", "not_watched")
        assert life.outside.told[-1].text == "Rollback not sent: no entry of services matches it any more"
        assert life.watch().verdict is Verdict.BREACH
    assert life.outside.writes == []


async def test_a_rollback_that_was_sent_is_seen_through_when_the_entry_goes(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.phase is Phase.CONFIRMING)
        configure(thresholds, OTHER_NAMESPACE)
        await life.until_outcome("restored_unconfirmed", within=600.0)
        assert life.daemon.stepping.open_watches() == {}
        (row,) = life.outside.store.decisions()
        assert row.outcome == "restored_unconfirmed"
    assert len(life.outside.writes) == 1


async def test_a_new_entry_is_in_force_at_once(thresholds: Path) -> None:
    configure(thresholds, OTHER_NAMESPACE)
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(10.0)
        assert life.daemon.stepping.states == {}
        configure(thresholds, THRESHOLDS)
        await life.until(lambda: CART in life.daemon.stepping.states, within=3.0)
        await life.end()


async def test_a_fault_of_ours_with_one_workload_leaves_the_others_watched(
    thresholds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alive() as outside:
        outside.deploy(SEARCH)
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        step = machine.step

        def failing(state: object, observation: object, *rest: object) -> object:
            if observation.view.workload == SEARCH:  # type: ignore[attr-defined]
                raise ZeroDivisionError("float division by zero")
            return step(state, observation, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(machine, "step", failing)
        outside.release("v2", errors=0.2)
        outside.release("w2", errors=0.2, workload=SEARCH)
        await life.until_outcome("restored")
        _, reasons = life.daemon.status.readiness()
        assert reasons[0].startswith("Deployment/shop/search is not judged, watcher itself fails on it (ZeroDivision")
        assert life.daemon.telemetry.registry.get_sample_value("watcher_workloads_failing") == 1
        assert len(outside.log_of("step_failed")) == 1

        monkeypatch.setattr(machine, "step", step)
        await life.until_outcome("restored", SEARCH)
        assert life.daemon.status.readiness() == (True, [])
        await life.end()


async def test_configurations_are_known_soon_and_read_again(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS.replace("for: 2m", "for: 20m"))
    async with living(thresholds) as life:
        outside, stepping = life.outside, life.daemon.stepping
        outside.config_maps = {"ConfigMap/flags": "a", "ConfigMap/unrelated": "x"}
        outside.workloads[CART].config_refs = ("ConfigMap/flags", "ConfigMap/missing")
        outside.release("v2")
        await life.until(lambda: stepping.configurations, within=3.0)
        assert stepping.configurations[CART] == (("ConfigMap/flags", "a"), ("ConfigMap/missing", ""))
        outside.config_maps = {"ConfigMap/flags": "b"}
        await asyncio.sleep(31.0)
        assert dict(stepping.configurations[CART])["ConfigMap/flags"] == "b"
        outside.forbidden = Forbidden("get configmaps in shop: missing")
        await asyncio.sleep(25.0)
        assert dict(stepping.configurations[CART])["ConfigMap/flags"] == "b"
        await asyncio.sleep(70.0)
        assert CART not in stepping.configurations
        assert len(outside.log_of("configurations_unreadable")) == 1
        outside.forbidden = None
        await life.until(lambda: CART in stepping.configurations, within=7.0)
        assert len(outside.log_of("configurations_readable")) == 1


async def test_readings_of_an_earlier_watch_do_not_count_for_the_next(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside, stepping = life.outside, life.daemon.stepping
        outside.config_maps = {"ConfigMap/flags": "a"}
        outside.workloads[CART].config_refs = ("ConfigMap/flags",)
        outside.release("v2")
        await life.until(lambda: stepping.configurations, within=3.0)
        await life.until(lambda: not stepping.open_watches(), within=3600.0)
        assert stepping.configurations[CART] == (("ConfigMap/flags", "a"),)
        outside.forbidden = Forbidden("get configmaps in shop: missing")
        outside.release("v3")
        await life.until(lambda: CART not in stepping.configurations, within=3.0)


@pytest.mark.parametrize("pause", [40.0, 45.0, 50.0])
async def test_what_was_asked_for_a_release_before_is_not_delivered_to_the_next(thresholds: Path, pause: float) -> None:
    """Whenever the second release comes, also in the middle of a poll, all of its history is counted."""
    async with living(thresholds) as life:
        life.sourcing.measured.seconds = 14.0
        life.outside.release("v2")
        await asyncio.sleep(60.0 + pause)
        life.outside.release("v3")
        await asyncio.sleep(40.0)
        release, seen = life.watch().release, life.watch().evidence.counters[0]
        assert release.revision == "hash-v3"
        usual = requests_before(life.outside.blocks[CART], release)
    assert seen.before.total == usual > 0
