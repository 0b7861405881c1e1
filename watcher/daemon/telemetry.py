"""The daemon's own Prometheus metrics: every name, help text and label in this one file."""

from __future__ import annotations

from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from watcher.core.deciding.guards import GUARDS
from watcher.core.model import Result
from watcher.core.orders import RUNGS
from watcher.core.words import GOING_BACK, Action, Mode, Outcome, Rung, Verdict

DELAYS = (5, 10, 15, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600)


RESULTS = tuple(value for name, value in vars(Result).items() if name.isupper())


class Telemetry:
    """Counters, gauges and histograms of one process, in a registry of their own.

    No label holds what grows with time: ids, pods, images, revisions.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._of_releases(self.registry)
        self._of_decisions(self.registry)
        self._of_sources(self.registry)
        self._of_ways_back(self.registry)
        self._of_telling(self.registry)
        self._of_rehearsals(self.registry)
        self._of_itself(self.registry)
        self._begin_at_zero()

    def _of_releases(self, registry: CollectorRegistry) -> None:
        """Releases, and what is so of them now."""
        self.workloads = Gauge("watcher_workloads", "Workloads that match an entry of services.", registry=registry)
        self.releases_watched = Gauge("watcher_releases_watched", "Releases under watch now.", registry=registry)
        self.breach = Gauge(
            "watcher_breach",
            "Always 1: a release that is proven to be bad, and what is done about it.",
            ["workload", "state", "guard"],
            registry=registry,
        )
        self.breakers_open = Gauge(
            "watcher_breakers_open",
            "Breakers that let no further rollback through now: that of the cluster, those of namespaces.",
            ["scope"],
            registry=registry,
        )
        self.freezes_open = Gauge(
            "watcher_freeze_open",
            "Always 1: a freeze window that is open now.",
            ["freeze"],
            registry=registry,
        )
        self.not_durable = Gauge(
            "watcher_rollbacks_not_durable",
            "Always 1: a rollback after which Git and cluster do not say the same.",
            ["workload", "durability"],
            registry=registry,
        )
        self.bad_versions_back = Gauge(
            "watcher_bad_versions_back",
            "Always 1: a version that was rolled back is released again.",
            ["workload"],
            registry=registry,
        )
        self.bridges = Gauge(
            "watcher_bridges",
            "Always 1: an application that is pinned to a good commit until a revert is merged.",
            ["workload", "overdue"],
            registry=registry,
        )

    def _of_decisions(self, registry: CollectorRegistry) -> None:
        """What is decided, and how it is carried out and ends."""
        self.rollbacks_running = Gauge("watcher_rollbacks_running", "Rollbacks under way now.", registry=registry)
        self.verdicts = Counter(
            "watcher_verdicts_total", "Watches that ended, by verdict.", ["verdict"], registry=registry
        )
        self.decisions = Counter(
            "watcher_decisions_total",
            "Decisions, by action, by how far they may go, and by rung.",
            ["action", "mode", "rung"],
            registry=registry,
        )
        self.blocks = Counter(
            "watcher_guard_blocks_total", "Decisions that a guard held, by guard.", ["guard"], registry=registry
        )
        self.outcomes = Counter(
            "watcher_rollback_outcomes_total", "Rollbacks that ended, by outcome.", ["outcome"], registry=registry
        )
        self.approvals = Counter(
            "watcher_approvals_total",
            "Approvals by people: taken up, refused, or lapsed before they could be carried out.",
            ["result"],
            registry=registry,
        )
        self.commands = Counter(
            "watcher_commands_total",
            "Commands of people, by what they were and what became of them.",
            ["command", "result"],
            registry=registry,
        )
        self.detection = Histogram(
            "watcher_detection_delay_seconds",
            "From the start of the first bad block to the decision to act.",
            buckets=DELAYS,
            registry=registry,
        )
        self.restore = Histogram(
            "watcher_time_to_restore_seconds",
            "From the start of the first bad block to the proof of recovery.",
            buckets=DELAYS,
            registry=registry,
        )
        self.rungs = Counter(
            "watcher_rung_attempts_total",
            "Attempts to perform a rung, by result.",
            ["rung", "result"],
            registry=registry,
        )

    def _of_sources(self, registry: CollectorRegistry) -> None:
        """What it sees by: metrics sources and the cluster."""
        self.poll_seconds = Histogram(
            "watcher_poll_duration_seconds", "Duration of one poll of all sources.", registry=registry
        )
        self.poll_lag = Gauge(
            "watcher_source_lag_seconds",
            "Age of the newest sample seen of a source.",
            ["source"],
            registry=registry,
        )
        self.source_up = Gauge(
            "watcher_source_healthy", "1 while a metrics source answers wholly, else 0.", ["source"], registry=registry
        )
        self.clock_offset = Gauge(
            "watcher_source_clock_offset_seconds",
            "Seconds by which the clock of a source is ahead of ours.",
            ["source"],
            registry=registry,
        )
        self.blind = Counter(
            "watcher_blind_seconds_total",
            "Seconds in which a source gave no usable answer while releases were under watch.",
            ["source"],
            registry=registry,
        )
        self.cache_age = Gauge(
            "watcher_cache_age_seconds", "Seconds since the view of the cluster was last confirmed.", registry=registry
        )
        self.not_followed = Gauge(
            "watcher_kinds_not_followed",
            "Kinds of object that cannot be listed or watched now, counted by namespace where it watches only some.",
            registry=registry,
        )

    def _of_ways_back(self, registry: CollectorRegistry) -> None:
        """What it asks others before it goes back: how flags stand, and what is written of migrations."""
        self.flag_provider_up = Gauge(
            "watcher_flag_provider_healthy",
            "1 while a provider tells of every feature flag that it is asked for, else 0.",
            ["provider"],
            registry=registry,
        )
        self.notes_unread = Gauge(
            "watcher_migration_notes_unreadable",
            "Releases under watch whose migration notes cannot be read now.",
            registry=registry,
        )

    def _of_telling(self, registry: CollectorRegistry) -> None:
        """How people are told."""
        self.events_lost = Counter(
            "watcher_events_lost_total", "Kubernetes Events that could not be created.", registry=registry
        )
        self.notifications = Counter(
            "watcher_notifications_total",
            "Notifications by what became of them, and attempts that failed.",
            ["channel", "result"],
            registry=registry,
        )
        self.notifications_waiting = Gauge(
            "watcher_notifications_waiting", "Notifications that wait for a channel.", ["channel"], registry=registry
        )
        self.notifications_oldest = Gauge(
            "watcher_notifications_oldest_seconds",
            "Age of the oldest notification that waits for a channel; 0 when none waits.",
            ["channel"],
            registry=registry,
        )

        self.notes = Counter(
            "watcher_notes_total",
            "Post-incident notes, by whether they could be written.",
            ["result"],
            registry=registry,
        )

    def _of_rehearsals(self, registry: CollectorRegistry) -> None:
        """The last rehearsal of each rung of a workload."""
        self.rehearsed_at = Gauge(
            "watcher_rehearsal_last_timestamp_seconds",
            "When a rung was rehearsed last on a workload, Unix seconds.",
            ["workload", "rung"],
            registry=registry,
        )
        self.rehearsed_in = Gauge(
            "watcher_rehearsal_duration_seconds",
            "Seconds from the bad release to the proof of recovery in the last rehearsal.",
            ["workload", "rung"],
            registry=registry,
        )
        self.rehearsed_well = Gauge(
            "watcher_rehearsal_last_result",
            "1 when the last rehearsal passed, 0 when it failed.",
            ["workload", "rung"],
            registry=registry,
        )

    def _of_itself(self, registry: CollectorRegistry) -> None:
        """The process: its configuration, its log, its own faults, its preflight."""
        self.build_info = Gauge(
            "watcher_build_info", "Always 1; the version is a label.", ["version"], registry=registry
        )
        self.leader = Gauge(
            "watcher_leader", "1 while this process is the one that watches and acts, else 0.", registry=registry
        )
        self.reloads = Counter(
            "watcher_config_reloads_total", "Readings of a changed thresholds file.", ["result"], registry=registry
        )
        self.config_bad = Gauge(
            "watcher_config_rejected", "1 while the thresholds file on disk is refused, else 0.", registry=registry
        )
        self.store_degraded = Gauge(
            "watcher_store_degraded",
            "1 while the decision log lives on its reserve or cannot be written, else 0.",
            registry=registry,
        )
        self.store_unwritable = Gauge(
            "watcher_store_unwritable",
            "1 while the decision log cannot be written, so that nothing is acted on, else 0.",
            registry=registry,
        )
        self.steps_failing = Gauge(
            "watcher_workloads_failing",
            "Workloads that are not judged now because watcher itself fails on them; its log says why.",
            registry=registry,
        )
        self.findings = Gauge(
            "watcher_doctor_findings",
            "Findings of the last preflight, by id and severity; absent before the first one.",
            ["id", "severity"],
            registry=registry,
        )
        self.examined = Gauge(
            "watcher_doctor_timestamp_seconds",
            "When the last preflight was done, Unix seconds; 0 before the first one.",
            registry=registry,
        )

    def _begin_at_zero(self) -> None:
        """Counters whose labels are known beforehand are there from the start: their first event is an increase."""
        for action, mode, rung in product((*GOING_BACK, Action.ROLL_FORWARD, Action.HOLD), Mode, ("none", *Rung)):
            self.decisions.labels(action.value, mode.value, rung)
        for rung, result in product(RUNGS.values(), RESULTS):
            self.rungs.labels(rung, result)
        for guard in GUARDS:
            self.blocks.labels(guard)
        for outcome in Outcome:
            self.outcomes.labels(outcome.value)
        for verdict in (*(each.value for each in Verdict), "none"):
            self.verdicts.labels(verdict)
        for result in ("written", "failed"):
            self.notes.labels(result)
        for result in ("accepted", "rejected"):
            self.reloads.labels(result)
