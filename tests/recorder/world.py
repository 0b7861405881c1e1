"""A cluster and a Prometheus that hold a made-up incident, and `watcher record` run against them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from typer.testing import CliRunner, Result

from tests.recorder.serving import served
from tests.replay.incident import LONG_AGO, START, THRESHOLDS, Incident, Pod, Service
from watcher.cli.application import application
from watcher.replay.openmetrics import RecordedSeries, read
from watcher.sandbox.kubernetes.kubeconfig import write_kubeconfig
from watcher.sandbox.metrics.api import QueryApi
from watcher.sandbox.metrics.store import Store, as_labels

Json = dict[str, Any]
SETS = {"StatefulSet", "DaemonSet"}
PLURALS = {
    "Deployment": "/apis/apps/v1/namespaces/shop/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/shop/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/shop/daemonsets",
    "Rollout": "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts",
}
REPLICA_SETS = "/apis/apps/v1/namespaces/shop/replicasets"
CONTROLLER_REVISIONS = "/apis/apps/v1/namespaces/shop/controllerrevisions"
PODS = "/api/v1/namespaces/shop/pods"


class Shop(Service):
    """A service whose pods are named as Kubernetes names them."""

    @property
    def kind(self) -> str:
        return self.workload.partition("/")[0]

    def _pod(self, revision: str, number: int, created: float, ready: float | None) -> Pod:
        if self.kind == "StatefulSet":
            return Pod(f"{self.name}-{number}", revision, created, ready)
        base = self.name if self.kind == "DaemonSet" else f"{self.name}-{revision}"
        serial = f"{revision}{number:05d}"[-5:] if self.kind == "Deployment" else f"{revision}{number:03d}"
        return Pod(f"{base}-{serial}", revision, created, ready)


def rfc(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Objects:
    """What the API server holds of a service at `now`: Unix seconds; pods that are gone by then it does not."""

    service: Shop
    now: float
    annotations: dict[str, str] = field(default_factory=dict)
    more: dict[str, Json] = field(default_factory=dict)  # merged into the object of this name
    lost: frozenset[str] = frozenset()  # revisions that the controller no longer keeps

    def by_path(self) -> dict[str, list[Json]]:
        kind = self.service.kind
        history = CONTROLLER_REVISIONS if kind in SETS else REPLICA_SETS
        return {PLURALS[kind]: [self._workload()], history: self._history(), PODS: self._pods()}

    def _named(self, name: str, created: float, owner: Json | None = None, **metadata: Any) -> Json:
        references = {"ownerReferences": [{**owner, "controller": True}]} if owner else {}
        found = {"metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", **references, **metadata}}
        found["metadata"]["creationTimestamp"] = rfc(created)
        return found

    def _finished(self, name: str, found: Json) -> Json:
        return merged(found, self.more.get(name, {}))

    @property
    def owner(self) -> Json:
        return {"kind": self.service.kind, "name": self.service.name, "uid": f"uid-{self.service.name}"}

    def _template(self, revision: str) -> Json:
        container = {
            "name": "app",
            "image": f"{self.service.name}:{revision}",
            "env": [{"name": "PASSWORD", "value": "s3cret"}],
        }
        return {"metadata": {"labels": {"app": self.service.name}}, "spec": {"containers": [container]}}

    def _workload(self) -> Json:
        name = self.service.name
        newest = self.service.releases[-1].revision if self.service.releases else "v1"
        found = self._named(name, LONG_AGO, annotations=self.annotations, labels={"team": "ducks"}, generation=1)
        found["spec"] = {
            "replicas": self.service.replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": self._template(newest),
            "progressDeadlineSeconds": 600,
        }
        found["status"] = {"observedGeneration": 1, "currentPodHash": newest, "stableRS": "v1"}
        found["status"]["desiredNumberScheduled"] = self.service.replicas
        return self._finished(name, found)

    def _revisions(self) -> list[tuple[str, float]]:
        return [("v1", LONG_AGO), *((each.revision, START + each.at) for each in self.service.releases)]

    def _history(self) -> list[Json]:
        return [
            self._finished(f"{self.service.name}-{revision}", self._kept(number, revision, created))
            for number, (revision, created) in enumerate(self._revisions(), start=1)
            if created <= self.now and revision not in self.lost
        ]

    def _kept(self, number: int, revision: str, created: float) -> Json:
        name = f"{self.service.name}-{revision}"
        if self.service.kind in SETS:
            found = self._named(name, created, self.owner)
            return {**found, "revision": number, "data": {"spec": {"template": self._template(revision)}}}
        prefix, label = {
            "Deployment": ("deployment.kubernetes.io", "pod-template-hash"),
            "Rollout": ("rollout.argoproj.io", "rollouts-pod-template-hash"),
        }[self.service.kind]
        annotations = {f"{prefix}/revision": str(number)}
        found = self._named(name, created, self.owner, annotations=annotations, labels={label: revision})
        return {**found, "spec": {"replicas": 0, "template": self._template(revision)}}

    def _pods(self) -> list[Json]:
        living = [each for each in self.service.pods if each.gone is None or each.gone > self.now]
        return [self._finished(each.name, self._pod(each)) for each in living if each.created <= self.now]

    def _pod(self, pod: Pod) -> Json:
        owner, labels = self.owner, {"controller-revision-hash": f"{self.service.name}-{pod.revision}"}
        if self.service.kind == "DaemonSet":
            labels = {"controller-revision-hash": pod.revision}
        elif self.service.kind != "StatefulSet":
            name = f"{self.service.name}-{pod.revision}"
            owner, labels = (
                {"kind": "ReplicaSet", "name": name, "uid": f"uid-{name}"},
                {"pod-template-hash": pod.revision},
            )
        found = self._named(pod.name, pod.created, owner, labels=labels)
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": rfc(pod.ready or 0)}
        container: Json = {"name": "app", "restartCount": 0, "state": {"running": {"startedAt": rfc(pod.created + 1)}}}
        if pod.ready is None:
            ready = {"type": "Ready", "status": "False", "lastTransitionTime": rfc(pod.created)}
            ended = {"reason": "Error", "startedAt": rfc(pod.created + 1), "finishedAt": rfc(pod.created + 5)}
            waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
            container = {"name": "app", "restartCount": 3, "state": waiting, "lastState": {"terminated": ended}}
        found |= {"spec": {"nodeName": "n1"}, "status": {"conditions": [ready], "containerStatuses": [container]}}
        return found


def merged(found: Json, more: Mapping[str, Any]) -> Json:
    return found | {
        key: merged(found[key], value) if isinstance(value, Mapping) and isinstance(found.get(key), dict) else value
        for key, value in more.items()
    }


def api(objects: Mapping[str, list[Json]]) -> web.Application:
    """An API server that lists these objects."""

    async def answer(request: web.Request) -> web.Response:
        if request.path not in objects:
            return web.json_response({"message": "the server could not find the requested resource"}, status=404)
        name = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        items = [each for each in objects[request.path] if name in ("", each["metadata"]["name"])]
        return web.json_response({"metadata": {}, "items": items})

    found = web.Application()
    found.router.add_get("/{path:.*}", answer)
    return found


def store_of(series: list[RecordedSeries]) -> Store:
    """The series as a source holds them."""
    found = Store()
    for each in series:
        for at, value in zip(each.times, each.values, strict=True):
            found.append(as_labels(each.labels.items()), round(at * 1000), value)
    return found


@dataclass
class World:
    """A served incident; `directory` holds its files, and `original` the incident itself as a recording."""

    directory: Path
    incident: Incident
    service: Shop

    @property
    def original(self) -> Path:
        return self.directory / "original"

    def record(self, name: str = "recorded", /, **settings: object) -> Result:
        """Run `watcher record` from the incident's start to its end, unless `settings` say otherwise."""
        end = START + self.incident.minutes * 60
        wanted = {
            "workload": self.service.workload,
            "from": START,
            "to": end,
            "config": self.directory / "thresholds.yaml",
            "kubeconfig": self.directory / "kubeconfig",
        } | settings
        workload = wanted.pop("workload")
        flags = [text for key, value in wanted.items() for text in (f"--{key}", value)]
        return watcher("record", workload, self.directory / name, *flags)

    def document(self, name: str = "recorded") -> Json:
        """The only workload of a recording."""
        (found,) = yaml.safe_load((self.directory / name / "recording.yaml").read_text())["workloads"]
        document: Json = found
        return document

    def samples(self, name: str = "recorded") -> list[RecordedSeries]:
        return read(self.directory / name / "metrics.om.gz")

    def replayed(self, name: str) -> list[Json]:
        result = watcher("replay", self.directory / name, "-o", "json")
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]


def watcher(*arguments: object) -> Result:
    environment = {"WATCHER_STORE": None, "WATCHER_KUBECONFIG": None, "WATCHER_CONFIG": None}
    return CliRunner().invoke(application, [str(each) for each in arguments], env=environment)


@contextmanager
def world(
    directory: Path, incident: Incident, objects: Objects | None = None, thresholds: str = THRESHOLDS
) -> Iterator[World]:
    """Serve this incident, of one service; the cluster as it is at its end, or the one that is given."""
    (service,) = incident.services
    assert isinstance(service, Shop)
    made = World(directory, incident, service)
    incident.write(made.original, thresholds)
    end = START + incident.minutes * 60
    held = (objects or Objects(service, end)).by_path()
    queries = QueryApi(store_of(read(made.original / "metrics.om")), lambda: end)
    with served(api(held), queries.application()) as (cluster, prometheus):
        write_kubeconfig(directory / "kubeconfig", cluster, None, "default")
        (directory / "thresholds.yaml").write_text(thresholds.replace("http://prometheus:9090", prometheus))
        yield made
