"""Holds: what a person has asked to leave alone, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from watcher.core.model import Workload

EVERYTHING = "all"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a hold is on: everything, one namespace, or one workload."""

    namespace: str = ""
    workload: Workload | None = None

    def __str__(self) -> str:
        if self.workload is not None:
            return str(self.workload)
        return f"namespace/{self.namespace}" if self.namespace else EVERYTHING

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `all`, `namespace/NAME` or `Kind/namespace/name`.  Raises ValueError naming what is wrong."""
        if text == EVERYTHING:
            return cls()
        kind, _, name = text.partition("/")
        if kind == "namespace" and name and "/" not in name:
            return cls(namespace=name)
        if text.count("/") != 2:
            raise ValueError(f"{text!r} names nothing to hold; write all, namespace/NAME or Kind/namespace/name")
        workload = Workload.parse(text)
        return cls(workload.namespace, workload)

    def covers(self, workload: Workload) -> bool:
        """Whether a hold on this concerns the workload."""
        if self.workload is not None:
            return self.workload == workload
        return self.namespace in ("", workload.namespace)


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason not to touch what `scope` names (`str(Scope)`).

    `since` and `until` are Unix seconds: None where it is not known, and where it does not end by itself.  `where`
    says where it stands in the cluster; empty: it is kept in the decision log.
    """

    scope: str
    reason: str
    author: str = ""
    since: float | None = None
    until: float | None = None
    where: str = ""

    def in_force(self, now: float) -> bool:
        """Whether it has not ended yet."""
        return self.until is None or now < self.until

    @property
    def text(self) -> str:
        """The reason, and in brackets where it stands, whose it is and until when."""
        parts = [
            self.where or f"held over HTTP: {self.scope}",
            f"by {self.author}" if self.author else "",
            f"until {_time(self.until)}" if self.until is not None else "",
        ]
        return f"{self.reason} ({', '.join(part for part in parts if part)})"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
