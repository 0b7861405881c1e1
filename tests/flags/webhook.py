"""A webhook as docs/flags.md asks for it, which checks signatures as https://www.standardwebhooks.com has it."""

from __future__ import annotations

import base64
import hashlib
import hmac

from tests.flags.kept import ENVIRONMENT, KEY, SECRET, Answered, Asked, Kept


class Webhook:
    """`token` of what it keeps is left as it is for a secret that it knows."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._token = kept.token

    def answer(self, asked: Asked) -> Answered:
        if self.kept.token != self._token or not _signed(asked):
            return Answered(401, {"message": "the signature does not fit"})
        if (asked.body["flag"], asked.body["environment"]) != (KEY, ENVIRONMENT):
            return Answered(404, {"message": "no such flag"})
        if asked.body["type"] == "look":
            return self._state()
        self.kept.interfere()
        if self.kept.locked:
            return Answered(403, {"message": "changes need an approval"})
        if asked.body["version"] != str(self.kept.version):
            return Answered(412, {"message": "it has another version"})
        self.kept.write(asked.body["on"], asked.body["reason"])
        return self._state()

    def _state(self) -> Answered:
        state = "100 %" if self.kept.on else "nobody"
        fields = {"on": self.kept.on, "state": state, "version": str(self.kept.version), "changed": self.kept.time}
        return Answered(200, fields)


def _signed(asked: Asked) -> bool:
    what = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.content
    mac = hmac.new(SECRET.encode(), what, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}" in asked.headers["webhook-signature"].split()
