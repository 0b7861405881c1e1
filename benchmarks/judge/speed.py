"""What judging costs: microseconds for each lane and poll; and how fast a recording's samples are read."""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.judge.cells import Drawn
from benchmarks.judge.checks import ERRORS, policy
from benchmarks.judge.families import by_name
from benchmarks.judge.ours import Core, by_poll
from benchmarks.judge.rollouts import Setting
from watcher.core import machine
from watcher.core.judging import judge
from watcher.core.judging.lanes import plans
from watcher.core.model import Block, Observation
from watcher.core.policy import Policy
from watcher.core.state import Watch
from watcher.replay import openmetrics

PODS = (4, 16, 64)
"""Pods of each version, which serve beside each other."""

SERIES, SAMPLES = 250, 4000
"""Of the file that is read: a million samples."""

MOST_MICROSECONDS, LEAST_SAMPLES = 100.0, 300_000.0
"""Goals: for each lane and poll, and a second."""


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Nothing can be chosen."""


def main(_: argparse.Namespace) -> None:
    """Print it."""
    found = measure()
    for each in found.judging:
        print(
            f"{each.pods} + {each.pods} pods, {each.lanes} lanes: {each.microseconds:.0f} µs a lane and poll "
            f"(worst {each.worst:.0f}); first poll, half an hour of history: {each.first:.0f} ms"
        )
    print(f"OpenMetrics: {found.samples:,.0f} samples a second")
    print(found.machine)


@dataclass(frozen=True, slots=True)
class Judging:
    """Of one check.  `microseconds` of each lane and poll, on the average and of the `worst` poll in a hundred.

    `first`: milliseconds of the poll that brings the history, all lanes together.
    """

    pods: int
    lanes: int
    polls: int
    microseconds: float
    worst: float
    first: float


@dataclass(frozen=True, slots=True)
class Speed:
    """On one core.  `samples`: of OpenMetrics text, a second."""

    judging: tuple[Judging, ...]
    samples: float
    machine: str


def measure() -> Speed:
    """Some seconds of measuring."""
    return Speed(tuple(judging(each) for each in PODS), reading(), _machine())


def judging(pods: int) -> Judging:
    """A canary of as many pods as the old version has, watched for half an hour: folding and reading of each poll."""
    setting = Setting(pods=pods, canaries=pods, weight=0.5)
    drawn = Drawn.of(by_name()["steady"], "canary", 50.0, 1, setting)
    rules = replace(policy(from_outside=False), checks=(ERRORS,))
    core = Core(drawn.scenario, drawn.views, rules)
    closed = [each for each in drawn.blocks() if each[1].check == ERRORS.name]
    spent, lanes = [], 0
    for now, blocks in by_poll(closed, drawn.polls):
        core.poll(now, ())  # the first poll finds the release before it is judged
        watch = machine.open_watch(core.state)
        if watch is not None and blocks:
            spent.append(_spent(drawn, watch, blocks, rules, now))
        if core.poll(now, blocks):
            break
        evidence = judge.counter_evidence(machine.open_watch(core.state).evidence, ERRORS)
        lanes = len(plans(ERRORS, evidence.usual))
    usual = [1e6 * each / lanes for each in spent[1:]]
    worst = statistics.quantiles(usual, n=100)[-1]
    return Judging(pods, lanes, len(usual), statistics.fmean(usual), worst, 1000 * spent[0])


def _spent(drawn: Drawn, watch: Watch, blocks: list[Block], rules: Policy, now: float) -> float:
    view = drawn.views.at(now)
    began = time.process_time()
    folded = judge.fold(watch, Observation(view, tuple(blocks)), view, rules, now)
    judge.read(replace(watch, evidence=folded), view, rules, now)
    return time.process_time() - began


def reading() -> float:
    """Samples a second of CPU."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "metrics.om"
        file.write_text("".join(_lines()))
        began = time.process_time()
        found = openmetrics.read(file)
        took = time.process_time() - began
    return sum(len(each.times) for each in found) / took


def _lines() -> Iterator[str]:
    for number in range(SERIES):
        labels = f'namespace="shop",pod="cart-7d4f9c-{number:05}",container="app",job="cart",code="200"'
        for sample in range(SAMPLES):
            yield f"http_requests_total{{{labels}}} {37 * sample} {1_700_000_000 + 15 * sample}.{number:03}\n"
    yield "# EOF\n"


def _machine() -> str:
    cpu, info = platform.machine(), Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = next(iter(names), cpu)
    return f"CPython {platform.python_version()}, one core of {cpu}"
