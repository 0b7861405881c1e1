"""GitHub, and GitHub Enterprise Server: the port `Forge` over its REST API, and GraphQL for what only that has."""

from __future__ import annotations

from urllib.parse import quote

from watcher.adapters.forges.links import number_of
from watcher.adapters.forges.merging import let_merge
from watcher.adapters.forges.opening import Fields, opened
from watcher.adapters.json_api import Api, Conflicting, NotThere, Token
from watcher.core.gitops import PullState
from watcher.ports import Forbidden, Rejected
from watcher.ports.git import PullRequest

SCOPE = "the repository permissions `Contents` and `Pull requests`, both to write (classic: scope `repo`)"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}

REFUSING = frozenset(
    {"pull_request", "update", "required_status_checks", "required_deployments", "merge_queue", "workflows"}
)
"""Rules that let nobody push a commit of his own.

https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch
"""

_AUTO_MERGE = (
    "mutation($id: ID!, $method: PullRequestMergeMethod!) "
    "{ enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { clientMutationId } }"
)
_METHODS = ("MERGE", "SQUASH", "REBASE")  # a repository need not allow each
_NOTHING_TO_WAIT_FOR = "clean status"


class GitHub:
    """One repository; `path` is owner/name."""

    def __init__(self, api: str, path: str, token: Token, ca_file: str = "") -> None:
        self._owner = path.partition("/")[0]
        self._at, self._address = f"/repos/{path}", api
        self._api = Api(api, token, SCOPE, headers=HEADERS, ca_file=ca_file)

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
        """As Forge says: by a ruleset that holds for whoever the token belongs to, or by a protection of all.

        Whom a protection excepts, and its terms where the token may not read them, only a push finds out.
        """
        name = quote(branch, safe="")
        rules = await self._api.get(f"{self._at}/rules/branches/{name}", {"per_page": "100"})
        for ruleset in sorted({rule.get("ruleset_id") or 0 for rule in rules if rule.get("type") in REFUSING}):
            if not await self._excepted_from(ruleset):
                return True
        try:
            return _refuses_all(await self._api.get(f"{self._at}/branches/{name}/protection"))
        except (Forbidden, NotThere):
            return False

    async def _excepted_from(self, ruleset: int) -> bool:
        """Whether the ruleset lists whoever the token belongs to among those who may pass it by."""
        try:
            found = await self._api.get(f"{self._at}/rulesets/{ruleset}", {"includes_parents": "true"})
        except Rejected:
            return False
        return found.get("current_user_can_bypass") in ("always", "exempt")

    async def _found(self, branch: str, onto: str) -> Fields | None:
        """The newest pull request of the branch, whatever its state."""
        query = {"head": f"{self._owner}:{branch}", "base": onto, "state": "all"}
        query |= {"sort": "created", "direction": "desc", "per_page": "1"}
        found = await self._api.get(f"{self._at}/pulls", query)
        return found[0] if found else None

    async def _merge_when_allowed(self, pull: Fields) -> None:
        """Auto-merge; where nothing is to be waited for GitHub refuses that, and merges at once."""
        url = f"{self._address.removesuffix('/v3')}/graphql"
        errors = ""
        for method in _METHODS:
            variables = {"id": pull["node_id"], "method": method}
            answer = await self._api.post_to(url, {"query": _AUTO_MERGE, "variables": variables})
            if not answer.get("errors"):
                return
            errors = "; ".join(str(each.get("message")) for each in answer["errors"])
            if _NOTHING_TO_WAIT_FOR in errors:
                body = {"merge_method": method.lower()}
                await self._api.put(f"{self._at}/pulls/{pull['number']}/merge", body)
                return
        raise Conflicting(f"{url}: {errors}")


def _refuses_all(terms: Fields) -> bool:
    """https://docs.github.com/en/rest/branches/branch-protection"""
    reviews = terms.get("required_pull_request_reviews")
    excepted = (reviews or {}).get("bypass_pull_request_allowances") or {}
    by_reviews = reviews is not None and not any(excepted.values())
    locked = bool((terms.get("lock_branch") or {}).get("enabled"))
    return locked or by_reviews or terms.get("required_status_checks") is not None


def _pull(fields: Fields) -> PullRequest:
    if fields.get("merged_at"):
        return PullRequest(fields["html_url"], PullState.MERGED, fields.get("merge_commit_sha") or "")
    state = PullState.OPEN if fields["state"] == "open" else PullState.CLOSED
    return PullRequest(fields["html_url"], state)
