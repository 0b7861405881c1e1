"""A workload that Argo CD keeps as Git says, simulated: a branch of commits, syncs, self-heal, and a forge.

It behaves as was measured on Argo CD 3.6.1: a refresh is answered at once, self-heal puts a change back at the commit
it knows, and without automation nothing moves until somebody syncs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from tests.core.actuator import Actuator
from tests.core.cluster import Cluster
from tests.core.databases import Databases
from tests.core.switches import Switch
from tests.core.world import World
from watcher.core.gitops import (
    Application,
    CommitNote,
    Deployed,
    Followed,
    GitSource,
    Prospect,
    PullState,
    Route,
)
from watcher.core.model import Manager, Result, RungReport, Surroundings, WorkloadView
from watcher.core.orders import (
    PinOrder,
    RefreshOrder,
    RevertOrder,
    RungOrder,
    StopSyncOrder,
    SyncOrder,
    UnpinOrder,
    rung_of,
)

REPO = "https://git.example.com/shop.git"
RESYNC = 180.0
LINK = "https://git.example.com/shop/pulls/7"


@dataclass
class Argo:
    """The application of one workload; `commits` are (id, template), oldest first."""

    cluster: Cluster
    commits: list[tuple[str, str]] = field(default_factory=list)
    decisions: dict[str, str] = field(default_factory=dict)  # decision: the commit that it made
    deployed: str = ""
    seen: str = ""  # the newest commit that it knows of
    automated: bool = True
    self_heal: bool = True
    parent: str = ""
    refused: str = ""
    history: list[Deployed] = field(default_factory=list)
    looked_at: float = 0.0
    route: Route = Route.PUSH
    why: str = ""
    automation: str = ""
    seconds: float = 5.0
    unknown: bool = False  # nobody has looked what a revert would do
    down: bool = False  # the repository cannot be reached
    pinned: str = ""
    pin: str = ""
    pull: PullState | None = None
    healed: int = 0
    window: bool = False  # no sync happens now; one that is asked for waits
    waiting: bool = False
    reverted_by: str = ""  # a commit that has taken the newest one back already
    slow: float = 0.0  # seconds from a look that finds a commit to its sync; it heals nothing meanwhile
    seen_at: float = 0.0
    tool: str = "argocd"  # or flux-kustomize, flux-helm: kept off by a pin, and asked for no look when that ends

    def commit(self, template: str) -> str:
        """Somebody commits this template."""
        sha = f"{len(self.commits) + 1:040x}"
        self.commits.append((sha, template))
        return sha

    def merge(self) -> None:
        """Somebody merges the pull request."""
        self.pull = PullState.MERGED
        self.commits.append((MERGED, self.commits[-2][1]))

    @property
    def reverts(self) -> int:
        """Commits that reverts have made."""
        return len(self.decisions)

    def tick(self, now: float) -> None:
        """One look at cluster and repository."""
        if now - self.looked_at >= RESYNC and not self.down:
            self.refresh(now)
        wanted = self.pin or self.seen
        if self.suspended:
            return
        if self.pinned and self.tool != "argocd":
            self.deployed = self.seen  # everything but this one workload
        elif self.automated and wanted != self.deployed:
            if now - self.seen_at >= self.slow:
                self.sync(wanted, now)
        elif self.automated and self.self_heal and self.cluster.current.template != self._template(self.deployed):
            self.healed += 1
            self.cluster.apply(self._template(self.deployed), now)

    def refresh(self, now: float) -> None:
        if self.seen != self.commits[-1][0]:
            self.seen, self.seen_at = self.commits[-1][0], now
        self.looked_at = now
        if not self.automated and self._template(self.seen) == self.cluster.current.template:
            self.deployed = self.seen  # it is compared, and found to be the same

    def sync(self, sha: str, now: float) -> None:
        self.deployed = sha
        self.history.append(Deployed((sha,), now))
        if self.cluster.current.template != self._template(sha):
            self.cluster.apply(self._template(sha), now)

    def _template(self, sha: str) -> str:
        return dict(self.commits)[sha]

    @property
    def suspended(self) -> bool:
        """A HelmRelease is kept off as a whole."""
        return bool(self.pinned) and self.tool == "flux-helm"

    @property
    def source(self) -> GitSource:
        return GitSource(REPO, "main", self.deployed, ("apps/cart",))

    def application(self) -> Application:
        return Application(
            tool=self.tool,
            name="argocd/cart",
            sources=(self.source,),
            automated=self.automated and not self.suspended,
            self_heal=self.self_heal and not self.suspended,
            synced=bool(self.pinned) or self.cluster.current.template == self._template(self.deployed),
            healthy=True,
            syncing=self.waiting or (self.automated and self.seen != self.deployed and not self.pin),
            reconciled=self.looked_at,
            history=tuple(self.history[-10:]),
            parent=self.parent,
            refused=self.refused,
            pinned=self.pinned,
            pinned_from="main" if self.pinned else "",
        )

    def prospect(self, release: str, now: float) -> Prospect | None:
        if self.unknown:
            return None
        bad = self.commits[-1]
        note = CommitNote(bad[0], "ada", f"cart: {bad[1]}", now)
        good = self.commits[-2][0] if len(self.commits) > 1 else ""
        return Prospect(
            now,
            release,
            self.source,
            good,
            (note,),
            self.route,
            self.why,
            self.reverted_by,
            self.automation,
            self.seconds,
        )

    def followed(self, now: float) -> Followed:
        return Followed(now, pull=self.pull, merged=MERGED if self.pull is PullState.MERGED else "", of=LINK)


MERGED = "f" * 40


class GitOpsActuator(Actuator):
    """Performs the orders for Git and Argo CD too."""

    def __init__(self, cluster: Cluster, argo: Argo, switch: Switch, databases: Databases) -> None:
        super().__init__(cluster, switch, databases)
        self.argo = argo
        self.shown: tuple[str, str] = ("", "")

    def perform(self, order: RungOrder, now: float) -> RungReport | None:
        self.shown = ("", "")
        report = super().perform(order, now)
        if report is None:
            return None
        return replace(report, rung=rung_of(order), revision=self.shown[0], link=self.shown[1])

    def _attempt(self, order: RungOrder, now: float) -> tuple[str, str]:
        if isinstance(order, RevertOrder):
            return self._revert(order, now)
        if isinstance(order, RefreshOrder):
            self.argo.refresh(now)
            return Result.APPLIED, ""
        if isinstance(order, SyncOrder):
            self.argo.waiting = self.argo.window
            if not self.argo.window:
                self.argo.sync(order.revisions[0], now)
            self.writes.append(("sync", order.decision))
            return Result.APPLIED, ""
        if isinstance(order, StopSyncOrder):
            self.argo.waiting = False
            self.writes.append(("stop_sync", order.decision))
            return Result.APPLIED, ""
        if isinstance(order, PinOrder):
            self.argo.pin = order.revision if self.argo.tool == "argocd" else ""
            self.argo.pinned = order.decision
            self.writes.append(("pin", order.decision))
            return Result.APPLIED, ""
        if isinstance(order, UnpinOrder):
            self.argo.pin = self.argo.pinned = ""
            if self.argo.tool == "argocd":
                self.argo.refresh(now)
            self.writes.append(("unpin", order.decision))
            return Result.APPLIED, ""
        return super()._attempt(order, now)

    def _revert(self, order: RevertOrder, now: float) -> tuple[str, str]:
        argo = self.argo
        if argo.down:
            return Result.UNAVAILABLE, "no route to git.example.com"
        if order.decision in argo.decisions:
            self.shown = (argo.decisions[order.decision], "")
            argo.refresh(now)
            return Result.ALREADY, "made before"
        if order.propose:
            self.shown = ("", LINK)
            argo.pull = argo.pull or PullState.OPEN
            return Result.WAITING, f"merge {LINK}"
        if argo.reverted_by:
            self.shown = (argo.reverted_by, "")
            argo.refresh(now)
            return Result.ALREADY, "made for another workload"
        said = dict(argo.commits)
        if said[argo.commits[-1][0]] == said[order.good]:
            self.shown = (argo.commits[-1][0], "")
            return Result.ALREADY, "somebody has taken it back"
        sha = argo.commit(said[order.good])
        argo.decisions[order.decision] = sha
        self.writes.append(("revert", order.decision))
        argo.refresh(now)
        self.shown = (sha, "")
        return Result.APPLIED, ""


@dataclass
class ManagedWorld(World):
    """A world whose workload is kept by Argo CD."""

    argo: Argo = field(default_factory=lambda: Argo(Cluster()))
    seen: bool = True  # the Application can be read
    BEFORE: ClassVar[float] = 600.0
    ran: list[str] = field(default_factory=list)  # templates that the spec asked for, one after the other

    def __post_init__(self) -> None:
        self.argo.cluster = self.cluster
        self.cluster.manager = Manager("argocd", "cart")
        self.actuator = GitOpsActuator(self.cluster, self.argo, self.switch, self.databases)

    @classmethod
    def under(cls, cluster: Cluster, **settings: object) -> Self:
        """A workload that runs `v1`, known good, as the first commit says; a test begins `BEFORE` seconds later."""
        world = cls(cluster)
        first = world.argo.commit("v1")
        world.argo.deployed = world.argo.seen = first
        world.argo.history.append(Deployed((first,), world.now - 86400.0))
        world.argo.looked_at = world.now
        cluster.apply("v1", world.now - 86400.0)
        cluster.settle(world.now - 86400.0)
        world.run(cls.BEFORE)
        for name, value in settings.items():
            setattr(world.argo, name, value)
        return world

    def ship(self, template: str, errors: float = 0.0) -> None:
        """Somebody commits this template, and it is synced."""
        self.errors[template] = errors
        sha = self.argo.commit(template)
        self.argo.refresh(self.now)
        self.argo.sync(sha, self.now)

    @property
    def view(self) -> WorkloadView:
        return replace(super().view, application=self.argo.application() if self.seen else None)

    @property
    def _around_now(self) -> Surroundings:
        around = super()._around_now
        watch = self.state.watch if self.state is not None else None
        release = watch.release.id if watch is not None else ""
        prospect = self.argo.prospect(release, self.now) if watch is not None else None
        return replace(around, prospect=prospect, followed=self.argo.followed(self.now))

    def tick(self) -> None:
        self.argo.tick(self.now)
        super().tick()
        if not self.ran or self.ran[-1] != self.cluster.current.template:
            self.ran.append(self.cluster.current.template)
