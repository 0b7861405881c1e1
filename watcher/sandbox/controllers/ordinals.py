"""Which revision a numbered pod of a StatefulSet is made from, and the pod itself."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.sandbox.controllers.revisions import template_of
from watcher.sandbox.controllers.world import new_pod
from watcher.sandbox.kubernetes.kinds import STATEFUL_SET
from watcher.sandbox.kubernetes.objects import Json, name_of


@dataclass(frozen=True)
class Replacement:
    """A StatefulSet on its way from revision `current` to `update`.

    Pods with an ordinal below `keep` are made from `current`, the others from `update`.
    """

    current: Json
    update: Json
    keep: int
    partition: int
    ordered: bool
    on_delete: bool

    @classmethod
    def of(cls, owner: Json, current: Json, update: Json) -> Replacement:
        """As spec and status say."""
        spec, strategy = owner["spec"], owner["spec"]["updateStrategy"]
        partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
        rolling = strategy["type"] == "RollingUpdate"
        return cls(
            current=current,
            update=update,
            keep=partition if rolling else 0,
            partition=partition,
            ordered=spec["podManagementPolicy"] == "OrderedReady",
            on_delete=not rolling,
        )

    def revision_for(self, ordinal: int) -> Json:
        """The revision from which the pod of that ordinal is made."""
        return self.current if ordinal < self.keep else self.update


def ordinal_of(pod: Json) -> int:
    """The number at the end of the pod's name."""
    return int(name_of(pod).rpartition("-")[2])


def stateful_pod(owner: Json, revision: Json, ordinal: int) -> Json:
    """The pod of that ordinal, from the revision's template."""
    name = f"{name_of(owner)}-{ordinal}"
    labels = {
        "controller-revision-hash": name_of(revision),
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(ordinal),
    }
    pod = new_pod(STATEFUL_SET, owner, template_of(revision), name, labels)
    pod["spec"] |= {"hostname": name, "subdomain": owner["spec"].get("serviceName", "")}
    return pod
