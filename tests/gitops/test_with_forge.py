"""A protected branch from end to end: real Git, and a forge that merges in it, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.e2e.controlplane.forge import ForgeServer
from tests.gitops.real import RealRepository
from tests.gitops.test_surveying import question
from tests.gitops.world import World
from watcher.adapters.forges import ConfiguredForges
from watcher.config.gitops import ForgeAccess, ForgeKind, GitOps
from watcher.core.gitops import PullState, Route
from watcher.core.model import Result
from watcher.gitops.durations import Durations
from watcher.gitops.following import Following
from watcher.gitops.reverting import Reverting
from watcher.gitops.surveying import Surveying


async def test_a_pull_request_is_merged_by_a_person_and_followed(tmp_path: Path) -> None:
    repository = RealRepository(tmp_path)
    path = "/".join(repository.url.removesuffix(".git").split("/")[-2:])
    async with ForgeServer.serve(repository.remote, path) as server:
        (tmp_path / "token").write_text(server.token)
        world = World(repository)
        world.entry = replace(world.entry, forge=ForgeAccess(ForgeKind.GITEA, server.api, str(tmp_path / "token")))
        forges = ConfiguredForges(lambda: GitOps((world.entry,)), world.clock.now)
        world.means = replace(world.means, forges=forges)
        world.reverting = Reverting(world.means, world.drafting, world.protections, world.holding)
        surveying = Surveying(world.means, world.drafting, world.protections, Durations())
        following = Following(world.means)
        repository.protect("main")

        prospect = await surveying.survey(question(world))
        assert (prospect.route, prospect.why) == (Route.PULL_REQUEST, "the branch main is protected")
        report = await world.perform()
        assert (report.result, report.link) == (Result.WAITING, f"{server.api.removesuffix('/api/v1')}/{path}/pulls/1")
        again = await world.perform(world.order(tried=2))
        assert (again.result, again.link, len(server.pulls)) == (Result.WAITING, report.link, 1)
        waiting = await following.followed(world.source, "", world.bad, report.link)
        assert (waiting.pull, waiting.contained_in) == (PullState.OPEN, ())

        repository.commit("Cart 1.1", {"apps/cart/app.yaml": "1.1"})
        merged = server.merge()
        followed = await following.followed(world.source, "", merged, report.link)
        assert (followed.pull, followed.merged, followed.contained_in) == (PullState.MERGED, merged, (merged,))
        assert (world.runs, repository.files_of("main")["apps/cart/app.yaml"]) == ("2.4", "1.1")
        done = await world.perform(world.order(tried=3))
        assert done.result == Result.ALREADY
        assert repository.message(done.revision).endswith(f"Reverts: {world.bad}\n")
