"""What the core asks the outside to do: orders for rungs, announcements.  Plain values, carried out by others."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.model import Workload


@dataclass(frozen=True, slots=True)
class UndoOrder:
    """Put the target's template back in place of the bad one.

    The write must carry as preconditions the workload's uid and that the live template still is `bad_template`
    (by id on reading, by value in the patch).
    """

    decision: str
    tried: int
    workload: Workload
    uid: str
    bad_template: str
    target_template: str
    target_revision: str
    reason: str
    skip_steps: bool = False  # Rollout: promote fully once the target is current


@dataclass(frozen=True, slots=True)
class AbortOrder:
    """Abort an Argo Rollout in progress.

    `tried` > 1: an earlier patch was answered and lost (Argo Rollouts 1.8.4 to 1.9.3), so this one changes more fields.
    """

    decision: str
    tried: int
    workload: Workload
    uid: str
    pod_hash: str  # status.currentPodHash that was judged
    clear_promotion: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseStuckPodsOrder:
    """Delete pods of a StatefulSet that are of the bad revision and never became Ready.

    OrderedReady waits for them for ever, also after the template was put back.  Each delete carries the pod's uid.
    """

    decision: str
    tried: int
    workload: Workload
    uid: str
    pods: tuple[tuple[str, str], ...]  # (name, uid)


RungOrder = UndoOrder | AbortOrder | ReleaseStuckPodsOrder


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell people: one Event on the workload and one log line."""

    workload: Workload
    uid: str
    reason: str  # CamelCase, as Kubernetes Events have it
    text: str
    warning: bool = False
    decision: str = ""


Command = UndoOrder | AbortOrder | ReleaseStuckPodsOrder | Announce
