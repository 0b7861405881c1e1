"""How workloads are named in commands, and which workload a pod's name belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from watcher.core.model import Workload, WorkloadView
from watcher.core.words import Kind

_GENERATED = re.compile(r"(?P<base>.+)-[a-z0-9]{5}")
_ORDINAL = re.compile(r"(?P<base>.+)-[0-9]+")
_LONGEST_BASE = 57  # of a name to which a hyphen and five characters are added


def names_of(workload: Workload) -> dict[str, str]:
    """Names for a kubectl command: namespace, resource and name."""
    return {"namespace": workload.namespace, "resource": workload.kind.lower(), "name": workload.name}


class PodNames:
    """Tells from a pod's name whose it is or was: pods that are gone have series for a while.

    A ReplicaSet's and a DaemonSet's pods bear its name and five characters, a StatefulSet's its name and a number.
    """

    def __init__(self, views: Iterable[WorkloadView] = ()) -> None:
        self._generated: dict[tuple[str, str], Workload] = {}
        self._numbered: dict[tuple[str, str], Workload] = {}
        for view in views:
            workload = view.workload
            if workload.kind is Kind.STATEFUL_SET:
                self._numbered[workload.namespace, workload.name] = workload
                continue
            for base in _bases(view):
                self._generated[workload.namespace, base[:_LONGEST_BASE]] = workload

    def owner(self, namespace: str, pod: str) -> Workload | None:
        """The workload, or None where the name fits none."""
        for shape, known in ((_GENERATED, self._generated), (_ORDINAL, self._numbered)):
            match = shape.fullmatch(pod)
            if match and (namespace, match["base"]) in known:
                return known[namespace, match["base"]]
        return None


def _bases(view: WorkloadView) -> list[str]:
    name = view.workload.name
    if view.workload.kind is Kind.DAEMON_SET:
        return [name]
    return [f"{name}-{revision.name}" for revision in view.revisions]
