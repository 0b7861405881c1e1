"""The thresholds file of the benchmark, as the core knows it."""

from __future__ import annotations

from watcher.core.policy import Bake, By, CounterCheck, HistogramCheck, Identify, JudgeRules, Policy, RatioCheck
from watcher.core.words import Mode

SOURCE = "main"
REQUESTS, SECONDS = "http_requests_total", "http_request_duration_seconds_bucket"
BOUND = 0.5
CALLED = "outbound_requests_total"

ERRORS = RatioCheck("errors", SOURCE, REQUESTS, bad=((("code", "5.."),),), max=0.01, increase=2.0, floor=0.005)
LATENCY = HistogramCheck("latency", SOURCE, SECONDS, BOUND, max=0.05)
CALLERS = RatioCheck(
    "errors",
    SOURCE,
    CALLED,
    bad=((("code", "5.."),),),
    max=0.01,
    increase=2.0,
    floor=0.005,
    identify=Identify(By.WORKLOAD, namespace="destination_namespace", workload="destination"),
)


def checks(*, from_outside: bool) -> tuple[CounterCheck, ...]:
    """What is counted of a release."""
    return (CALLERS,) if from_outside else (ERRORS, LATENCY)


def policy(*, from_outside: bool) -> Policy:
    """What holds for the benchmark's workload."""
    return Policy(
        checks=checks(from_outside=from_outside),
        mode=Mode.ACT,
        bake=Bake(hold_for=1800.0),
        judge=JudgeRules(warm_up=60.0),
    )
