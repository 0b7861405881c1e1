"""What can be said of one workload at a glance: is it seen, and how does it get back?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from watcher.core.deciding.ladder import climb
from watcher.core.deciding.ledger import accepted
from watcher.core.model import Workload
from watcher.core.policy import QueryCheck
from watcher.core.sentence import seconds
from watcher.core.words import Kind, Mode, Rung
from watcher.doctor.facts import CheckFacts, Facts, SourceFacts, WorkloadFacts
from watcher.doctor.through_git import through

ABORT_SECONDS = 5.0
"""Seconds that an abort of a Rollout takes: its controller answers within one or two, the rest is looking."""

ALLOWANCE = 1.5
"""An undo is reckoned with this many times the duration of the last rollout."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Which checks see a workload.  `unknown`: checks whose source does not answer."""

    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def blind(self) -> bool:
        """Whether it is sure that no check sees it."""
        return not self.seen and not self.unknown

    def __str__(self) -> str:
        if self.unknown and not self.seen:
            return "not known: its source does not answer"
        if not self.seen:
            return "blind: no series" if self.unseen else "blind: no check"
        return "watchable" + (f", but for {', '.join(self.unseen)}" if self.unseen else "")


@dataclass(frozen=True, slots=True)
class WayBack:
    """The first way back.  `seconds`: how long it is likely to take, None: not known.  `reason`: why there is none.

    `through`: what is done by way of which application, where a GitOps tool keeps it; `assumed`: so that the seconds
    are, too.
    """

    rung: str = ""
    seconds: float | None = None
    automatic: bool = False
    reason: str = ""
    through: str = ""
    assumed: bool = False

    def __str__(self) -> str:
        if not self.rung:
            return f"no automatic way back: {self.reason}"
        if self.through:
            took = f", about {seconds(self.seconds)}{' (assumed)' * self.assumed}" if self.seconds is not None else ""
            return f"through {self.through}{took}" + (f"; {self.reason}" if self.reason else "")
        about = f" about {seconds(self.seconds)}" if self.seconds is not None else ""
        only = f" ({self.reason})" if self.reason else ""
        return f"{self.rung}{about}{only}"


@dataclass(frozen=True, slots=True)
class Summary:
    """One line on one workload."""

    workload: str
    mode: str
    sight: Sight
    way: WayBack

    def body(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "workload": self.workload,
            "mode": self.mode,
            "watchable": not self.sight.blind,
            "sight": str(self.sight),
            "checks": list(self.sight.seen),
            "checks_without_series": [*self.sight.unseen],
            "way_back": str(self.way),
            "rung": self.way.rung,
            "seconds": self.way.seconds,
            "assumed": self.way.assumed,
            "automatic": self.way.automatic,
        }


def summaries(facts: Facts) -> tuple[Summary, ...]:
    """All matched workloads, by name."""
    sights = sights_of(facts)
    return tuple(
        Summary(str(each.workload), str(each.policy.mode), sights[str(each.workload)], way_back(each, facts))
        for each in sorted(facts.cluster.workloads, key=lambda each: each.workload)
    )


def sights_of(facts: Facts) -> dict[str, Sight]:
    """Which checks see each workload."""
    sources = {each.source.name: each for each in facts.sources}
    found: dict[str, dict[str, str]] = {str(each.workload): {} for each in facts.cluster.workloads}
    for check in facts.checks:
        for workload in check.users:
            how = _seen(check, sources.get(check.check.source), workload)
            found.setdefault(str(workload), {})[check.check.name] = how
    return {
        name: Sight(*(tuple(sorted(check for check, how in seen.items() if how == wanted)) for wanted in _HOWS))
        for name, seen in found.items()
    }


_HOWS = ("seen", "unseen", "unknown")


def _seen(check: CheckFacts, source: SourceFacts | None, workload: Workload) -> str:
    if source is not None and source.problem:
        return "unknown"
    if isinstance(check.check, QueryCheck) and check.series and not check.owners:
        return "seen"  # a query that is about this workload whatever its labels
    return "seen" if workload in check.owners else "unseen"


def way_back(each: WorkloadFacts, facts: Facts) -> WayBack:
    """The first rung of the ladder that could be taken for a bad release of this workload."""
    reason = next(_obstacles(each, facts.now), "")
    way = WayBack(reason=reason) if reason else _by_template(each, facts)
    if each.view.workload.kind is Kind.ROLLOUT and not _never(each):
        mode = each.policy.rung_mode(Rung.ABORT)
        if mode is not Mode.NONE:
            after = "once promoted: " + (str(way) if way.rung else f"no way back, {way.reason}")
            return _by(each, Rung.ABORT, mode, ABORT_SECONDS, f"while in progress; {after}")
    return way


def _by_template(each: WorkloadFacts, facts: Facts) -> WayBack:
    """The way back to an earlier template: directly, or where a GitOps tool keeps it through that."""
    if each.view.manager is None:
        return _undo(each)
    found = through(each, facts.git, facts.now)
    if isinstance(found, str):
        return WayBack(reason=found)
    waits = found.seconds is None
    if found.rung is Rung.UNDO:  # no sync is waited for
        found = replace(found, seconds=_rollout(each), measured=True)
    way = _by(each, found.rung, found.mode, found.seconds, "a person must merge it" if waits else "")
    return replace(
        way,
        automatic=way.automatic and not waits,
        through=f"{found.application}: {found.what}",
        assumed=found.seconds is not None and not found.measured,
    )


def _never(each: WorkloadFacts) -> str:
    if each.protected:
        return f"never acted on: {each.protected}"
    return f"owned by {each.view.owner}" if each.view.owner else ""


def _obstacles(each: WorkloadFacts, now: float) -> Iterator[str]:
    """Why the template cannot be put back by itself."""
    view, policy = each.view, each.policy
    if _never(each):
        yield _never(each)
    if view.manager is None:
        if policy.rung_mode(Rung.UNDO) is Mode.NONE:
            yield "rungs.undo is none"
        if each.history_limit == 0:
            yield "no earlier revision is kept"
    if view.paused:
        yield "it is paused"
    if each.known_good is not None:
        if not any(accepted(entry, policy.known_good, now) for entry in each.known_good):
            yield "nothing is known good yet"
    elif len(view.revisions) < 1:
        yield "it has no revision yet"


def _undo(each: WorkloadFacts) -> WayBack:
    step = next(step for step in climb(each.view, each.policy) if step.rung is Rung.UNDO)
    about = _rollout(each)
    return _by(each, Rung.UNDO, step.mode, about, "" if about is not None else "its last rollout was not measured")


def _rollout(each: WorkloadFacts) -> float | None:
    """Seconds with which a rollout is reckoned; None: not known."""
    took = each.rolled_out_in
    return None if took is None or not math.isfinite(took) else max(ALLOWANCE * took, 1.0)


def _by(each: WorkloadFacts, rung: Rung, mode: Mode, seconds_: float | None, note: str) -> WayBack:
    allowed = each.policy.mode
    reasons = [note] if note else []
    if allowed is not Mode.ACT:
        reasons.append(f"mode {allowed}: not by itself")
    elif mode is not Mode.ACT:
        reasons.append(f"the rung in mode {mode}: not by itself")
    automatic = allowed is Mode.ACT and mode is Mode.ACT
    return WayBack(str(rung), seconds_, automatic, "; ".join(reasons))
