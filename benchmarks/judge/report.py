"""The report on the results: Markdown, JSON, pictures; the table of goals also on the terminal."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.judge import pictures, text
from benchmarks.judge.contest import OURS
from benchmarks.judge.families import BAD, NASTY, ORDINARY, RATES
from benchmarks.judge.figures import CONTENDERS, Pick, Runs
from benchmarks.judge.goals import Row, plain, rows, with_interval
from benchmarks.judge.intervals import quantile
from benchmarks.judge.plan import OTHERS, SIZES, USUAL
from benchmarks.judge.results import About, Directory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--size", choices=SIZES, default="short", help="which results, where no --directory is named")
    parser.add_argument("--directory", type=Path, help="with the results; by default build/judge/SIZE")
    parser.add_argument("--output", type=Path, help="directory to write to; by default that of the results")
    parser.add_argument("--notes", type=Path, help="Markdown to take over: why goals are missed")


def main(chosen: argparse.Namespace) -> None:
    """Write it."""
    directory = Directory(chosen.directory or Path("build/judge") / chosen.size)
    try:
        runs, about = Runs(directory.read()), directory.about()
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from None
    output = chosen.output or directory.path
    output.mkdir(parents=True, exist_ok=True)
    found = rows(runs)
    notes = chosen.notes.read_text() if chosen.notes else ""
    shown = pictures.draw(runs, output)
    lines = [*_head(runs, about), *_goals(found), *_missed(found, notes), *_pictures(shown), *_details(runs)]
    (output / "benchmark.md").write_text("\n".join(lines) + "\n")
    (output / "benchmark.json").write_text(json.dumps(_data(runs, about, found), indent=1) + "\n")
    print("\n".join(_plain_table(found)))
    print(f"\n{runs.count} runs; the whole report is {output / 'benchmark.md'}")


def table(head: list[str], body: list[list[str]]) -> list[str]:
    """A table in Markdown."""
    return ["", f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(line)} |" for line in body), ""]


def _head(runs: Runs, about: About) -> list[str]:
    first, last = runs.seeds()
    made_with = (
        f"Version {about.version}; parameters `{about.parameters[:16]}` (SHA-256 of `watcher/core/parameters.py`), "
        f"core `{about.core[:16]}`, simulator `{about.simulator[:16]}`.  "
        f"{runs.count:,} releases, seeds {first} to {last}."
    )
    return ["# The benchmark of the judge", "", text.INTRODUCTION, "", made_with, ""]


def _goals(found: list[Row]) -> list[str]:
    head = [
        "",
        "goal",
        "watcher (95 % interval)",
        "",
        "limit",
        *(title for name, title in CONTENDERS.items() if name != OURS),
    ]
    body = []
    for row in found:
        unit = row.goal.unit
        own, family = row.figures[OURS]
        rivals = [plain(each.value, unit) for name, (each, _) in row.figures.items() if name != OURS]
        limit = "" if row.limit is None else plain(row.limit, unit)
        figure = with_interval(own, unit) + (f" {family}" if family else "")
        body.append([row.goal.name, row.goal.asked, figure, row.met, limit, *rivals])
    return ["## Goals", "", text.GOALS, *table(head, body)]


def _missed(found: list[Row], notes: str) -> list[str]:
    missed = [row for row in found if row.met == "missed"]
    lines = ["## What is missed", ""]
    if not missed:
        lines.append("No goal is missed.")
    for row in missed:
        own, family = row.figures[OURS]
        of = f" ({family})" if family else ""
        lines.append(f"- {row.goal.name}: {plain(own.value, row.goal.unit)}{of} instead of {row.goal.asked}.")
    return [*lines, "", *([notes.strip(), ""] if notes else [])]


def _pictures(shown: list[tuple[str, str]]) -> list[str]:
    lines = ["## Pictures", ""]
    for file, caption in shown:
        lines += [f"![{caption}]({file})", "", f"{caption}.", ""]
    return lines


def _details(runs: Runs) -> Iterator[str]:
    yield from ("## Good releases: false rollbacks per 1000", "", text.GOOD)
    yield from table(
        ["family", "runs", "watcher (95 % interval)", *_rivals(), "held by watcher"], list(_good(runs, USUAL))
    )
    yield from ("## Bad releases", "", text.BAD)
    yield from table(
        ["family", "rate", "runs", "recall %", "median s", "90th s", "limit s", *_rivals()], list(_bad(runs))
    )
    yield from ("## Other scrape intervals", "", text.INTERVALS)
    yield from table(
        ["family", "interval", "rate", "runs", "recall %", "median s", "limit s", *_rivals()], list(_intervals(runs))
    )
    for interval in OTHERS:
        good = list(_good(runs, interval))
        if good:
            yield f"False rollbacks per 1000 with {interval:g} s between scrapes:"
            yield from table(["family", "runs", "watcher (95 % interval)", *_rivals(), "held by watcher"], good)
    yield from ("## The rivals", "", text.RIVALS)


def _rivals() -> list[str]:
    return [title for name, title in CONTENDERS.items() if name != OURS]


def _good(runs: Runs, interval: float) -> Iterator[list[str]]:
    for name in (*runs.families(ORDINARY, interval), *runs.families(NASTY, interval)):
        pick = Pick(name, interval=interval)
        own = runs.false(pick, OURS).times(1000)
        rivals = [plain(1000 * runs.false(pick, each).value) for each in CONTENDERS if each != OURS]
        held = Counter(each.guard for each in runs.of(pick) if each.held is not None)
        shown = ", ".join(f"{guard} {count}" for guard, count in held.most_common(3))
        yield [name, str(own.runs), with_interval(own, ""), *rivals, shown]


def _bad(runs: Runs) -> Iterator[list[str]]:
    for name in runs.families(BAD):
        for rate in RATES:
            pick = Pick(name, (rate,))
            if runs.of(pick):
                yield [name, plain(rate), *_caught(runs, pick, tail=True)]


def _intervals(runs: Runs) -> Iterator[list[str]]:
    for name in runs.families(BAD, OTHERS[0]):
        for interval in sorted((USUAL, *OTHERS)):
            for rate in RATES:
                pick = Pick(name, (rate,), interval=interval)
                if runs.of(pick) and runs.of(Pick(name, (rate,), interval=OTHERS[0])):
                    yield [name, plain(interval, " s"), plain(rate), *_caught(runs, pick, tail=False)]


def _caught(runs: Runs, pick: Pick, *, tail: bool) -> list[str]:
    recall, delays = runs.caught(pick, OURS), runs.delays(pick, OURS)
    own = [str(recall.runs), plain(100 * recall.value), plain(quantile(delays, 0.5))]
    own += [plain(quantile(delays, 0.9))] if tail else []
    rivals = [plain(runs.delay(pick, each).value) for each in CONTENDERS if each != OURS]
    return [*own, plain(runs.limit(pick)), *rivals]


def _plain_table(found: list[Row]) -> Iterator[str]:
    """The table of goals for a terminal."""
    titles = ["goal", "", OURS, "", "limit", *_rivals()]
    lines = [titles]
    for row in found:
        unit = row.goal.unit
        rivals = [plain(row.figures[name][0].value, unit) for name in CONTENDERS if name != OURS]
        limit = "" if row.limit is None else plain(row.limit, unit)
        lines.append(
            [row.goal.name, row.goal.asked, with_interval(row.figures[OURS][0], unit), row.met, limit, *rivals]
        )
    widths = [max(len(line[place]) for line in lines) for place in range(len(titles))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _data(runs: Runs, about: About, found: list[Row]) -> dict[str, Any]:
    first, last = runs.seeds()
    return {
        "about": asdict(about),
        "runs": runs.count,
        "seeds": [first, last],
        "goals": [
            {
                "name": row.goal.name,
                "target": row.goal.target,
                "sense": row.goal.sense,
                "unit": row.goal.unit.strip(),
                "met": row.met,
                "limit": row.limit,
                "figures": {name: {**asdict(each), "family": family} for name, (each, family) in row.figures.items()},
            }
            for row in found
        ],
        "false_rollbacks": {
            name: {each: asdict(runs.false(Pick(name), each)) for each in CONTENDERS}
            for kind in (ORDINARY, NASTY)
            for name in runs.families(kind)
        },
        "bad_releases": {
            name: {
                f"{rate:g}": {
                    each: {
                        "recall": asdict(runs.caught(Pick(name, (rate,)), each)),
                        "median_delay": asdict(runs.delay(Pick(name, (rate,)), each)),
                        "median_served": asdict(runs.served(Pick(name, (rate,)), each)),
                    }
                    for each in CONTENDERS
                }
                for rate in RATES
                if runs.of(Pick(name, (rate,)))
            }
            for name in runs.families(BAD)
        },
    }
