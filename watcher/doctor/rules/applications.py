"""Does the tool that keeps a workload as Git says lead back, and does nothing else write there?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from watcher.core.gitops import Application
from watcher.core.words import Mode, Rung, strictest
from watcher.doctor.facts import Facts, WorkloadFacts
from watcher.doctor.finding import Finding, Kind, Severity, some
from watcher.doctor.rules import Rule
from watcher.doctor.through_git import remembers

APPLICATION_UNSEEN = Kind(
    "application-unseen",
    Severity.CRITICAL,
    what="$subject is not to be seen from here, and keeps $workloads as Git says",
    why="What is written past it may be put back, and where in Git it comes from is not known: nothing is written, and"
    " a bad release waits for a person.",
    mend="where $tool runs in this cluster, let the account get, list and watch $resources, in its namespace too (the"
    " chart: rbac.gitops, and controlPlanes where only some namespaces are watched; else config/rbac.yaml)$elsewhere",
)
APPLICATION_REFUSED = Kind(
    "application-refused",
    Severity.WARNING,
    what="$workloads: no way back leads through $subject: $reason",
    why="A revert there would not last or change nothing, so a bad release waits for a person.",
    mend="as the reason says; or have the way by hand at hand: docs/gitops.md, What is refused",
)
MANAGED = Kind(
    "managed-by-git",
    Severity.INFO,
    what="$subject is kept as Git says by $application",
    why="What changes the cluster alone is put back, so it goes back in Git, or with Git.",
    mend="nothing; how it would go back now is said by: watcher why $subject",
)
GIT_NOT_BY_ITSELF = Kind(
    "git-not-by-itself",
    Severity.WARNING,
    what="$subject is in mode act, $application puts changes in the cluster back, and rungs.git is $mode",
    why="Without a revert nothing lasts there, so nothing leads back by itself: a bad release waits for a person.",
    mend="set rungs: {git: act} in the thresholds file, at the top or in the entry of services that matches $subject",
)
SYNC_FORGETS = Kind(
    "sync-forgets",
    Severity.WARNING,
    what="$subject does not sync by itself and remembers too few syncs ($kept), so that the one before a release is not"
    " known: $workloads",
    why="Where nothing is synced by itself the way back is a sync to the commits before the release.",
    mend="""kubectl -n $namespace patch applications.argoproj.io $name --type merge -p"""
    """ '{"spec":{"revisionHistoryLimit":10}}' and the same in its source; then sync it once""",
)
IMAGES_WRITTEN = Kind(
    "images-written",
    Severity.WARNING,
    what="images of $subject are also written by $writers: $workloads",
    why="It may write the bad version again over a revert. Watcher alarms then, and with `quarantine: rollBack` goes"
    " back once more; never a third time.",
    mend="know how to exclude a tag or suspend it, before you need to (Argo CD Image Updater: ignore-tags; Flux: flux"
    " suspend image update NAME); consider `quarantine: rollBack` in services",
)
BRIDGE_UNDONE = Kind(
    "bridge-undone",
    Severity.WARNING,
    what="rungs.bridge is $mode for $workloads, and $parent would undo a bridge on $subject",
    why="The bridge is left out there: until a person has merged the pull request the bad version runs.",
    mend="let watcher push to the branch, or leave the Application to no parent; else set rungs: {bridge: none}, so"
    " that nobody counts on it",
)
RENDERER_MISSING = Kind(
    "renderer-missing",
    Severity.WARNING,
    what="$subject is not at hand, and $applications are rendered by it",
    why="What a revert would change cannot be seen: it is pushed only if the files say nothing else than images, tags"
    " and digests, and is a pull request otherwise.",
    mend="put $subject on the PATH of the daemon: docs/image.md, What is in it",
)
KINDS = (
    APPLICATION_UNSEEN,
    APPLICATION_REFUSED,
    MANAGED,
    GIT_NOT_BY_ITSELF,
    SYNC_FORGETS,
    IMAGES_WRITTEN,
    BRIDGE_UNDONE,
    RENDERER_MISSING,
)

_RESOURCES = {
    "argocd": "applications (argoproj.io)",
    "flux-kustomize": "kustomizations (kustomize.toolkit.fluxcd.io) and gitrepositories (source.toolkit.fluxcd.io)",
    "flux-helm": "helmreleases (helm.toolkit.fluxcd.io) and gitrepositories (source.toolkit.fluxcd.io)",
}
_ELSEWHERE = "; where it runs in another one, configure gitops.argocd"


def unseen(facts: Facts) -> Iterator[Finding]:
    """The marks name an application that nobody sees here."""
    found: defaultdict[tuple[str, str], list[WorkloadFacts]] = defaultdict(list)
    for each in _managed(facts):
        if each.view.application is None and each.view.manager is not None:
            found[each.view.manager.tool, each.view.manager.name].append(each)
    for (tool, name), several in found.items():
        yield APPLICATION_UNSEEN.found(
            f"{tool} {name}",
            tool=tool,
            workloads=_names(several),
            resources=_RESOURCES.get(tool, "its objects"),
            elsewhere=_ELSEWHERE if tool == "argocd" else "",
        )


def refused(facts: Facts) -> Iterator[Finding]:
    """The application is one through which nothing goes back."""
    for application, several in _by_application(facts):
        if application.refused:
            yield APPLICATION_REFUSED.found(application, workloads=_names(several), reason=application.refused)


def managed(facts: Facts) -> Iterator[Finding]:
    """It is kept as Git says."""
    for each in _managed(facts):
        if each.view.application is not None:
            yield MANAGED.found(each.workload, application=each.view.application)


def git_not_by_itself(facts: Facts) -> Iterator[Finding]:
    """It may act, self-heal is on, and the one rung that lasts is not taken by itself."""
    for each in _managed(facts):
        application, mode = each.view.application, each.policy.rung_mode(Rung.GIT)
        if application is None or application.refused or not application.self_heal:
            continue
        if each.policy.mode is Mode.ACT and mode is not Mode.ACT:
            yield GIT_NOT_BY_ITSELF.found(each.workload, application=application, mode=mode)


def sync_forgets(facts: Facts) -> Iterator[Finding]:
    """Automation is off, and there is no history to go back in."""
    for application, several in _by_application(facts):
        if application.refused or application.automated or application.tool != "argocd":
            continue
        if any(_may(each, Rung.SYNC) for each in several) and not remembers(application, facts.git):
            kept = len(application.history)
            if facts.git is not None:
                kept = facts.git.kept.get(str(application), kept)
            namespace, _, name = application.name.partition("/")
            yield SYNC_FORGETS.found(application, kept=kept, workloads=_names(several), namespace=namespace, name=name)


def images_written(facts: Facts) -> Iterator[Finding]:
    """Something else than people writes versions, into Git or into the application."""
    for application, several in _by_application(facts):
        writers = [*(facts.git.writers.get(str(application), ()) if facts.git is not None else ())]
        if application.overridden:
            writers.append(f"whatever sets {application.overridden} in {application} itself")
        if writers and not application.refused:
            yield IMAGES_WRITTEN.found(application, writers=some(writers), workloads=_names(several))


def bridge_undone(facts: Facts) -> Iterator[Finding]:
    """The bridge is allowed, and a parent would take it away."""
    for application, several in _by_application(facts):
        counting = [each for each in several if each.policy.rung_mode(Rung.BRIDGE) in (Mode.ACT, Mode.PROPOSE)]
        if application.parent and application.self_heal and counting and not application.refused:
            mode = counting[0].policy.rung_mode(Rung.BRIDGE)
            yield BRIDGE_UNDONE.found(application, parent=application.parent, mode=mode, workloads=_names(counting))


def renderer_missing(facts: Facts) -> Iterator[Finding]:
    """kustomize or helm would be needed to see what a revert changes."""
    if facts.git is None:
        return
    needing: defaultdict[str, set[str]] = defaultdict(set)
    for application, several in _by_application(facts):
        if application.refused or not any(_may(each, Rung.GIT) for each in several):
            continue
        for branch in facts.git.of(application):
            paths = {path for source in application.sources for path in source.paths}
            for renderer, recipes in (("kustomize", branch.kustomizations), ("helm", branch.charts)):
                if not paths.isdisjoint(recipes):
                    needing[renderer].add(str(application))
    for renderer in sorted(needing.keys() - facts.git.renderers):
        yield RENDERER_MISSING.found(renderer, applications=some(needing[renderer]))


def _managed(facts: Facts) -> Iterator[WorkloadFacts]:
    """What a tool keeps and may be acted upon."""
    for each in facts.cluster.workloads:
        if each.view.manager is not None and not each.view.owner:
            yield each


def _by_application(facts: Facts) -> list[tuple[Application, list[WorkloadFacts]]]:
    """Each application, with what it keeps."""
    found: dict[str, tuple[Application, list[WorkloadFacts]]] = {}
    for each in _managed(facts):
        application = each.view.application
        if application is not None:
            found.setdefault(str(application), (application, []))[1].append(each)
    return list(found.values())


def _may(each: WorkloadFacts, rung: Rung) -> bool:
    return strictest(each.policy.rung_mode(rung), each.policy.rung_mode(Rung.GIT)) is not Mode.NONE


def _names(several: Iterable[WorkloadFacts]) -> str:
    return some(each.workload for each in several)


RULES: tuple[Rule, ...] = (
    unseen,
    refused,
    managed,
    git_not_by_itself,
    sync_forgets,
    images_written,
    bridge_undone,
    renderer_missing,
)
