"""Whether pods start in the cluster is looked at while a release may have to be undone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.daemon.life import Life, living, virtual
from watcher.core.model import Pod, Workload
from watcher.core.words import Kind
from watcher.ports import Forbidden

pytestmark = virtual

OTHERS = [Workload(Kind.DEPLOYMENT, "pay", f"api-{number}") for number in range(3)]


def stuck(life: Life) -> None:
    """New pods of three other workloads find no node."""
    created = life.outside.clock.now() - 60.0
    life.outside.pending = [(name, Pod(name.name, name.name, "r", created, scheduled=False)) for name in OTHERS]


async def test_what_is_held_follows_once_pods_start_again(thresholds: Path) -> None:
    async with living(thresholds) as life:
        stuck(life)
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.decision is not None)
        decision = life.watch().decision
        assert decision is not None
        assert [each.id for each in decision.guards] == ["cluster_cannot_start"]
        assert "such as Deployment/pay/api-0: no node takes it" in decision.guards[0].reason
        await asyncio.sleep(60)
        assert life.outside.orders == []
        life.outside.pending = []
        await life.until_outcome("restored")


async def test_without_a_release_in_doubt_nobody_is_asked(thresholds: Path) -> None:
    async with living(thresholds) as life:
        stuck(life)
        life.outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at is not None)
        await asyncio.sleep(30)
        assert life.daemon.starts.of(OTHERS[0]) is None


async def test_what_cannot_be_seen_holds_nothing(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.forbidden = Forbidden("list pods: 403")
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        assert [each["event"] for each in life.outside.logged].count("pending_pods_unknown") == 1


async def test_clocks_that_are_far_apart_hold_until_they_are_mended(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.clock_offset = 45.0
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.decision is not None)
        decision = life.watch().decision
        assert decision is not None
        assert decision.guard is not None
        assert (decision.guard.id, decision.guard.reason) == (
            "skew",
            "the clock of the API server is 45 s ahead of ours",
        )
        life.outside.clock_offset = 2.0
        await life.until_outcome("restored")
