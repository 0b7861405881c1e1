"""Everything that a daemon talks to, in memory and in virtual time.  It outlives the daemons that crash."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, TypeVar

from tests.core.actuator import Actuator as Hands
from tests.core.cluster import Cluster as Simulated
from tests.flags.memory import MemoryFlags
from watcher.adapters.store.memory import MemoryStore
from watcher.adapters.store.worker import StoreThread
from watcher.config import Thresholds
from watcher.core.deciding.holding import Hold
from watcher.core.gitops import Application
from watcher.core.judging.parameters import WINDOW
from watcher.core.model import Block, Manager, Pod, PodCount, RungReport, Source, Workload, WorkloadView
from watcher.core.orders import Announce, FlagOrder, RungOrder
from watcher.core.state import Release
from watcher.core.words import Kind
from watcher.daemon.polling import Polling, Reading, Watched
from watcher.daemon.prospects import GitWay
from watcher.daemon.sourcing import Sourcing
from watcher.gitops.performing import LadderActuator
from watcher.gitops.switching import FlagsActuator
from watcher.ports import Actuator, Commit, Store, WatcherError
from watcher.ports.migrations import Migrations

START = 1_700_000_010.0  # on the grid of blocks
BLOCK = 15.0
TICK = 5.0
HISTORY = 600.0
DAY = 86400.0
REQUESTS = 600.0  # of each workload, in a block
CART = Workload(Kind.DEPLOYMENT, "shop", "cart")

T = TypeVar("T")


class VirtualClock:
    """The event loop's time, which looptime makes virtual; `skew` sets it forward or back."""

    def __init__(self) -> None:
        self.skew = START - asyncio.get_running_loop().time()

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.skew

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Controlled(Simulated):
    """A simulated workload with a name of its own."""

    def __init__(self, workload: Workload, uid: str) -> None:
        super().__init__(workload.kind, uid)
        self.named = workload

    @property
    def workload(self) -> Workload:
        return self.named


def requests_before(blocks: Iterable[Block], release: Release) -> float:
    """Requests on the version before, in windows of the judge that were over when the release began."""
    over = math.floor(release.began / WINDOW) * WINDOW
    earlier = [each for each in blocks if each.start < over]
    return sum(pod.total for block in earlier for pod in block.pods if pod.revision == release.previous_revision)


@dataclass
class Outside:
    """A cluster with its controllers and traffic, a decision log, and people who listen."""

    logged: Sequence[MutableMapping[str, Any]] = field(default_factory=list)
    clock: VirtualClock = field(default_factory=VirtualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    workloads: dict[Workload, Controlled] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)  # template: share of requests that fail
    blocks: dict[Workload, list[Block]] = field(default_factory=dict)
    blind: str = ""  # why the metrics source does not answer
    age: float = 0.0
    unreadable: frozenset[Kind] = frozenset()
    rehearsing: frozenset[str] = frozenset()  # namespaces that are there for rehearsals only
    config_maps: dict[str, str] = field(default_factory=dict)
    forbidden: WatcherError | None = None  # what every reading of ConfigMaps and every Event meets
    clock_offset: float | None = None
    pending: list[tuple[Workload, Pod]] = field(default_factory=list)
    told: list[Announce] = field(default_factory=list)
    warned: list[tuple[str, str]] = field(default_factory=list)
    orders: list[RungOrder] = field(default_factory=list)
    writes: list[tuple[Workload, str, str]] = field(default_factory=list)  # (workload, rung, decision)
    listeners: list[Callable[[Workload], None]] = field(default_factory=list)
    applications: dict[Workload, Application] = field(default_factory=dict)
    git: GitWay | None = None
    flags: MemoryFlags | None = None
    migrations: Migrations | None = None

    def deploy(self, workload: Workload = CART, template: str = "v1", uid: str = "") -> Controlled:
        """A workload that has run this template for a day."""
        controlled = Controlled(workload, uid or f"uid-{workload.name}")
        controlled.apply(template, self.clock.now() - DAY)
        controlled.settle(self.clock.now() - DAY)
        self.workloads[workload] = controlled
        self.notify(workload)
        return controlled

    def release(self, template: str, errors: float = 0.0, workload: Workload = CART) -> None:
        """Somebody applies this template; `errors` is the share of its requests that fail."""
        self.errors[template] = errors
        self.workloads[workload].apply(template, self.clock.now())
        self.notify(workload)

    def delete(self, workload: Workload = CART) -> None:
        """Somebody deletes the workload."""
        del self.workloads[workload]
        self.notify(workload)

    def log_of(self, event: str) -> list[MutableMapping[str, Any]]:
        """Log lines of this name."""
        return [line for line in self.logged if line["event"] == event]

    async def held(self, order: RungOrder) -> str:
        """Why nothing may be written for it now."""
        known = order.workload in self.workloads and not order.past_hold
        return self.workloads[order.workload].hold if known else ""

    def notify(self, workload: Workload) -> None:
        for listen in self.listeners:
            listen(workload)

    async def live(self) -> None:
        """Controllers work and requests are counted, for ever."""
        while True:
            await asyncio.sleep(TICK - self.clock.now() % TICK)
            now = self.clock.now()
            for workload, controlled in self.workloads.items():
                before = controlled.view(now)
                controlled.tick(now)
                if round(now, 3) % BLOCK == 0:
                    block = Block("errors", now - BLOCK, BLOCK, tuple(self._counts(controlled, now - BLOCK)))
                    self.blocks.setdefault(workload, []).append(block)
                if controlled.view(now) != before:
                    self.notify(workload)

    def measure(self, workload: Workload, count: int) -> list[Block]:
        """Blocks that come after now, with the pods as they are; the clock is set to their end."""
        start = math.ceil(self.clock.now() / BLOCK) * BLOCK
        starts = [start + BLOCK * number for number in range(count)]
        self.clock.skew += starts[-1] + BLOCK - self.clock.now()
        controlled = self.workloads[workload]
        return [Block("errors", each, BLOCK, tuple(self._counts(controlled, each))) for each in starts]

    def _counts(self, controlled: Controlled, start: float) -> Iterator[PodCount]:
        for pod in controlled.ready:
            total = REQUESTS / len(controlled.ready)
            bad = total * self._share(pod.revision.removeprefix("hash-"))
            yield PodCount(pod.name, pod.revision, total, bad, start - (pod.ready_since or start))

    def _share(self, template: str) -> float:
        """Of its requests that fail; none where a flag that is off covers it."""
        return 0.0 if self.flags is not None and self.flags.off(template) else self.errors.get(template, 0.0)


class Crashes:
    """Numbers the moments at which a process may die; at the one that was chosen it does."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.passed: list[str] = []
        self.dead = asyncio.Event()

    async def here(self, moment: str) -> None:
        """Pass this moment, or never."""
        if not self.dead.is_set():
            self.passed.append(moment)
            if len(self.passed) == self.at:
                self.dead.set()
        if self.dead.is_set():
            await asyncio.Event().wait()


class SeenCluster:
    """The port `Cluster` over the simulated workloads."""

    def __init__(self, outside: Outside) -> None:
        self.followed: list[frozenset[Workload]] = []
        self._outside = outside
        self._changed: set[Workload] = set()
        self._news = asyncio.Event()
        outside.listeners.append(self._note)

    def _note(self, workload: Workload) -> None:
        self._changed.add(workload)
        self._news.set()

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def settled(self) -> None:
        await asyncio.sleep(0.01)

    def workloads(self) -> Iterable[WorkloadView]:
        found = (self.view(workload) for workload in list(self._outside.workloads))
        return [view for view in found if view is not None]

    def view(self, workload: Workload) -> WorkloadView | None:
        controlled = self._outside.workloads.get(workload)
        if controlled is None or not self.knows(workload):
            return None
        application = self._outside.applications.get(workload)
        manager = Manager(application.tool, application.name) if application is not None else None
        return replace(controlled.view(self._outside.clock.now()), application=application, manager=manager)

    def knows(self, workload: Workload) -> bool:
        return workload.kind not in self._outside.unreadable

    def age(self) -> float:
        return self._outside.age

    def age_of(self, workload: Workload) -> float:
        return self._outside.age if self.knows(workload) else float("inf")

    def holds(self) -> tuple[Hold, ...]:
        return ()

    def rehearses(self, namespace: str) -> bool:
        return namespace in self._outside.rehearsing

    def problems(self) -> tuple[str, ...]:
        return tuple(f"list {kind}: 403" for kind in sorted(self._outside.unreadable))

    def clock_offset(self) -> float | None:
        return self._outside.clock_offset

    async def pending(self) -> tuple[tuple[Workload, Pod], ...]:
        if self._outside.forbidden is not None:
            raise self._outside.forbidden
        return tuple(self._outside.pending)

    async def follow(self, workloads: frozenset[Workload]) -> None:
        self.followed.append(workloads)
        await asyncio.sleep(0.05)

    async def changed(self) -> frozenset[Workload]:
        await self._news.wait()
        self._news.clear()
        changed, self._changed = frozenset(self._changed), set()
        return changed

    async def configurations(self, namespace: str, names: Iterable[str]) -> Mapping[str, str]:
        if self._outside.forbidden is not None:
            raise self._outside.forbidden
        return {name: self._outside.config_maps[name] for name in names if name in self._outside.config_maps}


class Acting:
    """The port `Actuator`: performs what was ordered, if the intent is in the log.  `failing` is raised instead."""

    def __init__(self, outside: Outside, crashes: Crashes) -> None:
        self.failing: Exception | None = None
        self.seconds = 0.2
        self.reactions: list[str] = []
        self._outside, self._crashes = outside, crashes

    async def perform(self, order: RungOrder) -> RungReport:
        self._outside.orders.append(order)
        assert self._outside.store.decision(order.decision).mode == "act"
        await self._crashes.here("before the write")
        await asyncio.sleep(self.seconds)
        if self.failing is not None:
            raise self.failing
        hands = Hands(self._outside.workloads[order.workload])
        hands.reactions.extend(self.reactions[:1])
        del self.reactions[:1]
        report = hands.perform(order, self._outside.clock.now())
        self._outside.writes += [(order.workload, *write) for write in hands.writes]
        self._outside.notify(order.workload)
        await self._crashes.here("after the write")
        assert report is not None
        return report


def ladder(outside: Outside, acting: Acting) -> Actuator:
    """Who performs every order: those on flags where there are any."""
    if outside.flags is None:
        return acting
    return LadderActuator(acting, {FlagOrder: FlagsActuator(outside.flags, outside.held, outside.clock)})


class Listening:
    """The port `Announcer`."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def announce(self, announcement: Announce) -> None:
        self._refuse()
        self._outside.told.append(announcement)

    async def warn(self, reason: str, text: str) -> None:
        self._refuse()
        self._outside.warned.append((reason, text))

    def _refuse(self) -> None:
        if self._outside.forbidden is not None:
            raise self._outside.forbidden


class InlineStore(StoreThread):
    """The decision log without a thread.  `failing` is raised instead of writing; `seconds` is how slow the disk is."""

    def __init__(self, store: Store, crashes: Crashes) -> None:
        super().__init__(store)
        self.failing: WatcherError | None = None
        self.seconds = 0.0
        self.commits: list[Commit] = []
        self._crashes = crashes

    async def ask(self, question: Callable[[Store], T]) -> T:
        await asyncio.sleep(0)
        return question(self._store)

    async def commit(self, commit: Commit) -> tuple[int, ...]:
        moment = " ".join(each.kind for each in commit.transitions) or "checkpoint"
        await self._crashes.here(f"before the commit of {moment}")
        await asyncio.sleep(self.seconds)
        if self.failing is not None:
            raise self.failing
        ids = self._store.commit(commit)
        self.commits.append(commit)
        await self._crashes.here(f"after the commit of {moment}")
        return ids


class Measured(Polling):
    """Hands out the recorded blocks: each once, from ten minutes before the release on."""

    def __init__(self, outside: Outside) -> None:
        super().__init__(())
        self.polled: list[tuple[Watched, ...]] = []
        self.seconds = 0.1
        self._outside = outside
        self._handed: dict[Workload, tuple[float, int]] = {}

    @property
    def interval(self) -> float:
        return 5.0

    async def poll(self, watched: Sequence[Watched], at: float) -> Mapping[Workload, Reading]:
        self.polled.append(tuple(watched))
        await asyncio.sleep(self.seconds)
        return {each.view.workload: self._read(each) for each in watched}

    def _read(self, watched: Watched) -> Reading:
        source = Source("main", not self._outside.blind, self._outside.clock.now(), self._outside.blind)
        if self._outside.blind:
            return Reading(sources=(source,))
        workload = watched.view.workload
        since, handed = self._handed.get(workload, (0.0, 0))
        found = self._outside.blocks.get(workload, [])
        new = found[handed if since == watched.since else 0 :]
        self._handed[workload] = (watched.since, len(found))
        return Reading(tuple(each for each in new if each.start >= watched.since - HISTORY), sources=(source,))


class Measuring(Sourcing):
    """Recorded blocks in place of metrics sources."""

    measured: Measured

    def __init__(self, outside: Outside) -> None:
        super().__init__(_refuse)
        self.offsets: dict[str, float] = {}
        self._outside = outside

    def use(self, thresholds: Thresholds) -> None:
        self.polling = self.measured = Measured(self._outside)

    def clock_offsets(self) -> dict[str, float]:
        return self.offsets


def _refuse(source: object) -> NoReturn:
    raise AssertionError(f"nothing connects to {source}")
