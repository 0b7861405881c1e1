"""Whole recordings through the daemon's own code."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.replay.incident import START, THRESHOLDS, Incident, Release, Service
from watcher.config import loads
from watcher.core import machine
from watcher.replay.finals import Row
from watcher.replay.recording import load
from watcher.replay.run import ReplayFailed, replay


def replayed(directory: Path, incident: Incident, thresholds: str = THRESHOLDS) -> list[Row]:
    return replay(load(incident.write(directory / "incident")), loads(thresholds))


def test_a_clean_release_passes(tmp_path: Path) -> None:
    (row,) = replayed(tmp_path, Incident([Service(releases=[Release("v2", 300)])]))
    assert (row.recording, row.workload, row.revision) == ("incident", "Deployment/shop/cart", "v2")
    assert (row.verdict, row.action, row.complete) == ("pass", "none", True)
    assert (row.at, row.after_s, row.target, row.guard, row.check) == (None,) * 5
    assert row.reason.startswith("passed: errors: new version: ")


def test_many_errors_are_undone(tmp_path: Path) -> None:
    (row,) = replayed(tmp_path, Incident([Service(releases=[Release("v2", 300, errors=0.2)])]))
    assert (row.verdict, row.action, row.mode, row.guard) == ("breach", "roll_back", "act", None)
    assert (row.target, row.rung, row.check) == ("v1", "undo", "errors")
    assert row.at is not None
    assert row.after_s == row.at - START - 300
    assert 0 < row.after_s < 400
    assert "Rolling back by undo to revision v1" in row.reason


def test_slow_requests_are_undone(tmp_path: Path) -> None:
    (row,) = replayed(tmp_path, Incident([Service(releases=[Release("v2", 300, slow=0.3)])]))
    assert (row.verdict, row.action, row.check) == ("breach", "roll_back", "latency")


def test_a_bucket_bound_that_is_none_is_told_with_the_nearest(tmp_path: Path) -> None:
    thresholds = THRESHOLDS.replace("500ms", "300ms").replace("errors: {}, ", "").replace("{max: 30m}", "30m")
    (row,) = replayed(tmp_path, Incident([Service(releases=[Release("v2", 300, slow=0.3)])]), thresholds)
    assert (row.verdict, row.action, row.mode) == ("no_data", "none", None)
    assert "0.3 is no bucket bound of http_request_duration_seconds on v" in row.reason
    assert "; nearest: 0.5;" in row.reason


def test_a_crash_loop_is_seen_without_metrics(tmp_path: Path) -> None:
    (row,) = replayed(tmp_path, Incident([Service(releases=[Release("v2", 300, crashing=True)])]))
    assert (row.verdict, row.action, row.check, row.lane) == ("breach", "roll_back", "availability", "availability")


def test_a_canary_is_aborted(tmp_path: Path) -> None:
    service = Service("Rollout/shop/cart", canary=0.25, releases=[Release("v2", 300, errors=0.3)])
    (row,) = replayed(tmp_path, Incident([service]))
    assert (row.action, row.rung, row.target, row.complete) == ("roll_back", "abort", "v1", True)


def test_nothing_is_decided_while_the_source_is_down(tmp_path: Path) -> None:
    incident = Incident([Service(releases=[Release("v2", 300, errors=0.2)])], outages=[(310, 1200)])
    (row,) = replayed(tmp_path, incident)
    assert row.action == "roll_back"
    assert row.at is not None
    assert row.at >= START + 1200


def test_of_two_releases_the_bad_one_is_undone(tmp_path: Path) -> None:
    services = [
        Service("Deployment/shop/pay", releases=[Release("p2", 310)]),
        Service(releases=[Release("v2", 300, errors=0.2)]),
        Service("Deployment/shop/idle", rate=1.0),
    ]
    good, bad = replayed(tmp_path, Incident(services))
    assert (good.workload, good.verdict, good.action) == ("Deployment/shop/pay", "pass", "none")
    assert (bad.workload, bad.verdict, bad.action) == ("Deployment/shop/cart", "breach", "roll_back")


def test_a_release_after_one_that_was_undone_has_a_row_of_its_own(tmp_path: Path) -> None:
    releases = [Release("v2", 300, errors=0.2), Release("v3", 1500)]
    first, second = replayed(tmp_path, Incident([Service(releases=releases)], minutes=50))
    assert (first.revision, first.action, first.complete) == ("v2", "roll_back", True)
    assert (second.revision, second.action) == ("v3", "none")


def test_without_a_known_good_revision_it_is_held(tmp_path: Path) -> None:
    service = Service(known_good=False, releases=[Release("v2", 300, errors=0.2)])
    service.extra = {
        "revisions": [{"revision": "v1", "created": START - 60}, {"revision": "v2", "created": START + 300}]
    }
    (row,) = replayed(tmp_path, Incident([service]))
    assert (row.verdict, row.action, row.guard, row.target, row.rung) == ("breach", "hold", "no_target", None, None)
    assert row.at is not None


def test_a_revision_that_ran_for_long_is_known_good_by_the_daemons_own_rule(tmp_path: Path) -> None:
    (row,) = replayed(tmp_path, Incident([Service(known_good=False, releases=[Release("v2", 300, errors=0.2)])]))
    assert (row.action, row.target) == ("roll_back", "v1")


@pytest.mark.parametrize("mode", ["propose", "observe"])
def test_the_mode_is_that_of_the_thresholds(tmp_path: Path, mode: str) -> None:
    incident = Incident([Service(releases=[Release("v2", 300, errors=0.2)])])
    (row,) = replayed(tmp_path, incident, THRESHOLDS.replace("mode: act", f"mode: {mode}"))
    assert (row.verdict, row.action, row.mode, row.target) == ("breach", "roll_back", mode, "v1")
    assert row.at is not None


def test_a_watch_that_is_open_at_the_end_ends_there(tmp_path: Path) -> None:
    (row,) = replayed(tmp_path, Incident([Service(releases=[Release("v2", 300)])], minutes=8))
    assert (row.verdict, row.action, row.complete) == ("inconclusive", "none", False)
    assert row.reason.startswith("the recording ends before the watch: ")


def test_a_release_that_no_entry_matches_is_not_watched(tmp_path: Path) -> None:
    thresholds = THRESHOLDS.replace("match: {}", "match: {namespace: other}")
    (row,) = replayed(tmp_path, Incident([Service(releases=[Release("v2", 300, errors=0.2)])]), thresholds)
    assert (row.verdict, row.action, row.mode, row.at) == (None, "none", None, None)
    assert "no entry of services matches" in row.reason


def test_query_checks_are_asked(tmp_path: Path) -> None:
    query = 'sum by (namespace, pod) (rate(http_requests_total{code="500"}[1m]))'
    check = f"  rate: {{query: '{query}', max: 0.5, for: 1m, may: act, identify: {{by: pod}}}}"
    thresholds = THRESHOLDS.replace("checks:\n  errors", f"checks:\n{check}\n  errors").replace(
        "checks: {errors: {}, latency: {}}", "checks: {rate: {}}"
    )
    (row,) = replayed(tmp_path, Incident([Service(releases=[Release("v2", 300, errors=0.2)])]), thresholds)
    assert (row.verdict, row.action, row.check, row.lane) == ("breach", "roll_back", "rate", "query")


def test_the_same_recording_gives_the_same_rows_whatever_the_order_of_its_lines(tmp_path: Path) -> None:
    incident = Incident([Service(releases=[Release("v2", 300, errors=0.05)])], gaps=[(400, 470)])
    directory = incident.write(tmp_path / "incident")
    before = replay(load(directory), loads(THRESHOLDS))
    *lines, end = (directory / "metrics.om").read_text().splitlines()
    random.Random(7).shuffle(lines)  # noqa: S311 - any order will do
    (directory / "metrics.om").write_text("\n".join([*lines, end, ""]))
    assert replay(load(directory), loads(THRESHOLDS)) == before


def test_a_fault_of_watcher_itself_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ArithmeticError("no")

    monkeypatch.setattr(machine, "step", fails)
    with pytest.raises(ReplayFailed, match="ArithmeticError: no"):
        replayed(tmp_path, Incident([Service(releases=[Release("v2", 300)])], minutes=6))
