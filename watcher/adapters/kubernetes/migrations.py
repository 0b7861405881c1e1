"""Migration notes in ConfigMaps, and what becomes of the Jobs of down migrations."""

from __future__ import annotations

import re
from dataclasses import dataclass

from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.down import job_name
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import Json, at, condition, created, seconds
from watcher.adapters.kubernetes.resources import CONFIG_MAPS, JOBS, PODS
from watcher.core.migrations import DownSeen
from watcher.core.model import Workload
from watcher.ports import Clock, WatcherError
from watcher.ports.migrations import KeptNotes

LINES = 30
"""Lines of a Job's log that are kept."""

MOST_READ = 64 * 1024
MOST_KEPT = 4000
"""Bytes of a log that are read, and characters of its end that are kept."""

_LONGEST_MESSAGE = 500
_CREDENTIALS = (
    (re.compile(r"(?<=://)[^\s'\"@]*@(?:[^\s'\"@/]*@)*"), "***@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)((?:password|passwd|(?<=\w)pass|pwd|token|secret|credential|api[_-]?key|access[_-]?key)[\w-]{0,40}['\"]?"
            r"(?:\s*[=:]\s*|(?<=--password)\s+|(?<=--token)\s+))"
            r"(?:\"[^\"]*\"?|'[^']*'?|[^\s,;}]+)"
        ),
        r"\1***",
    ),
)


@dataclass(frozen=True, slots=True)
class KubernetesMigrations:
    """Reads notes and Jobs, past the cache: the port `ClusterMigrations`."""

    client: Client
    clock: Clock

    async def notes(self, namespace: str, name: str) -> KeptNotes | None:
        """The ConfigMap of this name; None where there is none.  Raises Unavailable, Forbidden, Rejected."""
        try:
            raw = await self.client.get(CONFIG_MAPS.path(namespace, name))
        except NotFound:
            return None
        return KeptNotes(dict(at(raw, "data") or {}), _written(raw), bool(raw.get("immutable")))

    async def follow(self, workload: Workload, decision: str, note: str) -> DownSeen:
        """The Job that this decision has ordered for this note.  Raises Unavailable, Forbidden, Rejected."""
        name, now = job_name(decision, note), self.clock.now()
        try:
            job = await self.client.get(JOBS.path(workload.namespace, name))
        except NotFound:
            return DownSeen(decision, note, now, name, "gone")
        state, message = _state(job)
        logs = "" if state == "running" else await self._logs(workload.namespace, name)
        return DownSeen(decision, note, now, name, state, message, logs)

    async def _logs(self, namespace: str, job: str) -> str:
        """The end of what its newest pod wrote, without credentials; where it cannot be read, why."""
        try:
            pods = (await self.client.get(PODS.path(namespace), {"labelSelector": f"job-name={job}"})).get(
                "items"
            ) or ()
            if not pods:
                return "its pod is gone, and its log with it"
            pod = max(pods, key=created)
            container = at(pod, "spec", "containers")[0]["name"]
            path = PODS.path(namespace, at(pod, "metadata", "name"), "log")
            asked = {"container": container, "tailLines": str(LINES), "limitBytes": str(MOST_READ)}
            return end_of(await self.client.text(path, asked, MOST_READ))
        except WatcherError as error:
            return f"its log cannot be read: {error}"[:_LONGEST_MESSAGE]


def end_of(text: str) -> str:
    """The last lines of a log as they may be kept: bounded, printable, without what looks like a credential."""
    cut = (line[:MOST_KEPT] for line in text.splitlines()[-LINES:])
    lines = ["".join(each if each.isprintable() else " " for each in line) for line in cut]
    kept = "\n".join(lines).strip()
    for pattern, instead in _CREDENTIALS:
        kept = pattern.sub(instead, kept)
    return kept[-MOST_KEPT:]


def _state(job: Json) -> tuple[str, str]:
    """running, succeeded or failed, and what the Job says of it."""
    for kind, state in (("Complete", "succeeded"), ("Failed", "failed")):
        found = condition(job, kind)
        if found.get("status") == "True":
            said = ": ".join(each for each in (found.get("reason", ""), found.get("message", "")) if each)
            return state, said[:_LONGEST_MESSAGE]
    return "running", ""


def _written(raw: Json) -> float:
    """When the object was last written; 0 where the API server does not tell."""
    times = [seconds(each.get("time")) for each in at(raw, "metadata", "managedFields") or ()]
    known = [each for each in times if each is not None]
    return max(known) if known and len(known) == len(times) else 0.0
