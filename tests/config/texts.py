"""Thresholds for tests: a good file, and ways to spoil it."""

from __future__ import annotations

from watcher.config import ConfigError, Thresholds, loads
from watcher.core.policy import Subject

GOOD = """\
version: 1
sources:
  main: {url: http://prometheus:9090}
checks:
  errors: {total: http_requests_total, bad: {code: "5.."}, max: 1%}
  latency: {histogram: http_request_duration_seconds, slowerThan: 500ms, max: 5%}
services:
  - match: {namespace: shop}
    checks: {errors: {}, latency: {}}
"""


def problems(text: str | bytes) -> list[str]:
    """The problems of a text, as `LINE:COLUMN what; remedy`; empty when it is good."""
    try:
        loads(text, "f")
    except ConfigError as error:
        return [str(problem).removeprefix("f:") for problem in error.problems]
    return []


def spoilt(old: str, new: str) -> str:
    """The good file with one replacement."""
    assert GOOD.count(old) == 1, f"{old!r} must be in the good file once"
    return GOOD.replace(old, new)


def with_check(check: str) -> str:
    """The good file with one more check, `extra`, given in flow style; it stands in line 7."""
    return GOOD.replace("services:", f"  extra: {check}\nservices:")


def thresholds(services: str, top: str = "") -> Thresholds:
    """Thresholds with these entries of services (and further keys)."""
    return loads(GOOD[: GOOD.index("services:")] + top + "services:\n" + services)


def deployment(namespace: str = "shop", name: str = "checkout", **labels: str) -> Subject:
    return Subject("Deployment", namespace, name, labels)
