"""Argo CD Applications, from the JSON that the Kubernetes API and Argo CD's own API both give."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.gitops import Application, Deployed
from watcher.core.keepers.argo_overrides import overridden
from watcher.core.keepers.argo_refusals import automated, parent_of, refused
from watcher.core.keepers.argo_sources import Origin, Source, followed, raw_sources, same_place, sources_of
from watcher.core.keepers.keeper import BRIDGE, BRIDGE_FROM, Keeper, workloads
from watcher.core.keepers.raw import (
    Json,
    annotations_of,
    entries,
    field,
    full_name,
    mapping,
    moment,
    shortened,
    text,
    texts,
)

TOOL = "argocd"
REFRESH = "argocd.argoproj.io/refresh"
DECISION_INFO = "watcher.dev/decision"
"""Name of the info by which an operation of ours is known."""

IN_CLUSTER = frozenset({"https://kubernetes.default.svc", "in-cluster"})
"""How an Application names the cluster that Argo CD itself runs in."""

RUNNING = ("Running", "Terminating")


def keeper(raw: Json, destinations: frozenset[str] = IN_CLUSTER, through: str = "") -> Keeper:
    """An Application and what it keeps.  `destinations`: the names and addresses by which this cluster is meant;
    `through`: the address of the API that it comes from.

    Raises ValueError for an object without a name.
    """
    found = application(raw, through)
    target = mapping(raw, "spec", "destination")
    names = {each for each in (text(target, "server").rstrip("/"), text(target, "name")) if each}
    here = not names.isdisjoint(destinations)
    resources = entries(raw, "status", "resources")
    kept = frozenset(workloads(resources, text(target, "namespace"))) if resources else None
    return Keeper(found, kept, here)


def application(raw: Json, through: str = "") -> Application:
    """An Application, as `keeper`.  Raises ValueError for an object without a name."""
    sources, marks = sources_of(raw), annotations_of(raw)
    revisions = deployed(raw, sources)
    auto = automated(raw)
    return Application(
        tool=TOOL,
        name=full_name(raw),
        sources=tuple(
            source.at(revision)
            for source, revision in zip(sources, revisions or ("",) * len(sources), strict=True)
            if source.revertible
        ),
        automated=auto,
        self_heal=auto and field(raw, "spec", "syncPolicy", "automated", "selfHeal") is True,
        synced=text(raw, "status", "sync", "status") == "Synced",
        healthy=text(raw, "status", "health", "status") == "Healthy",
        syncing=_syncing(raw),
        reconciled=moment(raw, "status", "reconciledAt"),
        history=tuple(_history(raw, sources, revisions)),
        parent=parent_of(raw),
        refused=refused(raw, sources),
        overridden=overridden(raw),
        pinned=text(marks, BRIDGE),
        pinned_from=followed(text(marks, BRIDGE_FROM))[0] if text(marks, BRIDGE) else "",
        message=_message(raw),
        through=through,
    )


def deployed(raw: Json, sources: tuple[Source, ...]) -> tuple[str, ...]:
    """The revision of each source that the cluster was last brought to; empty where that is not known.

    While it is out of sync, `status.sync` tells of the commit that it was compared with, which may never have been
    deployed.
    """
    status = mapping(raw, "status", "sync")
    compared = raw_sources(mapping(status, "comparedTo"))
    if text(status, "status") == "Synced" and (not compared or _same_places(sources, compared)):
        return _revisions(status, sources)
    history = entries(raw, "status", "history")
    if history and _same_places(sources, raw_sources(history[-1])):
        return _revisions(history[-1], sources)
    return ()


def decision_of(operation: Json) -> str:
    """The decision of ours by which an operation was asked for; empty: none."""
    named = (text(each, "value") for each in entries(operation, "info") if text(each, "name") == DECISION_INFO)
    return next(named, "")


def refresh_asked(raw: Json) -> bool:
    """Whether a look at its sources is asked for and not taken yet."""
    return bool(annotations_of(raw).get(REFRESH))


def _syncing(raw: Json) -> bool:
    """A refresh that was asked for counts: it may begin an operation, and what is told until then is old."""
    running = text(raw, "status", "operationState", "phase") in RUNNING
    return running or bool(mapping(raw, "operation")) or refresh_asked(raw)


def _history(raw: Json, sources: tuple[Source, ...], now: tuple[str, ...]) -> Iterator[Deployed]:
    """Full syncs that differ from what is deployed now by commits alone: same places, same charts."""
    for entry in entries(raw, "status", "history"):
        revisions, at = _revisions(entry, sources), moment(entry, "deployStartedAt")
        at = moment(entry, "deployedAt") if at is None else at
        if at is None or not revisions or not _same_places(sources, raw_sources(entry)):
            continue
        if now and any(
            then != today
            for source, then, today in zip(sources, revisions, now, strict=True)
            if source.fixed or source.origin is not Origin.GIT
        ):
            continue
        kept = (then for source, then in zip(sources, revisions, strict=True) if source.revertible)
        yield Deployed(tuple(kept), at)


def _revisions(holder: Json, sources: tuple[Source, ...]) -> tuple[str, ...]:
    """One revision for each source, or none at all."""
    several = texts(holder, "revisions")
    found = several or ((text(holder, "revision"),) if text(holder, "revision") else ())
    return found if len(found) == len(sources) else ()


def _same_places(sources: tuple[Source, ...], raw: tuple[Json, ...]) -> bool:
    return len(sources) == len(raw) and all(same_place(*pair) for pair in zip(sources, raw, strict=True))


def _message(raw: Json) -> str:
    state = mapping(raw, "status", "operationState")
    phase, message = text(state, "phase"), text(state, "message")
    if phase in ("Failed", "Error") or (phase in RUNNING and "sync window" in message):
        return shortened(message or f"the last operation ended as {phase}")
    errors = (each for each in entries(raw, "status", "conditions") if text(each, "type").endswith("Error"))
    return next((shortened(f"{text(each, 'type')}: {text(each, 'message')}") for each in errors), "")
