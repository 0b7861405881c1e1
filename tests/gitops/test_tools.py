from __future__ import annotations

import pytest

from tests.gitops.world import MemoryApplications
from watcher.core.gitops import Application
from watcher.gitops.tools import EachTool
from watcher.ports import Rejected

HUB = "https://argocd.example.com"
HERE = Application("argocd", "argocd/cart")
THERE = Application("argocd", "argocd/cart", through=HUB)


async def test_namesakes_are_written_to_each_by_its_own_way() -> None:
    here, hub = MemoryApplications(), MemoryApplications()
    tools = EachTool(here, {"argocd": hub})
    await tools.refresh(HERE)
    await tools.stop_sync(THERE)
    assert here.calls == [("refresh", "argocd/cart")]
    assert hub.calls == [("stop_sync", "argocd/cart")]


async def test_one_of_a_hub_that_is_configured_no_more_is_left_alone() -> None:
    here = MemoryApplications()
    with pytest.raises(Rejected, match=f"reached through {HUB}"):
        await EachTool(here, {}).refresh(THERE)
    assert here.calls == []
