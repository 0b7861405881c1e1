"""Runs the proof: `python -m tests.prove run`, `mutations` or `one`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from tests.prove import campaign, coverage, listing, mutating

HISTORIES = 10_000
SEED = 1


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 when all holds, 1 when an invariant was broken, a mutation survived, or something never came."""
    _fixed_hashes(arguments)
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="random histories keep the invariants")
    run.add_argument("--histories", type=int, default=HISTORIES)
    run.add_argument("--seed", type=int, default=SEED)
    run.set_defaults(work=_run)
    one = commands.add_parser("one", help="the history of one seed, once more")
    one.add_argument("seed", type=int)
    one.set_defaults(work=_one)
    mutations = commands.add_parser("mutations", help="without any one of its parts the proof fails")
    mutations.add_argument("names", nargs="*", help="only those whose name contains one of these")
    mutations.add_argument("--write", action="store_true", help="write the table into docs/proof.md")
    mutations.set_defaults(work=_mutations)
    for each in (run, mutations):
        each.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes, as many as cores")
    chosen = parser.parse_args(arguments)
    status: int = chosen.work(chosen)
    return status


def _fixed_hashes(arguments: Sequence[str]) -> None:
    """The order of sets is part of a history: the same seed must give the same one in every process."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(sys.executable, [sys.executable, "-m", "tests.prove", *arguments], environment)  # noqa: S606 - itself


def _run(chosen: argparse.Namespace) -> int:
    total = campaign.run(chosen.histories, chosen.seed, chosen.jobs)
    _say(f"{total.histories:,} histories from seed {chosen.seed} on: {_worlds(total)}; CPU time {total.seconds:,.0f} s")
    _say(coverage.summary(total.told))
    if total.broken:
        history, violation = campaign.minimal(*total.broken[0])
        _say(f"\nBroken by seed {history.seed}; as short as it was made:\n{history}\n{violation}")
        return 1
    never = coverage.missing(total.told) if chosen.histories >= coverage.ENOUGH else []
    if never:
        _say(f"\nThis never happened, so nothing is proven of it: {', '.join(never)}")
        return 1
    _say("All invariants hold.")
    return 0


def _worlds(total: campaign.Outcome) -> str:
    where = {"sandbox": "on the sandbox", "core": "in the simulated world", "git": "in that of Git"}
    return ", ".join(f"{total.worlds.get(world, 0):,} {text}" for world, text in where.items())


def _one(chosen: argparse.Namespace) -> int:
    history = campaign.drawn(chosen.seed)
    violation = campaign.broken(history)
    _say(f"{history}\n{violation or 'All invariants hold.'}")
    return 1 if violation is not None else 0


def _mutations(chosen: argparse.Namespace) -> int:
    found = []
    for verdict in mutating.all_judged(tuple(chosen.names), chosen.jobs):
        found.append(verdict)
        _say(listing.line(verdict))
    if chosen.write:
        listing.write(found)
    survivors = [each for each in found if not each.killed]
    _say(f"{len(found) - len(survivors)} of {len(found)} mutations are found out.")
    return 1 if survivors else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
