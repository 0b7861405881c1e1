"""The chronicle: each transition as a log line and in the daemon's own metrics."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from watcher.core.state import Decision, Watch
from watcher.core.telling import report
from watcher.core.words import GOING_BACK, Mode, Phase
from watcher.daemon.journal import Taken
from watcher.daemon.telemetry import Telemetry

COMMANDS = {
    "command_refused": ("rollback", "refused"),
    "called_good": ("good", "taken"),
    "called_bad": ("bad", "taken"),
    "word_refused": ("word", "refused"),
}
"""What people command, and what became of it, by the transition that tells."""

log = structlog.get_logger("watcher")


class Chronicle:
    """Tells operators what happened; a decision is one log line that holds all of it."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self.on_outcome: Callable[[], None] | None = None  # a rollback has ended, or something of one that had

    def tell(self, taken: Taken) -> None:
        """Log and count the transitions of one durable step."""
        state = taken.step.state
        if not taken.step.moved:
            return
        watch = state.watch
        self._approvals(taken)
        self._commands(taken)
        log.info(
            "transition",
            workload=str(state.workload),
            release=watch.release.id if watch is not None else None,
            moved=list(taken.step.moved),
            phase=watch.phase.value if watch is not None else None,
        )
        for ended in taken.step.ended:
            self._ended(ended)
        if watch is None:
            return
        if watch.decision is not None and (watch.decision.id, watch.decision.mode) != _decision_before(taken):
            self._decided(watch, watch.decision)
        if watch.phase is Phase.CLOSED and not _closed_before(taken, watch):
            self._ended(watch)
        if self.on_outcome is not None and any(each.outcome is not None for each in (watch, *taken.step.ended)):
            self.on_outcome()

    def _approvals(self, taken: Taken) -> None:
        for what in ("approved", "approval_refused", "approval_lapsed"):
            if what in taken.step.moved:
                self._telemetry.approvals.labels(what.removeprefix("approval_")).inc()

    def _commands(self, taken: Taken) -> None:
        moved, watch = set(taken.step.moved), taken.step.state.watch
        begun = watch is not None and watch.decision is not None and watch.decision.request is not None
        if begun and moved & {"roll_back", "flag_off"}:
            self._telemetry.commands.labels("rollback", "begun").inc()
        for move, labels in COMMANDS.items():
            if move in moved:
                self._telemetry.commands.labels(*labels).inc()

    def _decided(self, watch: Watch, decision: Decision) -> None:
        log.warning("decision", **report.decision_body(watch, decision))
        rung = watch.rollback.rung.value if watch.rollback is not None else "none"
        self._telemetry.decisions.labels(decision.action.value, decision.mode.value, rung).inc()
        for guard in decision.guards:
            self._telemetry.blocks.labels(guard.id).inc()
        began = report.first_bad_at(decision)
        acts = decision.action in GOING_BACK and decision.mode is Mode.ACT
        if acts and began is not None and decision.approval is None and decision.request is None:
            self._telemetry.detection.observe(max(0.0, decision.at - began))

    def _ended(self, watch: Watch) -> None:
        body = report.release_body(watch)
        log.info("release_ended", **body)
        self._telemetry.verdicts.labels(watch.verdict.value if watch.verdict is not None else "none").inc()
        if watch.outcome is None or watch.decision is None:
            return
        self._telemetry.outcomes.labels(watch.outcome.value).inc()
        began, restored = report.first_bad_at(watch.decision), report.restored_at(watch)
        if began is not None and restored is not None:
            self._telemetry.restore.observe(max(0.0, restored - began))


def _decision_before(taken: Taken) -> tuple[str, Mode] | None:
    """Id and mode: a proposal that is approved keeps its id."""
    watch = taken.before.watch if taken.before is not None else None
    return (watch.decision.id, watch.decision.mode) if watch is not None and watch.decision is not None else None


def _closed_before(taken: Taken, watch: Watch) -> bool:
    """Whether the step found this watch ended: what follows its end is told of the revision, not of the release."""
    before = taken.before.watch if taken.before is not None else None
    return before is not None and before.phase is Phase.CLOSED and before.release.id == watch.release.id
