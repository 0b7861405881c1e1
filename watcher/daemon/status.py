"""What the daemon says of itself: status, readiness, and why a workload was or was not rolled back."""

from __future__ import annotations

from collections.abc import Callable

from watcher import __version__
from watcher.config import Thresholds
from watcher.core import judge, report
from watcher.core.guards import STALE_CACHE
from watcher.core.model import Source, Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Watch
from watcher.core.words import Mode
from watcher.daemon.loop import Loop
from watcher.daemon.reloading import Reloading
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, Cluster

Body = dict[str, object]


class Status:
    """Answers from the live state; everything is plain data, ready for JSON."""

    def __init__(
        self,
        cluster: Cluster,
        stepping: Stepping,
        loop: Loop,
        reloading: Reloading,
        clock: Clock,
        policy_of: Callable[[WorkloadView], Policy | None],
    ) -> None:
        self._cluster, self._stepping, self._loop = cluster, stepping, loop
        self._reloading, self._clock, self._policy_of = reloading, clock, policy_of
        self.synced = False
        self.store_problem = ""

    def readiness(self) -> tuple[bool, list[str]]:
        """Whether this process does its work, and everything worth knowing.  A Prometheus that is down does not
        make it unready: it watches on, and says NO_DATA."""
        stopping = [] if self.synced else ["the cluster was not read completely yet"]
        if self.synced and self._cluster.age() > STALE_CACHE:
            stopping.append(f"the view of the cluster is {self._cluster.age():.0f} s old: is the API server reachable?")
        notes = []
        if self._reloading.rejected:
            first = self._reloading.rejected.splitlines()[0]
            notes.append(f"the thresholds file on disk is refused, the running one is kept: {first}")
        if self.store_problem:
            notes.append(self.store_problem)
        notes += [f"metrics source {each.name}: {each.problem}" for each in self.sources() if not each.healthy]
        return not stopping, stopping + notes

    def cache_age(self) -> float:
        """Seconds since the view of the cluster was last confirmed."""
        return self._cluster.age()

    def status(self) -> Body:
        """Everything at a glance, releases under watch with their evidence first."""
        ready, reasons = self.readiness()
        thresholds: Thresholds = self._reloading.current
        now = self._clock.now()
        return {
            "version": __version__,
            "cluster": thresholds.cluster,
            "now": now,
            "ready": ready,
            "reasons": reasons,
            "cache_age_s": round(self._cluster.age(), 1),
            "config": {"digest": thresholds.digest, "rejected": self._reloading.rejected.splitlines()},
            "sources": [self._source(each, now) for each in self.sources()],
            "watching": [self._watching(name, watch) for name, watch in sorted(self._stepping.open_watches().items())],
            "workloads": len(self._stepping.states),
        }

    def why(self, workload: Workload) -> Body:
        """Why this workload was, or was not, rolled back."""
        view = self._cluster.view(workload)
        if view is None:
            return self._answer(workload, f"there is no {workload} in the cluster")
        policy = self._policy_of(view)
        if policy is None:
            text = "no entry of services matches it, so it is not watched; see: watcher explain " + str(workload)
            return self._answer(workload, text)
        state = self._stepping.states.get(workload)
        watch = state.watch if state is not None else None
        if state is None or watch is None:
            return self._answer(workload, "no release was seen since it is watched", mode=policy.mode)
        findings = [report.finding_body(each) for each in judge.read(watch, view, policy, self._clock.now())]
        return self._answer(
            workload,
            _because(watch, policy),
            mode=policy.mode,
            release=report.release_body(watch),
            decision=report.decision_body(watch, watch.decision) if watch.decision is not None else None,
            checks=findings,
            problems=list(self._loop.problems.get(workload, ())),
            known_good=[
                {"revision": each.revision, "provenance": each.provenance, "revoked": each.revoked}
                for each in state.known_good
            ],
        )

    def _answer(self, workload: Workload, text: str, **more: object) -> Body:
        return {"workload": str(workload), "why": text, **more}

    def _watching(self, workload: Workload, watch: Watch) -> Body:
        view = self._cluster.view(workload)
        policy = self._policy_of(view) if view is not None else None
        body = report.release_body(watch)
        if view is not None and policy is not None:
            findings = judge.read(watch, view, policy, self._clock.now())
            body["checks"] = [report.finding_body(each) for each in findings]
        return body

    def sources(self) -> list[Source]:
        """The newest health of each source that some release under watch has asked."""
        newest: dict[str, Source] = {}
        for mail in self._stepping.inbox.mail.values():
            newest.update({each.name: each for each in mail.sources})
        return [newest[name] for name in sorted(newest)]

    def _source(self, source: Source, now: float) -> Body:
        lag = round(now - source.watermark, 1) if source.watermark is not None else None
        return {"name": source.name, "healthy": source.healthy, "problem": source.problem, "lag_s": lag}


def _because(watch: Watch, policy: Policy) -> str:
    decision = watch.decision
    if watch.outcome is not None:
        return f"{watch.outcome}: {watch.end_reason}"
    if decision is not None:
        return decision.reason
    if watch.ended_at is not None:
        return f"its watch ended with {watch.verdict}: {watch.end_reason}"
    if policy.mode is Mode.OBSERVE:
        return "under watch, no breach so far; mode is observe, so nothing would be done by itself"
    return "under watch, no breach so far"
