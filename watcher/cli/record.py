"""`watcher record`: a recording of an incident, from a live Prometheus and cluster."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.exits import Exit
from watcher.cli.printing import failures_reported
from watcher.cli.reading import present

if TYPE_CHECKING:
    from watcher.config import Thresholds
    from watcher.core.model import Workload
    from watcher.ports import StoreReader
    from watcher.recorder.gathering import Step
    from watcher.recorder.record import Recorded, Wanted


def record(
    workload: Annotated[str, typer.Argument(help="Kind/namespace/name, as in Deployment/shop/checkout.")],
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The directory to be made; one that is there must be empty.")
    ],
    begin: Annotated[
        str, typer.Option("--from", metavar="TIME", help="A moment before the release: RFC 3339, or Unix seconds.")
    ],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="The end of the incident, written likewise.")],
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="WATCHER_CONFIG", help="The thresholds file.")
    ] = Path("thresholds.yaml"),
    store: Annotated[
        Path | None,
        typer.Option("--store", help="A decision log, which knows more of pods that are gone.  [env: WATCHER_STORE]"),
    ] = None,
    kubeconfig: Annotated[
        str,
        typer.Option(help="Kubeconfig file; default: KUBECONFIG, the pod's ServiceAccount, ~/.kube/config."),
    ] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig.")] = "",
) -> None:
    """Record an incident of one workload, so that it can be replayed.

    Exit code 1: it cannot be recorded, as there is no such workload, no sample, no permission to read, or DIR is taken;
    2: the command line or the thresholds file is wrong; 5: the cluster or a metrics source does not answer.
    """
    from watcher.recorder.record import Wanted

    with failures_reported(), _thresholds_reported():
        period = _period(begin, end, present())
        wanted = Wanted(_named(workload), *period, directory, _loaded(config))
        recorded = _recorded(wanted, store, kubeconfig or os.environ.get("WATCHER_KUBECONFIG", ""), context)
    _tell(directory, recorded)


def _recorded(wanted: Wanted, store: Path | None, kubeconfig: str, context: str) -> Recorded:
    from watcher.recorder.record import look, policy_of, record
    from watcher.recorder.writing import refuse_taken

    refuse_taken(wanted.directory)
    past = asyncio.run(look(wanted.workload, kubeconfig, context))
    subject, policy = policy_of(wanted.thresholds, past)
    if policy is None:
        file = wanted.thresholds.document.file
        raise WrongUse(f"no entry of services in {file} matches {wanted.workload}; name its file with --config")
    with _log(store) as log:
        return record(wanted, past, subject, policy, log, _shown)


def _tell(directory: Path, recorded: Recorded) -> None:
    for line in recorded.notes:
        typer.echo(line, err=True)
    if not recorded.releases:
        typer.echo("missing: a release: none began after --from, so a replay has nothing to judge", err=True)
    typer.echo(
        f"{directory}: {recorded.samples} samples of {recorded.series} series, {recorded.pods} pods,"
        f" {recorded.releases} {'release' if recorded.releases == 1 else 'releases'}; see: watcher replay {directory}"
    )


def _named(workload: str) -> Workload:
    from watcher.core.model import Workload

    try:
        return Workload.parse(workload)
    except ValueError as error:
        raise WrongUse(str(error)) from error


def _period(begin: str, end: str, now: float) -> tuple[float, float]:
    """Both times in Unix seconds.  Raises WrongUse."""
    from watcher.core.moments import moment
    from watcher.replay.rules import LONGEST

    start, stop = _time("--from", begin), _time("--to", end)
    if stop <= start:
        raise WrongUse("--to is not after --from; give a later time")
    if stop > now:
        raise WrongUse(f"--to {end} is still to come, it is {moment(now)} now; give a time that is over")
    if stop - start > LONGEST:
        raise WrongUse("a recording holds 14 days at the most; give a shorter time")
    return start, stop


def _time(option: str, text: str) -> float:
    from watcher.replay.spec import read_moment

    try:
        return read_moment(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except ValueError as error:
        raise WrongUse(f"{option}: {error}") from error


def _loaded(config: Path) -> Thresholds:
    from watcher.config import load

    return load(config)


@contextmanager
def _thresholds_reported() -> Iterator[None]:
    from watcher.config import ConfigError

    try:
        yield
    except ConfigError as error:
        typer.echo(error, err=True)
        raise typer.Exit(Exit.INVALID) from None


@contextmanager
def _log(store: Path | None) -> Iterator[StoreReader | None]:
    """The decision log that was named by flag or environment, or None."""
    from watcher.adapters.store.reading import SQLiteReader

    named = store or (Path(os.environ["WATCHER_STORE"]) if os.environ.get("WATCHER_STORE") else None)
    if named is None:
        yield None
        return
    with closing(SQLiteReader.open(named)) as log:
        yield log


def _shown(steps: Sequence[Step]) -> Iterable[Step]:
    """A progress bar on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if not console.is_terminal:
        return steps
    return track(steps, "reading samples", console=console, transient=True)
