"""`watcher doctor`: the preflight."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.exits import Exit
from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.adapters.kubernetes.keeping import ControlPlanes
    from watcher.config import Thresholds
    from watcher.core.model import Workload
    from watcher.core.state import KnownGood
    from watcher.doctor.examine import Report
    from watcher.doctor.gathering.asked import Tell


def doctor(
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="WATCHER_CONFIG", help="The thresholds file.")
    ] = Path("thresholds.yaml"),
    kubeconfig: Annotated[
        str,
        typer.Option(help="Kubeconfig file; default: KUBECONFIG, the pod's ServiceAccount, ~/.kube/config."),
    ] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig.")] = "",
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", "-n", help="Only this namespace; may be repeated.")
    ] = None,
    workload: Annotated[str, typer.Option("--workload", "-w", help="Only this workload: Kind/namespace/name.")] = "",
    account: Annotated[
        str, typer.Option(help="Ask what this ServiceAccount may do (namespace/name) instead of who you are.")
    ] = "",
    store: Annotated[
        Path | None,
        typer.Option("--store", help="The decision log, which knows what is known good.  [env: WATCHER_STORE]"),
    ] = None,
    since: Annotated[str, typer.Option(help="How far to look back on ordinary operation: 1h, 24h, 7d.")] = "24h",
    output: Output = Format.TABLE,
) -> None:
    """Look for what would keep watcher from seeing a bad release or from undoing it.

    Reads only; a repository in Git is asked whether it would take a push, without one. Exit code 0: nothing, or nothing
    above info; 1: warnings, or no kubeconfig is found; 6: something critical; 2: the command line or the thresholds
    file is wrong. A cluster, a source or a repository that does not answer is a finding.
    """
    from watcher.cli.logs import silenced

    with failures_reported():
        wanted = Wanted(_loaded(config), kubeconfig, context, namespace or [], workload, account, store, since)
        with _progress() as tell, silenced():
            report = asyncio.run(examined(wanted, tell))
    if output is Format.TABLE:
        from watcher.cli.doctor_page import show

        show(report)
    else:
        typer.echo(for_programs(report.body(), output))
    raise typer.Exit(exit_of(report))


class Wanted:
    """What the command line asks for, as the preflight takes it.  Raises WrongUse."""

    def __init__(
        self,
        thresholds: Thresholds,
        kubeconfig: str,
        context: str,
        namespaces: list[str],
        workload: str,
        account: str,
        store: Path | None,
        since: str,
    ) -> None:
        self.thresholds = thresholds
        self.kubeconfig = kubeconfig or os.environ.get("WATCHER_KUBECONFIG", "")
        self.context = context
        self.only = _only(workload)
        self.namespaces = _namespaces(namespaces, workload)
        self.account = _account(account)
        self.store = store or (Path(os.environ["WATCHER_STORE"]) if os.environ.get("WATCHER_STORE") else None)
        self.since = _seconds(since)
        self.known_good = _known_good(self.store)
        self.without_flag = _without_flag(self.store)


async def examined(wanted: Wanted, tell: Tell) -> Report:
    """Ask, and examine the answers.  Raises Rejected where the cluster's address cannot be told."""
    from watcher.adapters.kubernetes.client import Client
    from watcher.adapters.prometheus.source import PrometheusSource
    from watcher.daemon.clock import SystemClock
    from watcher.doctor.examine import examine
    from watcher.doctor.gathering.alone import facts_once
    from watcher.doctor.gathering.asked import Asked
    from watcher.wiring.flags import flags
    from watcher.wiring.git import branches, hub_of

    clock, gitops = SystemClock(), wanted.thresholds.gitops
    with _cache() as cache:
        client = await Client.connect(wanted.kubeconfig, wanted.context)
        asked = Asked(
            client=client,
            connect=PrometheusSource,
            thresholds=wanted.thresholds,
            now=clock.now,
            namespaces=wanted.namespaces,
            own_namespace=os.environ.get("WATCHER_NAMESPACE", "watcher"),
            account=wanted.account,
            only=wanted.only,
            known_good=wanted.known_good,
            store=wanted.store,
            since=wanted.since,
            planes=_planes(wanted.thresholds),
            git=branches(lambda: gitops, cache, clock),
            flags=flags(client, lambda: wanted.thresholds.flags, clock),
            without_flag=wanted.without_flag,
            tell=tell,
        )
        try:
            return examine(await facts_once(asked, clock, lambda cluster: hub_of(cluster, gitops.argocd, clock)))
        finally:
            await client.close()


def _planes(thresholds: Thresholds) -> ControlPlanes:
    """Where Argo CD and Flux are, as the daemon is told."""
    from watcher.adapters.kubernetes.keeping import ControlPlanes

    usual = ControlPlanes()
    return ControlPlanes(
        os.environ.get("WATCHER_ARGOCD_NAMESPACE", usual.argocd),
        os.environ.get("WATCHER_FLUX_NAMESPACE", usual.flux),
        applications_here=thresholds.gitops.argocd is None,
    )


@contextmanager
def _cache() -> Iterator[Path]:
    """Where clones of repositories are put: with those of the daemon, or in a folder of our own for as long."""
    if os.environ.get("WATCHER_GIT_CACHE"):
        yield Path(os.environ["WATCHER_GIT_CACHE"])
        return
    with TemporaryDirectory(prefix="watcher-git-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def exit_of(report: Report) -> Exit:
    """The exit code for the worst finding."""
    from watcher.doctor.finding import Severity

    codes = {Severity.CRITICAL: Exit.CRITICAL, Severity.WARNING: Exit.FAILED}
    return codes.get(report.worst, Exit.OK) if report.worst is not None else Exit.OK


def _loaded(config: Path) -> Thresholds:
    from watcher.config import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        typer.echo(error, err=True)
        raise typer.Exit(Exit.INVALID) from None


def _only(workload: str) -> Callable[[Workload], bool]:
    from watcher.core.model import Workload

    if not workload:
        return lambda _: True
    try:
        named = Workload.parse(workload)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    return lambda each: each == named


def _namespaces(given: list[str], workload: str) -> tuple[str, ...]:
    """Those of the command line, else that of the one workload, else those that the daemon watches."""
    if given or workload:
        return tuple(dict.fromkeys(given or [workload.split("/")[1]]))
    return tuple(each.strip() for each in os.environ.get("WATCHER_NAMESPACES", "").split(",") if each.strip())


def _account(account: str) -> str:
    if account and (account.count("/") != 1 or not all(account.split("/"))):
        raise WrongUse(f"--account {account} does not name a ServiceAccount; write namespace/name")
    return account


def _seconds(since: str) -> float:
    from watcher.config.values import Duration

    try:
        return float(Duration.parse(since))
    except ValueError as error:
        raise WrongUse(f"--since: {error}") from error


def _known_good(store: Path | None) -> Mapping[Workload, tuple[KnownGood, ...]] | None:
    """What the decision log holds for proven; None where there is no log yet."""
    if store is None or not store.exists():
        return None
    from watcher.adapters.store.reading import SQLiteReader
    from watcher.daemon.journal import load

    with closing(SQLiteReader.open(store)) as log:
        return {state.workload: state.known_good for state in load(log)}


def _without_flag(store: Path | None) -> frozenset[Workload]:
    """Workloads that are known to run with their flag off."""
    if store is None or not store.exists():
        return frozenset()
    from watcher.adapters.store.reading import SQLiteReader
    from watcher.daemon.journal import load
    from watcher.doctor.gathering.flags import without_flag

    with closing(SQLiteReader.open(store)) as log:
        return without_flag(log.last_rehearsals(), load(log))


@contextmanager
def _progress() -> Iterator[Tell]:
    """Says on standard error what is being asked, where that is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("watcher doctor") as shown:
        yield lambda text: shown.update(f"watcher doctor: {text}")
