"""Unleash's shape: https://docs.getunleash.io/api, the Admin API and the search of events.

A feature that is on and is to be switched on makes no event, as in `updateEnabled` of its source.
"""

from __future__ import annotations

from tests.flags.kept import ENVIRONMENT, KEY, PROJECT, Answered, Asked, Kept

FEATURE = f"/api/admin/projects/{PROJECT}/features/{KEY}/environments/{ENVIRONMENT}"


class Unleash:
    def __init__(self, kept: Kept) -> None:
        self.kept, self.old = kept, False

    def answer(self, asked: Asked) -> Answered:
        if asked.headers["authorization"] != self.kept.token:
            return Answered(401, {"name": "AuthenticationRequired", "message": "You must log in to use Unleash."})
        if asked.path == "/api/admin/search/events" and not self.old:
            return self._events(asked)
        if not asked.path.startswith(FEATURE):
            return Answered(404, {"name": "NotFoundError", "message": "Could not find feature"})
        if asked.method == "GET":
            return Answered(200, {"name": KEY, "environment": ENVIRONMENT, "enabled": self.kept.on, "strategies": []})
        self.kept.interfere()
        if self.kept.locked:
            return Answered(403, {"name": "PermissionError", "message": "Change requests are enabled"})
        self.kept.write(asked.path == f"{FEATURE}/on")
        return Answered(200)

    def _events(self, asked: Asked) -> Answered:
        assert (asked.query["feature"], asked.query["environment"]) == (f"IS:{KEY}", f"IS:{ENVIRONMENT}")
        newest = {
            "id": self.kept.version,
            "createdAt": self.kept.time,
            "type": f"feature-environment-{'enabled' if self.kept.on else 'disabled'}",
            "createdBy": "johndoe",
            "featureName": KEY,
            "environment": ENVIRONMENT,
            "project": PROJECT,
        }
        return Answered(200, {"events": [newest], "total": 1})
