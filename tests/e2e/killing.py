"""One trial: the daemon goes back from a bad release, is killed at one of its writes, and is started again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tests.e2e import workloads
from tests.e2e.controlplane import Json
from tests.e2e.harness import Daemon, Service
from tests.e2e.interleaving import Play, until
from tests.e2e.proxy import Hold, Moment, Proxy
from tests.e2e.traffic import Traffic
from tests.e2e.writes import writes

FIRST, GOOD, FIXED = "shop/cart:1", "shop/cart:2", "shop/cart:4"
BAD = "shop/cart:3-err20-after9999"  # until the trial tells it to break
NEVER_READY = "shop/cart:3-neverready"
PATIENCE = 8  # seconds without progress, after which Deployments and Rollouts say so


@dataclass(frozen=True)
class Way:
    """A way back: a workload, a bad release of it, and the writes that undo it, in their order."""

    make: Callable[..., Json]
    bad: str
    writes: tuple[str, ...]


# What goes wrong makes no difference to the writes, and pods that never get Ready are proven soonest. Only a Rollout
# that is promoted must have Ready ones. The longest come first.
WAYS = {
    "promoted": Way(workloads.rollout, BAD, ("template", "ownership", "promotion")),
    "stateful_set": Way(workloads.stateful_set, NEVER_READY, ("template", "ownership", "pod")),
    "daemon_set": Way(workloads.daemon_set, NEVER_READY, ("template", "ownership")),
    "deployment": Way(
        partial(workloads.deployment, progressDeadlineSeconds=PATIENCE), NEVER_READY, ("template", "ownership")
    ),
    "canary": Way(partial(workloads.rollout, progressDeadlineSeconds=PATIENCE), NEVER_READY, ("decision", "abort")),
}


@dataclass(frozen=True)
class Case:
    """Where the daemon is killed: a way back, one of its writes, and before or after the API server has it."""

    way: str
    write: str
    moment: Moment

    def __str__(self) -> str:
        """Fit for a namespace and for the name of a test."""
        return f"{self.way}-{self.moment.value}-{self.write}".replace("_", "-")


CASES = [Case(name, write, moment) for name, way in WAYS.items() for write in way.writes for moment in Moment]


@dataclass
class Trial:
    """The play of one case, and what came of it."""

    case: Case
    service: Service
    daemon: Daemon
    proxy: Proxy
    traffic: Traffic
    lasting: Json  # thresholds with a bake time that outlives the trial
    hold: Hold | None = None
    decisions: list[Json] = field(default_factory=list)

    @property
    def way(self) -> Way:
        """Its way back."""
        return WAYS[self.case.way]

    def play(self) -> Play:
        """From the first install to the end of the rollback."""
        self.service.apply()
        yield from until(partial(self._serves, FIRST), "the first version serves")
        self.daemon.launch()
        yield from until(self.daemon.is_ready, "the daemon is ready")
        yield from self._releases(GOOD)
        yield from until(partial(self._has, GOOD, verdict="pass"), f"{GOOD} has passed")
        self.daemon.configure(self.lasting)
        yield from until(partial(self.daemon.log_lines, "config_reloaded"), "the longer bake time is in force")

        self.hold = self.proxy.hold(writes(self.service.namespace, self.case.write), self.case.moment)
        yield from self._breaks()
        yield from until(lambda: self.hold and self.hold.holding, f"the write {self.case} is held")
        self.daemon.kill()
        yield from until(lambda: self.hold and self.hold.dropped, "the held write is dropped")
        self.daemon.launch()
        yield from until(self.daemon.is_ready, "the daemon is ready again")
        yield from until(partial(self._has, self.way.bad, outcome="restored"), "the service has recovered")
        self.decisions = self.daemon.decisions(self.service)
        self.daemon.stop()

    def _releases(self, image: str) -> Play:
        self.service.release(image)
        yield from until(partial(self._serves, image), f"{image} serves")

    def _breaks(self) -> Play:
        if self.way.bad == NEVER_READY:
            self.service.release(self.way.bad)
            return
        yield from self._releases(self.way.bad)
        yield from until(partial(self._rolled_out, self.way.bad), f"{self.way.bad} is seen as rolled out")
        self.traffic.breaks(self.service.namespace, self.way.bad)

    def _serves(self, image: str) -> bool:
        """Whether this version serves; a Rollout that pauses on the way there is promoted."""
        live = self.service.live
        if live.get("status", {}).get("pauseConditions"):
            promotion = {"status": {"promoteFull": True, "pauseConditions": None}}
            self.service.plane.admin.patch(f"{self.service.path}/status", promotion)
            return False
        images = {pod["spec"]["containers"][0]["image"] for pod in self.service.pods}
        return images == {image} and workloads.rolled_out(live)

    def _release(self, image: str) -> Json:
        found = [each for each in self.daemon.releases(self.service) if image in each["images"]]
        assert found, f"no release of {image}"
        return found[0]

    def _has(self, image: str, **wanted: object) -> bool:
        found = self._release(image)
        assert wanted.items() <= found.items(), f"{found}; {self.daemon.why(self.service)}"
        return True

    def _rolled_out(self, image: str) -> bool:
        return self._release(image)["rolled_out_at"] is not None
