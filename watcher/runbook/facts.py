"""What a runbook is made of: one workload as it is now, and what could not be seen."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.config.flags import FlagProviders
from watcher.core.model import Revision, WorkloadView
from watcher.core.policy import Policy
from watcher.core.words import Kind
from watcher.runbook.commands import Kubectl

SHORT = 3600.0
"""Seconds: a revision that ran for less is no proof that it is good."""


@dataclass(frozen=True, slots=True)
class Details:
    """What the workload's object says beyond its view.

    `selector` finds its pods, as kubectl's `-l` takes it.  `partition`: pods of lower numbers are not updated.
    `ordered`: a pod that never gets ready blocks all others.  `template_in` is the Deployment that a Rollout takes its
    template from, `helm` the Helm release it belongs to.
    """

    selector: str = ""
    partition: int = 0
    ordered: bool = False
    template_in: str = ""
    helm: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The workload at `now` (Unix seconds), and how to call kubectl for it.

    `unseen` are sentences on what could not be read.  `policy` and `providers` come from the thresholds
    file, where one was given.
    """

    view: WorkloadView
    now: float
    kubectl: Kubectl = Kubectl()  # noqa: RUF009 - frozen
    details: Details = Details()
    unseen: tuple[str, ...] = ()
    policy: Policy | None = None
    providers: FlagProviders | None = None

    @property
    def kind(self) -> str:
        """As kubectl names it."""
        return self.view.workload.kind.lower()

    @property
    def name(self) -> str:
        """The workload's name."""
        return self.view.workload.name

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return self.view.workload.namespace

    def call(self, *arguments: str) -> str:
        """A call of kubectl in the workload's namespace."""
        return self.kubectl(self.namespace, *arguments)

    @property
    def target(self) -> Revision | None:
        """The revision that the commands lead to: the stable one of a Rollout in progress, else the newest of the
        others that ran for long, else the newest other; none that was just left by going back.  A proposal: no
        cluster knows what was good."""
        view = self.view
        if view.rollout is not None and view.rollout.in_progress:
            return view.stable()
        newest = view.newest()
        others = [
            each for each in reversed(view.revisions) if each.number != view.current and each not in (newest, self.left)
        ]
        long = [each for each in others if (self.ran(each) or 0.0) >= SHORT]
        return next(iter(long or others), None)

    @property
    def left(self) -> Revision | None:
        """The revision that ran before the newest, where that is an earlier template which came back: what was left
        by an undo, of watcher or of a person."""
        newest = self.view.newest()
        if newest is None or (self.view.rollout is not None and self.view.rollout.in_progress):
            return None
        earlier = [each for each in self.view.revisions if each.number < newest.number]
        before = max(earlier, key=lambda each: each.number, default=None)
        return before if before is not None and before.created > newest.created else None

    def ran(self, revision: Revision) -> float | None:
        """Seconds until the next revision was made; None: not known, as of one whose template had come back."""
        later = [each.created for each in self.view.revisions if each.number > revision.number]
        if not later and self.left is not None:
            return None
        if not later:
            return self.now - revision.created
        after = later[0] - revision.created
        return after if after > 0 else None

    @property
    def only_configuration(self) -> bool:
        """Whether only configuration checksums differ from the target: the template alone does not lead back."""
        newest, target = self.view.newest(), self.target
        return newest is not None and target is not None and newest.code_id == target.code_id

    @property
    def by_controller_revisions(self) -> bool:
        """Whether its revisions are ControllerRevisions."""
        return self.view.workload.kind in (Kind.STATEFUL_SET, Kind.DAEMON_SET)
