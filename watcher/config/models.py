"""The syntax of the thresholds file: one model per mapping that a user writes.

A field that is None was not written; what then holds is in `defaults.py`.  Rules across keys are in `rules*.py`:
they report every mistake at its place, where a model would stop at the first.  Descriptions and defaults go into
the JSON Schema, for editors.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, WithJsonSchema

from watcher.config.models_flags import FlagsSpec
from watcher.config.models_freezes import FreezeSpec
from watcher.config.models_gitops import GitOpsSpec
from watcher.config.models_match import MatchSpec
from watcher.config.spec import Count, Globs, Spec, described, one_or_many
from watcher.config.values import Bound, Duration, Factor, FalseRollbacks, Ratio, shown, wrong

May = Literal["act", "propose", "notify"]
StageName = Literal[
    "rolling_back",
    "commanded",
    "proposed",
    "would_roll_back",
    "held",
    "roll_forward",
    "approved",
    "approval_refused",
    "approval_lapsed",
    "rung_done",
    "rung_failed",
    "restored",
    "restored_unconfirmed",
    "did_not_help",
    "failed",
    "superseded",
    "waiting_for_person",
    "durable",
    "bridge_overdue",
    "passed",
    "bad_version_back",
    "config_rejected",
    "source_blind",
]
RungMode = Literal["act", "propose", "observe", "none"]

_PATTERNS_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
_BAD_MATCH = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
    },
}
_BAD_SCHEMA = {
    "anyOf": [_BAD_MATCH, {"type": "array", "items": _BAD_MATCH, "minItems": 1}],
    "examples": [{"code": "5.."}, [{"code": "5.."}, {"grpc_status": ["Internal", "Unavailable"]}]],
}


_MATCHERS_SCHEMA = _BAD_MATCH | {
    "examples": [{"path": ["/healthz", "/metrics"]}, {"reporter": "destination"}],
}


def _alternatives(value: Any) -> Any:
    if value in ([], {}):
        raise wrong("there is no label pattern", 'write one, as in {code: "5.."}')
    return [value] if isinstance(value, dict) else value


def _some(value: Any) -> Any:
    if value in ([], {}):
        raise wrong("there is no label pattern", 'write one, as in {path: "/healthz"}')
    return value


def _bake(value: Any) -> Any:
    return {"for": value} if isinstance(value, str | int | float) else value


def _none_removes(value: Any) -> Any:
    if value == "none":
        return None
    if isinstance(value, str):
        raise wrong(f"{shown(value)} is not a check", "write none to remove the check, {} to take it as it is")
    return value


Patterns = Annotated[tuple[str, ...], BeforeValidator(one_or_many)]
RolePatterns = Annotated[tuple[str, ...], BeforeValidator(one_or_many), WithJsonSchema(_PATTERNS_SCHEMA)]
Bad = Annotated[tuple[dict[str, Patterns], ...], BeforeValidator(_alternatives), WithJsonSchema(_BAD_SCHEMA)]
Matchers = Annotated[dict[str, Patterns], BeforeValidator(_some), WithJsonSchema(_MATCHERS_SCHEMA)]


class AuthSpec(Spec):
    """Credentials, read from files and again when these change."""

    bearer_file: str | None = described("File with a bearer token.")
    user: str | None = described("User of basic authentication; needs passwordFile.")
    password_file: str | None = described("File with the password of basic authentication.")


class TlsSpec(Spec):
    """Files (PEM) for TLS; relative paths count from the thresholds file."""

    ca_file: str | None = described("Authority that signed the source's certificate.")
    cert_file: str | None = described("Our client certificate; needs keyFile.")
    key_file: str | None = described("Key of our client certificate.")


class SourceSpec(Spec):
    """A Prometheus-compatible API."""

    url: str | None = described(
        "Address, with a path prefix if there is one, without /api/v1.", examples=["http://prometheus.monitoring:9090"]
    )
    interval: Duration | None = described(
        "Scrape interval; learnt from sample timestamps when absent.", examples=["15s", "30s"]
    )
    tenant: str | None = described("Sent as X-Scope-OrgID, the tenant of Mimir and Cortex.")
    auth: AuthSpec | None = described("Credentials: bearerFile, or user and passwordFile.")
    tls: TlsSpec | None = described("TLS files: caFile, certFile, keyFile.")
    headers: dict[str, str] | None = described("Further request headers; no secrets, those belong into files of auth.")
    scope: dict[str, str] | None = described(
        "Label values added to every selector, so that a global Thanos or Mimir does not sum clusters."
    )
    replicas: Literal["single", "separate", "deduplicated"] | None = described(
        "What stands behind the address: one Prometheus, an HA pair, or a deduplicating query layer.", "single"
    )
    partial_response: Literal["refuse", "allow"] | None = described(
        "Whether an answer that warns of missing parts counts as data.", "refuse"
    )
    delivery: Literal["scrape", "push"] | None = described("How samples come to this source.", "scrape")


class IdentifySpec(Spec):
    """Whose requests a series counts."""

    by: Literal["pod", "workload", "service", "version", "role", "fixed"] | None = described(
        "pod: a label names the serving pod. workload, service: a label names the workload, or a Service before it. "
        "version: a label says what a label of the pods says. role: a label tells canary from stable. "
        "fixed: all series are its own.",
        "pod",
    )
    namespace: str | None = described('Label that names the namespace; "" where series have none.', "namespace")
    pod: str | None = described("Label that names the serving pod (by: pod).", "pod")
    join: Literal["target_info"] | None = described(
        "Series carry only job and instance; target_info has the labels k8s_namespace_name and k8s_pod_name (by: pod)."
    )
    workload: str | None = described("Label that names the workload (by: workload, version, role).")
    service: str | None = described("Label that names the Service (by: service).")
    strip: Globs | None = described("Suffix, or several, of which one is cut from the value that names the workload.")
    map: dict[str, str] | None = described("Label value to workload name, where they differ.")
    version: str | None = described("Label of the series that names the version (by: version).")
    pod_label: str | None = described("Label of the pods that has the same value (by: version).", "version")
    role: str | None = described("Label of the series that tells canary from stable (by: role).")
    canary: RolePatterns | None = described(
        'Its value on requests of the new version; a pattern, "" where it is absent (by: role).', "canary"
    )
    stable: RolePatterns | None = described(
        'Its value on requests of the old version; a pattern, "" where it is absent (by: role).', "stable"
    )


class CheckSpec(Spec):
    """One thing looked at: a ratio (total with bad or errors), a histogram (slowerThan), or a query."""

    preset: str | None = described(
        "Name of a preset, which brings the metrics and labels of a known exporter; keys that are written win."
    )
    source: str | None = described("Name of the source that is asked; the only one is found by itself.", "main")
    total: str | None = described(
        "Ratio check: counter of all requests, a metric name.", examples=["http_requests_total"]
    )
    bad: Bad | None = described("Ratio check: label patterns on total that make a request bad; a list means any of.")
    errors: str | None = described("Ratio check: counter of bad requests, where it is a metric of its own.")
    histogram: str | None = described(
        "Histogram check: metric name without _bucket.", examples=["http_request_duration_seconds"]
    )
    slower_than: Duration | None = described(
        "Histogram check: a bucket bound; slower requests are bad.", examples=["300ms", "500ms", "1s"]
    )
    only: Matchers | None = described(
        "Label patterns, all of which a series must match to be counted; merged label by label."
    )
    exclude: Matchers | None = described(
        "Label patterns; a series that matches one of them is not counted. Merged label by label."
    )
    unit: Literal["seconds", "milliseconds"] | None = described(
        "Histogram check: unit of the bounds; from the metric's name (_seconds, _milliseconds) when absent."
    )
    query: str | None = described(
        "Query check: any PromQL that gives an instant vector.",
        examples=["max by (namespace, app) (kafka_consumergroup_lag)"],
    )
    hold_for: Duration | None = described("Query check: how long the bound must be broken.", "2m", "for")
    max: Bound | None = described("Largest share of bad requests; for a query check the largest value.")
    min: Bound | None = described("Query check: smallest value.", examples=[1])
    increase: Factor | None = described("Largest factor over the old version's (or the pre-release) share.")
    floor: Ratio | None = described("Share below which increase does not count.", "0.5%")
    min_bad: Count | None = described("Bad requests without which nothing is done.", 10)
    may: May | None = described(
        "How far a breach may go by itself. Query checks, and checks that see no versions, propose by default.",
        "act",
    )
    identify: IdentifySpec | None = described("Whose requests a series counts. Replaced as a whole by an override.")


class BakeSpec(Spec):
    """How long a release is watched."""

    hold_for: Duration | None = described("From full rollout to the verdict.", "30m", "for")
    max: Duration | None = described("From the start of the release at most.", "4h")
    min_requests: Annotated[StrictInt, Field(ge=0)] | None = described(
        "Requests on the new version without which there is no PASS.", 0
    )


class KnownGoodSpec(Spec):
    """Which earlier revisions may be gone back to."""

    soak: Duration | None = described("Undisturbed time after which a revision counts as soaked.", "1d")
    max_age: Duration | None = described("How long after it last ran a revision may be a target.", "14d")
    accept: Literal["presumed", "soaked", "passed"] | None = described("Least provenance of a target.", "presumed")


class JudgeSpec(Spec):
    """How evidence is read."""

    warm_up: Duration | None = described("Age of a pod below which its requests are masked.", "1m")
    blame_window: Duration | None = described("Time after the last change of exposure in which onset is blamed.", "15m")
    early_pass: StrictBool | None = described(
        "Whether strong evidence for the release ends the watch early.", default=False
    )


class TrafficSpec(Spec):
    """The new version gets no traffic although it should."""

    may: May | None = described("How far this may go by itself.", "propose")


class AvailabilitySpec(Spec):
    """Pods of the new version do not become or stay available."""

    may: May | None = described("How far this may go by itself.", "act")
    progress_deadline: Duration | None = described(
        "Time to make progress for StatefulSets and DaemonSets, whose API has none.", "10m"
    )


class ServiceSpec(Spec):
    """Settings for the workloads that match; later entries win key by key."""

    model_config = ConfigDict(json_schema_extra={"required": ["match"]})

    match: MatchSpec | None = described("Which workloads; {} means all.")
    checks: dict[str, Annotated[CheckSpec | None, BeforeValidator(_none_removes)]] | None = described(
        "Checks by name: {} takes one as it is, keys override it, none removes it."
    )
    bake: Annotated[BakeSpec | None, BeforeValidator(_bake)] = described("How long a release is watched; or just 30m.")
    known_good: KnownGoodSpec | None = described("Which earlier revisions may be gone back to.")
    judge: JudgeSpec | None = described("How evidence is read.")
    traffic: TrafficSpec | None = described("The lane that sees a new version without traffic.")
    availability: AvailabilitySpec | None = described("The lane that sees pods which are not available.")
    flag: str | None = described(
        "Feature flag, provider/key@environment, that covers a release if it was changed since that began; or none.",
        "none",
        examples=["openfeature/new-cart@shop/flags", "launchdarkly/new-cart@production"],
    )
    cooldown: Duration | None = described("After a rollback, time without another of the same workload.", "30m")
    require: tuple[str, ...] | None = described(
        "Checks without whose data there is no PASS; default: all ratio checks."
    )
    mode: Literal["observe", "propose", "act"] | None = described("How far rollbacks go by themselves here.", "observe")
    quarantine: Literal["alarm", "rollBack"] | None = described(
        "When an automation brings back a version that was rolled back: tell, or roll it back once more untried.",
        "alarm",
    )
    migrations: Literal["optional", "required"] | None = described(
        "required: a release whose database migrations no note tells of is never rolled back, but forward.", "optional"
    )


class LimitSpec(Spec):
    """At most so many automatic rollbacks in a window."""

    max: Count | None = described("Automatic rollbacks.")
    window: Duration | None = described("Sliding window.", "1h")


class BreakerSpec(LimitSpec):
    """At most so many automatic rollbacks in the cluster, then a person is asked."""

    max: Count | None = described("Automatic rollbacks in the cluster.", 3)
    namespaces: LimitSpec | None = described("The same for each namespace by itself; default: 2 in 1h.")


class RungsSpec(Spec):
    """How far each way back may go by itself."""

    flag: RungMode | None = described("Switch the release's feature flag off.", "act")
    abort: RungMode | None = described("Abort an Argo Rollout in progress.", "act")
    git: RungMode | None = described("Revert the commit in the GitOps repository.", "act")
    undo: RungMode | None = described("Restore the last known good pod template.", "act")
    bridge: RungMode | None = described("Pin the GitOps tool until a revert is merged.", "none")
    sync: RungMode | None = described("Sync Argo CD to an earlier revision; follows git.")


class AppriseSpec(Spec):
    """A channel of any service that the apprise library knows."""

    urls_file: str | None = described("File with apprise URLs, one a line; they hold tokens.")


class WebhookSpec(Spec):
    """A channel for programs: CloudEvents over HTTP, signed."""

    url: str | None = described("Address that events are posted to.", examples=["https://events.example.com/watcher"])
    url_file: str | None = described("File with the address, instead of url, where the address holds a token.")
    secret_file: str | None = described("File with the secrets that events are signed with, one a line.")
    ca_file: str | None = described("Authority (PEM) that signed the receiver's certificate; without it the system's.")
    plain_http: StrictBool | None = described(
        "Whether an http:// address beyond this machine is meant so.", default=False
    )


class RateSpec(Spec):
    """At most so many messages in a window; the others are told by number."""

    max: Count | None = described("Messages; 20 by apprise, 1000 by webhook.")
    window: Duration | None = described("Sliding window.", "10m")


class NotificationSpec(Spec):
    """One channel that is told: apprise or webhook."""

    apprise: AppriseSpec | None = described("To people, by any service that apprise knows.")
    webhook: WebhookSpec | None = described("To programs, as signed CloudEvents.")
    stages: tuple[StageName, ...] | None = described("What is told; default: all but rung_done and passed.")
    match: MatchSpec | None = described("Only of these workloads; then nothing about the daemon itself.")
    rate: RateSpec | None = described("Limit of messages.")
    expire: Duration | None = described("Age at which a message that could not be delivered is given up.", "6h")
    link: str | None = described(
        "Address under which people reach the daemon's HTTP server; messages link there.",
        examples=["https://watcher.example.com"],
    )


class ThresholdsSpec(Spec):
    """The thresholds file: what is looked at, for which workloads, and what may be done."""

    model_config = ConfigDict(json_schema_extra={"required": ["version", "services"]})

    version: Literal[1] | None = described("Version of this syntax.")
    cluster: str | None = described("Name of the cluster, shown in decisions and notifications.")
    mode: Literal["observe", "propose", "act"] | None = described(
        "observe: say what would be done. propose: ask. act: do it.", "observe"
    )
    rungs: RungsSpec | None = described("The ways back; the strictest of mode, rung and the check's may counts.")
    false_rollbacks: FalseRollbacks | None = described(
        "How many wrong rollbacks are accepted, a release or a quarter.", "1 per 1000 releases"
    )
    sources: dict[str, SourceSpec] | None = described("Prometheus-compatible APIs by name.")
    checks: dict[str, CheckSpec] | None = described("Checks by name; services take them up.")
    services: tuple[ServiceSpec, ...] | None = described("Entries for workloads; all that match apply in order.")
    breaker: BreakerSpec | None = described("Limit of automatic rollbacks.")
    never: tuple[MatchSpec, ...] | None = described(
        "Workloads that are watched but never acted on, beside the built-in list."
    )
    freezes: dict[str, FreezeSpec] | None = described("Windows by name, in which nothing is written.")
    notifications: dict[str, NotificationSpec] | None = described("Channels by name: who is told of what.")
    flags: FlagsSpec | None = described("Providers of feature flags that releases are tied to.")
    gitops: GitOpsSpec | None = described("The way back through Git: repositories, forges, Argo CD's API, the bridge.")
