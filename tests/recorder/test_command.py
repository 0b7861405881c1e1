"""`watcher record` as a command: what it refuses, with which code, and that nothing half made is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.recorder.serving import served
from tests.recorder.world import Objects, Shop, World, watcher, world
from tests.replay.incident import START, THRESHOLDS, Incident, Release
from watcher.recorder import gathering
from watcher.sandbox.kubernetes.kubeconfig import write_kubeconfig

END = START + 600


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, Incident([Shop(replicas=2, releases=[Release("v2", 300, errors=0.2)])], minutes=10)) as found:
        yield found


def left(made: World) -> set[str]:
    """What is beside the files of the world."""
    return {each.name for each in made.directory.iterdir()} - {"original", "kubeconfig", "thresholds.yaml"}


def test_it_tells_what_was_made(made: World) -> None:
    (made.directory / "recorded").mkdir()
    result = made.record()
    assert (result.exit_code, left(made)) == (0, {"recorded"})
    assert {each.name for each in (made.directory / "recorded").iterdir()} == {
        *("recording.yaml", "metrics.om.gz", "thresholds.yaml")
    }
    count = sum(len(each.times) for each in made.samples())
    assert result.stdout == (
        f"{made.directory / 'recorded'}: {count} samples of {len(made.samples())} series, 4 pods, 1 release;"
        f" see: watcher replay {made.directory / 'recorded'}\n"
    )
    comments = [
        line for line in (made.directory / "recorded/recording.yaml").read_text().splitlines() if line[0] == "#"
    ]
    assert [f"# {line}" for line in result.stderr.splitlines()] == comments


def test_unix_seconds_and_rfc_3339_say_the_same(made: World) -> None:
    for name, begin, end in (("one", START, END), ("two", "2026-03-01T10:00:00Z", "2026-03-01T11:10:00+01:00")):
        assert made.record(name, **{"from": begin, "to": end}).exit_code == 0
    one, two = ((made.directory / name / "recording.yaml").read_text() for name in ("one", "two"))
    assert one == two.replace("name: two", "name: one")


@pytest.mark.parametrize(
    ("setting", "value", "code", "said"),
    [
        ("workload", "Deployment/cart", 2, "'Deployment/cart' does not name a workload; write Kind/namespace/name"),
        ("from", "yesterday", 2, "--from: yesterday is not a time; write 2026-03-01T10:00:00Z, or Unix seconds"),
        ("from", "2026-03-01T10:00:00", 2, "names no zone"),
        ("to", START, 2, "--to is not after --from; give a later time"),
        ("to", "2100-01-01T00:00:00Z", 2, "is still to come"),
        ("from", START - 15 * 86400, 2, "a recording holds 14 days at the most"),
        ("config", "/nowhere.yaml", 2, "/nowhere.yaml:1:1 cannot be read: No such file or directory"),
        ("workload", "Deployment/shop/card", 1, "there is no Deployment/shop/card in the cluster; check its name"),
        ("workload", "Rollout/shop/cart", 1, "the cluster serves no Rollouts"),
        ("store", "/nowhere.db", 5, "there is no decision log at /nowhere.db"),
        ("kubeconfig", "/nowhere", 1, "cannot tell where the Kubernetes API server is"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_made(
    made: World, setting: str, value: object, code: int, said: str
) -> None:
    result = made.record(**{setting: value})
    assert (result.exit_code, result.stdout, left(made)) == (code, "", set())
    assert said in result.stderr


def test_a_directory_that_holds_something_is_left_alone(made: World) -> None:
    (made.directory / "recorded").mkdir()
    (made.directory / "recorded" / "notes").write_text("mine")
    result = made.record()
    assert (result.exit_code, left(made)) == (1, {"recorded"})
    assert "is not empty; name a new directory, or empty it" in result.stderr
    assert [each.name for each in (made.directory / "recorded").iterdir()] == ["notes"]


def test_a_directory_goes_where_one_is(made: World) -> None:
    assert "there is no directory" in made.record("no/where").stderr
    assert "exists and is no directory" in made.record("kubeconfig").stderr
    assert left(made) == set()


def test_a_workload_that_no_entry_matches_has_no_checks_to_record(made: World) -> None:
    file = made.directory / "thresholds.yaml"
    file.write_text(file.read_text().replace("match: {}", "match: {namespace: other}"))
    result = made.record()
    assert (result.exit_code, left(made)) == (2, set())
    assert f"no entry of services in {file} matches Deployment/shop/cart" in result.stderr


def test_a_source_that_does_not_answer_is_named(made: World) -> None:
    file = made.directory / "thresholds.yaml"
    file.write_text(THRESHOLDS.replace("http://prometheus:9090", "http://127.0.0.1:1"))
    result = made.record()
    assert (result.exit_code, left(made)) == (5, set())
    reached = "watcher: source main: cannot reach http://127.0.0.1:1: Connection refused; check that it runs"
    assert reached in result.stderr
    assert "another `url`, given with --config, asks another address" in result.stderr


def test_a_cluster_that_does_not_answer_is_named(made: World) -> None:
    file = made.directory / "kubeconfig"
    write_kubeconfig(file, "http://127.0.0.1:1", None, "default")
    result = made.record()
    assert (result.exit_code, left(made)) == (5, set())
    assert "watcher: cannot reach the API server at http://127.0.0.1:1" in result.stderr


FORBIDDEN = 'deployments.apps is forbidden: User "me" cannot list resource "deployments" in API group "apps"'


@pytest.mark.parametrize(
    ("status", "message", "code", "said"),
    [
        (403, FORBIDDEN, 1, "grant the verb `list` on `deployments` to this account by RBAC"),
        (401, "Unauthorized", 5, "the credentials are not accepted (any more): check token or kubeconfig"),
    ],
)
def test_a_cluster_that_lets_nobody_read_is_named(made: World, status: int, message: str, code: int, said: str) -> None:
    with served(refusing(status, {"message": message})) as (cluster,):
        write_kubeconfig(made.directory / "kubeconfig", cluster, None, "default")
        result = made.record()
    assert (result.exit_code, left(made)) == (code, set())
    assert said in result.stderr


@pytest.mark.parametrize(
    ("status", "answer", "code", "said"),
    [
        (401, {}, 5, "refuses us (HTTP 401); give auth: with a bearerFile, or user and passwordFile"),
        (404, {}, 5, "has no /api/v1; add the path prefix to the url"),
        (503, {}, 5, "fails (HTTP 503)"),
        (200, {"status": "fine"}, 5, "answers, but not as Prometheus does"),
        (422, {"error": "too many samples"}, 1, "source main refuses to give samples:"),
    ],
)
def test_a_source_that_gives_nothing_is_named(
    made: World, status: int, answer: dict[str, str], code: int, said: str
) -> None:
    with served(refusing(status, answer)) as (source,):
        file = made.directory / "thresholds.yaml"
        file.write_text(THRESHOLDS.replace("http://prometheus:9090", source))
        result = made.record()
    assert (result.exit_code, left(made)) == (code, set())
    assert said in result.stderr


def refusing(status: int, answer: dict[str, str]) -> web.Application:
    """Answers everything so."""

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response(answer, status=status)

    found = web.Application()
    found.router.add_route("*", "/{path:.*}", refuse)
    return found


def test_a_time_of_which_nothing_is_kept_is_no_recording(made: World) -> None:
    result = made.record(**{"from": START - 9 * 86400, "to": START - 8 * 86400})
    assert (result.exit_code, left(made)) == (1, set())
    assert "main held no sample of Deployment/shop/cart between 2026-02-20T10:00:00Z and" in result.stderr


def test_a_time_before_the_first_revision_is_no_recording(made: World) -> None:
    result = made.record(**{"from": START - 60 * 86400, "to": START - 50 * 86400})
    assert (result.exit_code, left(made)) == (1, set())
    assert "Deployment/shop/cart had no revision by 2026-01-10T10:00:00Z" in result.stderr


def test_too_much_for_a_recording_is_refused(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_SAMPLES", 50)
    result = made.record()
    assert (result.exit_code, left(made)) == (1, set())
    assert "this is more than a recording may hold (50 samples" in result.stderr


def test_nothing_is_left_of_a_recording_that_cannot_be_written(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Iterator[str]:
        yield "half of it"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("watcher.recorder.writing.lines", full)
    result = made.record()
    assert (result.exit_code, left(made)) == (1, set())
    assert "cannot be written: No space left on device; give a directory that may be written" in result.stderr


def test_a_time_without_a_release_is_recorded_and_said_to_have_none(made: World) -> None:
    result = made.record(**{"from": START + 310})
    assert result.exit_code == 0
    assert "missing: a release: none began after --from, so a replay has nothing to judge" in result.stderr
    assert made.replayed("recorded") == []


def test_what_the_source_and_the_cluster_cannot_tell_is_said(tmp_path: Path) -> None:
    thresholds = THRESHOLDS.replace("histogram: http_request", "histogram: other_request")
    service = Shop(replicas=2, releases=[Release("v2", 300, crashing=True)])
    objects = Objects(service, END, {"watcher.dev/hold": "stocktaking\nuntil: noon"})
    with world(tmp_path, Incident([service], minutes=10), objects, thresholds) as found:
        result = found.record()
    assert result.exit_code == 0, result.output
    assert "missing: samples of other_request_duration_seconds_bucket{" in result.stderr
    assert "source main held none; native histograms cannot be recorded" in result.stderr
    assert (
        "missing: the hold that the workload carries now, for it may be newer: stocktaking until: noon" in result.stderr
    )
    assert "missing: 4 restarts before the last one of their container" in result.stderr
    assert found.replayed("recorded")


def test_it_is_a_command() -> None:
    assert "Record an incident of one workload" in watcher("--help").stdout
