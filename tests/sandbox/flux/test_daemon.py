"""A bad commit on a workload that Flux keeps, from the commit until Git and cluster agree again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.demo.test_play import virtual
from tests.sandbox.flux.stage import CART, INTERVAL, KINDS, REQUESTED, staged
from watcher.core.words import Durability
from watcher.sandbox.kubernetes.objects import annotations_of

RECONCILE, BRIDGE = "kustomize.toolkit.fluxcd.io/reconcile", "watcher.dev/bridge"
FIRST, GOOD, BAD = CART.image(), CART.image("1.8.1"), CART.image("1.9.0-err15")


@virtual
async def test_a_bad_commit_is_reverted_and_flux_brings_the_good_version_back(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.passes("1.8.1")
        bad = stage.release("1.9.0-err15")
        await stage.until(lambda: stage.image == BAD)
        assert await stage.ends() == "restored"

        revert = stage.repository.head("main")
        watch = stage.state.watch
        assert watch is not None
        assert watch.rollback is not None
        assert (watch.rollback.rung, watch.durability) == ("git", Durability.DURABLE)
        assert stage.repository.log("main")[0].message.rstrip().endswith(f"Reverts: {bad}")
        asked = {annotations_of(stage.of_flux(kind))[REQUESTED] for kind in KINDS}
        assert len(asked) == 1
        assert {stage.of_flux(kind)["status"]["lastHandledReconcileAt"] for kind in KINDS} == asked
        assert not next(iter(asked)).startswith("webhook")
        assert stage.of_flux("Kustomization")["status"]["lastAppliedRevision"] == f"main@sha1:{revert}"
        await asyncio.sleep(2 * INTERVAL)
        assert stage.images == [FIRST, GOOD, BAD, GOOD]


@virtual
async def test_under_a_protected_branch_flux_is_kept_off_the_undone_workload_until_it_has_the_merge(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.passes("1.8.1")
        stage.release("1.9.0-err15")
        stage.repository.protect("main")
        await stage.until(lambda: stage.image == BAD)
        assert await stage.ends() == "restored"

        watch = stage.state.watch
        assert watch is not None
        assert watch.rollback is not None
        assert watch.decision is not None
        assert (watch.rollback.rung, watch.durability) == ("bridge", Durability.CLUSTER_ONLY)
        assert (stage.marks[RECONCILE], stage.marks[BRIDGE]) == ("disabled", watch.decision.id)
        assert [each.state for each in stage.forge.pulls] == ["open"]
        await asyncio.sleep(3 * INTERVAL)
        assert stage.image == GOOD

        merged = stage.forge.merge()
        await stage.until(lambda: stage.state.unsettled is None)
        assert stage.of_flux("Kustomization")["status"]["lastAppliedRevision"] == f"main@sha1:{merged}"
        assert RECONCILE not in stage.marks
        assert BRIDGE not in stage.marks
        assert stage.state.watch is not None
        assert stage.state.watch.durability is Durability.DURABLE
        await asyncio.sleep(2 * INTERVAL)
        assert stage.images == [FIRST, GOOD, BAD, GOOD]
