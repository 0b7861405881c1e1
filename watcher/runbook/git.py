"""Back through Git: revert, push, let the tool look.  Where a tool keeps the workload, the only way that lasts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from shlex import quote

from watcher.core.deciding.managed import out_of_reach
from watcher.core.gitops import Application, GitSource, deployed_before, unpinned
from watcher.core.keepers import argocd, flux
from watcher.incident.escaping import code, plain
from watcher.runbook.commands import Command, Step, line, patch
from watcher.runbook.facts import Facts

TITLE = "Back through Git"


def through_git(facts: Facts) -> Step:
    """Who keeps it, the bad commits, the revert, and the look at the branch."""
    view = facts.view
    if view.manager is None:
        return Step("git", TITLE, tuple(_unmanaged(facts)), tuple(_helm(facts)), "no GitOps tool keeps this workload")
    application = view.application
    if application is None:
        return Step("git", TITLE, tuple(_unseen(facts)), tuple(_finding(facts)))
    if facts.left is not None and application.synced:
        return Step("git", TITLE, (_there_already(facts),), tuple(_looking(application, facts)))
    texts = [*_habits(application), *_refused(facts)]
    commands = [command for source in application.sources for command in _reverting(source, facts)]
    return Step("git", TITLE, tuple(texts), (*commands, *_looking(application, facts)))


def _there_already(facts: Facts) -> str:
    """What Git says after a way back: one more revert would take a good release with it."""
    deployed = (
        ", ".join(each.deployed[:12] for each in facts.view.application.sources) if facts.view.application else ""
    )
    return (
        f"The cluster is as Git says ({code(deployed)}), and an earlier template has come back: the revert is there "
        "already. Take nothing else back unless you know which commit is bad; what follows only has the tool look."
    )


def _unmanaged(facts: Facts) -> Iterator[str]:
    yield (
        "Nobody puts a change back, and nobody keeps it either: after the undo put the good version into whatever "
        "applies "
        "this workload (pipeline, chart, manifest), or its next run brings the bad one back."
    )
    if facts.details.helm:
        release = code(facts.details.helm)
        yield f"It belongs to the Helm release {release}: going back with Helm keeps Helm's own state right."


def _helm(facts: Facts) -> Iterator[Command]:
    if facts.details.helm:
        release, where = facts.details.helm, f"--namespace={facts.namespace}"
        yield Command("Its history", line("helm", "history", release, where), reads=True, needs="helm")
        back = line("helm", "rollback", release, where, "--wait")
        yield Command("One step back in it, instead of the undo below", _commented(back), reads=True, needs="helm")


def _unseen(facts: Facts) -> Iterator[str]:
    yield f"It is {plain(out_of_reach(facts.view))}."
    yield (
        "Find the application and its repository with the command below, revert the commit there, and let the tool "
        "sync. "
        "**Do not undo before that**: what puts changes back brings the bad version again."
    )


def _finding(facts: Facts) -> Iterator[Command]:
    manager = facts.view.manager
    if manager is None:
        return
    name = manager.name.rpartition("/")[2]
    if manager.tool == argocd.TOOL:
        everywhere = facts.kubectl("", "get", "applications.argoproj.io", "--all-namespaces")
        yield Command("Where it is", f"{everywhere} | grep -F {quote(name)}", reads=True)
        yield Command("What it is made from", line("argocd", "app", "get", name), reads=True, needs="argocd")
    else:
        kind = "kustomizations" if manager.tool == flux.KUSTOMIZE else "helmreleases"
        yield Command("Where it is", line("flux", "get", kind, "--all-namespaces"), reads=True, needs="flux")


def _habits(application: Application) -> Iterator[str]:
    if not application.automated:
        yield (
            f"{application} syncs when somebody says so: a revert alone changes nothing in the cluster; sync it "
            "after it."
        )
    elif application.self_heal:
        yield (
            f"{application} syncs by itself and **puts every other change back**: an undo alone lasts for a second. "
            "The order is: revert, push, refresh, and only then the undo of the next step."
        )
    else:
        yield (
            f"{application} syncs by itself: an undo alone lasts until the next commit anywhere in its repository. "
            "The order is: revert, push, refresh, and then the undo of the next step."
        )
    if application.parent:
        yield f"{application.parent} makes this application: what you change in the application itself it takes back."
    if application.pinned:
        yield f"It is pinned to an earlier commit by decision {application.pinned}: it does not follow its branch now."


def _refused(facts: Facts) -> Iterator[str]:
    why = facts.view.application.refused if facts.view.application is not None else ""
    if why:
        yield f"watcher itself would not go this way: {plain(why)}."


def _reverting(source: GitSource, facts: Facts) -> Iterator[Command]:
    application, newest = facts.view.application, facts.view.newest()
    source = unpinned(application, source) if application is not None else source
    good = _good(source, application, newest.created if newest is not None else facts.now)
    branch = "" if source.branch == "HEAD" else source.branch
    folder = f"{facts.name}-revert"
    clone = [
        "git",
        "clone",
        "--filter=blob:none",
        *([f"--branch={branch}"] if branch else []),
        "--",
        source.repo,
        folder,
    ]
    yield Command("A clone of its repository", f"{line(*clone)}\ncd {quote(folder)}", needs="git")
    paths = " ".join(quote(path or ".") for path in source.paths) or "."
    known = f"BAD={quote(source.deployed or 'HEAD')}"
    known += f"\nGOOD={quote(good)}" if good else '\n: "${GOOD:?set GOOD to the last good commit of the list below}"'
    log = f"git log --oneline -20 {quote(source.deployed or 'HEAD')} -- {paths}"
    yield Command(f"What was committed to {', '.join(source.paths) or 'its path'} lately", log, reads=True, needs="git")
    text = "Take back what lies between" + ("" if good else " (no sync before this release is known: choose GOOD)")
    message = f"Revert {facts.name}: incident"
    revert = f'git rev-list --no-merges "$GOOD..$BAD" -- {paths} | xargs git revert --no-commit'
    yield Command(text, f"{known}\n{revert}\ngit commit -m {quote(message)}", needs="git")
    instead = f'git revert --abort; git restore --source="$GOOD" --staged --worktree -- {paths}'
    instead += f"\ngit commit -m {quote(message)}"
    yield Command(
        "Instead, where that ends in a conflict: the files as they were", _commented(instead), reads=True, needs="git"
    )
    yield Command("Push it", f"git push origin HEAD:{quote(branch)}" if branch else "git push", needs="git")
    refused = f"git push origin HEAD:{quote(f'revert-{facts.name}')}"
    yield Command(
        "Where the branch is protected: push another, and open a pull request",
        _commented(refused),
        reads=True,
        needs="git",
    )


def _good(source: GitSource, application: Application | None, began: float) -> str:
    """The commit of this source that was synced before the release, or an empty string."""
    before = deployed_before(application, began) if application is not None else None
    if before is None or application is None or source.repo not in [each.repo for each in application.sources]:
        return ""
    place = [each.repo for each in application.sources].index(source.repo)
    return before.revisions[place] if place < len(before.revisions) else ""


def _looking(application: Application, facts: Facts) -> Iterator[Command]:
    """Ask the tool for a look at the branch; without it that takes minutes."""
    namespace, _, name = application.name.partition("/")
    if application.tool == argocd.TOOL:
        yield from _argo(application, namespace, name, facts)
        return
    kind = "kustomization" if application.tool == flux.KUSTOMIZE else "helmrelease"
    again = line("flux", "reconcile", kind, name, f"--namespace={namespace}", "--with-source")
    yield Command("Let Flux look at once", again, needs="flux")
    ready = facts.kubectl(namespace, "get", kind, name, "--output=wide")
    yield Command("Until it is ready at your commit", ready, reads=True)


def _argo(application: Application, namespace: str, name: str, facts: Facts) -> Iterator[Command]:
    resource = f"applications.argoproj.io/{name}"
    if application.through:
        yield Command("Let Argo CD look at once", line("argocd", "app", "get", name, "--refresh"), needs="argocd")
        if not application.automated:
            yield Command("Sync it", line("argocd", "app", "sync", name), needs="argocd")
        return
    mark = "argocd.argoproj.io/refresh=normal"
    yield Command("Let Argo CD look at once", facts.kubectl(namespace, "annotate", resource, "--overwrite", mark))
    if not application.automated:
        sync = patch(
            {"op": "test", "path": "/operation", "value": None},
            {"op": "add", "path": "/operation", "value": {"sync": {}}},
        )
        yield Command("Sync it", facts.kubectl(namespace, "patch", resource, "--type=json", f"--patch={sync}"))
    elif application.self_heal and not application.parent and len(application.sources) == 1:
        pin = {"spec": {"source": {"targetRevision": "GOOD"}}}
        call = facts.kubectl(namespace, "patch", resource, "--type=merge", f"--patch={json.dumps(pin)}")
        text = (
            "While a pull request waits: let it follow the good commit (in place of GOOD), and take that back "
            "afterwards"
        )
        yield Command(text, _commented(call), reads=True)
    shown = "jsonpath={.status.sync.status} {.status.sync.revision} {.status.health.status}"
    yield Command(
        "Until it is Synced at your commit", facts.kubectl(namespace, "get", resource, f"--output={shown}"), reads=True
    )


def _commented(text: str) -> str:
    """Not to be run as it is."""
    return "\n".join(f"# {each}" for each in text.splitlines())
