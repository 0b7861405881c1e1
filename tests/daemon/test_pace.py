"""The releases of a quarter are counted in the decision log, and are part of what is recorded."""

from __future__ import annotations

from pathlib import Path

from tests.daemon.life import THRESHOLDS, configure, living, virtual
from watcher.core import record
from watcher.core.model import Observation
from watcher.core.policy import BUSY
from watcher.daemon.housekeeping import EXPIRE_EVERY

pytestmark = virtual


async def test_a_young_log_reckons_with_a_busy_fleet_until_it_knows(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS.replace("mode: act", "mode: act\nfalseRollbacks: 1 per quarter"))
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        first = life.watch().evidence.budget
        assert life.daemon.stepping.situation.releases == BUSY

        await life.until(lambda: life.daemon.stepping.situation.releases != BUSY, within=EXPIRE_EVERY + 10)
        life.outside.release("v3", errors=0.2)
        await life.until_watch(lambda watch: watch.evidence.budget and watch.release.revision == "hash-v3")

    pace = life.daemon.stepping.situation.releases
    assert (first, life.watch().evidence.budget) == (1 / BUSY, 1 / pace)


async def test_every_record_holds_the_pace_and_gives_the_same_bytes_again(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS.replace("mode: act", "mode: act\nfalseRollbacks: 1 per quarter"))
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")

    for each in life.outside.store.transitions():
        policy = life.outside.store.policy(each.policy_hash)
        assert policy is not None
        kept = record.Record(each.at, policy, each.state_before, each.observation, each.state_after, each.commands)
        observed: Observation = record.decode(Observation, each.observation)
        assert observed.surroundings.releases == BUSY
        assert record.replay(kept)
