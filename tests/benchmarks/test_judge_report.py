"""Runs are kept so that they can go on after a stop, and the report counts them rightly."""

from __future__ import annotations

import argparse
import itertools
import json
import math
from pathlib import Path

import pytest

from benchmarks.judge import report, results, run
from benchmarks.judge.contest import OURS, Result, contest
from benchmarks.judge.families import BAD, by_name
from benchmarks.judge.figures import CONTENDERS, Runs, requests_needed
from benchmarks.judge.goals import GOALS, PICKS, rows
from benchmarks.judge.intervals import median, share
from benchmarks.judge.plan import SIZES, TOGETHER, USUAL, Pick, Size, portions, seeds
from benchmarks.judge.rollouts import Setting


def result(family: str, seed: int, rolled_back: float | None, bad_from: float | None = None) -> Result:
    return Result(
        family=family,
        mode="rolling",
        rate=50.0,
        interval=15.0,
        seed=seed,
        bad_from=bad_from,
        limit=None if bad_from is None else bad_from + 17.0,
        rolled_back=dict.fromkeys(CONTENDERS, rolled_back),
        served=dict.fromkeys(CONTENDERS, 12.0),
        caught=rolled_back,
        held=None,
        guard="",
        lane="",
        verdict="",
    )


def test_intervals_of_shares_are_exact() -> None:
    assert share(0, 20).high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert share(20, 20).low == pytest.approx(0.025 ** (1 / 20))
    found = share(4, 100)
    assert (found.value, found.low, found.high) == pytest.approx((0.04, 0.0110, 0.0993), abs=1e-4)
    assert share(1, 20_000).high * 1000 == pytest.approx(0.2786, abs=1e-3)


def test_medians_allow_for_what_was_never_caught() -> None:
    found = median([*range(1, 10), math.inf, math.inf])
    assert (found.value, found.low, found.high) == (6, 2, math.inf)


def test_false_early_and_late_decisions_are_told_apart() -> None:
    runs = Runs(
        [
            result("step_20_warm", 1, 150.0, 100.0),
            result("step_20_warm", 2, 50.0, 100.0),
            result("step_20_warm", 3, None, 100.0),
        ]
    )
    pick = Pick("step_20_warm")
    assert runs.delays(pick, OURS) == [50.0, math.inf, math.inf]
    assert runs.false(pick, OURS).value == pytest.approx(1 / 3)
    assert runs.caught(pick, OURS).value == pytest.approx(1 / 3)
    assert runs.caught(pick, OURS, within=40.0).value == 0


def test_an_outage_counts_beyond_its_twin_only() -> None:
    quiet = [result("steady", 1, 100.0), result("steady", 2, None), result("steady", 3, None)]
    event = [result("outages", 1, 90.0), result("outages", 2, 90.0), result("outages", 3, None)]
    found = Runs([*quiet, *event]).beyond_twin(Pick("outages"), OURS)
    assert found.value == pytest.approx(1 / 3)
    assert found.runs == 3


def test_the_wrong_target_is_the_good_one_of_two() -> None:
    runs = Runs(
        [
            result("clean_sibling", 1, 100.0),
            result("clean_sibling", 2, None),
            result("two_releases", 1, 100.0, 20.0),
            result("two_releases", 2, 100.0, 20.0),
        ]
    )
    assert runs.wrong_target(Pick("two_releases", beside=("clean_sibling",)), OURS).value == 0.5


def test_smaller_faults_need_more_requests() -> None:
    needed = [requests_needed(each, slow=False) for each in (0.02, 0.05, 0.2, 1.0)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] == pytest.approx(math.log(1000) / math.log(1 / 0.005), rel=0.01)


def test_a_full_report_has_20000_runs_of_each_clean_family() -> None:
    family = by_name()["steady"]
    found = [each for each in portions(SIZES["full"], {"steady": family}, PICKS) if each.interval == USUAL]
    assert sum(len(each.cells) for each in found) * TOGETHER >= 20_000


def test_a_figure_of_the_goals_has_its_runs_also_in_a_short_report() -> None:
    size, known = SIZES["short"], by_name()
    for pick in PICKS:
        for name in pick.families:
            family = known[name]
            counts = [
                seeds(size, family, (mode, rate), pick.interval, PICKS)
                for mode, rate in itertools.product(family.modes, family.rates)
                if pick.has(mode, rate)
            ]
            assert sum(counts) >= (size.goal if family.kind == BAD and not pick.beside else size.good), name


def test_a_line_is_read_as_it_was_written() -> None:
    found = contest(by_name()["step_60_warm"], "canary", 50.0, 1_000_000, Setting(memory=3600.0))
    assert Result.of(found.line()) == found
    assert found.bad_from is not None
    assert found.limit is not None
    assert found.limit > found.bad_from


def test_runs_go_on_where_they_were_and_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the report draws pictures")
    monkeypatch.setattr("benchmarks.judge.plan.TOGETHER", 1)
    monkeypatch.setitem(SIZES, "short", Size(1, 1, 1, 1))
    chosen = argparse.Namespace(size="short", directory=tmp_path / "r", jobs=1, families="small_canary,low_traffic")
    run.main(chosen)
    files = sorted(each.name for each in chosen.directory.glob("*.jsonl"))
    assert files == ["low_traffic-15s-2000000.jsonl", "small_canary-15s-2000000.jsonl"]
    kept = (chosen.directory / files[1]).stat().st_mtime_ns
    (chosen.directory / files[0]).unlink()
    run.main(chosen)
    assert (chosen.directory / files[0]).exists()
    assert (chosen.directory / files[1]).stat().st_mtime_ns == kept
    report.main(argparse.Namespace(size="short", directory=chosen.directory, output=tmp_path / "out"))
    assert len(json.loads((tmp_path / "out" / report.DATA).read_text())["goals"]) == len(GOALS)
    text = (tmp_path / "out" / report.MARKDOWN).read_text()
    assert results.About.now("short").parameters[:16] in text
    assert all((tmp_path / "out" / name).exists() for name in ("by-fault-size.png", "by-interval.png"))
    assert "recall, +5 % at ≥ 2/s" in capsys.readouterr().out


def test_results_of_other_code_are_not_mixed(tmp_path: Path) -> None:
    directory = results.Directory(tmp_path)
    directory.claim("short")
    about = json.loads((tmp_path / results.ABOUT).read_text())
    (tmp_path / results.ABOUT).write_text(json.dumps({**about, "core": "other"}))
    with pytest.raises(ValueError, match="core changed since"):
        directory.claim("short")


def test_every_goal_has_a_figure_of_everybody() -> None:
    found = rows(Runs([result("steady", 1, None), result("step_5_warm", 1, 200.0, 100.0)]))
    assert [set(row.figures) for row in found] == [set(CONTENDERS)] * len(GOALS)
    by_name_of_goal = {row.goal.name: row.met for row in found}
    assert by_name_of_goal["... +5 %"] == "met, open"
    assert by_name_of_goal["recall, +2 % at ≥ 50/s"] == "no runs"
