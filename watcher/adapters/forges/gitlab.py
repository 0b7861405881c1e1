"""GitLab: the port `Forge` over its REST API."""

from __future__ import annotations

from urllib.parse import quote

from watcher.adapters.forges.links import number_of
from watcher.adapters.forges.merging import let_merge
from watcher.adapters.forges.opening import Fields, opened
from watcher.adapters.json_api import Api, Token
from watcher.core.gitops import PullState
from watcher.ports.git import PullRequest

SCOPE = "the scope `api`, and the role Developer or above in the project"

_STATES = {"merged": PullState.MERGED, "closed": PullState.CLOSED}


class GitLab:
    """One project; `path` is that of all its groups and its name."""

    def __init__(self, api: str, path: str, token: Token, ca_file: str = "") -> None:
        self._at = f"/projects/{quote(path, safe='')}"
        self._api = Api(api, token, SCOPE, ca_file=ca_file)

    async def open(self, branch: str, onto: str, title: str, text: str, *, merge: bool) -> PullRequest:
        """As Forge says."""
        body = {
            "source_branch": branch,
            "target_branch": onto,
            "title": title,
            "description": text,
            "remove_source_branch": True,
        }
        found = await opened(
            lambda: self._found(branch, onto), lambda: self._api.post(f"{self._at}/merge_requests", body)
        )
        pull = _pull(found)
        if merge and pull.state is PullState.OPEN:
            await let_merge(pull.link, lambda: self._merge_when_allowed(found))
        return pull

    async def state(self, link: str) -> PullRequest:
        """As Forge says."""
        return _pull(await self._api.get(f"{self._at}/merge_requests/{number_of(link)}"))

    async def protected(self, branch: str) -> bool:
        """As Forge says: protected, also by a wildcard, and not for whoever the token belongs to."""
        found = await self._api.get(f"{self._at}/repository/branches/{quote(branch, safe='')}")
        return bool(found.get("protected")) and not found.get("can_push")

    async def _found(self, branch: str, onto: str) -> Fields | None:
        """The newest merge request of the branch, whatever its state."""
        query = {"source_branch": branch, "target_branch": onto, "state": "all"}
        query |= {"order_by": "created_at", "sort": "desc", "per_page": "1"}
        found = await self._api.get(f"{self._at}/merge_requests", query)
        return found[0] if found else None

    async def _merge_when_allowed(self, pull: Fields) -> None:
        """GitLab before 17.11 knows the second name only; each ignores what it does not know."""
        body = {"auto_merge": True, "merge_when_pipeline_succeeds": True}
        await self._api.put(f"{self._at}/merge_requests/{pull['iid']}/merge", body)


def _pull(fields: Fields) -> PullRequest:
    """A merge by fast-forward has a commit of its own neither for the merge nor for squashing."""
    state = _STATES.get(fields["state"], PullState.OPEN)
    merged = fields.get("merge_commit_sha") or fields.get("squash_commit_sha") or fields.get("sha") or ""
    return PullRequest(fields["web_url"], state, merged if state is PullState.MERGED else "")
