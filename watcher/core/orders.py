"""What the core asks the outside to do: orders for rungs, announcements.  Plain values, carried out by others."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.model import Workload
from watcher.core.stages import TOLD
from watcher.core.words import Stage


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
    """Tell people that this stage was reached: an Event on the workload, and notifications.

    `rung` is the one that the stage is about, where a decision may reach it with several.
    """

    workload: Workload
    uid: str
    stage: Stage
    text: str
    decision: str = ""
    rung: str = ""

    @property
    def reason(self) -> str:
        """The stage as Kubernetes Events have it."""
        return TOLD[self.stage].reason

    @property
    def warning(self) -> bool:
        """Whether a person should look."""
        return TOLD[self.stage].warning


Command = UndoOrder | AbortOrder | ReleaseStuckPodsOrder | Announce
