"""`watcher runbook`: the steps of an incident by hand, with the real names and commands of one workload."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.exits import Exit
from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported

if TYPE_CHECKING:
    from watcher.config import Thresholds
    from watcher.core.model import Workload
    from watcher.runbook.facts import Facts


def runbook(
    workload: Annotated[str, typer.Argument(help="Kind/namespace/name, as in Deployment/shop/checkout.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The thresholds file, for PromQL and flags.  [env: WATCHER_CONFIG]"),
    ] = None,
    kubeconfig: Annotated[
        str,
        typer.Option(help="Kubeconfig file; default: KUBECONFIG, the pod's ServiceAccount, ~/.kube/config."),
    ] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig.")] = "",
    output: Output = Format.TABLE,
) -> None:
    """Print what a person does to take a release back by hand: every step, with the commands of this workload, now.

    Reads the cluster only; needs no daemon. Exit code 1: there is no such workload, it may not be read, or no
    kubeconfig is found; 2: the command line or the thresholds file is wrong; 5: the cluster does not answer.
    """
    from watcher.cli.logs import silenced
    from watcher.runbook.compose import runbook as composed
    from watcher.runbook.markdown import markdown

    with failures_reported():
        thresholds, named = _loaded(config), _named(workload)
        with silenced():
            facts = asyncio.run(read(named, thresholds, kubeconfig, context))
    book = composed(facts)
    if output is Format.TABLE:
        typer.echo(markdown(book).rstrip("\n"))
    else:
        typer.echo(for_programs(book.body(), output))


async def read(workload: Workload, thresholds: Thresholds | None, kubeconfig: str, context: str) -> Facts:
    """Everything that the runbook names.  Raises Unavailable, Rejected."""
    from watcher.adapters.kubernetes.client import Client
    from watcher.adapters.kubernetes.keeping import ControlPlanes
    from watcher.daemon.clock import SystemClock
    from watcher.runbook.commands import Kubectl
    from watcher.runbook.gathering import Asked, gather
    from watcher.wiring.git import hub_of

    clock, usual = SystemClock(), ControlPlanes()
    api = thresholds.gitops.argocd if thresholds is not None else None
    planes = ControlPlanes(
        os.environ.get("WATCHER_ARGOCD_NAMESPACE", usual.argocd),
        os.environ.get("WATCHER_FLUX_NAMESPACE", usual.flux),
        applications_here=api is None,
    )
    client = await Client.connect(kubeconfig or os.environ.get("WATCHER_KUBECONFIG", ""), context)
    try:
        asked = Asked(
            client=client,
            clock=clock,
            planes=planes,
            kubectl=Kubectl(kubeconfig, context),
            thresholds=thresholds,
            own_namespace=os.environ.get("WATCHER_NAMESPACE", ""),
            prepare=lambda cluster: hub_of(cluster, api, clock),
        )
        return await gather(asked, workload)
    finally:
        await client.close()


def _named(workload: str) -> Workload:
    from watcher.core.model import Workload

    try:
        return Workload.parse(workload)
    except ValueError as error:
        raise WrongUse(str(error)) from error


def _loaded(config: Path | None) -> Thresholds | None:
    from watcher.config import ConfigError, load

    named = config or (Path(os.environ["WATCHER_CONFIG"]) if os.environ.get("WATCHER_CONFIG") else None)
    if named is None:
        return None
    try:
        return load(named)
    except ConfigError as error:
        typer.echo(error, err=True)
        raise typer.Exit(Exit.INVALID) from None
