"""Rules across the keys of recording.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from watcher.config.document import Document, Path
from watcher.core.words import Kind
from watcher.replay.spec import PodSpec, RecordingSpec, RevisionSpec, WorkloadSpec

LONGEST = 14 * 86400.0
"""Seconds of virtual time in one recording, at the most."""


def report_all(document: Document, spec: RecordingSpec, directory: str) -> None:
    """Report everything that the models cannot see; `directory` is the name of the recording's directory."""
    _report_top(document, spec, directory)
    for index, outage in enumerate(spec.outages):
        if outage.end <= outage.begin:
            document.report(("outages", index), "the outage ends before it begins", "write from before to")
    seen = set()
    for index, workload in enumerate(spec.workloads):
        if workload.workload in seen:
            what = f"{workload.workload} is given twice"
            document.report(("workloads", index, "workload"), what, "put both into one entry")
        seen.add(workload.workload)
        _report_workload(document, ("workloads", index), workload)
    _report_truth(document, spec)


def _report_top(document: Document, spec: RecordingSpec, directory: str) -> None:
    for key in ("version", "name", "start", "end", "workloads"):
        if not document.has((key,)):
            document.report((), f"{key} is missing", f"add {key}: {'1' if key == 'version' else '...'}")
    if spec.name is not None and spec.name != directory:
        what = f"the name {spec.name} is not that of the directory, {directory}"
        document.report(("name",), what, f"write name: {directory}, or rename the directory")
    if spec.start is not None and spec.end is not None:
        if spec.end <= spec.start:
            document.report(("end",), "the end is not after the start", "write a later time")
        elif spec.end - spec.start > LONGEST:
            document.report(("end",), "the recording is longer than 14 days", "record a shorter time")
    if spec.scrape_interval is not None and spec.scrape_interval < 1:
        document.report(("scrapeInterval",), "the scrape interval is shorter than 1s", "write 1s or more")


def _report_workload(document: Document, path: Path, workload: WorkloadSpec) -> None:
    if not workload.revisions:
        place = (*path, "revisions") if document.has((*path, "revisions")) else path
        document.report(place, "the workload has no revision", "list its revisions, oldest first")
    _report_order(document, (*path, "revisions"), [each.created for each in workload.revisions])
    _report_order(document, (*path, "replicas"), [each.at for each in workload.replicas])
    _report_order(document, (*path, "weights"), [each.at for each in workload.weights or ()])
    if workload.weights is not None and workload.workload.kind is not Kind.ROLLOUT:
        document.report((*path, "weights"), "only a Rollout has weights", "remove them")
    for index, revision in enumerate(workload.revisions):
        _report_revision(document, (*path, "revisions", index), revision)
    known = {revision.revision for revision in workload.revisions}
    born: dict[str, set[float]] = {}
    for index, pod in enumerate(workload.pods):
        place = (*path, "pods", index)
        if pod.revision not in known:
            remedy = f"use one of {', '.join(sorted(known))}, or list it"
            document.report((*place, "revision"), f"the revision {pod.revision} of the pod is not listed", remedy)
        if pod.created in born.setdefault(pod.pod, set()):
            document.report((*place, "pod"), f"the pod {pod.pod} is given twice", "keep one of the two")
        born[pod.pod].add(pod.created)
        _report_pod(document, place, pod)


def _report_revision(document: Document, path: Path, revision: RevisionSpec) -> None:
    if revision.rolled_out is not None and revision.rolled_out < revision.created:
        document.report((*path, "rolledOut"), "it was rolled out before it was created", "write a later time")


def _report_order(document: Document, path: Path, times: Sequence[float]) -> None:
    for index in range(1, len(times)):
        if times[index] < times[index - 1]:
            document.report((*path, index), "it is older than the one before it", "list them oldest first")


def _report_pod(document: Document, path: Path, pod: PodSpec) -> None:
    stages = [("terminating", pod.terminating), ("deleted", pod.deleted)]
    _report_after(document, path, pod.created, ((key, at) for key, at in stages if at is not None))
    if pod.terminating is not None and pod.deleted is not None and pod.deleted < pod.terminating:
        document.report((*path, "deleted"), "the pod is gone before it was told to go", "write a later time")
    before = pod.created
    for index, ready in enumerate(pod.ready):
        if ready.begin < before or ready.end < ready.begin:
            what = "it begins before the pod was made, before the one before ended, or ends before it begins"
            document.report((*path, "ready", index), what, "write times in their order")
        before = ready.end
    for index, restart in enumerate(pod.restarts):
        if restart.back is not None and restart.back < restart.at:
            document.report((*path, "restarts", index, "back"), "it is back before it ended", "write a later time")
    _report_order(document, (*path, "restarts"), [pod.created, *(each.at for each in pod.restarts)][1:])


def _report_after(document: Document, path: Path, created: float, stages: Iterable[tuple[str, float]]) -> None:
    for key, at in stages:
        if at < created:
            document.report((*path, key), f"{key} is before the pod was created", "write a later time")


def _report_truth(document: Document, spec: RecordingSpec) -> None:
    known = {(each.workload, one.revision) for each in spec.workloads for one in each.revisions}
    for index, truth in enumerate(spec.truth or ()):
        if (truth.workload, truth.revision) not in known:
            what = f"revision {truth.revision} of {truth.workload} is not in the recording"
            document.report(("truth", index), what, "name a workload and a revision that are listed")
