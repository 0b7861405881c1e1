"""`watcher run`: the daemon."""

from __future__ import annotations

import asyncio
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
        for line in mistakes(error):
            typer.echo(line, err=True)
        raise typer.Exit(Exit.INVALID) from error
    logs.configure(settings.log_format, settings.log_level)
    raise typer.Exit(asyncio.run(serve(settings)))


def mistakes(error: ValidationError) -> list[str]:
    """What is wrong with the settings, one line each: variable, value, what it must be, and what to do."""
    return [_mistake(str(each["loc"][0]).upper(), each["input"], each["msg"]) for each in error.errors()]


def _mistake(name: str, value: object, message: str) -> str:
    return f"WATCHER_{name}={value}: {message[:1].lower()}{message[1:]}; correct the variable or the flag"


async def serve(settings: Settings) -> Exit:
    """Run the daemon until SIGTERM or SIGINT."""
    import structlog

    from watcher.config import ConfigError
    from watcher.ports import WatcherError
    from watcher.wiring import process

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with process(settings) as prepared:
            await prepared.run(stop)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        return Exit.INVALID
    except WatcherError as error:
        typer.echo(f"watcher: {error}", err=True)
        return Exit.FAILED
    except ExceptionGroup:
        structlog.get_logger("watcher").critical("part_failed", exc_info=True)
        return Exit.FAILED
    return Exit.OK
