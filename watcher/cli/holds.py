"""`watcher hold` and `watcher resume`: leave things alone for a while."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported, show_table
from watcher.cli.reading import Store, asking, present
from watcher.cli.secret import TokenFile, writing
from watcher.core.deciding.holding import Hold, Scope
from watcher.core.moments import moment

if TYPE_CHECKING:
    from watcher.adapters.kubernetes.holding import Holding

What = Annotated[
    list[str],
    typer.Argument(metavar="WHAT", help="all | namespace NAME | workload Kind/namespace/name"),
]
Over = Annotated[
    str, typer.Option("--server", help="Ask this daemon, with a token, instead of writing to the cluster yourself.")
]
Kubeconfig = Annotated[Path | None, typer.Option(help="Your kubeconfig file.  [env: WATCHER_KUBECONFIG, KUBECONFIG]")]
Context = Annotated[str, typer.Option(help="Context of the kubeconfig.  [env: WATCHER_CONTEXT]")]
Own = Annotated[
    str, typer.Option(help="The daemon's own namespace, for `all`.  [env: WATCHER_NAMESPACE; default: watcher]")
]

_COLUMNS = ("WHAT", "REASON", "BY", "UNTIL", "WHERE")


def hold(
    what: Annotated[
        list[str],
        typer.Argument(metavar="WHAT", help="all | namespace NAME | workload Kind/namespace/name | list"),
    ],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; shown wherever the hold counts.")] = "",
    lasts: Annotated[str, typer.Option("--for", help="How long, as in 2h; without it until somebody resumes.")] = "",
    server: Over = "",
    token_file: TokenFile = None,
    store: Store = None,
    kubeconfig: Kubeconfig = None,
    context: Context = "",
    namespace: Own = "",
    output: Output = Format.TABLE,
) -> None:
    """Let nothing be written to these workloads; they are watched on.  `hold list` shows every hold.

    Exit code 1: you may not, or it could not be done; 2: the command line is wrong; 5: the cluster or the daemon
    cannot be reached.
    """
    with failures_reported():
        if what == ["list"]:
            _show(server, store, output)
            return
        scope = _scope(what)
        if not reason.strip():
            raise WrongUse("say why: --reason TEXT")
        placed = Hold(str(scope), reason.strip(), until=_ends(lasts))
        if server:
            found = writing(server, token_file).hold(str(scope), reason.strip(), lasts)
        else:
            found = _in_cluster(kubeconfig, context, namespace, lambda holding: _place(holding, placed))
    if output is not Format.TABLE:
        typer.echo(for_programs(found, output))
        return
    until = f"until {moment(found['until'])}" if found.get("until") is not None else "until somebody resumes"
    typer.echo(
        f"{scope} is held {until}. To end it: watcher resume {' '.join(what)}{' --server URL' if server else ''}"
    )


def resume(
    what: What,
    server: Over = "",
    token_file: TokenFile = None,
    kubeconfig: Kubeconfig = None,
    context: Context = "",
    namespace: Own = "",
) -> None:
    """Lift the hold on just this; it is judged anew at once.

    Exit code 1: there is no such hold, or you may not lift it; 2: the command line is wrong; 5: the cluster or the
    daemon cannot be reached.
    """
    with failures_reported():
        scope = _scope(what)
        if server:
            writing(server, token_file).resume(str(scope))
        else:
            _in_cluster(kubeconfig, context, namespace, lambda holding: _lift(holding, scope))
    typer.echo(f"{scope} is no longer held.")


def _scope(what: list[str]) -> Scope:
    """What the words name.  Raises WrongUse."""
    kind, names = what[0], what[1:]
    try:
        if kind == "namespace" and len(names) == 1:
            return Scope.parse(f"namespace/{names[0]}")
        if kind == "workload" and len(names) == 1:
            return Scope.parse(names[0])
        if not names:
            return Scope.parse(kind)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    raise WrongUse(f"{' '.join(what)!r} names nothing; write all, namespace NAME or workload Kind/namespace/name")


def _ends(lasts: str) -> float | None:
    if not lasts:
        return None
    from watcher.config.values import Duration

    try:
        return present() + Duration.parse(lasts)
    except ValueError as error:
        raise WrongUse(f"--for: {error}") from error


def _in_cluster(
    kubeconfig: Path | None, context: str, namespace: str, work: Callable[[Holding], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    """Do this with the caller's own kubeconfig and permissions."""
    from watcher.adapters.kubernetes.client import Client
    from watcher.adapters.kubernetes.holding import Holding

    async def run() -> dict[str, Any]:
        file = kubeconfig or os.environ.get("WATCHER_KUBECONFIG", "")
        client = await Client.connect(str(file), context or os.environ.get("WATCHER_CONTEXT", ""))
        try:
            return await work(Holding(client, namespace or os.environ.get("WATCHER_NAMESPACE") or "watcher"))
        finally:
            await client.close()

    return asyncio.run(run())


async def _place(holding: Holding, wanted: Hold) -> dict[str, Any]:
    author = await holding.author() or getpass.getuser()
    await holding.place(Hold(wanted.scope, wanted.reason, author, None, wanted.until))
    return {"scope": wanted.scope, "reason": wanted.reason, "by": author, "until": wanted.until}


async def _lift(holding: Holding, scope: Scope) -> dict[str, Any]:
    await holding.lift(scope)
    return {}


def _show(server: str, store: Path | None, output: Format) -> None:
    with asking(server, store) as answers:
        found = answers.holds()
    if output is not Format.TABLE:
        typer.echo(for_programs({"items": found}, output))
    elif found:
        show_table(_COLUMNS, [_row(each) for each in found])
    else:
        typer.echo("nothing is held")


def _row(hold: dict[str, Any]) -> tuple[str, ...]:
    until = moment(hold["until"]) if hold.get("until") is not None else "-"
    return str(hold["scope"]), str(hold["reason"]), hold.get("by") or "-", until, str(hold.get("where"))
