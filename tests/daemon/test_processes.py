"""Two processes and one Lease: one acts, the other stands by and takes over, and nothing is done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.daemon.lease import KeptInMemory, MemoryLease
from tests.daemon.life import THRESHOLDS, alive, check_log, configure, virtual
from tests.daemon.outside import CART, Outside
from tests.daemon.processes import Disk, Pair, Running
from watcher.core.words import Outcome
from watcher.daemon.leading import Observing
from watcher.ports import Forbidden, Rejected, Unavailable

pytestmark = virtual

LATEST = 10.0 + 2.0 * 1.6 + 1.0
"""Seconds: the duration of a Lease, the pause between two looks at it as tests choose it, and a little."""


def alone(outside: Outside, thresholds: Path) -> Running:
    return Running("first", outside, Disk(outside.store), MemoryLease(KeptInMemory()), thresholds).start()


async def restored(running: Running, within: float = 900.0) -> None:
    """Wait until cart's bad release is undone and that is proven."""

    def is_so() -> bool:
        daemon = running.process.daemon
        state = daemon.stepping.states.get(CART) if daemon is not None else None
        return state is not None and state.watch is not None and state.watch.outcome is Outcome.RESTORED

    await running.until(is_so, within)


def undone_once(outside: Outside) -> None:
    assert [(workload, rung) for workload, rung, _ in outside.writes] == [(CART, "undo")]
    assert outside.workloads[CART].current.template == "v1"


async def test_the_first_leads_at_once_and_gives_the_lease_back(thresholds: Path) -> None:
    async with alive() as outside:
        server = KeptInMemory()
        first = Running("first", outside, Disk(outside.store), MemoryLease(server), thresholds).start()
        await first.until(lambda: first.leads, within=1.0)
        await asyncio.sleep(60.0)
        await first.end()
    assert [each.holder for each in server.history[:2]] == ["first", "first"]
    assert 28 <= len(server.history) <= 33
    assert (server.history[-1].holder, server.history[-1].duration) == ("", 1)


async def test_one_that_ends_in_order_is_followed_by_the_other_soon(thresholds: Path) -> None:
    async with alive() as outside:
        pair = await Pair.begin(outside, thresholds)
        assert pair.second.says() == (True, "standby: the Lease is held by first")
        outside.release("v2", errors=0.2)
        await pair.first.until(lambda: outside.orders, within=300.0)
        await pair.first.end()
        assert await pair.second.until(lambda: pair.second.leads) <= 2.0 * 1.6 + 0.2
        await restored(pair.second)
        await pair.second.end()
        check_log(outside)
    undone_once(outside)
    assert next(each.transitions for each in pair.server.history if each.holder == "second") == 1


@pytest.mark.parametrize("moment", ["before the write", "after the write"])
async def test_one_that_is_killed_amid_a_rollback_is_followed_and_it_happens_once(
    thresholds: Path, moment: str
) -> None:
    async with alive() as outside:
        pair = await Pair.begin(outside, thresholds)
        outside.release("v2", errors=0.2)
        await pair.first.until(lambda: moment in pair.first.crashes.passed, within=300.0)
        pair.first.kill()
        assert 5.0 <= await pair.second.until(lambda: pair.second.leads) <= LATEST
        await restored(pair.second)
        await pair.second.end()
        check_log(outside)
    undone_once(outside)


async def test_one_with_an_empty_log_is_told_by_the_object(thresholds: Path) -> None:
    async with alive() as outside:
        pair = await Pair.begin(outside, thresholds, own_logs=True)
        outside.release("v2", errors=0.2)
        await pair.first.until(lambda: "after the write" in pair.first.crashes.passed, within=300.0)
        pair.first.kill()
        await pair.second.until(lambda: pair.second.leads)
        await asyncio.sleep(1800.0)
        await pair.second.end()
    undone_once(outside)


async def test_one_that_stood_still_writes_nothing_afterwards(thresholds: Path) -> None:
    async with alive() as outside:
        pair = await Pair.begin(outside, thresholds, own_logs=True)
        outside.release("v2", errors=0.2)
        await asyncio.sleep(30.0)
        assert outside.orders == []
        pair.first.paused = 20.0
        assert not pair.first.leading.leads()
        daemon = pair.first.process.daemon
        assert daemon is not None
        assert not daemon.stepping.situation.permitted
        await pair.first.until(lambda: pair.first.process.daemon is not daemon, within=3.0)
        await pair.first.until(lambda: pair.first.leads or pair.second.leads, within=LATEST)
        await asyncio.sleep(900.0)
        assert pair.first.leads != pair.second.leads
        await pair.first.end()
        await pair.second.end()
    assert len(outside.writes) <= 1


async def test_an_api_server_that_is_away_ends_the_term_and_the_next_goes_on(thresholds: Path) -> None:
    async with alive() as outside:
        first = alone(outside, thresholds)
        await asyncio.sleep(60.0)
        outside.release("v2", errors=0.2)
        await asyncio.sleep(20.0)
        first.lock.partitioned = True
        assert await first.until(lambda: not first.leads) <= 7.2
        await asyncio.sleep(120.0)
        assert "the Lease cannot be reached: no answer within" in first.says()[1]
        assert outside.orders == []
        first.lock.partitioned = False
        assert await first.until(lambda: first.leads) <= 3.5 + 3.3
        await restored(first)
        await first.end()
        check_log(outside)
    undone_once(outside)


async def test_renewals_that_fail_for_a_moment_change_nothing(thresholds: Path) -> None:
    async with alive() as outside:
        first = alone(outside, thresholds)
        await asyncio.sleep(60.0)
        daemon = first.process.daemon
        for _ in range(10):
            first.lock.failing = Unavailable("429")
            await asyncio.sleep(4.0)
            first.lock.failing = None
            await asyncio.sleep(3.0)
        assert daemon is not None
        assert first.process.daemon is daemon
        assert len(outside.log_of("lease_out_of_reach")) == 10
        await first.end()


async def test_a_lease_that_somebody_deletes_is_made_again_by_its_holder(thresholds: Path) -> None:
    async with alive() as outside:
        pair = await Pair.begin(outside, thresholds)
        pair.server.delete()
        await asyncio.sleep(60.0)
        assert pair.first.leads
        assert not pair.second.leads
        assert {each.holder for each in pair.server.history} == {"first"}
        await pair.first.end()
        await pair.second.end()


async def test_who_may_not_use_the_lease_never_acts_and_says_why(thresholds: Path) -> None:
    async with alive() as outside:
        lock = MemoryLease(KeptInMemory())
        lock.failing = Forbidden("get lease: 403; grant the verb `get` on `leases` to this account by RBAC")
        first = Running("first", outside, Disk(outside.store), lock, thresholds).start()
        outside.release("v2", errors=0.2)
        await asyncio.sleep(600.0)
        ready, text = first.says()
        assert not ready
        assert "grant the verb `get` on `leases`" in text
        assert len(outside.log_of("lease_refused")) == 1
        assert outside.orders == []
        lock.failing = None
        await first.until(lambda: first.leads, within=5.0)
        await first.end()


async def test_the_lease_alone_is_not_enough_while_another_writes_the_log(thresholds: Path) -> None:
    """The first stands still, as stopped by a debugger: it holds the lock of the file, though not the Lease."""
    async with alive() as outside:
        pair = await Pair.begin(outside, thresholds)
        pair.first.lock.partitioned = True
        await pair.first.until(lambda: not pair.first.leads)
        pair.second.disk.writer = "process 7 on node-1"
        await pair.second.until(lambda: pair.server.history[-1].holder == "second")
        await asyncio.sleep(60.0)
        assert not pair.second.leads
        ready, text = pair.second.says()
        assert not ready
        assert "waits for the decision log: the decision log is being written by process 7 on node-1" in text
        pair.second.disk.writer = ""
        await pair.second.until(lambda: pair.second.leads, within=1.0)
        await pair.first.end()
        await pair.second.end()


async def test_who_only_observes_needs_no_lease(thresholds: Path) -> None:
    async with alive() as outside:
        server = KeptInMemory()
        observer = Running(
            "observer", outside, Disk(outside.store), MemoryLease(server), thresholds, observing=Observing()
        ).start()
        await asyncio.sleep(60.0)
        outside.release("v2", errors=0.2)
        await observer.until(outside.store.decisions, within=300.0)
        assert outside.store.decisions()[0].mode == "observe"
        daemon = observer.process.daemon
        assert daemon is not None
        assert daemon.status.status()["role"] == "observer"
        await observer.end()
    assert server.history == []
    assert outside.orders == []


async def test_a_bad_file_that_came_while_standing_by_keeps_the_thresholds_of_before(thresholds: Path) -> None:
    async with alive() as outside:
        pair = await Pair.begin(outside, thresholds)
        configure(thresholds, "version: 2")
        await asyncio.sleep(2.0)
        assert "an older one will be used" in pair.second.says()[1]
        await pair.first.end()
        await pair.second.until(lambda: pair.second.leads)
        outside.release("v2", errors=0.2)
        await restored(pair.second)
        configure(thresholds, THRESHOLDS)
        await pair.second.end()
    undone_once(outside)


async def test_one_that_stands_by_ends_at_once(thresholds: Path) -> None:
    async with alive() as outside:
        pair = await Pair.begin(outside, thresholds)
        began = outside.clock.now()
        await pair.second.end()
        assert outside.clock.now() - began < 0.5
        assert pair.first.leads
        assert pair.server.history[-1].holder == "first"
        await pair.first.end()


async def test_a_cluster_that_cannot_be_followed_ends_the_process(
    thresholds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alive() as outside:

        async def fail() -> None:
            await asyncio.sleep(30.0)
            raise Rejected("the cluster speaks another language")

        monkeypatch.setattr("tests.daemon.outside.SeenCluster.run", lambda _self: fail())
        first = alone(outside, thresholds)
        with pytest.raises(Rejected, match="another language"):
            await asyncio.wait_for(first.task, 60.0)
        assert not first.leads


async def test_a_log_that_cannot_be_used_ends_the_process_and_frees_the_lease(
    thresholds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alive() as outside:

        async def fail(_self: Running) -> None:
            raise Rejected("the decision log is damaged")

        monkeypatch.setattr(Running, "_open", fail)
        server = KeptInMemory()
        first = Running("first", outside, Disk(outside.store), MemoryLease(server), thresholds).start()
        with pytest.raises(Rejected, match="damaged"):
            await asyncio.wait_for(first.task, 60.0)
        assert server.history[-1].holder == ""
