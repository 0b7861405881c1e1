"""What each alert must fire for and what not: series as `promtool test rules` writes them, a sample a minute."""

from __future__ import annotations

from dataclasses import dataclass

CART = "Deployment/shop/cart"
SCRAPED = 'job="watcher", instance="10.0.0.1:8080"'


@dataclass(frozen=True)
class Case:
    """`fires`: the labels it fires with at minute `at`, one set an alert; none: it is quiet.

    `value` is how `$value` reads in the texts.
    """

    alert: str
    title: str
    at: int
    series: dict[str, str]
    fires: tuple[dict[str, str], ...] = ()
    value: str = ""


def breach(state: str, guard: str = "", scraped: str = SCRAPED) -> str:
    return f'watcher_breach{{{scraped}, workload="{CART}", state="{state}", guard="{guard}"}}'


def stands(state: str, guard: str = "") -> tuple[dict[str, str], ...]:
    return ({"job": "watcher", "workload": CART, "state": state, "guard": guard},)


def plain(name: str, labels: str = "") -> str:
    return f"{name}{{{SCRAPED}{', ' if labels else ''}{labels}}}"


PROCESS = ({"job": "watcher"},)
MAIN = ({"job": "watcher", "source": "main"},)
FORBIDDEN = plain("watcher_rung_attempts_total", 'rung="undo", result="forbidden"')
SOURCE = plain("watcher_source_healthy", 'source="main"')
OFFSET = plain("watcher_source_clock_offset_seconds", 'source="main"')
PROVIDER = plain("watcher_flag_provider_healthy", 'provider="own"')
AWAY = f'watcher_doctor_findings{{{{{SCRAPED}, id="{{}}", severity="warning"}}}}'
UNREADABLE = plain("watcher_migration_notes_unreadable")

WAITING = plain("watcher_notifications_oldest_seconds", 'channel="team"')
FINDING = f'watcher_doctor_findings{{{{{SCRAPED}, id="permission-missing", severity="{{}}"}}}}'

REHEARSED = f'watcher_rehearsal_{{}}{{{{{SCRAPED}, workload="{CART}", rung="undo"}}}}'
UNDO_OF_CART = ({"job": "watcher", "workload": CART, "rung": "undo"},)

CASES = (
    Case("WatcherRollbackFailed", "at once", 1, {breach("failed"): "_ 1"}, stands("failed")),
    Case("WatcherRollbackFailed", "not for another outcome", 5, {breach("did_not_help"): "1x9"}),
    Case("WatcherRollbackFailed", "not once a newer release took its place", 9, {breach("failed"): "1 1 stale"}),
    Case(
        "WatcherRollbackFailed",
        "as one alert while another pod takes over",
        5,
        {breach("failed"): "1x9", breach("failed", scraped='job="watcher", instance="10.0.0.2:8080"'): "_x4 1x5"},
        stands("failed"),
    ),
    Case("WatcherRollbackDidNotHelp", "at once", 1, {breach("did_not_help"): "_ 1"}, stands("did_not_help")),
    Case("WatcherRollbackDidNotHelp", "not while it is under way", 5, {breach("acting"): "1x9"}),
    Case("WatcherHeldBack", "after two minutes", 2, {breach("held", "cooldown"): "1x9"}, stands("held", "cooldown")),
    Case("WatcherHeldBack", "not for a guard that lets go", 2, {breach("held", "fleet_unknown"): "1 1 stale"}),
    Case("WatcherHeldBack", "not before two minutes", 1, {breach("held", "breaker"): "1x9"}),
    Case("WatcherHeldBack", "not while somebody is mending", 9, {breach("held", "recovery_release"): "1x9"}),
    Case("WatcherHeldBack", "not when the release is not to blame", 9, {breach("held", "old_equally_bad"): "1x9"}),
    Case("WatcherHeldBack", "not in mode observe", 9, {breach("observed", "cooldown"): "1x9"}),
    Case("WatcherWaitsForPerson", "for a proposal", 1, {breach("proposed"): "_ 1"}, stands("proposed")),
    Case("WatcherWaitsForPerson", "not when held", 9, {breach("held", "hold"): "1x9"}),
    Case("WatcherWouldRollBack", "in mode observe", 1, {breach("observed"): "_ 1"}, stands("observed")),
    Case("WatcherWouldRollBack", "not when it acts", 9, {breach("acting"): "1x9"}),
    Case(
        "WatcherRollbackNotDurable",
        "after a quarter of an hour",
        16,
        {plain("watcher_rollbacks_not_durable", f'workload="{CART}", durability="cluster_only"'): "_ 1x30"},
        ({"job": "watcher", "workload": CART, "durability": "cluster_only"},),
    ),
    Case(
        "WatcherRollbackNotDurable",
        "not for a revert that comes in time",
        20,
        {plain("watcher_rollbacks_not_durable", f'workload="{CART}", durability="cluster_only"'): "_ 1x10 stale"},
    ),
    Case(
        "WatcherBridgeOverdue",
        "at once",
        1,
        {plain("watcher_bridges", f'workload="{CART}", overdue="true"'): "_ 1"},
        ({"job": "watcher", "workload": CART, "overdue": "true"},),
    ),
    Case(
        "WatcherBridgeOverdue",
        "not before its time",
        60,
        {plain("watcher_bridges", f'workload="{CART}", overdue="false"'): "1x90"},
    ),
    Case(
        "WatcherBadVersionBack",
        "after a minute",
        2,
        {plain("watcher_bad_versions_back", f'workload="{CART}"'): "_ 1x9"},
        ({"job": "watcher", "workload": CART},),
    ),
    Case(
        "WatcherBadVersionBack",
        "not when it is gone at once",
        3,
        {plain("watcher_bad_versions_back", f'workload="{CART}"'): "_ 1 stale"},
    ),
    Case(
        "WatcherBreakerOpen",
        "in two namespaces",
        1,
        {
            plain("watcher_breakers_open", 'scope="cluster"'): "0x9",
            plain("watcher_breakers_open", 'scope="namespace"'): "0 2",
        },
        ({"job": "watcher", "scope": "namespace"},),
        "2",
    ),
    Case("WatcherBreakerOpen", "not when closed", 9, {plain("watcher_breakers_open", 'scope="cluster"'): "0x9"}),
    Case(
        "WatcherDown", "when nothing was scraped for five minutes", 11, {plain("watcher_build_info"): "1 stale"}, ({},)
    ),
    Case("WatcherDown", "not while one of two runs", 9, {plain("watcher_build_info", 'version="1"'): "1x9"}),
    Case("WatcherDown", "not for a restart", 3, {plain("watcher_build_info"): "1 stale _ _ 1x9"}),
    Case("WatcherNobodyLeads", "after two minutes", 3, {plain("watcher_leader"): "1 0x9"}, PROCESS),
    Case("WatcherNobodyLeads", "not for a takeover", 9, {plain("watcher_leader"): "1 0 1x9"}),
    Case("WatcherBlind", "after five minutes", 6, {SOURCE: "1 0x9"}, MAIN),
    Case("WatcherBlind", "not for a short time", 5, {SOURCE: "1 0x9"}),
    Case("WatcherBlind", "not while nothing asks it", 9, {SOURCE: "0 0 stale"}),
    Case("WatcherFlagsUnseen", "after five minutes", 6, {PROVIDER: "1 0x9"}, ({"job": "watcher", "provider": "own"},)),
    Case("WatcherFlagsUnseen", "not for a short time", 5, {PROVIDER: "1 0x9"}),
    Case("WatcherFlagsUnseen", "not while nothing asks it", 9, {PROVIDER: "0 0 stale"}),
    Case(
        "WatcherFlagsUnseen",
        "by two preflights",
        80,
        {AWAY.format("flag-provider-away"): "1x90"},
        ({"job": "watcher", "id": "flag-provider-away", "severity": "warning"},),
    ),
    Case("WatcherFlagsUnseen", "not by one preflight", 80, {AWAY.format("flag-provider-away"): "0x19 1x55 0x9"}),
    Case("WatcherFlagsUnseen", "not for a flag that was never off", 9, {AWAY.format("flag-never-off"): "1x9"}),
    Case("WatcherMigrationNotesUnreadable", "after five minutes", 6, {UNREADABLE: "0 2x9"}, PROCESS, "2"),
    Case("WatcherMigrationNotesUnreadable", "not for a moment", 4, {UNREADABLE: "0 2x9"}),
    Case(
        "WatcherClusterViewStale",
        "after two minutes",
        3,
        {plain("watcher_cache_age_seconds"): "5 90 150 210"},
        PROCESS,
        "3m 30s",
    ),
    Case(
        "WatcherClusterViewStale",
        "not in normal times, nor for a minute",
        2,
        {plain("watcher_cache_age_seconds"): "60 60 80 10x9"},
    ),
    Case(
        "WatcherCannotFollow",
        "after five minutes",
        6,
        {plain("watcher_kinds_not_followed"): "0 1x9"},
        PROCESS,
        "1",
    ),
    Case("WatcherCannotFollow", "not for a moment", 4, {plain("watcher_kinds_not_followed"): "0 2x9"}),
    Case(
        "WatcherPermissionMissing",
        "with the first refusal of a process",
        3,
        {FORBIDDEN: "0 0 0 1"},
        ({"job": "watcher", "rung": "undo", "result": "forbidden"},),
    ),
    Case(
        "WatcherPermissionMissing",
        "while a rollback waits for it",
        1,
        {breach("acting", "forbidden"): "_ 1"},
        stands("acting", "forbidden"),
    ),
    Case("WatcherPermissionMissing", "not while all is granted", 9, {FORBIDDEN: "0x9", breach("acting"): "1x9"}),
    Case("WatcherPermissionMissing", "not two hours later", 150, {FORBIDDEN: "0 1x160"}),
    Case("WatcherLogUnwritable", "after a minute", 2, {plain("watcher_store_unwritable"): "0 1x9"}, PROCESS),
    Case("WatcherLogUnwritable", "not when one attempt failed", 1, {plain("watcher_store_unwritable"): "0 1 0x9"}),
    Case("WatcherLogInDanger", "on its reserve", 2, {plain("watcher_store_degraded"): "0 1x9"}, PROCESS),
    Case("WatcherLogInDanger", "not when there was room again", 1, {plain("watcher_store_degraded"): "0 1 0x9"}),
    Case("WatcherLogInDanger", "not with room on the disk", 9, {plain("watcher_store_degraded"): "0x9"}),
    Case("WatcherConfigRejected", "after five minutes", 6, {plain("watcher_config_rejected"): "0 1x9"}, PROCESS),
    Case("WatcherConfigRejected", "not when corrected soon", 2, {plain("watcher_config_rejected"): "0 1 1 0x9"}),
    Case("WatcherClockSkew", "behind", 6, {OFFSET: "0 -30x9"}, MAIN, "30"),
    Case("WatcherClockSkew", "ahead", 6, {OFFSET: "0 12x9"}, MAIN, "12"),
    Case("WatcherClockSkew", "not for a moment", 2, {OFFSET: "0 30x9"}),
    Case("WatcherClockSkew", "not within ten seconds", 9, {OFFSET: "10x4 -10x9"}),
    Case(
        "WatcherFailsOnWorkloads", "after five minutes", 6, {plain("watcher_workloads_failing"): "0 3x9"}, PROCESS, "3"
    ),
    Case("WatcherFailsOnWorkloads", "not for a moment", 1, {plain("watcher_workloads_failing"): "0 3 0x9"}),
    Case(
        "WatcherNotificationsFail",
        "after ten minutes",
        2,
        {WAITING: "0 550 610 0"},
        ({"job": "watcher", "channel": "team"},),
        "10m 10s",
    ),
    Case("WatcherNotificationsFail", "not while it is tried again for the first times", 2, {WAITING: "0 300 600"}),
    Case(
        "WatcherDoctorCritical",
        "after ten minutes",
        11,
        {FINDING.format("critical"): "0 2x20"},
        ({"job": "watcher", "id": "permission-missing", "severity": "critical"},),
        "2",
    ),
    Case("WatcherDoctorCritical", "not for a warning", 20, {FINDING.format("warning"): "3x30"}),
    Case("WatcherDoctorCritical", "not for a moment", 9, {FINDING.format("critical"): "0 2x20"}),
    Case("WatcherRehearsalFailed", "at once", 1, {REHEARSED.format("last_result"): "1 0"}, UNDO_OF_CART),
    Case("WatcherRehearsalFailed", "not when it passed since", 2, {REHEARSED.format("last_result"): "1 0 1"}),
    Case(
        "WatcherRehearsalOverdue",
        "after eight days",
        1,
        {REHEARSED.format("last_timestamp_seconds"): "-691200 -691200"},
        UNDO_OF_CART,
        "8d 0h 1m 0s",
    ),
    Case(
        "WatcherRehearsalOverdue",
        "not within eight days",
        1,
        {REHEARSED.format("last_timestamp_seconds"): "-691100 -691100"},
    ),
    Case("WatcherEventsLost", "with the first one", 3, {plain("watcher_events_lost_total"): "0 0 1 1"}, PROCESS),
    Case("WatcherEventsLost", "not without", 9, {plain("watcher_events_lost_total"): "4x9"}),
)
