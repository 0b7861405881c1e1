"""Gitea's shape: https://docs.gitea.com/api, Forgejo's is the same as far as this goes."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tests.forges.pulls import Answered, Asked, Json, Kept, Pull


class Gitea:
    def __init__(self, kept: Kept, address: str = "https://gitea.test") -> None:
        self.kept, self.address = kept, address

    def answer(self, asked: Asked) -> Answered:
        self.kept.asked.append(asked)
        if asked.authorization != f"token {self.kept.token}":
            return Answered(401, {"message": "user does not exist [uid: 0, name: ]"})
        below = asked.path.removeprefix(f"/repos/{self.kept.repository}")
        if below == asked.path:
            return Answered(404, {"message": "The target couldn't be found."})
        if asked.method == "POST" and below == "/pulls":
            return self._make(asked.body)
        if found := re.fullmatch(r"/branches/(.+)", below):
            return self._branch(unquote(found[1]))
        if found := re.fullmatch(r"/pulls/(\d+)(/merge)?", below):
            return self._pull(int(found[1]), merge=bool(found[2]))
        if found := re.fullmatch(r"/pulls/([^/]+)/(.+)", below):
            return self._shown(self.kept.of_branch(unquote(found[2]), unquote(found[1])))
        return Answered(405)

    def _make(self, body: Json) -> Answered:
        made = self.kept.make(body["head"], body["base"], body["title"], body["body"])
        if made is None:
            return Answered(409, {"message": "pull request already exists for these targets [id: 1, issue_id: 1]"})
        return Answered(201, self._fields(made))

    def _branch(self, name: str) -> Answered:
        protected = name in self.kept.protected
        return Answered(200, {"name": name, "protected": protected, "user_can_push": not protected})

    def _pull(self, number: int, *, merge: bool) -> Answered:
        found = self.kept.pull(number)
        if found is None or not merge:
            return self._shown(found)
        if self.kept.mergeable:
            return Answered(405, {"message": self.kept.mergeable})
        found.by_itself = True
        return Answered(201)

    def _shown(self, pull: Pull | None) -> Answered:
        if pull is None:
            return Answered(404, {"message": "The target couldn't be found."})
        return Answered(200, self._fields(pull))

    def _fields(self, pull: Pull) -> Json:
        return {
            "number": pull.number,
            "html_url": f"{self.address}/{self.kept.repository}/pulls/{pull.number}",
            "title": pull.title,
            "body": pull.text,
            "state": "open" if pull.state == "open" else "closed",
            "merged": pull.state == "merged",
            "merge_commit_sha": pull.merged or None,
            "head": {"ref": pull.branch},
            "base": {"ref": pull.onto},
        }
