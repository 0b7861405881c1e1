"""What is written to an Argo CD Application, whoever brings it there: operations of a JSON patch, or why not."""

from __future__ import annotations

import re

from watcher.core.gitops import Application, GitSource
from watcher.core.keepers import argocd
from watcher.core.keepers.argo_sources import Origin, Source, raw_sources, sources_of
from watcher.core.keepers.json_patch import Operation, add, annotate, pointer, remove, replace, same_object, test
from watcher.core.keepers.keeper import BRIDGE, BRIDGE_FROM, BRIDGE_TO
from watcher.core.keepers.raw import Json, annotations_of, entries, field, mapping, text, texts

INITIATOR = "watcher"

_COMMIT = re.compile(r"[0-9a-f]{40}")


class Impossible(Exception):
    """Why a change is not made, in a sentence."""


def synced_to(raw: Json, revisions: tuple[str, ...], decision: str) -> Json | None:
    """The operation that syncs to these commits, one for each source that is followed; None: it was begun already.

    What is followed by no branch stays as it is deployed.  Nothing is pruned.  Raises Impossible.
    """
    found = argocd.application(raw)
    if _has_begun(raw, decision):
        return None
    if found.automated:
        raise Impossible(f"{found} syncs by itself, and would be at its branch again at once: revert in Git")
    if found.refused:
        raise Impossible(f"{found}: {found.refused}")
    if mapping(raw, "operation") or text(raw, "status", "operationState", "phase") in argocd.RUNNING:
        raise Impossible(f"{found}: another operation runs: wait for its end, or terminate it")
    sync: dict[str, object] = _revisions(raw, found, revisions)
    if options := texts(raw, "spec", "syncPolicy", "syncOptions"):
        sync["syncOptions"] = list(options)
    info = [{"name": argocd.DECISION_INFO, "value": decision}]
    return {"initiatedBy": {"username": INITIATOR}, "info": info, "sync": sync}


def begun(raw: Json, operation: Json) -> list[Operation]:
    """The patch that begins an operation, as long as no other has begun and the policy is as it was read."""
    policy = pointer("spec", "syncPolicy")
    return [
        same_object(raw),
        test("/operation", None),
        test(policy, field(raw, "spec", "syncPolicy")),
        add("/operation", operation),
    ]


def stopped(raw: Json) -> list[Operation]:
    """The patch that ends an operation of ours; empty: none is there.

    One that was asked for is taken back, one that runs, or waits for its window, is terminated by the controller.
    """
    state, asked = mapping(raw, "status", "operationState"), mapping(raw, "operation")
    if text(state, "phase") == "Running" and argocd.decision_of(mapping(state, "operation")):
        at = pointer("status", "operationState")
        return [
            same_object(raw),
            test(f"{at}/startedAt", field(state, "startedAt")),
            test(f"{at}/phase", "Running"),
            replace(f"{at}/phase", "Terminating"),
        ]
    if text(state, "phase") not in argocd.RUNNING and argocd.decision_of(asked):
        return [same_object(raw), test("/operation", asked), remove("/operation")]
    return []


def pinned(raw: Json, source: GitSource, revision: str, decision: str) -> list[Operation]:
    """The patch that lets every source of this repository and branch follow a commit; empty: they do already.

    Raises Impossible.
    """
    found = argocd.application(raw)
    if found.pinned == decision and text(annotations_of(raw), BRIDGE_TO) == revision:
        return []
    _refuse_pin(found, revision)
    places = [
        place for place, each in enumerate(sources_of(raw)) if _is_followed(each) and _same(each, source)
    ]  # of one repository, two that are rendered together must not be at different commits
    if not places:
        raise Impossible(f"{found} does not follow {source.branch} of {source.repo} any more")
    operations = [same_object(raw)]
    for place in places:
        at, given = _source_at(raw, place)
        operations += [
            test(f"{at}/repoURL", given.get("repoURL")),
            test(f"{at}/targetRevision", given.get("targetRevision")),
            add(f"{at}/targetRevision", revision),
        ]
    before = text(_source_at(raw, places[0])[1], "targetRevision")
    return [*operations, *annotate(raw, {BRIDGE: decision, BRIDGE_FROM: before, BRIDGE_TO: revision})]


def unpinned(raw: Json, decision: str) -> list[Operation]:
    """The patch that lets an application follow its branch again; empty: it is not pinned.

    A source whose revision somebody has set since keeps that.  Raises Impossible where another decision has pinned it.
    """
    marks = annotations_of(raw)
    if not text(marks, BRIDGE):
        return []
    if text(marks, BRIDGE) != decision:
        raise Impossible(f"{argocd.application(raw)} is pinned by decision {text(marks, BRIDGE)}, not by {decision}")
    operations = [same_object(raw), test(pointer("metadata", "annotations", BRIDGE), decision)]
    before, to = text(marks, BRIDGE_FROM), text(marks, BRIDGE_TO)
    for place, each in enumerate(sources_of(raw)):
        if each.origin is Origin.GIT and to and each.target == to:
            at = f"{_source_at(raw, place)[0]}/targetRevision"
            operations += [test(at, to), replace(at, before) if before else remove(at)]
    own = (mark for mark in (BRIDGE, BRIDGE_FROM, BRIDGE_TO) if mark in marks)
    return [*operations, *(remove(pointer("metadata", "annotations", mark)) for mark in own)]


def _has_begun(raw: Json, decision: str) -> bool:
    state = mapping(raw, "status", "operationState")
    if argocd.decision_of(mapping(raw, "operation")) == decision:
        return True
    done = text(state, "phase") in ("Running", "Succeeded")
    return done and argocd.decision_of(mapping(state, "operation")) == decision


def _revisions(raw: Json, found: Application, revisions: tuple[str, ...]) -> dict[str, object]:
    """What an operation says of revisions: one, or one for each source where there are several."""
    sources = sources_of(raw)
    if len(revisions) != len(found.sources):
        raise Impossible(f"{found} has {len(found.sources)} sources by now, and commits are given for {len(revisions)}")
    if not all(_COMMIT.fullmatch(each) for each in revisions):
        raise Impossible(f"{found}: only whole commit ids can be synced to")
    if not field(raw, "spec", "sources"):
        return {"revision": revisions[0]}
    wanted, today = iter(revisions), argocd.deployed(raw, sources) or ("",) * len(sources)
    every = [next(wanted) if source.revertible else now for source, now in zip(sources, today, strict=True)]
    if not all(every):
        raise Impossible(f"{found}: it is not known what its other sources are deployed at: sync it by hand")
    return {"revisions": every}


def _refuse_pin(found: Application, revision: str) -> None:
    if found.pinned:
        raise Impossible(f"{found} is pinned by decision {found.pinned} already: end that bridge first")
    if found.parent:
        raise Impossible(f"{found} is made by {found.parent}, which would undo it: merge the pull request instead")
    if found.refused:
        raise Impossible(f"{found}: {found.refused}")
    if not found.automated:
        raise Impossible(f"{found} does not sync by itself: sync it to the commit instead")
    if not _COMMIT.fullmatch(revision):
        raise Impossible(f"{found}: only a whole commit id can be followed, not {revision[:50]!r}")


def _is_followed(source: Source) -> bool:
    return source.origin is Origin.GIT and bool(source.branch)


def _same(source: Source, wanted: GitSource) -> bool:
    return (source.repo, source.branch) == (wanted.repo, wanted.branch)


def _source_at(raw: Json, place: int) -> tuple[str, Json]:
    """The pointer to a source, and the source."""
    at = pointer("spec", "sources", str(place)) if entries(raw, "spec", "sources") else pointer("spec", "source")
    return at, raw_sources(mapping(raw, "spec"))[place]
