"""For each kind of finding facts that show it, and a near miss: as like as can be, with nothing wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.doctor.healthy import (
    BY_APP,
    CART,
    DAY,
    ERRORS,
    GATEWAY,
    GOOD,
    LATENCY,
    NOW,
    POD,
    analysis,
    check,
    facts,
    source,
    traffic,
    workload,
)
from tests.doctor.of_flags import OF_FLAGS
from tests.doctor.of_git import OF_GIT
from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.permissions import Permission
from watcher.core.model import RolloutStatus, Workload
from watcher.core.policy import Bake, By, Identify, Policy, Replicas
from watcher.core.words import Kind, Mode
from watcher.doctor.facts import (
    AccessFacts,
    CheckFacts,
    ConfigMap,
    Container,
    Entry,
    Facts,
    MigrationFacts,
    Probe,
    ProcessFacts,
    Requests,
    Series,
    Traffic,
)
from watcher.doctor.gathering.access import BEYOND

PATCH = Permission("patch", resources.DEPLOYMENTS, purpose="to put a template back")
SECRETS = next(each for each in BEYOND if each.resource.plural == "secrets")
APPLICATIONS = next(each for each in BEYOND if each.resource.plural == "applications")
OTHER = Workload(Kind.DEPLOYMENT, "lab", "probe")
BATCH = Workload(Kind.DEPLOYMENT, "shop", "batch")


def allowed(**access: tuple[Permission, ...]) -> Facts:
    return facts(access=AccessFacts("this account", **access))


def image(text: str, pull: str = "IfNotPresent", readiness: Probe | None = Probe()) -> Facts:  # noqa: B008 - frozen
    return facts(workload(containers=(Container("app", text, pull, readiness),)))


def configured(**config: object) -> Facts:
    return facts(workload(configs=(ConfigMap("cart-config", **config),)))  # type: ignore[arg-type]


def noted(**migrations: object) -> Facts:
    return facts(workload(migrations=MigrationFacts(**migrations)))  # type: ignore[arg-type]


def asked(*checks: object) -> Facts:
    return facts(checks=tuple(checks))  # type: ignore[arg-type]


def windows(*requests: Requests) -> Facts:
    ordinary = (Requests(900.0, 1.0),) * (96 - len(requests))
    busy = {CART: Traffic(900.0, (*requests, *ordinary))}
    return asked(check(traffic=busy))


def labelled(**labels: str) -> tuple[Series, ...]:
    return (Series({"namespace": "shop", "pod": POD, **labels}),)


def timed(*owners: Workload) -> CheckFacts:
    """A latency check that sees these workloads."""
    return check(LATENCY, users=owners, owners=frozenset(owners), traffic={})


PAUSED_ROLLOUT = RolloutStatus("canary", "b", "b", paused=True)
MONTH_OLD = replace(GOOD, template_id="t0", revision="gone", last_ran=NOW - DAY)
BAKE = Policy((ERRORS, LATENCY), Mode.ACT, bake=Bake(1800.0, 14400.0, min_requests=2000))

PAIRS: Mapping[str, tuple[Facts, Facts]] = {
    **OF_GIT,
    **OF_FLAGS,
    "cluster-unreadable": (facts(problem="cannot reach the API server"), facts()),
    "kind-unreadable": (facts(unread=("ReplicaSets: forbidden",)), facts(unread=())),
    "permission-missing": (allowed(missing=(PATCH,)), allowed()),
    "permission-takeover": (allowed(beyond=(SECRETS,)), allowed()),
    "permission-beyond": (allowed(beyond=(APPLICATIONS,)), allowed()),
    "permission-unused": (allowed(unused=(PATCH,)), allowed()),
    "unmatched-workloads": (facts(unmatched=(OTHER,)), facts()),
    "entry-matches-nothing": (facts(entries=(Entry(2, "thresholds.yaml:12", 0),)), facts()),
    "store-unwritable": (facts(process=ProcessFacts("/w.db", "it may not be written")), facts()),
    "disk-low": (facts(process=ProcessFacts("/w.db", free_bytes=100 * 2**20)), facts()),
    "no-history": (facts(workload(history_limit=0)), facts(workload(history_limit=3))),
    "history-short": (facts(workload(history_limit=1)), facts(workload(history_limit=3))),
    "target-pruned": (
        facts(workload(known_good=(GOOD, MONTH_OLD))),
        facts(workload(known_good=(GOOD, MONTH_OLD, replace(GOOD, template_id="ta", last_ran=NOW - DAY)))),
    ),
    "no-known-good": (facts(workload(known_good=())), facts(workload(known_good=None))),
    "owned": (facts(workload(owner="Postgresql/orders")), facts()),
    "paused": (facts(workload(paused=True)), facts(workload(rollout=replace(PAUSED_ROLLOUT, paused=False)))),
    "config-moved": (configured(changed=NOW - DAY), configured(changed=NOW - DAY, immutable=True)),
    "migration-notes-missing": (noted(config_map="notes", exists=False), noted(config_map="notes", says=True)),
    "migration-note-broken": (noted(config_map="notes", broken=("a.yaml:1:1 name is missing; add it",)), noted()),
    "down-job-missing": (
        noted(config_map="notes", downs=True, lacking=(("drop-price", "cart-down"),)),
        noted(config_map="notes", downs=True),
    ),
    "mutable-tag": (image("shop/cart:latest"), image("shop/cart:latest@sha256:0a1b")),
    "tag-always-pulled": (image("shop/cart:1.2.0", "Always"), image("shop/cart:1.2.0@sha256:0a1b", "Always")),
    "no-readiness-probe": (
        image("shop/cart:1.2.0", readiness=None),
        facts(workload(containers=(Container("app", "a:1", readiness=Probe()), Container("sidecar", "b:1")))),
    ),
    "readiness-lax": (
        image("shop/cart:1.2.0", readiness=Probe(30, 10)),
        image("shop/cart:1.2.0", readiness=Probe(20, 3)),
    ),
    "undo-interrupts": (facts(workload(recreates=True, desired=1)), facts(workload(desired=1, max_unavailable=0))),
    "progress-deadline": (facts(workload(deadline=2147483647)), facts(workload(deadline=3600))),
    "check-refused": (asked(check(problem="parse error")), asked(check())),
    "query-empty": (asked(check(series=(), owners=frozenset())), asked(check())),
    "no-versions": (
        asked(
            check(
                replace(ERRORS, identify=Identify(By.WORKLOAD, workload="app")),
                series=(Series({"namespace": "shop", "app": "cart"}),),
            )
        ),
        asked(
            check(
                replace(ERRORS, identify=BY_APP, may=Mode.PROPOSE),
                series=(Series({"namespace": "shop", "app": "cart"}),),
            )
        ),
    ),
    "label-missing": (
        asked(check(series=(Series({"namespace": "shop"}),))),
        asked(check(series=(*labelled(), Series({"namespace": "shop"})))),
    ),
    "bound-no-bucket": (
        asked(check(LATENCY, bounds=("0.1", "0.25", "1.0", "+Inf"))),
        asked(check(LATENCY, bounds=("0.1", "5e-1", "1.0", "+Inf"))),
    ),
    "bad-matches-nothing": (
        asked(check(values={"code": frozenset({"ok", "error"})})),
        asked(check(values={"code": frozenset({"200", "301"})})),
    ),
    "blind": (
        asked(check(series=(), owners=frozenset())),
        facts(workload(desired=0), checks=(check(series=(), owners=frozenset()),)),
    ),
    "check-without-series": (
        facts(workload(), workload(BATCH), checks=(check(users=(CART, BATCH)), timed(BATCH))),
        facts(workload(), workload(BATCH, desired=0), checks=(check(users=(CART, BATCH)), timed(BATCH))),
    ),
    "pods-unresolved": (
        asked(check(series=(*labelled(), Series({"namespace": "shop", "pod": "exporter-0"})))),
        asked(check(series=(*labelled(), Series({"namespace": "shop", "pod": "cart-a-q9w8e"})))),
    ),
    "gateway-labels": (
        facts(
            pods={("shop", POD): CART, ("shop", "gateway-1-aaaaa"): GATEWAY},
            checks=(check(series=(Series({"namespace": "shop", "pod": "gateway-1-aaaaa", "ingress": "cart"}),)),),
        ),
        facts(
            pods={("shop", POD): CART, ("shop", "gateway-1-aaaaa"): GATEWAY},
            checks=(
                check(
                    series=(
                        *labelled(destination_workload="cart"),
                        Series({"namespace": "shop", "pod": "gateway-1-aaaaa"}),
                    )
                ),
            ),
        ),
    ),
    "breached-already": (windows(*[Requests(900.0, 60.0)] * 3), windows(*[Requests(900.0, 60.0)] * 2)),
    "traffic-too-low": (
        asked(check(traffic={CART: traffic(0.1, 0.0)})),
        asked(check(traffic={CART: traffic(3.0, 0.0)})),
    ),
    "min-requests-too-many": (
        facts(workload(policy=BAKE), checks=(check(traffic={CART: traffic(100.0, 0.0)}),)),
        facts(workload(policy=BAKE), checks=(check(traffic={CART: traffic(150.0, 0.0)}),)),
    ),
    "source-unreachable": (facts(sources=(source(problem="HTTP 502"),)), facts()),
    "scrape-interval-differs": (facts(sources=(source(interval=60.0),)), facts(sources=(source(interval=15.4),))),
    "watermark-lags": (facts(sources=(source(lag=240.0),)), facts(sources=(source(lag=40.0),))),
    "clock-skew": (facts(sources=(source(skew=-31.0),)), facts(sources=(source(skew=-4.0),))),
    "ha-pair": (
        facts(sources=(source(answers=2),)),
        facts(sources=(source(answers=2, replicas=Replicas.SEPARATE),)),
    ),
    "partial-response": (facts(sources=(source(warnings="store 2 is down"),)), facts()),
    "retention-short": (facts(sources=(source(retention=7200.0),)), facts(sources=(source(retention=2 * DAY),))),
    "other-tool-decides": (facts(workload(others=("Flagger (Canary shop/cart)",))), facts()),
    "analysis-decides-too": (facts(workload(analysed=True)), facts()),
    "helm-may-roll-back": (facts(workload(helm="shop")), facts()),
    "analysis-judges-nothing": (facts(analyses=(analysis(success=""),)), facts(analyses=(analysis(),))),
    "analysis-measures-once": (
        facts(analyses=(analysis(background=True, interval="", count=""),)),
        facts(analyses=(analysis(interval="", count=""),)),
    ),
    "analysis-never-ends": (
        facts(analyses=(analysis(count=""),)),
        facts(analyses=(analysis(count="", background=True),)),
    ),
    "analysis-fails-on-no-data": (
        facts(analyses=(analysis(success="result[0] >= 0.95"),)),
        facts(analyses=(analysis(success="len(result) == 0 || result[0] >= 0.95"),)),
    ),
}
"""By the id of the finding: the defect, and its near miss."""
