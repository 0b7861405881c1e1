"""GrowthBook's shape: https://docs.growthbook.io/api/features-v2; it says 400 for a feature that is not there."""

from __future__ import annotations

from tests.flags.kept import ENVIRONMENT, KEY, PROJECT, Answered, Asked, Kept

FEATURE = f"/api/v2/features/{KEY}"


class GrowthBook:
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def answer(self, asked: Asked) -> Answered:
        if asked.headers["authorization"] != f"Bearer {self.kept.token}":
            return Answered(401, {"message": "Invalid API key"})
        if asked.path not in (FEATURE, f"{FEATURE}/toggle"):
            return Answered(400, {"message": "Could not find a feature with that key"})
        if asked.method == "GET":
            return self._feature()
        before = self.kept.version
        self.kept.interfere()
        if self.kept.locked:
            return Answered(
                403, {"message": "This feature requires a review before publishing changes to: production."}
            )
        if self.kept.version != before:
            return Answered(409, {"message": 'Feature "new-cart" changed while this was being applied; retry'})
        self.kept.write(asked.body["environments"][ENVIRONMENT], asked.body["reason"])
        return self._feature()

    def _feature(self) -> Answered:
        feature = {
            "id": KEY,
            "dateCreated": "2026-01-01T00:00:00.000Z",
            "dateUpdated": self.kept.time,
            "archived": self.kept.archived,
            "project": PROJECT,
            "valueType": "boolean",
            "defaultValue": "true",
            "rules": [],
            "environments": {ENVIRONMENT: {"enabled": self.kept.on, "defaultValue": "true"}},
            "revision": {"version": self.kept.version, "comment": "", "date": self.kept.time},
        }
        return Answered(200, {"feature": feature})
