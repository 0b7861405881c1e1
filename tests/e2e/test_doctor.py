"""The preflight on a real cluster and a real Prometheus: every defect is found, and nothing is said of near misses."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, Prometheus, eventually
from tests.e2e.controlplane.credentials import NAMESPACE
from tests.e2e.harness import Shop
from tests.e2e.harness.daemon import PROGRAM
from tests.e2e.harness.permissions import READER, leads, lets_act, reads_holds
from tests.e2e.relay import Relay

LOOKED_BACK = 60  # seconds: the services are young
UNTIL_MOVED = 65.0  # seconds after a rollout from which on a change of its ConfigMap is one of its own
ROLLS = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}

DEFECTS = {
    "no-history": "Deployment/{shop}/history",
    "mutable-tag": "Deployment/{shop}/tag",
    "no-readiness-probe": "Deployment/{shop}/probe",
    "undo-interrupts": "Deployment/{shop}/single",
    "progress-deadline": "Deployment/{shop}/deadline",
    "paused": "Deployment/{shop}/paused",
    "config-moved": "Deployment/{shop}/config",
    "other-tool-decides": "Deployment/{shop}/other",
    "blind": "Deployment/{shop}/blind",
    "breached-already": "Deployment/{shop}/failing",
    "traffic-too-low": "Deployment/{shop}/quiet",
    "gateway-labels": "check errors",
    "query-empty": "check gone",
    "bound-no-bucket": "check latency",
    "bad-matches-nothing": "check status",
    "scrape-interval-differs": "source second",
    "ha-pair": "source pair",
    "permission-missing": f"ServiceAccount {NAMESPACE}/{READER}",
    "entry-matches-nothing": "entry 4 of services",
    "analysis-fails-on-no-data": "AnalysisTemplate/{shop}/success",
}
"""By the id of the finding: what it is about, or how that begins."""


class Place:
    """Two namespaces with the same services, each spoilt in its own way or only nearly so."""

    def __init__(self, plane: ControlPlane, *, spoilt: bool) -> None:
        self.plane, self.spoilt = plane, spoilt
        name = f"{'spoilt' if spoilt else 'clean'}-{uuid4().hex[:6]}"
        self.shop, self.edge = Shop(plane, plane.namespace(name)), Shop(plane, plane.namespace(f"{name}-edge"))

    def either(self, defect: Any, near: Any) -> Any:
        """What is here of the two."""
        return defect if self.spoilt else near

    def build(self) -> None:
        """Deploy everything."""
        either, immutable = self.either, not self.spoilt
        self.config = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "immutable": immutable,
            "data": {"colour": "red"},
            "metadata": {"namespace": self.shop.namespace, "name": "settings"},
        }
        self.plane.admin.apply(self.config)
        self.add("history", revisionHistoryLimit=either(0, 3))
        self.add("tag", image=either("shop/tag:stable", "shop/tag:v1"))
        self.add("probe", probe=not self.spoilt)
        self.add("single", replicas=1, strategy=either({"type": "Recreate"}, ROLLS))
        self.add("deadline", progressDeadlineSeconds=either(86400, 600))
        self.add("paused")
        self.add("config", container={"envFrom": [{"configMapRef": {"name": "settings"}}]})
        self.add("other", annotations={either("keptn.sh/workload", "example.com/workload"): "other"})
        self.add("blind", image=either("shop/blind:1-rps0", "shop/blind:1-rps20"))
        self.add("failing", image=either("shop/failing:1-err50", "shop/failing:1-err0.5"))
        self.add("quiet", image=either("shop/quiet:1-rps0.1", "shop/quiet:1-rps1"))
        self.add("cart", shop=self.edge, image=either("shop/cart:1-rps0", "shop/cart:1-rps20"))
        self.add("api-gateway", shop=self.edge)
        self.canary()
        for shop in (self.shop, self.edge):
            self.plane.admin.apply_all(reads_holds(READER if self.spoilt else "watcher", shop.namespace))
            if not self.spoilt:
                self.plane.admin.apply_all([lets_act("watcher", shop.namespace), leads("watcher", shop.namespace)])

    def add(
        self,
        name: str,
        image: str = "",
        shop: Shop | None = None,
        probe: bool = True,
        container: Json | None = None,
        annotations: dict[str, str] | None = None,
        **spec: Any,
    ) -> None:
        """A Deployment with which nothing else is wrong."""
        shop = shop or self.shop
        made = workloads.deployment(shop.namespace, name, image or f"shop/{name}:1", **({"replicas": 2} | spec))
        made["metadata"]["annotations"] = annotations or {}
        app = made["spec"]["template"]["spec"]["containers"][0] | (container or {})
        if probe:
            app["readinessProbe"] = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5}
        made["spec"]["template"]["spec"]["containers"] = [app]
        self.plane.admin.apply(made)

    def canary(self) -> None:
        """A Rollout with a background analysis."""
        condition = self.either("result[0] >= 0.95", "len(result) == 0 || result[0] >= 0.95")
        provider = {"prometheus": {"address": "http://prometheus:9090", "query": "vector(1)"}}
        metric = {"name": "success", "interval": "1m", "successCondition": condition, "provider": provider}
        template = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AnalysisTemplate",
            "spec": {"metrics": [metric]},
            "metadata": {"namespace": self.shop.namespace, "name": "success"},
        }
        self.plane.admin.apply(template)
        made = workloads.rollout(self.shop.namespace, "canary", "shop/canary:1", replicas=2)
        made["spec"]["strategy"]["canary"]["analysis"] = {"templates": [{"templateName": "success"}]}
        made["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = {"tcpSocket": {"port": 8080}}
        self.plane.admin.apply(made)

    def settled(self) -> None:
        """Wait until everything serves, and do what can only be done then."""
        for shop in (self.shop, self.edge):
            path = self.plane.admin.path("Deployment", shop.namespace)
            eventually(partial(self._all_rolled_out, path), 90, f"all of {shop.namespace} is rolled out")
        paused = self.plane.admin.path("Deployment", self.shop.namespace, "paused")
        self.plane.admin.patch(paused, {"spec": {"paused": self.spoilt}})

    def _all_rolled_out(self, path: str) -> bool:
        """Whether every Deployment serves."""
        return all(_rolled_out(live) for live in self.plane.admin.items(path))

    def move_config(self) -> None:
        """Change the ConfigMap, or where it is immutable only an annotation of it."""
        changed = {"data": {"colour": "blue"}} if self.spoilt else {"metadata": {"annotations": {"seen": "yes"}}}
        self.plane.admin.patch(self.plane.admin.path_of(self.config), changed)

    def thresholds(self, prometheus: str, pair: str, file: Path) -> Path:
        """The thresholds file."""
        either, bake = self.either, {"for": "5s", "max": "10m"}
        errors = {"total": "http_requests_total", "bad": {"code": "5.."}, "max": "1%", "minBad": 100}
        checks = {
            "errors": errors,
            "latency": {
                "histogram": "http_request_duration_seconds",
                "max": "5%",
                "slowerThan": either("300ms", "500ms"),
            },
            "gone": errors | {"total": either("requests_total", "http_requests_total")},
            "status": errors | {"bad": either({"status": "5.."}, {"code": "50."})},
            "second": errors | {"source": "second"},
            "pair": errors | {"source": "pair"},
        }
        document = {
            "version": 1,
            "mode": "act",
            "sources": {
                "main": {"url": prometheus, "interval": "1s"},
                "second": {"url": prometheus, "interval": either("30s", "1s")},
                "pair": {"url": pair, "interval": "1s"},
            },
            "checks": checks,
            "services": [
                {
                    "match": {"namespace": self.shop.namespace},
                    "checks": {"errors": {}},
                    "bake": bake,
                },
                {
                    "match": {"namespace": self.shop.namespace, "name": "history"},
                    "checks": {name: {} for name in checks},
                },
                {
                    "match": {"namespace": self.edge.namespace, "name": "cart"},
                    "checks": {"errors": {}},
                    "bake": bake,
                },
                {
                    "match": {"namespace": self.shop.namespace, "name": either("hystory", "history")},
                    "cooldown": "1h",
                },
            ],
        }
        file.write_text(yaml.safe_dump(document))
        return file

    def examined(self, thresholds: Path) -> tuple[int, Json]:
        """Exit code and answer of the preflight, of a person who may read everything, about the daemon's account."""
        account = f"{NAMESPACE}/{READER if self.spoilt else 'watcher'}"
        arguments = [f"--config={thresholds}", f"--kubeconfig={self.plane.kubeconfig('alice')}", f"--account={account}"]
        arguments += [f"--namespace={shop.namespace}" for shop in (self.shop, self.edge)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHER_")}
        done = subprocess.run(
            [PROGRAM, "doctor", *arguments, f"--since={LOOKED_BACK}s", "-o", "json"],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            env=environment | {"WATCHER_NAMESPACE": self.shop.namespace},
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


def _rolled_out(live: Json) -> bool:
    return bool(live.get("status")) and workloads.rolled_out({"kind": "Deployment", **live})


@pytest.fixture
def pair(prometheus: Prometheus, another_prometheus: Callable[[], Prometheus]) -> Iterator[str]:
    """Two Prometheis behind one address: the Service before them is a stand-in."""
    other = another_prometheus()
    other.start()
    relay = Relay(prometheus.url, other.url)
    relay.start()
    yield relay.url
    relay.stop()
    other.kill()


def test_every_defect_is_found_and_of_near_misses_nothing(
    rbac: None,
    control_plane: ControlPlane,
    prometheus: Prometheus,
    pair: str,
    tmp_path: Path,
    measured: Callable[[str], None],
) -> None:
    spoilt, clean = Place(control_plane, spoilt=True), Place(control_plane, spoilt=False)
    for place in (spoilt, clean):
        place.build()
    for place in (spoilt, clean):
        place.settled()
    since = time.monotonic()
    eventually(lambda: time.monotonic() - since > UNTIL_MOVED, UNTIL_MOVED + 30, "some ordinary operation", every=1.0)
    for place in (spoilt, clean):
        place.move_config()

    begun = time.monotonic()
    code, found = spoilt.examined(spoilt.thresholds(prometheus.url, pair, tmp_path / "spoilt.yaml"))
    took = time.monotonic() - begun
    subjects = [(each["id"], each["subject"]) for each in found["findings"]]
    for id_, subject in DEFECTS.items():
        wanted = subject.format(shop=spoilt.shop.namespace)
        assert any(id_ == each and name.startswith(wanted) for each, name in subjects), (id_, wanted, subjects)
    assert code == 6

    code, found = clean.examined(clean.thresholds(prometheus.url, prometheus.url, tmp_path / "clean.yaml"))
    worth = [(each["id"], each["what"]) for each in found["findings"] if each["severity"] != "info"]
    assert worth == []
    assert code == 0
    assert {each["sight"] for each in found["workloads"]} == {"watchable"}
    assert all(each["seconds"] for each in found["workloads"])
    measured(f"preflight: {len(DEFECTS)} of {len(DEFECTS)} defects found in {took:.1f} s, 0 of their near misses")
