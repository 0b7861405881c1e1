"""GitLab's shape: https://docs.gitlab.com/api/merge_requests/."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from tests.forges.pulls import Answered, Asked, Json, Kept, Pull


class GitLab:
    def __init__(self, kept: Kept, address: str = "https://gitlab.test") -> None:
        self.kept, self.address = kept, address

    def answer(self, asked: Asked) -> Answered:
        self.kept.asked.append(asked)
        if asked.authorization != f"Bearer {self.kept.token}":
            return Answered(401, {"message": "401 Unauthorized"})
        below = asked.path.removeprefix(f"/projects/{quote(self.kept.repository, safe='')}")
        if below == asked.path:
            return Answered(404, {"message": "404 Project Not Found"})
        if below == "/merge_requests":
            return self._make(asked.body) if asked.method == "POST" else self._listed(asked)
        if found := re.fullmatch(r"/repository/branches/([^/]+)", below):
            protected = unquote(found[1]) in self.kept.protected
            return Answered(200, {"name": unquote(found[1]), "protected": protected, "can_push": not protected})
        if found := re.fullmatch(r"/merge_requests/(\d+)(/merge)?", below):
            return self._pull(int(found[1]), merge=bool(found[2]))
        return Answered(405)

    def _make(self, body: Json) -> Answered:
        made = self.kept.make(body["source_branch"], body["target_branch"], body["title"], body["description"])
        if made is None:
            return Answered(409, {"message": ["Another open merge request already exists for this source branch: !1"]})
        return Answered(201, self._fields(made))

    def _listed(self, asked: Asked) -> Answered:
        found = self.kept.of_branch(asked.query["source_branch"], asked.query["target_branch"])
        return Answered(200, [self._fields(found)] if found is not None else [])

    def _pull(self, number: int, *, merge: bool) -> Answered:
        found = self.kept.pull(number)
        if found is None:
            return Answered(404, {"message": "404 Not found"})
        if merge and self.kept.mergeable:
            return Answered(405, {"message": self.kept.mergeable})
        found.by_itself = found.by_itself or merge
        return Answered(200, self._fields(found))

    def _fields(self, pull: Pull) -> Json:
        return {
            "iid": pull.number,
            "web_url": f"{self.address}/{self.kept.repository}/-/merge_requests/{pull.number}",
            "title": pull.title,
            "description": pull.text,
            "state": {"open": "opened"}.get(pull.state, pull.state),
            "sha": "f" * 40,
            "merge_commit_sha": pull.merged or None,
            "squash_commit_sha": None,
        }
