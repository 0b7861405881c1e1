"""What cannot be recorded is not done: one release that cannot, and a log that cannot be written at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.daemon.life import Life, alive, check_log, living, virtual
from tests.daemon.outside import CART
from watcher.core import record
from watcher.core.model import Workload
from watcher.core.policy import Policy
from watcher.core.words import Kind
from watcher.daemon import inbox
from watcher.daemon.journal import POLICIES_KEPT, Policies
from watcher.ports import Unavailable

pytestmark = virtual

SEARCH = Workload(Kind.DEPLOYMENT, "shop", "search")

NO_TEXT = "w2\ud800"
"""Half of a surrogate pair: JSON can hold it, UTF-8 cannot."""


async def test_a_release_that_cannot_be_recorded_is_left_alone_and_all_others_go_on(thresholds: Path) -> None:
    async with alive() as outside:
        outside.deploy(SEARCH)
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        outside.release(NO_TEXT, errors=0.2, workload=SEARCH)
        outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        assert {order.workload for order in outside.orders} == {CART}
        ready, reasons = life.daemon.status.readiness()
        assert ready
        assert reasons[0].startswith(
            "Deployment/shop/search is not judged, watcher itself fails on it (cannot be recor"
        )
        assert life.daemon.telemetry.registry.get_sample_value("watcher_workloads_failing") == 1
        assert [line["workload"] for line in outside.log_of("step_not_recorded")] == [str(SEARCH)]

        outside.delete(SEARCH)
        outside.deploy(SEARCH, uid="another")
        await life.until(lambda: life.daemon.status.readiness() == (True, []))
        outside.release("w3", errors=0.2, workload=SEARCH)
        await life.until_outcome("restored", SEARCH)
        await life.end()
        check_log(outside)


async def test_while_the_log_cannot_be_written_nothing_acts_and_what_waits_is_bounded(
    thresholds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MOST", 20)
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.rolled_out_at)
        life.store.failing = Unavailable("disk full")
        await asyncio.sleep(450.0)
        assert life.outside.orders == []
        assert not life.daemon.status.readiness()[0]
        assert len(life.daemon.stepping.inbox.peek(CART).blocks) == 20
        life.store.failing = None
        await life.until_outcome("restored")
        assert len(life.outside.orders) == 1


def test_a_policy_is_encoded_once_and_not_kept_for_ever() -> None:
    policies, policy = Policies(), Policy()
    digest, body = policies.of(policy)
    assert (digest, body) == (record.digest(policy), record.encode(policy))
    assert policies.of(policy)[1] is body
    for number in range(2 * POLICIES_KEPT):
        policies.of(Policy(cooldown=float(number)))
    assert len(policies._known) <= POLICIES_KEPT
    assert policies.of(policy) == (digest, body)
