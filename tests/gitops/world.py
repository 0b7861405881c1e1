"""One shop whose configuration is in Git, and everything that the way back through Git works with, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.gitops.memory import MemoryRepository
from tests.gitops.real import RealRepository
from watcher.config.gitops import ConfigRepository, GitOps
from watcher.core.gitops import Application, Deployed, GitSource, PullState
from watcher.core.model import RungReport, Workload
from watcher.core.orders import RevertOrder, RungOrder
from watcher.core.words import Kind
from watcher.gitops.drafting import Drafting
from watcher.gitops.means import Means
from watcher.gitops.performing import GitOpsActuator
from watcher.gitops.protections import Protections
from watcher.gitops.reverting import Reverting
from watcher.ports import WatcherError
from watcher.ports.git import PullRequest, Rendered, Repository

NOW = 1_760_000_000.0
CHECKOUT = Workload(Kind.DEPLOYMENT, "shop", "checkout")
CART = Workload(Kind.DEPLOYMENT, "shop", "cart")


@dataclass
class Clock:
    time: float = NOW

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class MemoryForge:
    """A forge that keeps pull requests; `closed` and `merged` is what people do with them."""

    takes_no_push: set[str] = field(default_factory=set)
    pulls: dict[str, PullRequest] = field(default_factory=dict)
    texts: list[tuple[str, str]] = field(default_factory=list)
    merging: list[bool] = field(default_factory=list)
    down: WatcherError | None = None

    async def open(self, branch: str, onto: str, title: str, text: str, *, merge: bool) -> PullRequest:
        if self.down is not None:
            raise self.down
        if branch not in self.pulls:
            self.texts.append((title, text))
            self.merging.append(merge)
            self.pulls[branch] = PullRequest(f"https://git.example.com/pulls/{len(self.pulls) + 1}", PullState.OPEN)
        return self.pulls[branch]

    async def state(self, link: str) -> PullRequest:
        if self.down is not None:
            raise self.down
        return next(each for each in self.pulls.values() if each.link == link)

    async def protected(self, branch: str) -> bool:
        if self.down is not None:
            raise self.down
        return branch in self.takes_no_push

    def answer(self, state: PullState, merged: str = "") -> None:
        branch = next(iter(self.pulls))
        self.pulls[branch] = PullRequest(self.pulls[branch].link, state, merged)


@dataclass
class MemoryApplications:
    """Notes what is asked of Argo CD and Flux; `failure` is raised by every call."""

    calls: list[tuple[str, ...]] = field(default_factory=list)
    failure: WatcherError | None = None

    async def read(self, application: Application) -> Application | None:
        raise NotImplementedError

    async def refresh(self, application: Application) -> None:
        self._called("refresh", application.name)

    async def sync(self, application: Application, revisions: tuple[str, ...], decision: str) -> None:
        self._called("sync", application.name, *revisions, decision)

    async def stop_sync(self, application: Application) -> None:
        self._called("stop_sync", application.name)

    async def pin(
        self, application: Application, workload: Workload, source: GitSource, revision: str, decision: str
    ) -> None:
        self._called("pin", application.name, source.repo, revision, decision)

    async def unpin(self, application: Application, workload: Workload, decision: str) -> None:
        self._called("unpin", application.name, decision)

    def _called(self, *what: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.calls.append(what)


@dataclass
class MemoryManifests:
    """Renders a file `name.yaml` to one object; `bases` are further places that a path is rendered from."""

    bases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    unrendered: str = ""

    async def path_set(self, repository: Repository, revision: str, paths: Sequence[str]) -> tuple[str, ...]:
        return (*paths, *(base for path in paths for base in self.bases.get(path, ())))

    async def shared_with(
        self, repository: Repository, revision: str, paths: Sequence[str], files: Sequence[str]
    ) -> tuple[str, ...]:
        return self.shared

    async def render(self, repository: Repository, revision: str, paths: Sequence[str]) -> Rendered:
        if self.unrendered:
            return Rendered(None, self.unrendered)
        places = await self.path_set(repository, revision, paths)
        names = [name for name in await repository.files(revision) if name.startswith(tuple(places))]
        return Rendered(tuple([_object(name, await repository.read(revision, name)) for name in names]))


def _object(name: str, content: bytes | None) -> Mapping[str, Any]:
    kind, _, of = name.rpartition("/")[2].removesuffix(".yaml").rpartition("-")
    metadata = {"name": of, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": kind or "ConfigMap", "metadata": metadata, "data": {"text": str(content)}}


@dataclass
class World:
    """Everything at hand, as a test changes it."""

    repository: MemoryRepository | RealRepository = field(default_factory=MemoryRepository)
    forge: MemoryForge | None = field(default_factory=MemoryForge)
    applications: MemoryApplications = field(default_factory=MemoryApplications)
    manifests: MemoryManifests = field(default_factory=MemoryManifests)
    clock: Clock = field(default_factory=Clock)
    entry: ConfigRepository = field(
        default_factory=lambda: ConfigRepository(("https://git.example.com/team/*", "file:///*"))
    )
    hold: Callable[[], str] = lambda: ""
    read_only: bool = False

    def __post_init__(self) -> None:
        self.good = self.repository.commit(
            "Checkout 2.4", {"apps/checkout/app.yaml": "2.4", "apps/cart/app.yaml": "1.0"}
        )
        self.bad = self.repository.commit("Checkout 2.5 [skip ci]", {"apps/checkout/app.yaml": "2.5"}, author="bob")
        self.means = Means(
            repositories=_One(self),
            manifests=self.manifests,
            forges=_OneForge(self),
            applications=self.applications,
            configured=lambda: GitOps((self.entry,)),
            clock=self.clock,
        )
        self.drafting, self.protections = Drafting(self.manifests), Protections(self.clock)
        self.reverting = Reverting(self.means, self.drafting, self.protections, self.holding, lambda: 0.5)

    async def holding(self, order: RungOrder) -> str:
        return "" if order.past_hold else self.hold()

    @property
    def source(self) -> GitSource:
        return GitSource(self.repository.url, "HEAD", self.bad, ("apps/checkout",))

    @property
    def application(self) -> Application:
        history = (Deployed((self.good,), NOW - 4000.0), Deployed((self.bad,), NOW - 62.0))
        return Application(
            "argocd", "argocd/checkout", (self.source,), automated=True, self_heal=True, synced=True, history=history
        )

    def order(self, decision: str = "d1", **changes: Any) -> RevertOrder:
        asked: dict[str, Any] = {
            "tried": 1,
            "workload": CHECKOUT,
            "uid": "u1",
            "application": self.application,
            "source": self.source,
            "good": self.good,
            "commits": (self.bad,),
            "propose": False,
            "reason": "errors: new version: 181 of 904 requests failed (20 %), old: 0 of 199 (0 %); allowed is 1 %.",
        }
        return RevertOrder(decision, **(asked | changes))

    async def perform(self, order: RungOrder | None = None) -> RungReport:
        actuator = GitOpsActuator(self.reverting, self.applications, self.holding, self.clock, read_only=self.read_only)
        return await actuator.perform(order or self.order())

    @property
    def head(self) -> str:
        return self.repository.branches["main"]

    @property
    def runs(self) -> str:
        """What the configuration says of the checkout's version."""
        return self.repository.files_of("main")["apps/checkout/app.yaml"]


@dataclass
class _One:
    world: World

    def repository(self, url: str) -> Repository:
        return self.world.repository


@dataclass
class _OneForge:
    world: World

    def forge(self, url: str) -> MemoryForge | None:
        return self.world.forge
