"""One run in detail: what was counted block by block, and what was decided."""

from __future__ import annotations

import argparse

from benchmarks.judge.cells import Drawn
from benchmarks.judge.checks import policy
from benchmarks.judge.families import by_name
from benchmarks.judge.ours import judge_release
from benchmarks.judge.rollouts import MODES, Setting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    parser.add_argument("family")
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("rate", type=float)
    parser.add_argument("seed", type=int)
    parser.add_argument("--interval", type=float, default=15.0)
    parser.add_argument("--history", type=float, default=Setting().history)
    parser.add_argument("--blocks", action="store_true")


def main(chosen: argparse.Namespace) -> None:
    """Print it.  Times are seconds since the release began."""
    setting = Setting(interval=chosen.interval, history=chosen.history)
    drawn = Drawn.of(by_name()[chosen.family], chosen.mode, chosen.rate, chosen.seed, setting)
    scenario, closed = drawn.scenario, drawn.blocks()

    def since(time: float | None) -> str:
        return "never" if time is None else f"{time - scenario.began:+.1f}"

    for pod in scenario.pods:
        print(f"{pod.name}: created {since(pod.created)} ready {since(pod.ready)} terminating {since(pod.terminating)}")
    print(f"rolled out {since(scenario.rolled_out)} switched {since(scenario.switched)} bad {since(scenario.bad_from)}")
    if chosen.blocks:
        for poll, block in closed:
            sums = {
                revision: tuple(
                    sum(values)
                    for values in zip(*((p.total, p.bad) for p in block.pods if p.revision == revision), strict=True)
                )
                for revision in sorted({pod.revision for pod in block.pods})
            }
            print(f"{since(poll)} {block.check} {since(block.start)} {sums} {'gap ' * block.gap}{block.broken}")
    judged = judge_release(scenario, closed, drawn.polls, drawn.views, policy(from_outside=scenario.from_outside))
    print(f"rolled back {since(judged.rolled_back)} proposed {since(judged.proposed)} held {since(judged.held)}")
    print(f"{judged.lane} {judged.guard} {judged.verdict}\n{judged.sentence}")
