"""`python -m benchmarks.judge tune|show|run|report|speed|examples`."""

from __future__ import annotations

import argparse

from benchmarks.judge import examples, report, run, show, speed, tune

COMMANDS = {"tune": tune, "show": show, "run": run, "report": report, "speed": speed, "examples": examples}


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judge", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.__doc__))
    chosen = parser.parse_args()
    COMMANDS[chosen.command].main(chosen)


if __name__ == "__main__":
    main()
