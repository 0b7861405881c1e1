"""From merged settings to the plain values of the core."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from watcher.config.checks import HISTOGRAM, RATIO
from watcher.config.defaults import NO_FLAG
from watcher.core.measuring.patterns import joined
from watcher.core.policy import (
    DEFAULT_RUNGS,
    TARGET_INFO,
    Auth,
    Bake,
    By,
    Check,
    Delivery,
    HistogramCheck,
    Identify,
    JudgeRules,
    KnownGoodRules,
    Limit,
    PartialResponse,
    Patterns,
    Policy,
    Promise,
    QueryCheck,
    RatioCheck,
    Replicas,
    Source,
    Tls,
)
from watcher.core.words import Mode, Provenance

if TYPE_CHECKING:
    from watcher.config.defaults import Key
    from watcher.config.merging import Effective, EffectiveCheck
    from watcher.config.models import IdentifySpec, SourceSpec
    from watcher.config.values import FalseRollbacks

MAY = {"act": Mode.ACT, "propose": Mode.PROPOSE, "notify": Mode.OBSERVE}


def policy(effective: Effective, promise: FalseRollbacks, *, never: bool) -> Policy:
    """The policy that these settings make."""

    def value(*key: str) -> Any:
        return effective.settings[key].value

    return Policy(
        checks=tuple(_check(check) for check in effective.checks),
        mode=Mode(value("mode")),
        rungs=tuple((rung, Mode(value("rungs", rung))) for rung, _ in DEFAULT_RUNGS),
        require=effective.require.value,
        bake=Bake(float(value("bake", "for")), float(value("bake", "max")), value("bake", "minRequests")),
        known_good=KnownGoodRules(
            float(value("knownGood", "soak")),
            float(value("knownGood", "maxAge")),
            Provenance(value("knownGood", "accept")),
        ),
        judge=JudgeRules(
            float(value("judge", "warmUp")), float(value("judge", "blameWindow")), value("judge", "earlyPass")
        ),
        promise=Promise(promise.count, promise.releases),
        availability=MAY[value("availability", "may")],
        traffic=MAY[value("traffic", "may")],
        progress_deadline=float(value("availability", "progressDeadline")),
        cooldown=float(value("cooldown")),
        breaker=_limit(effective, ("breaker",)),
        namespace_breaker=_limit(effective, ("breaker", "namespaces")),
        never=never,
        repeat=value("quarantine") == "rollBack",
        migrations_required=value("migrations") == "required",
        bridge_for=float(value("gitops", "bridge", "for")),
        flag="" if value("flag") == NO_FLAG else value("flag"),
    )


def _limit(effective: Effective, key: Key) -> Limit:
    settings = effective.settings
    return Limit(settings[*key, "max"].value, float(settings[*key, "window"].value))


def _number(check: EffectiveCheck, key: str) -> float | None:
    setting = check.settings.get(key)
    return None if setting is None else float(setting.value)


def _check(check: EffectiveCheck) -> Check:
    common: dict[str, Any] = {
        "name": check.name,
        "source": check.settings["source"].value,
        "max": _number(check, "max"),
        "may": MAY[check.settings["may"].value],
        "identify": identify(check.settings["identify"].value),
    }
    if check.kind not in (RATIO, HISTOGRAM):
        return QueryCheck(
            query=check.spec.query or "", min=_number(check, "min"), hold_for=_number(check, "for") or 0.0, **common
        )
    common |= {
        "increase": _number(check, "increase"),
        "floor": _number(check, "floor"),
        "only": matchers(check.spec.only),
        "exclude": matchers(check.spec.exclude),
        "min_bad": check.settings["minBad"].value,
    }
    if check.kind == HISTOGRAM:
        return HistogramCheck(histogram=check.spec.histogram or "", bound=bound(check), **common)
    return RatioCheck(total=check.spec.total or "", bad=bad(check), errors=check.spec.errors or "", **common)


def bound(check: EffectiveCheck) -> float:
    """The bucket bound of a histogram check in the metric's own unit."""
    scale = 1000 if check.settings["unit"].value == "milliseconds" else 1
    return round(float(check.settings["slowerThan"].value) * scale, 9)


def bad(check: EffectiveCheck) -> tuple[Patterns, ...]:
    """What makes a request bad, as alternatives."""
    return tuple(matchers(alternative) for alternative in check.spec.bad or ())


def matchers(patterns: dict[str, tuple[str, ...]] | None) -> Patterns:
    """(label, pattern) pairs; several patterns of one label become one."""
    return tuple((label, joined(each)) for label, each in (patterns or {}).items())


def identify(spec: IdentifySpec) -> Identify:
    """Which labels name the server of a request."""
    by = By(spec.by or "pod")
    if by is By.FIXED:
        return Identify(by=by, namespace="", pod="")
    namespace = "namespace" if spec.namespace is None else spec.namespace
    if by is By.POD and spec.join is not None:
        named = spec.namespace or "k8s_namespace_name", spec.pod or "k8s_pod_name"
        return Identify(by=by, namespace=named[0], pod=named[1], join=TARGET_INFO)
    if by is By.POD:
        return Identify(by=by, namespace=namespace, pod=spec.pod or "pod")
    found = Identify(
        by=by,
        namespace=namespace,
        pod="",
        workload=(spec.service if by is By.SERVICE else spec.workload) or "",
        strip=spec.strip or (),
        map=tuple((spec.map or {}).items()),
    )
    if by is By.VERSION:
        return replace(found, version=spec.version or "", pod_label=spec.pod_label or "version")
    if by is By.ROLE:
        canary, stable = _role(spec.canary, "canary"), _role(spec.stable, "stable")
        return replace(found, role=spec.role or "", canary=canary, stable=stable)
    return found


def _role(patterns: tuple[str, ...] | None, default: str) -> str:
    return default if patterns is None else joined(patterns)


def source(name: str, spec: SourceSpec, directory: str) -> Source:
    """A source as adapters take it; relative files count from `directory`."""

    def absolute(file: str | None) -> str:
        return str(PurePosixPath(directory, file)) if file else ""

    auth, tls = spec.auth, spec.tls
    return Source(
        name=name,
        url=(spec.url or "").rstrip("/"),
        interval=None if spec.interval is None else float(spec.interval),
        tenant=spec.tenant or "",
        auth=Auth(absolute(auth.bearer_file), auth.user or "", absolute(auth.password_file)) if auth else Auth(),
        tls=Tls(absolute(tls.ca_file), absolute(tls.cert_file), absolute(tls.key_file)) if tls else Tls(),
        headers=tuple((spec.headers or {}).items()),
        scope=tuple((spec.scope or {}).items()),
        replicas=Replicas(spec.replicas or "single"),
        partial_response=PartialResponse(spec.partial_response or "refuse"),
        delivery=Delivery(spec.delivery or "scrape"),
    )
