"""Why a workload was rolled back, in words that are said once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.daemon.life import living, virtual
from tests.daemon.outside import CART
from tests.doctor.healthy import view
from tests.doctor.of_git import SHOP
from watcher.adapters.store.documents import why_document
from watcher.core.deciding.kept import kept_body, kept_lines
from watcher.core.model import Manager
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


async def test_what_comes_from_git_names_application_repository_and_branch(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.applications[CART] = SHOP
        why = life.daemon.status.why(CART)
        kept = why["kept"]
        assert isinstance(kept, dict)
        assert list(kept_lines(kept)) == [
            "argocd argocd/shop, which syncs by itself and puts changes back",
            f"main of {SHOP.sources[0].repo}, apps/cart, at 222222222222",
        ]
        assert why["way_back"] == {"rung": "git", "mode": "act", "why": "through argocd argocd/shop"}


async def test_what_is_kept_by_something_that_leads_nowhere_says_so(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.applications[CART] = replace(SHOP, refused="Kargo promotes to it", automated=False, pinned="d1")
        why = life.daemon.status.why(CART)
        kept = why["kept"]
        assert isinstance(kept, dict)
        assert list(kept_lines(kept)) == [
            "argocd argocd/shop, which syncs when a person says so",
            f"main of {SHOP.sources[0].repo}, apps/cart, at 222222222222",
            "pinned to an earlier commit by decision d1",
            "no way back leads through it: managed by argocd argocd/shop: Kargo promotes to it",
        ]
        assert why["way_back"]["rung"] is None  # type: ignore[index]


async def test_nobody_keeps_what_carries_no_marks(thresholds: Path) -> None:
    async with living(thresholds) as life:
        assert life.daemon.status.why(CART)["kept"] is None


def test_what_cannot_be_seen_is_named_as_its_marks_name_it() -> None:
    kept = kept_body(view(manager=Manager("argocd", "shop")))
    assert kept is not None
    assert list(kept_lines(kept)) == [
        "managed by argocd shop, which is not to be seen from here: revert the commit there"
    ]
