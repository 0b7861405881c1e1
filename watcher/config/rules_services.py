"""Rules across services, never, and the top of the file."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

from watcher.config.problems import choose
from watcher.core.words import Kind

if TYPE_CHECKING:
    from watcher.config.document import Document, Path
    from watcher.config.models import ServiceSpec, ThresholdsSpec
    from watcher.config.models_match import MatchFields

_GLOB = re.compile(r"[-a-z0-9.*?]{1,253}\Z")
_KIND_GLOB = re.compile(r"[A-Za-z*?]{1,63}\Z")


def report_top(document: Document) -> None:
    """Report what the file lacks as a whole."""
    if not document.has(("version",)):
        document.report((), "the version of the syntax is missing", "add version: 1 as the first line")
    if not document.has(("services",)) or document.data.get("services") == []:
        what = "no services are given: nothing would be watched"
        document.report(("services",) if document.has(("services",)) else (), what, "add services: with a match")


def report_services(document: Document, spec: ThresholdsSpec) -> None:
    """Report what is wrong with the entries of services and never."""
    known = [*(spec.checks or {}), *_broken_checks(document, spec)]
    for index, service in enumerate(spec.services or ()):
        path: Path = ("services", index)
        if not document.has((*path, "match")):
            document.report(path, "the entry does not say for which workloads it is", "add match: ({} means all)")
        elif service.match is not None:
            report_match(document, (*path, "match"), service.match)
            if service.match.exclude is not None:
                report_match(document, (*path, "match", "not"), service.match.exclude)
        _report_references(document, path, service, known)
        _report_bake(document, path, service)
    for index, match in enumerate(spec.never or ()):
        _report_never(document, ("never", index), match)


def _broken_checks(document: Document, spec: ThresholdsSpec) -> list[str]:
    """Checks that are written but not usable: that is reported where they are written."""
    used: set[str] = set()
    for service in spec.services or ():
        used.update(service.checks or (), service.require or ())
    return sorted(name for name in used - set(spec.checks or ()) if document.has(("checks", name)))


def _report_references(document: Document, path: Path, service: ServiceSpec, known: list[str]) -> None:
    if document.flagged(("checks",)):
        return
    remedy = "define it under checks"
    for name in service.checks or {}:
        if name not in known:
            meant = choose(name, known) if known else remedy
            document.report((*path, "checks", name), f"the check {name} is not defined", meant, at_key=True)
    for index, name in enumerate(service.require or ()):
        if name not in known:
            meant = choose(name, known) if known else remedy
            document.report((*path, "require", index), f"the check {name} is not defined", meant)


def _report_bake(document: Document, path: Path, service: ServiceSpec) -> None:
    bake = service.bake
    if bake is not None and bake.hold_for is not None and bake.max is not None and bake.hold_for > bake.max:
        what = f"bake.for {bake.hold_for} is longer than bake.max {bake.max}"
        document.report((*path, "bake", "max"), what, f"write {bake.hold_for} or more")


def _report_never(document: Document, path: Path, match: MatchFields) -> None:
    if document.is_empty(path):
        what = "an empty entry of never would stop every rollback"
        document.report(path, what, "name what is meant; mode: observe stops all rollbacks")
    report_match(document, path, match)
    exclude = getattr(match, "exclude", None)
    if exclude is not None:
        report_match(document, (*path, "not"), exclude)


def report_match(document: Document, path: Path, match: MatchFields) -> None:
    """Report conditions that nothing can fulfil."""
    for key in ("namespace", "name"):
        for index, glob in enumerate(getattr(match, key) or ()):
            if not _GLOB.match(glob):
                what = f"the glob {glob[:60]!r} can match no {key}"
                remedy = "names in Kubernetes have lower-case letters, digits, - and .; * and ? stand for others"
                document.report((*path, key, index), what, remedy)
    for index, glob in enumerate(match.kind or ()):
        pattern = translate(glob) if _KIND_GLOB.match(glob) else r"(?!)"
        if not any(re.match(pattern, kind) for kind in Kind):
            document.report(
                (*path, "kind", index), f"no kind that is watched matches {glob[:60]}", choose(glob, list(Kind))
            )
