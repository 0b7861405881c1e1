"""Makes one recording: from what the cluster, the metrics sources and a decision log know of one workload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.past import Past, read
from watcher.config import ConfigError, Thresholds
from watcher.core.model import Workload
from watcher.core.policy import HistogramCheck, Policy, Subject
from watcher.ports import Rejected, StoreReader
from watcher.recorder import decision_log
from watcher.recorder.decision_log import Told
from watcher.recorder.gathering import Samples, Sources, Track, steps, traces
from watcher.recorder.labels import Hidden
from watcher.recorder.names import Names
from watcher.recorder.notes import Found, notes
from watcher.recorder.pods import known, pods
from watcher.recorder.selection import Selection, named_labels, needed_bounds, selections
from watcher.recorder.thresholds import excerpt
from watcher.recorder.timeline import replica_sets, timeline
from watcher.recorder.workload import Document, slim, workload_document
from watcher.recorder.writing import THRESHOLDS, as_yaml, moment, write
from watcher.replay.recording import FILE, read_spec


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be recorded, and where: [start, end] in Unix seconds."""

    workload: Workload
    start: float
    end: float
    directory: Path
    thresholds: Thresholds


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of it, in numbers.  `notes` say what was derived and what is missing."""

    samples: int
    series: int
    pods: int
    releases: int
    notes: tuple[str, ...]


async def look(workload: Workload, kubeconfig: str = "", context: str = "") -> Past:
    """What the cluster knows of a workload.  Raises Unavailable, Forbidden, Rejected."""
    client = await Client.connect(kubeconfig, context)
    try:
        return await read(client, workload)
    finally:
        await client.close()


def policy_of(thresholds: Thresholds, past: Past) -> tuple[Subject, Policy | None]:
    """The workload as the thresholds file sees it, and what holds for it; None where no entry matches it."""
    workload = past.workload
    subject = Subject(workload.kind, workload.namespace, workload.name, dict(slim(past).labels))
    return subject, thresholds.policy_for(subject)


def record(
    wanted: Wanted, past: Past, subject: Subject, policy: Policy, log: StoreReader | None, track: Track
) -> Recorded:
    """Write the recording.  Raises Unavailable or Rejected; then there is nothing of it."""
    thresholds = excerpt(wanted.thresholds, subject, policy)
    told = Told()
    if log is not None:
        told = decision_log.told(log, wanted.workload, past.uid, wanted.start, wanted.end)
    found = _found(wanted, past, told, policy, track)
    lines = notes(found)
    text = "".join(f"# {line}\n" for line in lines) + as_yaml(_document(wanted, found, policy))
    _check(wanted, text)
    series = [replace(each, labels=found.hidden.of(each.labels)) for each in found.samples.series()]
    write(wanted.directory, text, thresholds, series)
    releases = sum(each.created > wanted.start for each in found.line.entries)
    return Recorded(found.samples.count, len(series), len(found.pods.pods), releases, tuple(lines))


def _found(wanted: Wanted, past: Past, told: Told, policy: Policy, track: Track) -> Found:
    """Ask the sources, and put everything together.  Raises Unavailable, Rejected."""
    names, living = Names(past.workload, replica_sets(past)), known(past, told)
    at_first = timeline(past, told, list(living.facts.values()), wanted.end)
    if not at_first.entries:
        raise Rejected(f"{wanted.workload} had no revision by {moment(wanted.end)}; name a later time with --to")
    samples, chosen = _gather(wanted, policy, names.patterns(pod.name for pod in living.facts.values()), track)
    seen = traces(samples, wanted.workload.namespace)
    everything = pods(past, names, living, at_first.entries, seen, (wanted.start, wanted.end))
    line = timeline(past, told, everything.pods, wanted.end)
    hidden = Hidden((each.labels for each in samples.series()), named_labels(policy))
    return Found(wanted.start, past, told, line, everything, samples, chosen, hidden)


def _gather(
    wanted: Wanted, policy: Policy, patterns: Sequence[str], track: Track
) -> tuple[Samples, Sequence[Selection]]:
    with Sources(wanted.thresholds.sources) as sources:

        def bounds(check: HistogramCheck, buckets: str) -> Sequence[str]:
            return needed_bounds(check, sources.bounds(check.source, buckets))

        chosen = selections(policy, wanted.workload, patterns, bounds)
        samples = sources.gather(track(steps(chosen, wanted.start, wanted.end)))
    if policy.checks and not samples.count:
        raise Rejected(_nothing(wanted, chosen))
    return samples, chosen


def _nothing(wanted: Wanted, chosen: Sequence[Selection]) -> str:
    names = ", ".join(sorted({each.source for each in chosen})) or "no source"
    return (
        f"{names} held no sample of {wanted.workload} between {moment(wanted.start)} and {moment(wanted.end)}; check"
        " these times against how long samples are kept, and the checks by: watcher check FILE --prometheus"
    )


def _document(wanted: Wanted, found: Found, policy: Policy) -> Document:
    """recording.yaml as data."""
    told, past = found.told, found.past
    replicas = [each for each in told.desired if each[0] <= wanted.end] or [(wanted.start, slim(past).desired)]
    weights = [each for each in told.weights if each[0] <= wanted.end]
    intervals = {wanted.thresholds.sources[check.source].interval for check in policy.checks}
    interval = next(iter(intervals)) if len(intervals) == 1 else None
    return {
        "version": 1,
        "name": wanted.directory.resolve().name,
        "start": moment(wanted.start),
        "end": moment(wanted.end),
        "thresholds": THRESHOLDS,
        **({} if interval is None else {"scrapeInterval": f"{interval:g}s"}),
        "workloads": [workload_document(past, found.line.entries, found.pods.pods, replicas, weights)],
    }


def _check(wanted: Wanted, text: str) -> None:
    """Raises Rejected where the text is no recording.yaml."""
    try:
        read_spec(text.encode(), FILE, wanted.directory.resolve().name)
    except ConfigError as error:
        raise Rejected(f"what was found of {wanted.workload} makes no recording; report it: {error}") from error
