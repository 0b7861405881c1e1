"""What the daemon says of itself: status, readiness, and why a workload was or was not rolled back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from watcher import __version__
from watcher.config import Thresholds
from watcher.core.deciding import approving
from watcher.core.deciding.guards import STALE_CACHE
from watcher.core.deciding.holding import Hold
from watcher.core.deciding.kept import kept_body
from watcher.core.judging import judge
from watcher.core.measuring import spelling
from watcher.core.model import Frozen, Source, Workload, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Watch
from watcher.core.telling import coverage, remedies, report
from watcher.core.words import Mode
from watcher.daemon.loop import Loop
from watcher.daemon.reloading import Reloading
from watcher.daemon.standing import Standing, standings
from watcher.daemon.stepping import Stepping
from watcher.doctor.examine import Report
from watcher.doctor.finding import Finding, Severity
from watcher.ports import Clock, Cluster, Unavailable

Body = dict[str, object]

SHOWN = 5
"""Findings of the preflight that `/readyz` names, and releases whose migration notes cannot be read, at the most."""


class Status:
    """Answers from the live state; everything is plain data, ready for JSON.

    `synced`: the cluster was read completely once.  `store_problem`: why the decision log is in danger, or empty.
    `preflight`: the last one, None before the first.
    `rehearsals` gives those that need a look, `flag_providers` those that were asked for releases under watch, and why
    one does not tell how a flag stands (empty: it does).
    `role` is `leader` or `observer`, `identity` what this process is called in the Lease.
    """

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
        self.preflight: Report | None = None
        self.role, self.identity = "leader", ""
        self.rehearsals: Callable[[], list[Body]] = list
        self.flag_providers: Callable[[], Mapping[str, str]] = dict

    def readiness(self) -> tuple[bool, list[str]]:
        """Whether this process does its work, and everything worth knowing.  A Prometheus that is down does not
        make it unready: it watches on, and says NO_DATA."""
        stopping = list(self._stopping())
        return not stopping, stopping + list(self._notes())

    def _stopping(self) -> Iterator[str]:
        if not self.synced:
            yield "the cluster was not read completely yet"
        elif self._cluster.age() > STALE_CACHE:
            yield f"the view of the cluster is {self._cluster.age():.0f} s old: is the API server reachable?"
        if self._stepping.unwritable:
            yield f"nothing is decided while this cannot be recorded: {self._stepping.unwritable}"

    def _notes(self) -> Iterator[str]:
        if self._reloading.rejected:
            first = self._reloading.rejected.splitlines()[0]
            yield f"the thresholds file on disk is refused, the running one is kept: {first}"
        if self.store_problem:
            yield self.store_problem
        yield from (f"cannot follow: {problem}" for problem in self._cluster.problems())
        yield from (f"metrics source {each.name}: {each.problem}" for each in self.sources() if not each.healthy)
        yield from (f"flag provider {name}: {problem}" for name, problem in self.flag_providers().items() if problem)
        for workload, problem in islice(self.notes_unread().items(), SHOWN):
            yield f"migration notes of {workload}: {problem}"
        for workload, problem in sorted(self._stepping.failed.items()):
            yield f"{workload} is not judged, watcher itself fails on it ({problem}); report it with the log"
        if self.preflight is not None:
            yield from (f"preflight: {each.what}" for each in critical(self.preflight))

    def doctor(self) -> Body:
        """The last preflight.  Raises Unavailable before the first one."""
        if self.preflight is None:
            raise Unavailable("there was no preflight yet: it is done soon after the start (WATCHER_PREFLIGHT)")
        return self.preflight.body()

    def cache_age(self) -> float:
        """Seconds since the view of the cluster was last confirmed."""
        return self._cluster.age()

    def now(self) -> float:
        """The daemon's time, Unix seconds."""
        return self._clock.now()

    def status(self) -> Body:
        """Everything at a glance, releases under watch with their evidence first."""
        ready, reasons = self.readiness()
        thresholds: Thresholds = self._reloading.current
        now, age = self._clock.now(), self._cluster.age()
        return {
            "source": "daemon",
            "version": __version__,
            "cluster": thresholds.cluster,
            "role": self.role,
            "leader": self.identity,
            "now": now,
            "ready": ready,
            "reasons": reasons,
            "cache_age_s": round(age, 1) if math.isfinite(age) else None,
            "config": {"digest": thresholds.digest, "rejected": self._reloading.rejected.splitlines()},
            "sources": [self._source(each, now) for each in self.sources()],
            "watching": [self._watching(name, watch) for name, watch in sorted(self._stepping.open_watches().items())],
            "workloads": len(self._stepping.states),
            "waiting": list(self._waiting()),
            "holds": [report.hold_body(each) for each in self.holds()],
            "freezes": [report.frozen_body(each) for each in self.freezes()],
            "rehearsals": self.rehearsals(),
        }

    def holds(self) -> tuple[Hold, ...]:
        """All that are in force: those of the decision log, then those of the cluster."""
        return (*self._stepping.holds.listed(self._clock.now()), *self._cluster.holds())

    def freezes(self) -> tuple[Frozen, ...]:
        """Freeze windows that are open now."""
        return self._stepping.freezes.open(self._clock.now())

    def _waiting(self) -> Iterator[Body]:
        """What waits for a person, until when, and how to approve it."""
        for name, watch in sorted(self._stepping.open_watches().items()):
            policy = self._policy(name)
            if watch.decision is not None and policy is not None and approving.waits(watch):
                yield {
                    "decision": watch.decision.id,
                    "workload": str(name),
                    "reason": watch.decision.reason,
                    "until": approving.until(watch, policy),
                    "approve": remedies.approve_commands(watch, watch.decision),
                }

    def why(self, workload: Workload) -> Body:
        """Why this workload was, or was not, rolled back.  Keys are those of the decision log's answer, and more."""
        view = self._cluster.view(workload)
        if view is None:
            return _answer(workload, f"There is no {workload} in the cluster.", near=self._near(workload))
        policy = self._policy_of(view)
        if policy is None:
            text = f"No entry of services matches it, so it is not watched; see: watcher explain {workload}"
            return _answer(workload, text)
        state = self._stepping.states.get(workload)
        way = coverage.way_back(state, view, policy, self._clock.now())
        always = {
            "mode": policy.mode,
            **report.ledger_body(state),
            "held": self._held(view),
            "frozen": [report.frozen_body(each) for each in self._stepping.freezes.on(view, self._clock.now())],
            "kept": kept_body(view),
            "way_back": {"rung": way.rung, "mode": way.mode, "why": way.why},
        }
        if state is None or state.watch is None:
            return _answer(workload, "It had no release since it is watched.", **always)
        watch = state.watch
        return _answer(
            workload,
            _because(watch, policy),
            release=report.release_body(watch),
            decision=self._decision(watch, policy),
            checks=self._checks(watch, view, policy),
            problems=list(self._loop.problems.get(workload, ())),
            **always,
        )

    def sources(self) -> list[Source]:
        """The health of each source that releases under watch ask, as of the last poll."""
        mail, newest = self._stepping.inbox.mail, dict[str, Source]()
        for workload in self._stepping.open_watches():
            if workload in mail:
                newest.update({each.name: each for each in mail[workload].sources})
        return [newest[name] for name in sorted(newest)]

    def notes_unread(self) -> dict[Workload, str]:
        """Workloads whose release is under watch, and why the migration notes of it cannot be read."""
        seen = sorted(self._stepping.migrations.items(), key=lambda each: each[0])
        return {workload: sight.problem for workload, sight in seen if sight.problem}

    def standings(self) -> Iterator[Standing]:
        """What is done about each proven breach that is not over."""
        return standings(self._stepping.states.values(), self._policy, self._clock.now())

    def not_followed(self) -> int:
        """Kinds of object that cannot be followed now."""
        return len(self._cluster.problems())

    def _policy(self, workload: Workload) -> Policy | None:
        view = self._cluster.view(workload)
        return self._policy_of(view) if view is not None else None

    def _held(self, view: WorkloadView) -> str:
        """Why nothing may be written to it now, whose word that is and until when; empty where it is not held."""
        return view.hold or self._stepping.holds.on(view.workload, self._clock.now())

    def _near(self, workload: Workload) -> list[str]:
        return spelling.near(str(workload), (str(view.workload) for view in self._cluster.workloads()))

    def _watching(self, workload: Workload, watch: Watch) -> Body:
        view, policy = self._cluster.view(workload), self._policy(workload)
        body = report.release_body(watch)
        if view is not None and policy is not None:
            body["checks"] = self._checks(watch, view, policy)
        return body

    def _decision(self, watch: Watch, policy: Policy) -> Body | None:
        if watch.decision is None:
            return None
        return report.decision_body(watch, watch.decision, until=approving.until(watch, policy))

    def _checks(self, watch: Watch, view: WorkloadView, policy: Policy) -> list[Body]:
        return [report.finding_body(each) for each in judge.read(watch, view, policy, self._clock.now())]

    def _source(self, source: Source, now: float) -> Body:
        lag = round(now - source.watermark, 1) if source.watermark is not None else None
        return {"name": source.name, "healthy": source.healthy, "problem": source.problem, "lag_s": lag}


def critical(report: Report) -> list[Finding]:
    """The critical findings, a few at the most: a probe's answer is read by people."""
    return [each for each in report.findings if each.kind.severity is Severity.CRITICAL][:SHOWN]


def _answer(workload: Workload, text: str, **more: object) -> Body:
    return {"workload": str(workload), "why": text, "release": None, "decision": None, "source": "daemon", **more}


def _because(watch: Watch, policy: Policy) -> str:
    decision = watch.decision
    if watch.outcome is not None:
        said = watch.end_reason.lower().startswith(watch.outcome.partition("_")[0])
        return watch.end_reason if said else f"{watch.outcome}: {watch.end_reason}"
    if decision is not None:
        return decision.reason
    if watch.ended_at is not None:
        return f"Its watch ended with {watch.verdict or 'no verdict'}: {watch.end_reason}"
    if policy.mode is Mode.OBSERVE:
        return "Under watch, no breach so far; mode is observe, so nothing would be done by itself."
    return "Under watch, no breach so far."
