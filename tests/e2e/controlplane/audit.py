"""Reading the API server's audit log: who did what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.e2e.controlplane.api import Api, Json
from tests.e2e.controlplane.waiting import eventually

READS = ("get", "list", "watch")
POLICY = Path(__file__).with_name("audit-policy.yaml")


@dataclass(frozen=True)
class AuditEntry:
    """One finished request. ``body`` is what was sent (None where the policy keeps metadata only)."""

    at: datetime
    username: str
    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    status: int
    uri: str
    user_agent: str
    body: Any

    @property
    def is_write(self) -> bool:
        """Whether it asked to change something, allowed or not."""
        return self.verb not in READS

    @property
    def path(self) -> str:
        """``resource/name/subresource`` in short, to compare and to print."""
        return "/".join(part for part in (self.resource, self.name, self.subresource) if part)


def _entry(event: Json) -> AuditEntry:
    what, body = event.get("objectRef", {}), event.get("requestObject")
    named = body.get("metadata", {}).get("name", "") if isinstance(body, dict) else ""
    return AuditEntry(
        at=datetime.fromisoformat(event["stageTimestamp"]),
        username=event["user"]["username"],
        verb=event["verb"],
        resource=what.get("resource", ""),
        subresource=what.get("subresource", ""),
        namespace=what.get("namespace", ""),
        name=what.get("name") or named,  # a create has the name in its body only
        status=event.get("responseStatus", {}).get("code", 0),
        uri=event["requestURI"],
        user_agent=event.get("userAgent", ""),
        body=body,
    )


class AuditLog:
    """The audit log of a control plane; ``admin`` sends the marks by which a reader knows that it is complete."""

    def __init__(self, file: Path, admin: Api) -> None:
        self.file = file
        self._admin = admin

    def entries(
        self,
        username: str | None = None,
        *,
        writes: bool = False,
        since: datetime | None = None,
        namespace: str | None = None,
    ) -> list[AuditEntry]:
        """All finished requests so far; of one user, only writes, from a moment on, in one namespace, if so asked."""
        self._complete()
        return [
            entry
            for entry in self._read(username or "")
            if (username is None or entry.username == username)
            and (entry.is_write or not writes)
            and (since is None or entry.at >= since)
            and (namespace is None or entry.namespace == namespace)
        ]

    def _complete(self) -> None:
        """Wait until a request sent now is in the log: then every request finished before is, too."""
        mark, written = uuid4().hex, self.file.stat().st_size
        self._admin.request("GET", "/version", mark=mark)

        def marked() -> bool:
            with self.file.open() as log:
                log.seek(written)
                return mark in log.read()

        eventually(marked, within=10, what="the audit log has the last request")

    def _read(self, named: str) -> Iterator[AuditEntry]:
        """The finished requests in lines that contain ``named`` (parsing all of them would take seconds)."""
        with self.file.open() as log:
            for line in log:
                if named not in line or not line.endswith("\n"):
                    continue
                event = json.loads(line)
                if event["stage"] == "ResponseComplete" and not event["requestURI"].startswith("/version?mark="):
                    yield _entry(event)
