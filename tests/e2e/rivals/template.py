"""The success rate template of Argo Rollouts' documentation, and a Rollout with it as background analysis."""

from __future__ import annotations

from benchmarks.judge.checks import REQUESTS
from tests.e2e import workloads
from tests.e2e.controlplane import Json
from tests.e2e.rivals.archive import LABEL

NAME = "success-rate"
SELECTOR = LABEL + '="{{args.release}}",pod=~"cart-new-.*"'
QUERY = (
    f'sum(irate({REQUESTS}{{{SELECTOR},code!~"5.*"}}[5m])) / sum(irate({REQUESTS}{{{SELECTOR}}}[5m]))'  # as documented
)


def template(namespace: str, interval: str) -> Json:
    """docs/features/analysis.md of Argo Rollouts, with this interval, other labels, and an address for each release."""
    provider = {"prometheus": {"address": "{{args.address}}", "query": QUERY}}
    metric = {
        "name": NAME,
        "interval": interval,
        "successCondition": "result[0] >= 0.95",
        "failureLimit": 3,
        "provider": provider,
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"namespace": namespace, "name": NAME},
        "spec": {"args": [{"name": "release"}, {"name": "address"}], "metrics": [metric]},
    }


def rollout(namespace: str, name: str, image: str, address: str) -> Json:
    """A Rollout of one pod that stays at its first step; the template analyses the release of its name meanwhile."""
    manifest = workloads.rollout(namespace, name, image, replicas=1)
    arguments = [{"name": "release", "value": name}, {"name": "address", "value": address}]
    manifest["spec"]["strategy"]["canary"]["analysis"] = {"templates": [{"templateName": NAME}], "args": arguments}
    return manifest
