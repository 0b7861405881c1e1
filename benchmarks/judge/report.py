"""The report on the results: Markdown, JSON, pictures; the table of goals also on the terminal."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.judge import pictures, speed, tables, text
from benchmarks.judge.families import BAD, NASTY, ORDINARY, RATES
from benchmarks.judge.figures import CONTENDERS, Runs
from benchmarks.judge.goals import Row, place, plain, rows
from benchmarks.judge.missed import WHY
from benchmarks.judge.plan import OTHERS, SIZES, USUAL, Pick
from benchmarks.judge.results import About, Directory
from benchmarks.judge.speed import Speed

MARKDOWN, DATA = "report.md", "report.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--size", choices=SIZES, default="short", help="which results, where no --directory is named")
    parser.add_argument("--directory", type=Path, help="with the results; by default build/judge/SIZE")
    parser.add_argument("--output", type=Path, help="directory to write to; by default that of the results")


def main(chosen: argparse.Namespace) -> None:
    """Write it."""
    directory = Directory(chosen.directory or Path("build/judge") / chosen.size)
    try:
        runs, about = Runs(directory.read()), directory.about()
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from None
    output = chosen.output or directory.path
    output.mkdir(parents=True, exist_ok=True)
    found, quick = rows(runs), speed.measure()
    shown = pictures.draw(runs, output)
    data = _data(runs, about, found) | {"date": directory.date(), "speed": asdict(quick)}
    lines = [
        *_head(runs, about, data["date"]),
        *_goals(found),
        *_pictures(shown),
        *_details(runs),
        *_speed(quick),
        *("## The rivals", "", text.RIVALS),
    ]
    (output / MARKDOWN).write_text("\n".join(lines) + "\n")
    (output / DATA).write_text(json.dumps(_finite(data), indent=1, allow_nan=False) + "\n")
    print("\n".join(tables.terminal(tables.goals_in_short(found))))
    for _, sentence in tables.missed(found):
        print(f"missed: {sentence}")
    print("open: the 95 % interval also holds values of which the opposite would be true; more runs would tell")
    print(f"\n{runs.count} runs; the whole report is {output / MARKDOWN}")


def _head(runs: Runs, about: About, date: str) -> list[str]:
    first, last = runs.seeds()
    seeds = [
        f"{_count(runs, (Pick(name) for kind in kinds for name in runs.families(kind)))} of {words}"
        for kinds, words in (((ORDINARY, NASTY), "good releases"), ((BAD,), "bad ones"))
    ]
    made_with = (
        f"Version {about.version}, {date}; parameters `{about.parameters[:16]}` (SHA-256 of "
        f"`watcher/core/judging/parameters.py`), core `{about.core[:16]}`, simulator `{about.simulator[:16]}`.  "
        f"{runs.count:,} releases, seeds {first} to {last}.  Runs of each cell (family, mode of roll-out, rate): "
        f"{' and '.join(seeds)}; the most of those that a goal is about."
    )
    return ["# Report of the benchmark", "", text.INTRODUCTION, "", made_with, ""]


def _count(runs: Runs, picks: Iterator[Pick]) -> str:
    fewest, most = runs.per_cell(picks)
    return f"{fewest}" if fewest == most else f"{fewest} to {most}"


def _goals(found: list[Row]) -> list[str]:
    lines = ["## Goals", "", text.GOALS, *tables.markdown(tables.GOALS_HEAD, tables.goals(found))]
    lines += ["## What is missed", ""]
    missed = [f"- {sentence}.  {WHY.get(row.goal.name, '')}".rstrip() for row, sentence in tables.missed(found)]
    return [*lines, *(missed or ["No goal is missed."]), ""]


def _pictures(shown: list[tuple[str, str]]) -> list[str]:
    lines = ["## Pictures", ""]
    for file, caption in shown:
        lines += [f"![{caption}]({file})", "", f"{caption}.", ""]
    return lines


def _details(runs: Runs) -> Iterator[str]:
    yield from ("## Good releases: false rollbacks per 1000", "", text.GOOD)
    yield from tables.markdown(tables.GOOD_HEAD, list(tables.good(runs)))
    yield from ("## Bad releases", "", text.BAD)
    yield from tables.markdown(tables.BAD_HEAD, list(tables.bad(runs)))
    yield from ("## Other scrape intervals", "", text.INTERVALS)
    yield from tables.markdown(tables.INTERVALS_HEAD, list(tables.intervals(runs)))
    for interval in OTHERS:
        good = list(tables.good(runs, interval))
        if good:
            yield f"False rollbacks per 1000 with {interval:g} s between scrapes:"
            yield from tables.markdown(tables.GOOD_HEAD, good)


def _speed(found: Speed) -> list[str]:
    head = ["pods old + new", "lanes", "polls", "µs a lane and poll", "worst poll of 100", "first poll, ms"]
    body = [
        [f"{each.pods} + {each.pods}", *map(plain, (each.lanes, each.polls, each.microseconds, each.worst, each.first))]
        for each in found.judging
    ]
    return ["## Speed", "", text.speed(found), *tables.markdown(head, body)]


def _data(runs: Runs, about: About, found: list[Row]) -> dict[str, Any]:
    first, last = runs.seeds()
    return {
        "about": asdict(about),
        "runs": runs.count,
        "seeds": [first, last],
        "goals": [_goal(row) for row in found],
        "false_rollbacks": {
            name: {each: asdict(runs.false(Pick(name), each)) for each in CONTENDERS}
            for kind in (ORDINARY, NASTY)
            for name in runs.families(kind)
        },
        "bad_releases": {name: _rates(runs, name, USUAL) for name in runs.families(BAD)},
        "other_intervals": {
            f"{interval:g}": {name: _rates(runs, name, interval) for name in runs.families(BAD, interval)}
            for interval in OTHERS
        },
    }


def _goal(row: Row) -> dict[str, Any]:
    return {
        "name": row.goal.name,
        "target": row.goal.target,
        "sense": row.goal.sense,
        "unit": row.goal.unit.strip(),
        "met": row.met,
        "why": WHY.get(row.goal.name, ""),
        "limit": row.limit,
        "figures": {name: {**asdict(each), "of": place(pick, row.goal)} for name, (each, pick) in row.figures.items()},
    }


def _rates(runs: Runs, family: str, interval: float) -> dict[str, Any]:
    picks = {f"{rate:g}": Pick(family, (rate,), interval=interval) for rate in RATES}
    return {
        rate: {
            each: {
                "recall": asdict(runs.caught(pick, each)),
                "median_delay": asdict(runs.delay(pick, each)),
                "median_served": asdict(runs.served(pick, each)),
            }
            for each in CONTENDERS
        }
        for rate, pick in picks.items()
        if runs.of(pick)
    }


def _finite(data: Any) -> Any:
    """The same with null for what JSON has no number for: never, and not known."""
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(each) for each in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
