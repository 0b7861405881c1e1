"""What happened, recorded from a cluster and a Prometheus, is judged as what happened."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.recorder.world import Objects, Shop, World, world
from tests.replay.incident import LONG_AGO, START, THRESHOLDS, Incident, Release
from watcher.recorder.writing import moment

TOLERATED = 30.0  # seconds; one block: when a pod that is gone came and went is known to a scrape
SAME = ("workload", "revision", "verdict", "action", "mode", "guard", "target", "rung", "check")


def same(world: World) -> dict[str, Any]:
    """The row of the recording, which must be that of the incident."""
    (was,), (row,) = world.replayed("original"), world.replayed("recorded")
    row |= {key: row[key] and row[key].removeprefix("cart-") for key in ("revision", "target")}  # of sets
    assert {key: row[key] for key in SAME} == {key: was[key] for key in SAME}
    assert (row["at"] is None) == (was["at"] is None)
    if row["at"] is not None:
        assert abs(row["at"] - was["at"]) <= TOLERATED
    return row


@pytest.mark.parametrize(
    ("service", "verdict"),
    [
        (Shop(releases=[Release("v2", 300, errors=0.2)]), "breach"),
        (Shop(releases=[Release("v2", 300, slow=0.3)]), "breach"),
        (Shop(releases=[Release("v2", 300)]), "pass"),
        (Shop(releases=[Release("v2", 300, crashing=True)]), "breach"),
        (Shop("Rollout/shop/cart", canary=0.25, releases=[Release("v2", 300, errors=0.3)]), "breach"),
        (Shop("DaemonSet/shop/cart", releases=[Release("v2", 300, errors=0.2)]), "breach"),
        (Shop("StatefulSet/shop/cart", releases=[Release("v2", 300, errors=0.2)]), "breach"),
    ],
    ids=["errors", "slow", "good", "crashing", "canary", "daemon set", "stateful set"],
)
def test_the_verdict_is_that_of_the_incident(tmp_path: Path, service: Shop, verdict: str) -> None:
    with world(tmp_path, Incident([service])) as made:
        result = made.record()
    assert result.exit_code == 0, result.output
    assert same(made)["verdict"] == verdict


BAD = Release("v2", 300, errors=0.2)
BACK = START + 1200


def rolled_back(**more: Any) -> tuple[Incident, Objects]:
    """Version 2 is bad, and version 1 comes back; its ReplicaSet has the third number then."""
    service = Shop(releases=[BAD, Release("v1", 1200)])
    made = Shop(releases=[BAD])
    made.pods = service.pods = [replace(each, name=f"{each.name[:-1]}{n}") for n, each in enumerate(service.pods)]
    revision = {"deployment.kubernetes.io/revision": "3", "deployment.kubernetes.io/revision-history": "1"}
    annotations = {"metadata": {"annotations": revision | more}}
    return Incident([service]), Objects(made, START + 1800, more={"cart-v1": annotations})


def test_a_persons_way_back_is_one_more_revision(tmp_path: Path) -> None:
    incident, objects = rolled_back()
    with world(tmp_path, incident, objects) as made:
        result = made.record()
    assert result.exit_code == 0, result.output
    revisions = made.document()["revisions"]
    assert [(each["revision"], each["created"]) for each in revisions] == [
        ("v1", moment(LONG_AGO)),
        ("v2", moment(START + 300)),
        ("v1", moment(BACK + 1)),
    ]
    assert "derived: from the first pod that was made again, when these revisions came back: v1\n" in result.stderr
    bad, back = made.replayed("recorded")
    assert (bad["action"], bad["target"]) == ("roll_back", "v1")
    assert (back["revision"], back["action"]) == ("v1", "none")


def test_watchers_own_way_back_is_left_out(tmp_path: Path) -> None:
    incident, objects = rolled_back(**{"watcher.dev/undo": "7fbb"})
    with world(tmp_path, incident, objects) as made:
        result = made.record()
    assert [each["revision"] for each in made.document()["revisions"]] == ["v1", "v2"]
    assert "missing: the return of revision v1, which watcher itself brought about" in result.stderr
    (row,) = made.replayed("recorded")
    assert (row["action"], row["target"]) == ("roll_back", "v1")


def test_a_return_of_which_nobody_knows_when_is_said_to_be_missing(tmp_path: Path) -> None:
    incident, objects = rolled_back()
    objects.service.pods = incident.services[0].pods = [each for each in objects.service.pods if each.created < BACK]
    with world(tmp_path, incident, objects) as made:
        result = made.record()
    assert [each["revision"] for each in made.document()["revisions"]] == ["v1", "v2"]
    assert "missing: the return of revision v1: nobody knows when that was" in result.stderr


def test_what_is_not_sure_of_pods_that_are_gone_is_not_guessed(tmp_path: Path) -> None:
    """Pods of a StatefulSet keep their names, so two releases leave series of which nobody can tell the versions."""
    service = Shop("StatefulSet/shop/cart", replicas=2, releases=[Release("v2", -1000), Release("v3", 300, errors=0.2)])
    with world(tmp_path, Incident([service])) as made:
        result = made.record()
    assert {each["revision"] for each in made.document()["pods"]} == {"cart-v3"}
    assert "missing: pods of which it is not sure what revision they were of: cart-0, cart-1\n" in result.stderr


def test_pods_of_a_revision_that_is_no_longer_kept_are_left_out(tmp_path: Path) -> None:
    service = Shop(releases=[BAD])
    with world(tmp_path, Incident([service]), Objects(service, START + 1800, lost=frozenset({"v1"}))) as made:
        result = made.record()
    assert result.exit_code == 0, result.output
    assert {each["revision"] for each in made.document()["pods"]} == {"v2"}
    assert {each.labels["pod"].split("-")[1] for each in made.samples()} == {"v2"}


def test_only_what_the_checks_need_is_recorded(tmp_path: Path) -> None:
    class Telling(Incident):
        def lines(self) -> Iterator[str]:
            for line in super().lines():
                yield line.replace('code="', 'customer="acme",code="')
                if line.startswith("http_requests_total"):
                    yield line.replace("http_requests_total", "logins_total")
                    yield line.replace('pod="cart', 'pod="billing')

    objects = Objects(Shop(releases=[BAD]), START + 1800, {"example.com/owner": "someone@example.com"})
    with world(tmp_path, Telling([objects.service]), objects, THRESHOLDS.replace("version: 1", CLUSTER)) as made:
        result = made.record()
    assert "values of labels that nothing needs, replaced by numbers: customer" in result.stderr
    found = {each.labels["__name__"] for each in made.samples()}
    assert found == {"up", "http_requests_total", "http_request_duration_seconds_bucket"}
    assert {each.labels["pod"].partition("-")[0] for each in made.samples()} == {"cart"}
    assert {each.labels["customer"] for each in made.samples() if "customer" in each.labels} == {"customer-1"}
    files = made.directory / "recorded"
    everything = "".join(each.read_text() for each in files.glob("*.yaml"))
    everything += gzip.decompress((files / "metrics.om.gz").read_bytes()).decode()
    for secret in ("acme", "s3cret", "ducks", "someone@example.com", "127.0.0.1", "prod-eu-1", "X-Token", "PASSWORD"):
        assert secret not in everything
    assert same(made)["action"] == "roll_back"


CLUSTER = "version: 1\ncluster: prod-eu-1"


def test_query_checks_find_what_they_select(tmp_path: Path) -> None:
    query = 'sum by (namespace, pod) (rate(http_requests_total{code="500"}[1m]))'
    check = f"  rate: {{query: '{query}', max: 0.5, for: 1m, may: act, identify: {{by: pod}}}}"
    thresholds = THRESHOLDS.replace("checks:\n  errors", f"checks:\n{check}\n  errors").replace(
        "checks: {errors: {}, latency: {}}", "checks: {rate: {}}"
    )
    with world(tmp_path, Incident([Shop(releases=[BAD])]), thresholds=thresholds) as made:
        result = made.record()
    assert result.exit_code == 0, result.output
    assert {each.labels["code"] for each in made.samples()} == {"500"}
    assert same(made)["check"] == "rate"


def test_a_second_recording_is_the_same_to_the_byte(tmp_path: Path) -> None:
    with world(tmp_path, Incident([Shop(releases=[BAD])], minutes=8)) as made:
        made.record("again")
        first = {each.name: each.read_bytes() for each in (tmp_path / "again").glob("*.yaml")}
        samples = [(each.labels, each.times, each.values) for each in made.samples("again")]
        for each in (tmp_path / "again").iterdir():
            each.unlink()
        made.record("again")
    assert {each.name: each.read_bytes() for each in (tmp_path / "again").glob("*.yaml")} == first
    assert [(each.labels, each.times, each.values) for each in made.samples("again")] == samples
