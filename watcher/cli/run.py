"""`watcher run`: the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from watcher.cli.exits import Exit
from watcher.daemon.settings import Settings


def run(
    config: Annotated[Path | None, typer.Option(help="The thresholds file. [env: WATCHER_CONFIG]")] = None,
    store: Annotated[Path | None, typer.Option(help="The decision log. [env: WATCHER_STORE]")] = None,
    kubeconfig: Annotated[
        Path | None, typer.Option(help="Kubeconfig file; default: the pod's ServiceAccount. [env: WATCHER_KUBECONFIG]")
    ] = None,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig. [env: WATCHER_CONTEXT]")] = None,
    host: Annotated[str | None, typer.Option(help="Address of the HTTP server. [env: WATCHER_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the HTTP server. [env: WATCHER_PORT]")] = None,
    namespace: Annotated[str | None, typer.Option(help="The daemon's own namespace. [env: WATCHER_NAMESPACE]")] = None,
    log_format: Annotated[str | None, typer.Option(help="auto, json or console. [env: WATCHER_LOG_FORMAT]")] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Never write to workloads. [env: WATCHER_READ_ONLY]")
    ] = False,
) -> None:
    """Watch the cluster, and undo bad releases as the thresholds file allows.

    Settings come from WATCHER_* variables; flags win.  Ends with 0 after SIGTERM, 1 when a part failed for good,
    2 when settings or thresholds are wrong.
    """
    from watcher.cli import logs

    given = {
        "config": config,
        "store": store,
        "kubeconfig": kubeconfig,
        "context": context,
        "host": host,
        "port": port,
        "namespace": namespace,
        "log_format": log_format,
        "read_only": read_only or None,
    }
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"WATCHER_{name}: {problem['msg']}; correct the variable or the flag", err=True)
        raise typer.Exit(Exit.INVALID) from error
    logs.configure(settings.log_format, settings.log_level)
    raise typer.Exit(asyncio.run(serve(settings)))


async def serve(settings: Settings) -> Exit:
    """Run the daemon until SIGTERM or SIGINT."""
    from watcher.app import daemon
    from watcher.config import ConfigError
    from watcher.ports import WatcherError

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with daemon(settings) as running:
            with contextlib.suppress(asyncio.CancelledError):
                await running.run(stop)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        return Exit.INVALID
    except WatcherError as error:
        typer.echo(str(error), err=True)
        return Exit.FAILED
    return Exit.OK
