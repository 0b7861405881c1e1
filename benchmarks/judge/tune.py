"""A quick look while tuning: false rollbacks with their lanes, recall and delay, by family, rate and mode."""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from benchmarks.judge.cells import Run, run
from benchmarks.judge.families import BAD, RATES, by_name
from benchmarks.judge.rollouts import MODES, Setting

TUNING_SEEDS = 1000
"""Seeds below this are for tuning; those of reports begin far above."""

Cell = tuple[str, str, float]
HEAD = (
    f"{'family':18} {'mode':10} {'rate':>6} {'runs':>5} {'false/1000':>10} {'recall':>7} {'median':>7} {'p90':>6} "
    f"{'bad req':>8}  lanes; held; proposed"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--families", default="all", help="names with commas, or: all, ordinary, nasty, bad")
    parser.add_argument("--rates", default="", help="requests a second on the new version, with commas")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--runs", type=int, default=100, help="of each cell")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--interval", type=float, default=15.0, help="seconds between scrapes")
    parser.add_argument("--history", type=float, default=Setting().history, help="seconds before the release")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--by", choices=("cell", "family", "rate"), default="rate", help="what one line sums up")
    parser.add_argument("--seeds", action="store_true", help="also list what went wrong, run by run")


def main(chosen: argparse.Namespace) -> None:
    """Run and print, family by family."""
    if chosen.first + chosen.runs > TUNING_SEEDS:
        raise SystemExit(f"seeds for tuning are 0 to {TUNING_SEEDS - 1}: choose fewer --runs or an earlier --first")
    setting = Setting(interval=chosen.interval, history=chosen.history)
    seeds = range(chosen.first, chosen.first + chosen.runs)
    began, count = time.monotonic(), 0
    print(HEAD)
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for name in _names(chosen.families):
            cells = list(_cells(name, chosen))
            portions = [(cell, seeds, setting) for cell in cells]
            found = list(pool.map(_cell, portions) if chosen.jobs > 1 else map(_cell, portions))
            runs = [each for part in found for each in part]
            count += len(runs)
            for line in _lines(runs, chosen.by):
                print(line, flush=True)
            if chosen.seeds:
                for each in runs:
                    _print_wrong(each)
    took = time.monotonic() - began
    print(f"{count} runs in {took:.0f} s, {1000 * took * chosen.jobs / max(count, 1):.0f} ms each")


def _names(text: str) -> list[str]:
    known = by_name()
    names: list[str] = []
    for word in text.split(","):
        names += [name for name, family in known.items() if word in ("all", family.kind, name)]
        if word not in {"all", *known, *(family.kind for family in known.values())}:
            raise SystemExit(f"no family {word!r}; there are: {', '.join(known)}")
    return names


def _cells(name: str, chosen: argparse.Namespace) -> Iterator[Cell]:
    family = by_name()[name]
    rates = [float(each) for each in chosen.rates.split(",")] if chosen.rates else RATES
    for mode, rate in itertools.product(chosen.modes.split(","), rates):
        if mode in family.modes and rate in family.rates:
            yield name, mode, rate


def _cell(portion: tuple[Cell, Sequence[int], Setting]) -> list[Run]:
    (name, mode, rate), seeds, setting = portion
    return [run(by_name()[name], mode, rate, seed, setting) for seed in seeds]


def _lines(runs: Sequence[Run], by: str) -> Iterator[str]:
    def key(each: Run) -> tuple[str, str, float]:
        return each.family, each.mode if by == "cell" else "all", each.rate if by != "family" else 0.0

    for group, found in itertools.groupby(sorted(runs, key=key), key=key):
        yield line(group, list(found))


def line(group: Cell, runs: Sequence[Run]) -> str:
    """One line of the table."""
    family, mode, rate = group
    false = [each for each in runs if each.false]
    columns = f"{family:18} {mode:10} {rate or 'all':>6} {len(runs):5} {1000 * len(false) / len(runs):10.1f}"
    caught = [each.delay for each in runs if each.delay is not None]
    if by_name()[family].kind == BAD:
        served = float(np.median([each.bad_served for each in runs]))
        delays = (np.median(caught), np.quantile(caught, 0.9)) if caught else (np.nan, np.nan)
        columns += f" {100 * len(caught) / len(runs):6.1f}% {delays[0]:7.0f} {delays[1]:6.0f} {served:8.0f}"
    else:
        columns += " " * 32
    lanes = _counted(each.judged.lane for each in runs if each.judged.rolled_back is not None)
    held = _counted(each.judged.guard for each in runs if each.judged.held is not None)
    return f"{columns}  {lanes}; {held}; {sum(each.judged.proposed is not None for each in runs)}"


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in Counter(words).most_common()) or "-"


def _print_wrong(each: Run) -> None:
    missed = each.bad_from is not None and each.caught is None
    if each.false or missed:
        what = "false" if each.false else "missed"
        print(f"    {what}: show {each.family} {each.mode} {each.rate:g} {each.seed}  {each.judged.sentence}")
