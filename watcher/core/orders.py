"""What the core asks the outside to do: orders for rungs, announcements.  Plain values, carried out by others."""

from __future__ import annotations

from dataclasses import dataclass, field

from watcher.core.flags import Flag
from watcher.core.gitops import Application, GitSource
from watcher.core.migrations import Down
from watcher.core.model import ADDED, Workload
from watcher.core.stages import TOLD
from watcher.core.words import Rung, Stage


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
    again: bool = field(default=False, metadata=ADDED)  # the tool that manages it put the bad version back: once more
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


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
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


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
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


@dataclass(frozen=True, slots=True)
class RevertOrder:
    """Take commits back in the configuration repository, and ask for a look at it.

    `commits` (newest first) are those that the decision names; `good` is the one before them.  `propose`: by a pull
    request, never by a push.  What the branch holds already is not done again.
    """

    decision: str
    tried: int
    workload: Workload
    uid: str
    application: Application
    source: GitSource
    good: str
    commits: tuple[str, ...]
    propose: bool
    reason: str
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


@dataclass(frozen=True, slots=True)
class RefreshOrder:
    """Ask once more for a look at the repository: a revert is in its branch, and was not synced yet."""

    decision: str
    tried: int
    workload: Workload
    uid: str
    application: Application
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


@dataclass(frozen=True, slots=True)
class SyncOrder:
    """Sync an application that does not sync by itself to commits, one for each of its sources."""

    decision: str
    tried: int
    workload: Workload
    uid: str
    application: Application
    revisions: tuple[str, ...]
    reason: str
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


@dataclass(frozen=True, slots=True)
class StopSyncOrder:
    """End a sync of ours that still waits, as for a window: it would bring back what is wanted no more."""

    decision: str
    tried: int
    workload: Workload
    uid: str
    application: Application
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


@dataclass(frozen=True, slots=True)
class PinOrder:
    """The bridge: let an application follow a good commit instead of its branch, while a pull request waits."""

    decision: str
    tried: int
    workload: Workload
    uid: str
    application: Application
    source: GitSource
    revision: str
    reason: str
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


@dataclass(frozen=True, slots=True)
class UnpinOrder:
    """The end of the bridge: let the application follow its branch again."""

    decision: str
    tried: int
    workload: Workload
    uid: str
    application: Application
    reason: str
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


@dataclass(frozen=True, slots=True)
class FlagOrder:
    """Switch a feature flag off (`on` False), or put it back as it was (`on` True, to the state `state`).

    `expected` is the version that it must still have; what is so already is not done again.
    """

    decision: str
    tried: int
    workload: Workload
    uid: str
    flag: Flag
    on: bool
    reason: str
    expected: str = ""
    state: str = ""
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


@dataclass(frozen=True, slots=True)
class DownOrder:
    """Run the down migration of this note as a Job, named after the decision so that it runs once.

    The live template must be `live_template` (an id) when the Job is made; empty where an abort keeps the bad one.
    """

    decision: str
    tried: int
    workload: Workload
    uid: str
    note: str
    down: Down
    reason: str
    live_template: str = field(default="", metadata=ADDED)
    past_hold: bool = field(default=False, metadata=ADDED)  # a person lets it pass the holds


GitOpsOrder = RevertOrder | RefreshOrder | SyncOrder | StopSyncOrder | PinOrder | UnpinOrder
RungOrder = UndoOrder | AbortOrder | ReleaseStuckPodsOrder | FlagOrder | DownOrder | GitOpsOrder


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


Command = RungOrder | Announce


RUNGS: dict[type, str] = {
    FlagOrder: "flag",
    DownOrder: "down",
    UndoOrder: "undo",
    ReleaseStuckPodsOrder: "undo:stuck_pods",
    AbortOrder: "abort",
    RevertOrder: "git",
    RefreshOrder: "git:refresh",
    SyncOrder: "sync",
    StopSyncOrder: "sync:end",
    PinOrder: "bridge",
    UnpinOrder: "bridge:end",
}
"""The rung that an order belongs to, and which part of it."""


def rung_of(order: RungOrder) -> str:
    """The rung that an order belongs to, with the part of it that it is where it is not the rung itself."""
    if isinstance(order, FlagOrder) and order.on:
        return "flag:restore"
    return RUNGS[type(order)]


def rung_served(order: GitOpsOrder) -> Rung:
    """The rung that an order to Git or its tool is a part of."""
    return Rung(rung_of(order).partition(":")[0])
