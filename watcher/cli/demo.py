"""`watcher demo`: everything on one machine, no cluster needed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from watcher.sandbox.demo.play import Play


class Output(StrEnum):
    """What is printed."""

    VIEW = "view"
    JSON = "json"


def demo(
    once: Annotated[bool, typer.Option("--once", help="Play and end, without the live view.")] = False,
    stay: Annotated[bool, typer.Option("--stay", help="Keep everything running after the play, until Ctrl-C.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="view, or json for programs.")] = Output.VIEW,
    prometheus: Annotated[
        Path | None, typer.Option(help="A prometheus binary; default: the one on PATH, else an embedded source.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the daemon's HTTP server; 0 takes a free one.")] = 0,
) -> None:
    """Play the main job: good releases pass, an outage does nothing, bad releases are found and undone.

    Ends with 0 only if every release ended as it must.
    """
    if prometheus is not None and not prometheus.is_file():
        typer.echo(f"--prometheus {prometheus}: there is no such file; give the path of a prometheus binary", err=True)
        raise typer.Exit(Exit.INVALID)
    try:
        code = asyncio.run(
            _demo(plain=once or output is Output.JSON, stay=stay, output=output, binary=prometheus, port=port)
        )
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = Exit.FAILED  # cut off before the end
    raise typer.Exit(code)


async def _demo(*, plain: bool, stay: bool, output: Output, binary: Path | None, port: int) -> Exit:
    from rich.console import Console

    from watcher.cli import logs
    from watcher.ports import WatcherError
    from watcher.sandbox.demo.play import Play
    from watcher.sandbox.demo.stage import stage

    console = Console(stderr=output is Output.JSON)
    _end_in_order_when_told()
    with tempfile.TemporaryDirectory(prefix="watcher-demo-") as directory:
        logs.configure_file(Path(directory) / "watcher.log")
        try:
            async with stage(Path(directory), binary, port) as set_up:
                play = Play(set_up)
                code = await _perform(play, console, plain=plain or not sys.stdout.isatty())
                _report(play, output, console)
                if stay:
                    await _stay(play, console)
                return code
        except WatcherError as error:
            console.print(f"the demo could not be set up: {error}", style="red")
            return Exit.FAILED


def _end_in_order_when_told() -> None:
    """Ctrl-C, a closed terminal or a `kill` end the demo in order: nothing is left running.

    Set here for SIGINT too, since a shell starts background commands with it ignored.
    """
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


async def _perform(play: Play, console: Console, *, plain: bool) -> Exit:
    from watcher.sandbox.demo.play import PlayFailed
    from watcher.sandbox.demo.view import show

    teller = asyncio.create_task(_tell(play, console) if plain else show(play, console))
    try:
        await play.perform()
    except PlayFailed as error:
        console.print(f"The demo failed: {error}", style="bold red")
        return Exit.FAILED
    else:
        return Exit.OK
    finally:
        await asyncio.sleep(0.6)  # the last sentences
        teller.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await teller


async def _tell(play: Play, console: Console) -> None:
    """The story line by line, where there is no terminal for a view."""
    told = 0
    while True:
        for _, text in play.story[told:]:
            console.print(text)
        told = len(play.story)
        await asyncio.sleep(0.2)


def _report(play: Play, output: Output, console: Console) -> None:
    from watcher.sandbox.demo.play import summary

    result = summary(play)
    if output is Output.JSON:
        typer.echo(json.dumps(result))
        return
    releases = result["releases"]
    for release in releases if isinstance(releases, list) else []:
        console.print(_line(release))
    configuration = play.stage.configuration
    if configuration is not None:
        console.print("git log --oneline of the configuration repository:")
        for line in configuration.repository.log():
            console.print(f"  {line}", highlight=False, markup=False)


def _line(release: dict[str, object]) -> str:
    if release["rung"] is None:
        return f"  {release['image']}: {release['verdict']}"
    return (
        f"  {release['image']}: {release['verdict']}; {release['rung']} to revision {release['target']}; decided "
        f"{release['detected_after_s']} s, recovered {release['restored_after_s']} s after the first bad request"
    )


async def _stay(play: Play, console: Console) -> None:
    set_up = play.stage
    decisions = [watch.decision.id for watch in play.ends.values() if watch.decision is not None]
    console.print("\nEverything keeps running until Ctrl-C.  In another terminal:")
    for line in (
        f"export KUBECONFIG={set_up.cluster.kubeconfig_path}",
        "kubectl get deployments,rollouts,pods -A",
        "kubectl -n shop rollout history deployment/cart",
        f"curl {set_up.daemon.url}/api/v1/status",
        f"export WATCHER_SERVER={set_up.daemon.url}",
        f"watcher decisions show {decisions[-1] if decisions else 'ID'}",
        "watcher why Deployment/shop/cart",
    ):
        console.print(f"  {line}", style="bold", soft_wrap=True, highlight=False)
    if set_up.configuration is not None:
        console.print(f"  git -C {set_up.configuration.repository.path} log -p", style="bold", soft_wrap=True)
    console.print(f"Logs: {set_up.directory / 'watcher.log'}   Metrics source: {set_up.metrics.url}", highlight=False)
    with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C is the way to end it
        await asyncio.Event().wait()
