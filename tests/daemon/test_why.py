"""Why a workload was rolled back, in words that are said once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.daemon.life import living, virtual
from tests.daemon.outside import CART
from watcher.adapters.store.documents import why_document
from watcher.core.words import Outcome

pytestmark = virtual


async def test_the_outcome_is_named_once(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        assert str(life.daemon.status.why(CART)["why"]).startswith("Restored: undo of revision hash-v2 worked within")


async def test_an_outcome_that_the_reason_does_not_name_is_put_before_it(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        failed = replace(life.watch(), outcome=Outcome.FAILED, end_reason="undo: not on target after 600 s")
        life.daemon.stepping.states[CART] = replace(life.state(), watch=failed)
        assert life.daemon.status.why(CART)["why"] == "failed: undo: not on target after 600 s"


async def test_a_guard_is_quoted_once(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.workloads[CART].hold = "game day"
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.decision)
        for why in (life.daemon.status.why(CART), why_document(life.outside.store, str(CART))):
            assert str(why["why"]).count("game day") == 1
