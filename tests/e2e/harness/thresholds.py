"""The thresholds file of the daemons under test: short times, everything else as a user would write it."""

from __future__ import annotations

from typing import Any

from tests.e2e.controlplane import Json


def thresholds(prometheus: str, namespace: str, *, mode: str = "act", **service: Any) -> Json:
    """A thresholds file for all workloads of one namespace.

    ``prometheus`` is the address of the only source. ``service`` adds keys to the only entry of ``services``, or
    replaces some of it, for instance ``bake={"for": "1m"}``.
    """
    limit = {"max": 100, "window": "1h"}
    return {
        "version": 1,
        "cluster": "tests",
        "mode": mode,
        "sources": {"main": {"url": prometheus, "interval": "1s"}},
        "checks": {
            "errors": {"total": "http_requests_total", "bad": {"code": "5.."}, "max": "1%", "increase": "2x"},
            "latency": {"histogram": "http_request_duration_seconds", "slowerThan": "500ms", "max": "5%"},
        },
        "services": [
            {
                "match": {"namespace": namespace},
                "checks": {"errors": {}, "latency": {}},
                "bake": {"for": "5s", "max": "10m"},
                "judge": {"warmUp": "0s"},
                "availability": {"progressDeadline": "8s"},
                "cooldown": "1s",
                **service,
            }
        ],
        "breaker": {**limit, "namespaces": limit},
    }
