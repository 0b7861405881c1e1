"""What the cache keeps of each object: flat values, no raw templates."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.deciding.holding import Hold
from watcher.core.model import Approval, Manager, Pod, Revision, RolloutStatus, Workload


@dataclass(frozen=True, slots=True)
class SlimWorkload:
    """A Deployment, StatefulSet, DaemonSet or Rollout.

    `template_id` is that of its spec (empty where the spec only refers to another object); `pointer` is what its
    controller says of the current revision: a number, a pod hash or a ControllerRevision's name.
    """

    workload: Workload
    uid: str
    generation: int
    observed: bool
    template_id: str
    number: int  # revision number that the controller wrote on it; 0 where it writes none
    pointer: str
    desired: int
    updated: int
    ready: int
    available: int
    max_unavailable: int
    deadline_exceeded: bool = False
    paused: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    hold: Hold | None = None
    approval: Approval | None = None
    decision: str = ""
    manager: Manager | None = None
    owner: str = ""
    on_delete: bool = False
    rollout: RolloutStatus | None = None
    template_in: str = ""  # name of the Deployment that a Rollout's workloadRef names
    template_generation: str = ""  # generation of that Deployment as far as the Rollout took it
    bridge: str = ""  # the decision that keeps Flux off this one object
    shadow: bool = False  # no workload of its own: Flagger's primary


@dataclass(frozen=True, slots=True)
class SlimRevision:
    """A ReplicaSet or ControllerRevision."""

    namespace: str
    uid: str
    owner: str  # uid of the workload
    revision: Revision
    trouble: str = ""  # why its pods cannot be created, as the controller says
    retiring: bool = False  # kept for a while for a fast way back; takes no traffic


@dataclass(frozen=True, slots=True)
class SlimPod:
    """A pod with the uid of its controller (ReplicaSet, StatefulSet, DaemonSet)."""

    namespace: str
    owner: str
    pod: Pod


@dataclass(frozen=True, slots=True)
class SlimHold:
    """A Namespace, or the ConfigMap `watcher-hold`; `hold` is None where it holds nothing."""

    name: str
    hold: Hold | None
    rehearses: bool = False  # a Namespace that is there for rehearsals only
