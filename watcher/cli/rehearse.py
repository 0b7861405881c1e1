"""`watcher rehearse`: try a way back on purpose."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.exits import Exit
from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported, show_table
from watcher.cli.reading import Limit, Server, Store, asking
from watcher.cli.secret import TokenFile, writing
from watcher.core.model import Workload
from watcher.core.moments import moment

if TYPE_CHECKING:
    from watcher.cli.server import ServerAnswers
    from watcher.config.gitops import GitOps
    from watcher.rehearsal.drill import Drill
    from watcher.rehearsal.outcome import Rehearsed

T = TypeVar("T")

_COLUMNS = ("HELD", "WORKLOAD", "RUNG", "RESULT", "SECONDS", "STEPS", "MESSAGE")


def rehearse(
    workload: Annotated[str, typer.Argument(help="Kind/name, or Kind/namespace/name; without --list.")] = "",
    namespace: Annotated[str, typer.Option("--in", help="The namespace that is labelled for rehearsals.")] = "",
    fault: Annotated[
        str, typer.Option(help="env:NAME=VALUE or annotation:KEY=VALUE instead of an image that is not there.")
    ] = "",
    within: Annotated[str, typer.Option(help="How long the daemon may take to mend it.")] = "30m",
    restore: Annotated[bool, typer.Option("--restore", help="Put back what an earlier rehearsal left.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the rehearsals that were held.")] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", envvar="WATCHER_CONFIG", help="Thresholds file, for `gitops.repositories`."),
    ] = None,
    kubeconfig: Annotated[str, typer.Option(help="Your kubeconfig file.  [env: WATCHER_KUBECONFIG, KUBECONFIG]")] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig.  [env: WATCHER_CONTEXT]")] = "",
    server: Server = "",
    token_file: TokenFile = None,
    store: Store = None,
    limit: Limit = 20,
    output: Output = Format.TABLE,
) -> None:
    """Release a version that is broken on purpose, let the daemon undo it, time each step, and compare with before.

    Only in a namespace with the label watcher.dev/rehearsal=true.  Exit code 1: a rung failed, something is not as
    before, or the rehearsal cannot be held now; 2: the command line is wrong; 5: cluster or daemon cannot be reached.
    """
    if listed:
        _list(workload, namespace, server, store, limit, output)
        return
    with failures_reported():
        named, seconds = _named(workload, namespace), _seconds(within)
        _check_fault(fault)
        held = _Held(named, fault, seconds, kubeconfig, context, config, writing(server, token_file))
        if restore:
            _told_of_restoring(named, _run(held.restored()))
            return
        rows, identity = _run(held.rehearsed())
    if output is Format.TABLE:
        for row in rows:
            _show(named, row)
    else:
        typer.echo(for_programs({"items": [row.body(identity, str(named)) for row in rows]}, output))
    if not rows or any(row.result == "failed" for row in rows):
        raise typer.Exit(Exit.FAILED)


class _Held:
    """One call of the command."""

    def __init__(
        self,
        workload: Workload,
        fault: str,
        within: float,
        kubeconfig: str,
        context: str,
        config: Path | None,
        answers: ServerAnswers,
    ) -> None:
        self._workload, self._fault, self._within, self._answers = workload, fault, within, answers
        self._kubeconfig = kubeconfig or os.environ.get("WATCHER_KUBECONFIG", "")
        self._context, self._config = context or os.environ.get("WATCHER_CONTEXT", ""), config

    async def rehearsed(self) -> tuple[tuple[Rehearsed, ...], str]:
        async with self._drill() as drill:
            return await _until_terminated(drill.hold()), drill.id

    async def restored(self) -> tuple[str, ...]:
        async with self._drill() as drill:
            return await _until_terminated(drill.restore())

    @asynccontextmanager
    async def _drill(self) -> AsyncIterator[Drill]:
        from uuid import uuid4

        from watcher.adapters.git import GitRepositories
        from watcher.adapters.kubernetes.client import Client
        from watcher.adapters.kubernetes.rehearsing import Rehearsing
        from watcher.daemon.clock import SystemClock
        from watcher.rehearsal.drill import Drill, Means

        clock = SystemClock()
        client = await Client.connect(self._kubeconfig, self._context)
        try:
            with TemporaryDirectory(prefix="watcher-git-", ignore_cleanup_errors=True) as cache:
                repositories = GitRepositories(self._gitops, Path(cache), clock.now)
                on = Rehearsing(client, self._workload)
                means = Means(on, self._answers, repositories.repository, clock, _teller())
                yield Drill(means, self._workload, uuid4().hex[:8], self._within, self._fault)
        finally:
            await client.close()

    def _gitops(self) -> GitOps:
        from watcher.config import ConfigError, load

        if self._config is None:
            raise WrongUse("it is deployed from Git: name the file with `gitops.repositories` by --config")
        try:
            return load(self._config).gitops
        except ConfigError as error:
            raise WrongUse(str(error)) from error


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except (asyncio.CancelledError, KeyboardInterrupt):
        typer.echo("watcher: stopped before its end; everything was put back, and nothing is recorded", err=True)
        raise typer.Exit(Exit.FAILED) from None


async def _until_terminated(work: Coroutine[Any, Any, T]) -> T:
    """The result; SIGTERM ends it like Ctrl-C, so that everything is put back."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def _named(workload: str, namespace: str) -> Workload:
    """The workload that is meant.  Raises WrongUse."""
    if not workload:
        raise WrongUse("name the workload, and the namespace that is there for rehearsals: KIND/NAME --in NAMESPACE")
    parts = workload.split("/")
    if not namespace:
        raise WrongUse("name the namespace that is there for rehearsals: --in NAMESPACE")
    try:
        named = Workload.parse(f"{parts[0]}/{namespace}/{parts[1]}" if len(parts) == 2 else workload)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    if named.namespace != namespace:
        raise WrongUse(f"{workload} is not in namespace {namespace}")
    return named


def _seconds(within: str) -> float:
    from watcher.config.values import Duration

    try:
        return float(Duration.parse(within))
    except ValueError as error:
        raise WrongUse(f"--within: {error}") from error


def _check_fault(fault: str) -> None:
    from watcher.core.drill import broken

    try:
        broken({"spec": {"containers": [{"image": "any"}]}}, "any", fault)
    except ValueError as error:
        raise WrongUse(f"--fault: {error}") from error


def _teller() -> Callable[[str], None]:
    """Says on standard error what goes on, each thing once."""
    told = [""]

    def tell(text: str) -> None:
        if text != told[0]:
            told[0] = text
            typer.echo(f"  {text}", err=True)

    return tell


def _told_of_restoring(workload: Workload, differences: tuple[str, ...]) -> None:
    if not differences:
        typer.echo(f"{workload} is as before the rehearsal")
        return
    for each in differences:
        typer.echo(f"not as before: {each}", err=True)
    raise typer.Exit(Exit.FAILED)


def _show(workload: Workload, row: Rehearsed) -> None:
    typer.echo(f"{workload} {row.rung}: {row.result}: {row.message}")
    for name, seconds in row.steps.items():
        typer.echo(f"  {seconds:7.1f} s  {name}")
    for each in row.differences:
        typer.echo(f"  not as before: {each}")


def _list(workload: str, namespace: str, server: str, store: Path | None, limit: int, output: Format) -> None:
    with asking(server, store) as answers:
        found = answers.rehearsals(str(_named(workload, namespace)) if workload else "", limit, 0.0)
    if output is not Format.TABLE:
        typer.echo(for_programs({"items": found}, output))
    elif found:
        show_table(_COLUMNS, [_row(each) for each in found])
    else:
        typer.echo("nothing was rehearsed")


def _row(rehearsal: dict[str, Any]) -> tuple[str, ...]:
    taken = ", ".join(f"{name} {seconds:.1f}" for name, seconds in (rehearsal.get("steps") or {}).items())
    columns = (rehearsal["workload"], rehearsal["rung"], rehearsal["result"], f"{rehearsal['seconds']:.1f}")
    return moment(rehearsal["at"]), *map(str, columns), taken, str(rehearsal["message"])
