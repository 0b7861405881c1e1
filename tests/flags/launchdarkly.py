"""LaunchDarkly's shape: https://launchdarkly.com/docs/api/feature-flags, JSON patches with a `test` of the version."""

from __future__ import annotations

from tests.flags.kept import ENVIRONMENT, KEY, PROJECT, Answered, Asked, Kept


class LaunchDarkly:
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def answer(self, asked: Asked) -> Answered:
        if asked.headers["authorization"] != self.kept.token:
            return Answered(401, {"code": "unauthorized", "message": "Invalid account ID header"})
        if asked.path != f"/api/v2/flags/{PROJECT}/{KEY}":
            return Answered(404, {"code": "not_found", "message": "Unknown flag key"})
        if asked.method == "PATCH":
            return self._patched(asked)
        environment = asked.query.get("env", ENVIRONMENT)
        return Answered(200, self._flag({ENVIRONMENT} & {environment}))

    def _patched(self, asked: Asked) -> Answered:
        self.kept.interfere()
        if self.kept.locked:
            return Answered(405, {"code": "method_not_allowed", "message": "approval is required for this environment"})
        tested, replaced = asked.body["patch"]
        here = f"/environments/{ENVIRONMENT}"
        assert (tested["op"], tested["path"]) == ("test", f"{here}/version")
        assert (replaced["op"], replaced["path"]) == ("replace", f"{here}/on")
        if tested["value"] != self.kept.version:
            return Answered(409, {"code": "conflict", "message": "Testing value failed"})
        self.kept.write(replaced["value"], asked.body["comment"])
        return Answered(200, self._flag({ENVIRONMENT}))

    def _flag(self, environments: set[str]) -> dict[str, object]:
        config = {
            "on": self.kept.on,
            "archived": False,
            "version": self.kept.version,
            "lastModified": int(self.kept.changed * 1000),
            "_environmentName": "Production",
        }
        return {
            "key": KEY,
            "name": "New cart",
            "kind": "boolean",
            "archived": self.kept.archived,
            "_version": 3,
            "environments": dict.fromkeys(environments, config),
        }
