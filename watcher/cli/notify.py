"""`watcher notify`: trying the channels of the thresholds file."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.exits import Exit
from watcher.cli.printing import failures_reported

if TYPE_CHECKING:
    from watcher.config import Thresholds
    from watcher.config.channels import Channel
    from watcher.ports import Notification

app = typer.Typer(no_args_is_help=True, help="Try the channels of the thresholds file.")


@app.callback()
def notify() -> None:
    """Try the channels of the thresholds file."""


@app.command("test")
def send_test(
    channel: Annotated[str, typer.Argument(help="Name of the channel under notifications.")],
    config: Annotated[
        Path, typer.Option("-c", "--config", envvar="WATCHER_CONFIG", help="The thresholds file.")
    ] = Path("thresholds.yaml"),
) -> None:
    """Send one test message to a channel, from here and at once.

    Exit code 1: the receiver refuses the message; 2: the thresholds file is wrong or has no such channel; 5: the
    receiver cannot be reached, does not accept it now, or a file of the channel cannot be used.
    """
    import time

    from watcher.adapters.notify import courier

    logging.getLogger().addHandler(logging.NullHandler())  # what libraries would say by themselves may hold a token
    thresholds = _thresholds(config)
    found = thresholds.channels.get(channel)
    if found is None:
        known = ", ".join(thresholds.channels) or "none"
        typer.echo(f"watcher: {config} has no channel {channel}; it has: {known}", err=True)
        raise typer.Exit(Exit.INVALID)
    with failures_reported():
        asyncio.run(courier(found, time.time).deliver(_message(found, thresholds, time.time())))
    typer.echo(f"{channel}: delivered")


def _thresholds(config: Path) -> Thresholds:
    from watcher.config import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(Exit.INVALID) from error


def _message(channel: Channel, thresholds: Thresholds, now: float) -> Notification:
    import json

    from watcher.ports import Notification

    told = ", ".join(sorted(channel.stages))
    where = f" of cluster {thresholds.cluster}" if thresholds.cluster else ""
    return Notification(
        key=f"test/{int(now)}@{channel.name}",
        event=f"test/{int(now)}",
        channel=channel.name,
        at=now,
        stage="test",
        workload="",
        title=f"Test of channel {channel.name}{where}",
        text=f"Nothing happened. This channel is told of: {told}.",
        body=json.dumps({"cluster": thresholds.cluster, "workload": None}).encode(),
    )
