"""recording.yaml: every mistake at once, each with its place and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.incident import START, Incident, Release, Service
from watcher.config import ConfigError
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.replay.recording import find, load, read_spec

GOOD = """\
version: 1
name: cart
start: 2026-03-01T10:00:00Z
end: 1772362200
scrapeInterval: 15s
outages: [{from: 2026-03-01T10:20:00Z, to: 2026-03-01T10:24:00+00:00}]
workloads:
  - workload: Deployment/shop/cart
    labels: {team: shop}
    maxUnavailable: 1
    progressDeadline: 10m
    replicas: [{at: 2026-02-20T09:00:00Z, desired: 4}]
    revisions:
      - {revision: "7d4f9c", image: shop/cart:1.8.0, created: 2026-02-20T09:00:00Z, knownGood: true}
      - {revision: "5b9e21", created: 2026-03-01T10:15:00Z, rolledOut: 2026-03-01T10:16:10Z, commit: abc}
    pods:
      - {pod: cart-a, revision: "7d4f9c", created: 2026-02-20T09:00:00Z, ready: 2026-02-20T09:01:00Z}
      - pod: cart-b
        revision: "5b9e21"
        node: n1
        created: 2026-03-01T10:15:00Z
        ready: [{from: 2026-03-01T10:15:08Z, to: 2026-03-01T10:17:00Z}, {from: 2026-03-01T10:17:30Z}]
        restarts: [{at: 2026-03-01T10:17:00Z, reason: OOMKilled, back: 2026-03-01T10:17:20Z}]
  - {workload: Rollout/shop/pay, revisions: [{revision: a, created: 0}], weights: [{at: 1772359200, canary: 25}]}
truth:
  - {workload: Deployment/shop/cart, revision: "5b9e21", badFrom: 2026-03-01T10:15:40Z}
"""


def problems(text: str, directory: str = "cart") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_spec(text.encode(), "recording.yaml", directory)
    return str(caught.value).splitlines()


def test_a_recording_with_every_key_is_read() -> None:
    spec = read_spec(GOOD.encode(), "recording.yaml", "cart")
    cart, pay = spec.workloads
    assert (spec.start, spec.end, float(spec.scrape_interval or 0)) == (START, START + 3000, 15.0)
    assert cart.workload == Workload(Kind.DEPLOYMENT, "shop", "cart")
    assert [each.known_good for each in cart.revisions] == [True, False]
    assert (cart.pods[1].ready[0].begin, cart.pods[1].ready[0].end) == (START + 908, START + 1020)
    assert pay.weights is not None
    assert spec.truth is not None
    assert spec.truth[0].bad_from == START + 940


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("version: 1\n", "", "1:1 version is missing; add version: 1"),
        ("name: cart", "name: pay", "2:7 the name pay is not that of the directory, cart; write name: cart"),
        ("start: 2026-03-01T10:00:00Z", "start: noon", "3:8 start: noon is not a time; write 2026-03-01T10:00:00Z"),
        (
            "start: 2026-03-01T10:00:00Z",
            "start: 2026-03-01T10:00:00",
            "3:8 start: the time 2026-03-01T10:00:00 names no zone",
        ),
        ("end: 1772362200", "end: 1772359200", "4:6 the end is not after the start"),
        ("scrapeInterval: 15s", "scrapeInterval: 15", "5:17 scrapeInterval: the duration 15 has no unit"),
        ("outages: [{from", "outages: [{form", "6:12 unknown key form in outages; did you mean from?"),
        ("to: 2026-03-01T10:24:00+00:00", "to: 2026-03-01T10:19:00Z", "6:11 the outage ends before it begins"),
        (
            "Deployment/shop/cart\n    labels",
            "Deploy/shop/cart\n    labels",
            "8:15 workload: 'Deploy' is not a kind of workload",
        ),
        ("Rollout/shop/pay", "Deployment/shop/cart", "the workload Deployment/shop/cart is given twice"),
        ("{at: 2026-02-20T09:00:00Z, desired: 4}", "{at: 2026-02-20T09:00:00Z}", "12:16 desired is missing; add it"),
        (
            '{revision: "7d4f9c", image',
            "{revision: 123456, image",
            "14:20 revision must be text, not the number 123456",
        ),
        (
            "created: 2026-03-01T10:15:00Z, rolledOut",
            "created: 2026-01-01T10:15:00Z, rolledOut",
            "it is older than the one before it",
        ),
        (
            "rolledOut: 2026-03-01T10:16:10Z",
            "rolledOut: 2026-03-01T10:10:10Z",
            "it was rolled out before it was created",
        ),
        (
            'cart-a, revision: "7d4f9c"',
            'cart-a, revision: "7d4f"',
            "the revision 7d4f of the pod is not listed; use one of",
        ),
        ("to: 2026-03-01T10:17:00Z}", "to: 2026-03-01T10:15:00Z}", "it begins before the pod was made"),
        ("back: 2026-03-01T10:17:20Z", "back: 2026-03-01T10:16:20Z", "it is back before it ended"),
        ("Rollout/shop/pay", "Deployment/shop/pay", "only a Rollout has weights"),
        ("canary: 25", "canary: 125", "canary"),
        (
            "truth:\n  - {workload: Deployment/shop/cart",
            "truth:\n  - {workload: Deployment/shop/pay",
            "is not in the recording",
        ),
    ],
)
def test_a_mistake_has_its_place_and_remedy(old: str, new: str, wanted: str) -> None:
    assert GOOD.count(old) == 1
    found = problems(GOOD.replace(old, new))
    assert any(wanted.removeprefix("the workload ") in each for each in found), found
    assert all(each.startswith("recording.yaml:") and "; " in each for each in found)


def test_all_mistakes_come_at_once() -> None:
    found = problems("version: 2\nname: cart\nworkloads:\n  - {workload: x, revisions: [], pods: 5}\n")
    assert [each.split(" ")[0] for each in found] == [f"recording.yaml:{place}" for place in
        ("1:1", "1:1", "1:10", "4:16", "4:40")]  # fmt: skip


def test_a_recording_and_its_metrics_are_loaded(tmp_path: Path) -> None:
    directory = Incident([Service(releases=[Release("v2", 300)])], minutes=5).write(tmp_path / "one", packed=True)
    recording = load(directory)
    assert recording.name == "one"
    assert recording.thresholds == directory / "thresholds.yaml"
    assert recording.truth is None
    assert {each.labels["__name__"] for each in recording.series} == {
        "up",
        "http_requests_total",
        "http_request_duration_seconds_bucket",
    }


def test_metrics_must_be_there_once(tmp_path: Path) -> None:
    directory = Incident([Service()], minutes=1).write(tmp_path / "one")
    (directory / "metrics.om.gz").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"both metrics\.om and metrics\.om\.gz are there; keep one"):
        load(directory)
    (directory / "metrics.om.gz").unlink()
    (directory / "metrics.om").unlink()
    with pytest.raises(ConfigError, match="neither metrics"):
        load(directory)


def test_recordings_are_found_in_a_directory(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "recording.yaml").touch()
    (tmp_path / "empty").mkdir()
    found = list(find([tmp_path / "all", tmp_path / "all" / "b", tmp_path / "empty", tmp_path / "none"]))
    assert found[:3] == [tmp_path / "all" / "a", tmp_path / "all" / "b", tmp_path / "all" / "b"]
    assert "there is no recording.yaml in it" in str(found[3])
    assert "cannot be read: No such file" in str(found[4])
