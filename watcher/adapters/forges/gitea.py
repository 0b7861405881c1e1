"""Gitea and Forgejo: the port `Forge` over their REST API."""

from __future__ import annotations

from urllib.parse import quote

from watcher.adapters.forges.links import number_of
from watcher.adapters.forges.merging import let_merge
from watcher.adapters.forges.opening import Fields, opened
from watcher.adapters.json_api import Api, NotThere, Token
from watcher.core.gitops import PullState
from watcher.ports.git import PullRequest

SCOPE = "the scope `write:repository`, and write access to the repository"


class Gitea:
    """One repository; `path` is owner/name."""

    def __init__(self, api: str, path: str, token: Token, ca_file: str = "") -> None:
        self._at = f"/repos/{path}"
        self._api = Api(api, token, SCOPE, scheme="token", ca_file=ca_file)

    async def open(self, branch: str, onto: str, title: str, text: str, *, merge: bool) -> PullRequest:
        """As Forge says."""
        body = {"title": title, "body": text, "head": branch, "base": onto}
        found = await opened(lambda: self._found(branch, onto), lambda: self._api.post(f"{self._at}/pulls", body))
        pull = _pull(found)
        if merge and pull.state is PullState.OPEN:
            await let_merge(pull.link, lambda: self._merge_when_allowed(found))
        return pull

    async def state(self, link: str) -> PullRequest:
        """As Forge says."""
        return _pull(await self._api.get(f"{self._at}/pulls/{number_of(link)}"))

    async def protected(self, branch: str) -> bool:
        """As Forge says: protected, and not for whoever the token belongs to."""
        found = await self._api.get(f"{self._at}/branches/{quote(branch)}")
        return bool(found.get("protected")) and not found.get("user_can_push")

    async def _found(self, branch: str, onto: str) -> Fields | None:
        """The pull request of the branch, whatever its state."""
        try:
            found: Fields = await self._api.get(f"{self._at}/pulls/{quote(onto, safe='')}/{quote(branch)}")
        except NotThere:  # a repository that is not there says so when one is to be opened
            return None
        return found

    async def _merge_when_allowed(self, pull: Fields) -> None:
        body = {"Do": "merge", "merge_when_checks_succeed": True, "delete_branch_after_merge": True}
        await self._api.post(f"{self._at}/pulls/{pull['number']}/merge", body)


def _pull(fields: Fields) -> PullRequest:
    if fields.get("merged"):
        return PullRequest(fields["html_url"], PullState.MERGED, fields.get("merge_commit_sha") or "")
    state = PullState.OPEN if fields["state"] == "open" else PullState.CLOSED
    return PullRequest(fields["html_url"], state)
