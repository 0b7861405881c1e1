"""GitHub's shape: https://docs.github.com/en/rest/pulls/pulls, and GraphQL's as far as auto-merge needs it."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tests.forges.pulls import Answered, Asked, Json, Kept, Pull


class GitHub:
    def __init__(self, kept: Kept, address: str = "https://github.test") -> None:
        self.kept, self.address = kept, address

    def answer(self, asked: Asked) -> Answered:
        self.kept.asked.append(asked)
        if asked.authorization != f"Bearer {self.kept.token}":
            return Answered(401, {"message": "Bad credentials", "status": "401"})
        if asked.path.endswith("/graphql"):
            return self._merge(int(asked.body["variables"]["id"]))
        below = asked.path.removeprefix(f"/repos/{self.kept.repository}")
        if below == asked.path:
            return Answered(404, {"message": "Not Found", "status": "404"})
        if below == "/pulls":
            return self._make(asked.body) if asked.method == "POST" else self._listed(asked)
        if found := re.fullmatch(r"/rules/branches/([^/]+)", below):
            protected = unquote(found[1]) in self.kept.protected
            return Answered(200, [{"type": "pull_request", "ruleset_id": 42}] if protected else [])
        if found := re.fullmatch(r"/pulls/(\d+)", below):
            pull = self.kept.pull(int(found[1]))
            return Answered(200, self._fields(pull)) if pull is not None else Answered(404, {"message": "Not Found"})
        return Answered(404, {"message": "Not Found"})  # a ruleset's own terms and a protection among them

    def _make(self, body: Json) -> Answered:
        made = self.kept.make(body["head"], body["base"], body["title"], body["body"])
        if made is None:
            cause = {"resource": "PullRequest", "message": "A pull request already exists for team:watcher/revert-d1."}
            return Answered(422, {"message": "Validation Failed", "errors": [cause]})
        return Answered(201, self._fields(made))

    def _listed(self, asked: Asked) -> Answered:
        owner, _, branch = asked.query["head"].partition(":")
        found = self.kept.of_branch(branch, asked.query["base"]) if owner == "team" else None
        return Answered(200, [self._fields(found)] if found is not None else [])

    def _merge(self, number: int) -> Answered:
        if self.kept.mergeable:
            return Answered(200, {"data": None, "errors": [{"message": self.kept.mergeable}]})
        found = self.kept.pull(number)
        assert found is not None
        found.by_itself = True
        return Answered(200, {"data": {"enablePullRequestAutoMerge": {"clientMutationId": None}}})

    def _fields(self, pull: Pull) -> Json:
        return {
            "number": pull.number,
            "node_id": str(pull.number),
            "html_url": f"{self.address}/{self.kept.repository}/pull/{pull.number}",
            "title": pull.title,
            "body": pull.text,
            "state": "open" if pull.state == "open" else "closed",
            "merged_at": "2026-11-30T09:00:00Z" if pull.state == "merged" else None,
            "merge_commit_sha": pull.merged or "0" * 40,  # of a merge that was tried
        }
