"""The runs of a report.  Can be stopped at any time, and goes on where it was."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from benchmarks.judge.contest import MEMORY, contest
from benchmarks.judge.families import by_name
from benchmarks.judge.goals import PICKS
from benchmarks.judge.plan import SIZES, Portion, portions
from benchmarks.judge.results import Directory
from benchmarks.judge.rollouts import Setting

WORD_EVERY = 15.0
"""Seconds between two lines of progress."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--size", choices=SIZES, default="short", help="short: a quarter of an hour on two cores")
    parser.add_argument("--directory", type=Path, help="of the results; by default build/judge/SIZE")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--families", default="", help="only these, with commas")


def main(chosen: argparse.Namespace) -> None:
    """Run what is not there yet."""
    directory = Directory(chosen.directory or Path("build/judge") / chosen.size)
    known = by_name()
    names = chosen.families.split(",") if chosen.families else list(known)
    if set(names) - set(known):
        raise SystemExit(f"no family {', '.join(sorted(set(names) - set(known)))}; there are: {', '.join(known)}")
    try:
        directory.claim(chosen.size)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    every = portions(SIZES[chosen.size], {name: known[name] for name in names}, PICKS)
    todo = [each for each in every if not directory.has(each)]
    _say(f"{len(every)} portions, {len(every) - len(todo)} of them done before; results in {directory.path}")
    if todo:
        _run(directory, todo, chosen.jobs)


def _run(directory: Directory, todo: list[Portion], jobs: int) -> None:
    began = said = time.monotonic()
    with ProcessPoolExecutor(jobs, initializer=gc.disable) as pool:  # runs leave no cycles worth looking for
        try:
            futures = [pool.submit(_portion, directory, each) for each in todo]
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                now = time.monotonic()
                if now - said >= WORD_EVERY or done == len(todo):
                    said, left = now, (now - began) / done * (len(todo) - done)
                    _say(f"{done} of {len(todo)} portions in {now - began:.0f} s, about {left:.0f} s to go")
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise SystemExit("stopped; the same command goes on with what is missing") from None


def _portion(directory: Directory, portion: Portion) -> None:
    family, setting = by_name()[portion.family], Setting(interval=portion.interval, memory=MEMORY)
    directory.put(
        portion,
        [contest(family, mode, rate, seed, setting) for mode, rate in portion.cells for seed in portion.seeds],
    )
    gc.collect()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
