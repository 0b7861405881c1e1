"""The command line: `watcher`."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with one of the codes of `watcher.cli.exits`."""
    from watcher.cli.application import application

    application()
