"""A forge beside a real Git server: a stand-in with Gitea's shape that merges pull requests in real repositories."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from tests.e2e.controlplane.repository import Repository
from tests.forges.gitea import Gitea
from tests.forges.pulls import Asked, Kept, Pull


@dataclass
class ForgeServer:
    """One repository of a forge.  ``api`` is the address to configure, ``token`` what it takes.

    It keeps pull requests itself and takes branches as the repository has them.  A branch that the repository protects
    is protected here too.
    """

    repository: Repository
    kept: Kept
    api: str

    @classmethod
    @contextlib.asynccontextmanager
    async def serve(cls, repository: Repository, path: str = "team/shop") -> AsyncIterator[ForgeServer]:
        """Serve on a free port; ``path`` is owner and name of the repository."""
        kept = Kept(repository=path)
        stand_in = Gitea(kept)

        async def answer(request: web.Request) -> web.Response:
            kept.protected = repository.protected
            body = json.loads(await request.read() or "null")
            below = request.rel_url.raw_path.removeprefix("/api/v1")
            authorization = request.headers.get("Authorization", "")
            asked = Asked(request.method, below, dict(request.rel_url.query), body, authorization)
            answered = stand_in.answer(asked)
            return web.json_response(answered.body, status=answered.status, headers=answered.headers)

        application = web.Application()
        application.router.add_route("*", "/api/v1/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            stand_in.address = f"http://{host}:{port}"
            yield cls(repository, kept, f"{stand_in.address}/api/v1")
        finally:
            await runner.cleanup()

    @property
    def token(self) -> str:
        """The token that it takes."""
        return self.kept.token

    @property
    def pulls(self) -> list[Pull]:
        """All pull requests that were opened, oldest first."""
        return self.kept.pulls

    def merge(self, number: int = 1, *, by: str = "alice") -> str:
        """A person merges a pull request into its branch, by a merge commit; returns the sha."""
        pull = self._open(number)
        pull.merged = self.repository.merge(pull.branch, f"Merge pull request #{number}", into=pull.onto, author=by)
        pull.state = "merged"
        return pull.merged

    def close(self, number: int = 1) -> None:
        """A person closes a pull request without merging it."""
        self._open(number).state = "closed"

    def _open(self, number: int) -> Pull:
        pull = self.kept.pull(number)
        assert pull is not None, f"there is no pull request {number}"
        assert pull.state == "open", f"pull request {number} is {pull.state}"
        return pull
